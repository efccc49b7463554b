"""Small pictures for the report: a frame, the truth, and what a method found."""

import io

import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image

from cellstorm.benchmark.movies import MadeMovie
from cellstorm.localizations import Localizations, Metadata, MovieFacts
from cellstorm.movie import open_movie
from cellstorm.render import GaussianMode, render
from cellstorm.render.colour_maps import colour_table
from cellstorm.simulate import Simulation

__all__ = ["frame_png", "molecules_png"]

_FIELD_PX = 64
"""Edge of the part shown, pixels of the movie."""

_FRAME_MAGNIFICATION = 4
_MOLECULES_MAGNIFICATION = 5
_WIDTH_NM = 15.0
_GAMMA = 0.6
_SATURATED_PERCENT = 0.5
_DARK_PERCENT, _BRIGHT_PERCENT = 1.0, 99.9


def frame_png(movie: MadeMovie) -> bytes:
    """The middle frame of a movie, every pixel as a square, stretched to black and white."""
    middle = movie.simulation.frames // 2
    with open_movie(movie.path) as opened:
        frame = opened.read(middle, middle + 1)[0]
    x0, x1, y0, y1 = _shown_px(movie.simulation)
    part = frame[y0:y1, x0:x1].astype(np.float64)
    black, white = np.percentile(part, (_DARK_PERCENT, _BRIGHT_PERCENT))
    levels = np.clip((part - black) / max(white - black, 1e-9), 0.0, 1.0)
    grey = np.rint(255 * levels).astype(np.uint8)
    scale = _FRAME_MAGNIFICATION
    return _png(grey.repeat(scale, axis=0).repeat(scale, axis=1), "gray")


def molecules_png(molecules: pl.DataFrame, simulation: Simulation) -> bytes:
    """Molecules as Gaussians of one width, the same part of the field as `frame_png`.

    One width for all, so that what differs between the truth and the methods is where
    molecules are and how many, not how sure somebody is.
    """
    x0, x1, y0, y1 = (edge * simulation.pixel_size_nm for edge in _shown_px(simulation))
    shape = (simulation.frames, simulation.height_px, simulation.width_px)
    table = Localizations(
        molecules.select("frame", "x_nm", "y_nm"),
        Metadata(
            pixel_size_nm=simulation.pixel_size_nm,
            movie=MovieFacts(name="simulated", shape=shape),
            region=(0, simulation.width_px, 0, simulation.height_px),
        ),
    )
    picture = render(
        table,
        mode=GaussianMode(width_nm=_WIDTH_NM),
        magnification=_MOLECULES_MAGNIFICATION,
        region_nm=(x0, x1, y0, y1),
    )
    lit = picture.values[picture.values > 1e-3 * picture.values.max(initial=0.0)]
    white = float(np.percentile(lit, 100 - _SATURATED_PERCENT)) if lit.size else 1.0
    levels = np.clip(picture.values / white, 0.0, 1.0) ** _GAMMA
    return _png(np.rint(255 * levels).astype(np.uint8), "hot")


def _shown_px(simulation: Simulation) -> tuple[int, int, int, int]:
    """``x0, x1, y0, y1`` of a square in the middle of the field."""
    width, height = min(simulation.width_px, _FIELD_PX), min(simulation.height_px, _FIELD_PX)
    x0, y0 = (simulation.width_px - width) // 2, (simulation.height_px - height) // 2
    return x0, x0 + width, y0, y0 + height


def _png(levels: NDArray[np.uint8], colour_map: str) -> bytes:
    """Indexed colours: a third of the size of an RGB file."""
    image = Image.fromarray(levels, mode="P")
    image.putpalette(colour_table(colour_map).tobytes())
    buffer = io.BytesIO()
    image.save(buffer, format="png", optimize=True)
    return buffer.getvalue()
