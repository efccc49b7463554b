"""The network beside the fit on real clips: whole field, no options, a picture of each.

    python -m benchmarks.real_clips FOLDER --work FOLDER [--model FILE] [--markdown FILE]

There is no truth. A network that does not know what it sees puts molecules on the grid of
pixels, most of all in bright haze: so the positions within a pixel are counted in ten bins in
x and y, in the whole field and in the brightest third of its background. The figure is the
bin farthest from even, beside what the count of so many independent molecules would give
(the mean largest of ten); the same molecule seen in several frames makes it larger. The last
columns are `cellstorm.evaluate.grid_bias` of the network: the wave at one pixel and beside
it, and the chance of the coding blocks' waves.

``WORK/NAME.png`` has both pictures side by side, ``NAME.haze.png`` the place with most
haze. Clips that others made stay theirs: look at their licence before showing pictures.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks.live_table import LiveTable, write_tables
from benchmarks.network_options import add_model_option, network
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from cellstorm.evaluate import grid_bias
from cellstorm.localizations import Localizations
from cellstorm.localize import GaussianMethod, NetMethod
from cellstorm.movie import Movie, open_movie
from cellstorm.render import Contrast, render, side_by_side
from cellstorm.run import localize_frames

SUFFIXES = (".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v")
BINS = 10
GOAL = 0.1
SMOOTHING_PX = 3.0
FRAMES_LOOKED_AT = 100
# mean of the largest of ten |z| of a normal distribution
LARGEST_OF_TEN = 1.93
RENDERED_PIXELS_PER_PX = 8.0
CLOSE_UP_PX = 64
HEADINGS = (
    "clip",
    "method",
    "frames",
    "molecules",
    "seconds",
    "frames/s",
    "uneven in x, y, % (by chance)",
    "in bright haze: molecules",
    "uneven in x, y, % (by chance)",
    f"flat within {100 * GOAL:g} %",
    "wave at 1 px in x, y, % (beside)",
    "p of blocks",
)


def main() -> None:
    """Localize every clip with both methods, print the table, write the pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where the clips lie, in subfolders too")
    add_model_option(parser)
    parser.add_argument("--frames", type=int, help="only so many of each clip")
    parser.add_argument("--work", type=Path, required=True, help="where pictures go")
    parser.add_argument("--markdown", type=Path, help="write the table here as well")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    methods: dict[str, GaussianMethod | NetMethod] = {
        "fit": GaussianMethod(),
        "network": network(options),
    }
    table = LiveTable(HEADINGS)
    for clip in sorted(p for p in options.folder.rglob("*") if p.suffix.lower() in SUFFIXES):
        tables = []
        with open_movie(clip) as movie:
            frames = min(options.frames or movie.shape[0], movie.shape[0])
            light = background(movie, frames)
            haze = light >= np.quantile(light, 2 / 3)
            for name, method in methods.items():
                began = time.perf_counter()
                found = localize_frames(movie, method=method, frames=(0, frames))
                seconds = time.perf_counter() - began
                tables.append(found)
                table.add(clip.name, name, str(frames), *cells(found, haze, frames, seconds))
        draw(clip, options.work, light, tables[0], tables[1])
    write_tables(options.markdown, table)


def background(movie: Movie, frames: int) -> NDArray[np.float64]:
    """The light that is always there, ``(height, width)`` grey values.

    The lower quartile over time, for molecules are on for a small part of it, smoothed so
    that no filament shows.
    """
    wanted = np.unique(np.linspace(0, frames - 1, FRAMES_LOOKED_AT).astype(int))
    stack = np.concatenate([movie.read(int(one), int(one) + 1) for one in wanted])
    still: NDArray[np.float64] = np.percentile(stack, 25, axis=0)
    return gaussian_filter(still, SMOOTHING_PX)


def cells(
    found: Localizations, haze: NDArray[np.bool_], frames: int, seconds: float
) -> tuple[str, ...]:
    """Figures of one table."""
    size_nm = found.metadata.pixel_size_nm or 100.0
    place_px = found.data.select("x_nm", "y_nm").to_numpy() / size_nm
    column, row = np.floor(place_px).astype(np.int64).T
    height, width = haze.shape
    in_haze = haze[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
    everywhere, bright = unevenness(place_px), unevenness(place_px[in_haze])
    worst = float(np.max([*everywhere, *bright]))
    return (
        f"{place_px.shape[0]:,}",
        f"{seconds:.1f}",
        f"{frames / seconds:.0f}",
        uneven_text(everywhere, place_px.shape[0]),
        f"{int(in_haze.sum()):,}",
        uneven_text(bright, int(in_haze.sum())),
        "yes" if worst <= GOAL else "no",
        *wave_texts(found.data, size_nm),
    )


def unevenness(place_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """Largest deviation of ten bins of a pixel from even, in x and y; 1 without molecules."""
    if not place_px.shape[0]:
        return np.ones(2)
    bins = np.minimum((place_px % 1.0 * BINS).astype(np.int64), BINS - 1)
    share = np.stack([np.bincount(one, minlength=BINS) for one in bins.T]) / place_px.shape[0]
    largest: NDArray[np.float64] = np.abs(share * BINS - 1.0).max(axis=1)
    return largest


def uneven_text(uneven: NDArray[np.float64], molecules: int) -> str:
    """In x and y, and what chance makes of so many molecules."""
    chance = LARGEST_OF_TEN * np.sqrt(BINS / max(molecules, 1))
    return f"{100 * uneven[0]:.1f}, {100 * uneven[1]:.1f} ({100 * chance:.1f})"


def wave_texts(found: pl.DataFrame, size_nm: float) -> tuple[str, str]:
    """Amplitude of the pixel's wave in the density, and the chance of the blocks'."""
    bias = grid_bias(found, pixel_size_nm=size_nm)
    ones = [bias.histogram(axis, 1) for axis in "xy"]
    blocks = [bias.histogram(axis, period).p_value for axis in "xy" for period in (4, 8, 16)]
    beside = 100 * float(np.mean([one.amplitude_elsewhere for one in ones]))
    return (
        ", ".join(f"{100 * one.amplitude:.1f}" for one in ones) + f" ({beside:.1f})",
        f"{min(1.0, len(blocks) * min(blocks)):.1g}",
    )


def draw(
    clip: Path, folder: Path, light: NDArray[np.float64], fit: Localizations, net: Localizations
) -> None:
    """Both pictures on one sheet, at one scale: the field, and its brightest haze."""
    size_nm = net.metadata.pixel_size_nm or 100.0
    height, width = light.shape
    row, column = np.unravel_index(int(light.argmax()), light.shape)
    close = [
        min(max(int(centre) - CLOSE_UP_PX // 2, 0), max(length - CLOSE_UP_PX, 0))
        for centre, length in ((column, width), (row, height))
    ]
    regions = {
        "": (0, width, 0, height),
        ".haze": (
            close[0],
            min(close[0] + CLOSE_UP_PX, width),
            close[1],
            min(close[1] + CLOSE_UP_PX, height),
        ),
    }
    for suffix, (x0, x1, y0, y1) in regions.items():
        region_nm = (x0 * size_nm, x1 * size_nm, y0 * size_nm, y1 * size_nm)
        left, right = (
            render(one, pixel_nm=size_nm / RENDERED_PIXELS_PER_PX, region_nm=region_nm)
            for one in (fit, net)
        )
        side_by_side(
            left,
            right,
            folder / f"{clip.stem}{suffix}.png",
            titles=(f"fit, {len(fit):,} molecules", f"network, {len(net):,} molecules"),
            colour_maps=("hot", "hot"),
            contrasts=(Contrast(), Contrast()),
            inset=not suffix,
            panel_px=1000,
        )


if __name__ == "__main__":
    main()
