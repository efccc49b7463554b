"""cellstorm's side of every comparison, through its public Python API."""

import time
from pathlib import Path

import polars as pl

from cellstorm.camera import Camera
from cellstorm.localize import GaussianMethod, Method, NetMethod
from cellstorm.movie import Movie
from cellstorm.run import localize_frames

__all__ = ["METHODS", "localize"]

METHODS: dict[str, Method] = {
    "cellstorm": GaussianMethod(),
    "cellstorm, single emitter": GaussianMethod(emitters="single"),
    "cellstorm, network": NetMethod(),
}
"""Named settings; everything else stays at its default."""


def localize(
    movie: Path | Movie,
    *,
    method: Method,
    pixel_size_nm: float,
    camera: Camera | None = None,
) -> tuple[pl.DataFrame, float]:
    """Open, decode and localize a movie.

    Parameters
    ----------
    movie
        The file, as the user has it, or a movie in memory.
    method
        How; see `METHODS`.
    pixel_size_nm
        Edge of a pixel, nm.
    camera
        None: estimated from the movie, as with no option at all.

    Returns
    -------
    table, seconds
        The molecules, and the wall time of everything.
    """
    began = time.perf_counter()
    table = localize_frames(movie, method=method, camera=camera, pixel_size_nm=pixel_size_nm)
    return table.data, time.perf_counter() - began
