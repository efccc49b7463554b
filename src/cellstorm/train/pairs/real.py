"""Pairs of a real movie and its table: as recorded, or degraded where it was recorded well."""

import math

import numpy as np

from cellstorm.camera import Camera
from cellstorm.localizations import Localizations
from cellstorm.movie import Movie
from cellstorm.train.pairs.conditions import PairConditions
from cellstorm.train.pairs.degraded import degraded_recording
from cellstorm.train.pairs.experimental import experimental_recording
from cellstorm.train.pairs.recording import PairedRecording

__all__ = ["real_recordings"]

_COPIES = 6
_LEAST_LIGHT = 0.15
_LOSSLESS = ("ffv1", "rawvideo")


def real_recordings(
    movie: Movie,
    table: Localizations,
    camera: Camera,
    conditions: PairConditions,
    *,
    frames: tuple[int, int] | None = None,
    pixel_size_nm: float | None = None,
    random: np.random.Generator,
) -> list[PairedRecording]:
    """What can be learned from a movie and its table.

    Parameters
    ----------
    movie
        A movie under good conditions. One that was coded with loss is taken as it is; one
        that was not is pushed through six phones, with 15 to 100 % of its light.
    table
        Its molecules with their photons.
    camera
        Of the movie.
    conditions
        Where the phones are drawn from.
    frames, pixel_size_nm
        As for `experimental_recording`.
    random
        Draws phones, light and noise.

    Raises
    ------
    TableError, MisalignedPairs, MovieError
        As `experimental_recording` and `degraded_recording`.
    """
    if movie.codec is not None and movie.codec.codec not in _LOSSLESS:
        return [
            experimental_recording(movie, table, camera, frames=frames, pixel_size_nm=pixel_size_nm)
        ]
    copies = []
    for _ in range(_COPIES):
        phone = conditions.draw(random)
        # a copy has the pixels of its original
        phone = phone.model_copy(update={"isp": phone.isp.model_copy(update={"scaling": None})})
        copies.append(
            degraded_recording(
                movie,
                table,
                camera,
                phone,
                light_share=math.exp(random.uniform(math.log(_LEAST_LIGHT), 0.0)),
                frames=frames,
                pixel_size_nm=pixel_size_nm,
                random=random,
            )
        )
    return copies
