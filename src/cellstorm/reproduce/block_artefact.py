"""Fig 5's artefact: does the codec's block grid show on low-light compressed video?"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import tifffile
from numpy.typing import NDArray

from cellstorm.evaluate import (
    GridBias,
    PhaseHistogram,
    PictureGrid,
    grid_bias,
    picture_grid,
)
from cellstorm.reproduce.figure_table import FigureTable, Value
from cellstorm.reproduce.methods import CLASSICAL, GAN, NET, spoken
from cellstorm.reproduce.workshop import Workshop
from cellstorm.simulate import SIMULATION_PRESETS, Simulation

__all__ = ["BlockArtefact", "artefact_sentences", "artefact_table", "measure_artefacts"]

_SEED = 1005
_PHOTONS, _QUALITY_PERCENT = 100.0, 70.0
_FINE_PER_PX = 4
_SURE = 0.05
_TRUTH = "truth"


@dataclass(frozen=True, eq=False)
class BlockArtefact:
    """How much of the grid there is in what a method made.

    Attributes
    ----------
    name
        Of the method; ``truth``.
    molecules
        In the table.
    positions
        The period of blocks that shows most surely in the positions, against the truth's; None
        for the truth itself.
    p_value
        Chance of it without a grid, times the number of periods looked at (Bonferroni).
    picture
        The grid in the picture.
    values
        The picture ``(height, width)``, ``fine_per_px`` pixels along one of the movie.
    fine_per_px
        As said.
    is_sum
        Whether it is the sum of what the method drew rather than a histogram of its table.
    """

    name: str
    molecules: int
    positions: PhaseHistogram | None
    p_value: float
    picture: PictureGrid
    values: NDArray[np.floating]
    fine_per_px: int
    is_sum: bool


def measure_artefacts(workshop: Workshop) -> list[BlockArtefact]:
    """Localize a movie of molecules without any structure, and look for blocks.

    Molecules lie anywhere, so that nothing but codec or method can bring in a grid.

    Raises
    ------
    CellstormError
        The movie cannot be made or localized.
    """
    request = workshop.request
    edge = 64 if request.quick else 128
    simulation = SIMULATION_PRESETS["paper-fig5"].changed(
        {
            "frames": request.length(full=2000, quick=200),
            "width_px": edge,
            "height_px": edge,
            "seed": _SEED,
            "structure": "uniform",
            "photons": _PHOTONS,
            "codec.quality_percent": _QUALITY_PERCENT,
        }
    )
    made = workshop.movie(simulation, "the low-light movie")
    truth = made.visible_truth
    counted = _histogram(truth, simulation)
    measured = [
        BlockArtefact(
            _TRUTH,
            truth.height,
            None,
            math.nan,
            picture_grid(counted, fine_per_px=_FINE_PER_PX),
            counted,
            _FINE_PER_PX,
            is_sum=False,
        )
    ]
    for name, method in workshop.methods.items():
        found = workshop.localize(
            made.path,
            name,
            method,
            pixel_size_nm=simulation.pixel_size_nm,
            what="low-light movie",
        )
        rows = found.table.data
        values: NDArray[np.floating] = _histogram(rows, simulation)
        fine = _FINE_PER_PX
        if found.sum_picture is not None:
            values, fine = _summed(found.sum_picture, edge)
        measured.append(
            BlockArtefact(
                name,
                rows.height,
                *_surest(grid_bias(rows, pixel_size_nm=simulation.pixel_size_nm, truth=truth)),
                picture_grid(values, fine_per_px=fine),
                values,
                fine,
                is_sum=found.sum_picture is not None,
            )
        )
    return measured


def _surest(bias: GridBias) -> tuple[PhaseHistogram, float]:
    """Of blocks of 4, 8 and 16 px, along x and y; the pixel itself is no block."""
    blocks = [one for one in bias.histograms if one.period_px > 1]
    known = [one for one in blocks if math.isfinite(one.p_value)]
    if not known:
        return blocks[0], math.nan
    best = min(known, key=lambda one: one.p_value)
    return best, min(1.0, len(known) * best.p_value)


def artefact_table(measured: list[BlockArtefact]) -> FigureTable:
    """A row a method."""
    rows: list[tuple[Value, ...]] = []
    for one in measured:
        wave = one.positions
        rows.append(
            (
                one.name,
                one.molecules,
                None if wave is None else wave.period_px,
                None if wave is None else 100 * wave.amplitude,
                None if wave is None else 100 * wave.amplitude_elsewhere,
                one.p_value,
                "sum of its frames" if one.is_sum else "histogram",
                100 * one.picture.share,
                100 * one.picture.expected_share,
                one.picture.ratio,
                one.picture.p_value,
            )
        )
    columns = (
        "method",
        "molecules",
        "period, px",
        "wave, %",
        "beside, %",
        "p, positions",
        "picture",
        "block power, %",
        "beside, as much as, %",
        "ratio",
        "p, picture",
    )
    title = (
        f"Block grid at {_PHOTONS:g} photons and a quality of {_QUALITY_PERCENT:g} %: the surest"
        " wave in the positions, and the picture's spectral power at the frequencies of blocks,"
        " each with what periods and frequencies beside them have"
    )
    return FigureTable(title, columns, tuple(rows))


def artefact_sentences(measured: list[BlockArtefact]) -> tuple[str, ...]:
    """Whether the paper's statement holds."""
    by_name = {one.name: one for one in measured}
    said = []
    for name in (GAN, CLASSICAL, NET):
        one = by_name.get(name)
        if one is None or one.positions is None:
            continue
        told = []
        wave = one.positions
        if math.isfinite(one.p_value):
            seen = "shows" if one.p_value < _SURE else "does not show"
            told.append(
                f"the grid {seen} in the positions of {spoken(name)} (wave of {wave.period_px} px,"
                f" {100 * wave.amplitude:.1f} % of the mean, p = {one.p_value:.2g})"
            )
        if math.isfinite(one.picture.p_value):
            seen = "shows" if one.picture.p_value < _SURE else "does not show"
            told.append(
                f"{'it' if told else f'the grid of {spoken(name)}'} {seen} in its picture (block"
                f" frequencies {one.picture.ratio:.2f} times as strong as those beside)"
            )
        if told:
            text = "; ".join(told)
            said.append(f"{text[0].upper()}{text[1:]}.")
    if not said:
        return ("Too few molecules were found to say anything of the grid.",)
    return (
        "The paper: ThunderSTORM finds false molecules on the grid of the codec, the network"
        " suppresses them. Here, on low-light video:",
        *said,
    )


def _histogram(table: pl.DataFrame, simulation: Simulation) -> NDArray[np.float64]:
    fine_nm = simulation.pixel_size_nm / _FINE_PER_PX
    shape = (_FINE_PER_PX * simulation.height_px, _FINE_PER_PX * simulation.width_px)
    counts: NDArray[np.float64] = np.histogram2d(
        table["y_nm"].to_numpy(),
        table["x_nm"].to_numpy(),
        bins=shape,
        range=((0.0, shape[0] * fine_nm), (0.0, shape[1] * fine_nm)),
    )[0]
    return counts


def _summed(path: Path, edge_px: int) -> tuple[NDArray[np.floating], int]:
    values: NDArray[np.floating] = tifffile.imread(path)
    return values, values.shape[0] // edge_px
