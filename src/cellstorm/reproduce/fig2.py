"""Fig 2: widefield, the network's summed picture, our network and the classical localizer."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import tifffile

from cellstorm.errors import CellstormError
from cellstorm.evaluate import frc, score
from cellstorm.localizations import Localizations
from cellstorm.movie import open_movie
from cellstorm.render import WIDEFIELD_CONTRAST, Contrast, Picture, RegionNm, widefield_equivalent
from cellstorm.render.side_by_side import most_crowded
from cellstorm.reproduce.drawing import drawn_molecules, sheet, show_picture
from cellstorm.reproduce.figure_table import FigureTable, Value
from cellstorm.reproduce.methods import CLASSICAL, GAN, NET, spoken
from cellstorm.reproduce.request import Request
from cellstorm.reproduce.result import Drawn
from cellstorm.reproduce.workshop import Found, Workshop
from cellstorm.simulate import SIMULATION_PRESETS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PAPER_EMCCD_FRC_NM", "PAPER_PHONE_FRC_NM", "make_fig2", "resolution_nm"]

# Diederich et al. 2019: phone and emCCD, microtubules, Fourier ring correlation
PAPER_PHONE_FRC_NM, PAPER_EMCCD_FRC_NM = 75.0, 45.0

_SEED = 1002
_CLOSER_NM = 3000.0
_PANEL_INCHES = 3.0
_FINE_NM = 20.0
_MOST_FINE_PX = 1500
_ALIKE = 0.1
_USUAL_PIXEL_NM = 100.0
_TITLES = {GAN: "network (gan), sum of all frames", NET: "our network (net)"}


@dataclass(frozen=True, eq=False)
class _Sample:
    """A movie and what every method made of it."""

    name: str
    widefield: Picture
    found: dict[str, Found]
    truth: pl.DataFrame | None
    faintest_photons: float


def make_fig2(workshop: Workshop) -> Drawn:
    """A simulated cell and, where one is given, a real video.

    Raises
    ------
    CellstormError
        A movie cannot be made, read or localized.
    """
    request = workshop.request
    # looked at first, so that a wrong file does not show after an hour
    real = None if request.movie is None else _frames_and_pixel(request.movie, request)
    edge = 64 if request.quick else 192
    simulation = SIMULATION_PRESETS["phone"].changed(
        frames=request.length(full=6000, quick=300), width_px=edge, height_px=edge, seed=_SEED
    )
    made = workshop.movie(simulation, "the simulated cell")
    samples = [
        _sample(
            workshop,
            made.path,
            "simulated cell",
            simulation.pixel_size_nm,
            truth=made.visible_truth,
            faintest_photons=simulation.faintest_photons,
        )
    ]
    if request.movie is not None and real is not None:
        frames, size_nm = real
        samples.append(_sample(workshop, request.movie, request.movie.name, size_nm, frames=frames))
    columns = len(samples[0].found) + 1
    canvas = sheet(_PANEL_INCHES * columns, (2 * _PANEL_INCHES + 0.3) * len(samples) + 0.3)
    grid = canvas.subplots(2 * len(samples), columns, squeeze=False)
    for number, sample in enumerate(samples):
        _draw(sample, list(grid[2 * number]), list(grid[2 * number + 1]))
    resolutions = {
        (sample.name, name): resolution_nm(found.table)
        for sample in samples
        for name, found in sample.found.items()
    }
    return Drawn(
        title="Fig 2: widefield, the network's sum, and localizations",
        canvas=canvas,
        tables=(_table(samples, resolutions),),
        sentences=_sentences(samples[0], resolutions),
    )


def _frames_and_pixel(path: Path, request: Request) -> tuple[tuple[int, int], float]:
    """Which frames of a real video are looked at, and the edge of its pixels, nm."""
    with open_movie(path) as movie:
        count = movie.shape[0]
        size_nm = request.pixel_size_nm or movie.pixel_size_nm or _USUAL_PIXEL_NM
    return (0, min(count, request.length(full=count, quick=300))), size_nm


def resolution_nm(table: Localizations) -> float | None:
    """Fourier ring correlation; None where there are too few molecules for one."""
    try:
        value = frc(table).resolution_nm
    except CellstormError:
        return None
    return value if math.isfinite(value) else None


def _sample(
    workshop: Workshop,
    path: Path,
    name: str,
    pixel_size_nm: float,
    *,
    frames: tuple[int, int] | None = None,
    truth: pl.DataFrame | None = None,
    faintest_photons: float = 0.0,
) -> _Sample:
    with open_movie(path) as movie:
        widefield = widefield_equivalent(movie, frames, pixel_size_nm=pixel_size_nm)
    found = {
        label: workshop.localize(
            path, label, method, pixel_size_nm=pixel_size_nm, frames=frames, what=name
        )
        for label, method in workshop.methods.items()
    }
    return _Sample(name, widefield, found, truth, faintest_photons)


def _draw(sample: _Sample, whole: "list[Axes]", closer: "list[Axes]") -> None:
    field = _field(sample.widefield)
    pixel_nm = max(_FINE_NM, (field[1] - field[0]) / _MOST_FINE_PX)
    pictures: list[tuple[str, Picture, str, Contrast]] = [
        (f"{sample.name}: widefield", sample.widefield, "gray", WIDEFIELD_CONTRAST)
    ]
    for name, found in sample.found.items():
        drawn = (
            drawn_molecules(found.table, pixel_nm=pixel_nm, region_nm=field)
            if found.sum_picture is None
            else _summed(found.sum_picture, sample.widefield)
        )
        title = _TITLES.get(name, f"classical, {name}")
        pictures.append((title, drawn, "hot", Contrast(saturated_percent=0.5)))
    net = drawn_molecules(sample.found[NET].table, pixel_nm=pixel_nm, region_nm=field)
    width_nm, height_nm = field[1] - field[0], field[3] - field[2]
    edge = min(_CLOSER_NM, 0.5 * width_nm, 0.5 * height_nm)
    part = most_crowded(net, edge, edge)
    for column, (title, picture, colours, contrast) in enumerate(pictures):
        show_picture(
            whole[column],
            picture,
            region_nm=field,
            colour_map=colours,
            contrast=contrast,
            title=title,
            scale_bar=column == 0,
        )
        x0, x1, y0, y1 = part
        whole[column].plot([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], color="white", linewidth=0.8)
        show_picture(
            closer[column],
            picture,
            region_nm=part,
            colour_map=colours,
            contrast=contrast,
            scale_bar=column == 0,
        )


def _summed(path: Path, widefield: Picture) -> Picture:
    values = tifffile.imread(path)
    factor = values.shape[0] / widefield.shape[0]
    return Picture(values, (widefield.pixel_nm or 1.0) / factor, widefield.origin_nm)


def _field(picture: Picture) -> RegionNm:
    pixel_nm = picture.pixel_nm or 1.0
    height, width = picture.shape
    return 0.0, width * pixel_nm, 0.0, height * pixel_nm


def _table(samples: list[_Sample], resolutions: dict[tuple[str, str], float | None]) -> FigureTable:
    rows: list[tuple[Value, ...]] = []
    for sample in samples:
        for name, found in sample.found.items():
            marks: tuple[Value, ...] = (None, None, None)
            if sample.truth is not None:
                mark = score(
                    found.table.data, sample.truth, faintest_photons=sample.faintest_photons
                )
                marks = (mark.jaccard, mark.rmse_nm, mark.efficiency)
            rows.append(
                (
                    sample.name,
                    name,
                    len(found.table),
                    *marks,
                    resolutions[sample.name, name],
                    PAPER_PHONE_FRC_NM if name == GAN else None,
                )
            )
    columns = (
        "sample",
        "method",
        "molecules",
        "Jaccard",
        "RMSE, nm",
        "efficiency",
        "FRC, nm",
        "paper's FRC (real cell), nm",
    )
    return FigureTable("Molecules, agreement with the truth, resolution", columns, tuple(rows))


def _sentences(
    simulated: _Sample, resolutions: dict[tuple[str, str], float | None]
) -> tuple[str, ...]:
    said = []
    for name in (GAN, NET, CLASSICAL):
        value = resolutions.get((simulated.name, name))
        if name not in simulated.found:
            continue
        if value is None:
            said.append(
                f"Too few molecules of {spoken(name)} for a Fourier ring correlation"
                f" (the paper's phone: {PAPER_PHONE_FRC_NM:g} nm)."
            )
            continue
        finer = "finer than" if value < PAPER_PHONE_FRC_NM else "coarser than"
        if abs(value / PAPER_PHONE_FRC_NM - 1.0) < _ALIKE:
            finer = "about"
        said.append(
            f"On the simulated cell {spoken(name)} has a Fourier ring correlation of {value:.0f}"
            f" nm, {finer} the {PAPER_PHONE_FRC_NM:g} nm of the paper's phone on real microtubules;"
            " another sample, so no more than the order can agree."
        )
    return tuple(said)
