"""Speed: 15,000 frames through every method, and the generator alone, beside the paper's."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cellstorm.benchmark.machine import machine_facts
from cellstorm.benchmark.movies import MadeMovie
from cellstorm.localize import GaussianMethod, Method
from cellstorm.localize.gan import load_gan
from cellstorm.localize.model_names import find_model
from cellstorm.reproduce.drawing import COLOURS, plain, sheet
from cellstorm.reproduce.figure_table import FigureTable, Value
from cellstorm.reproduce.generator_speed import (
    GeneratorRate,
    measure_generator,
    untrained_generator,
)
from cellstorm.reproduce.methods import CLASSICAL, GAN
from cellstorm.reproduce.result import Drawn
from cellstorm.reproduce.workshop import Workshop
from cellstorm.run import Progress, localize_frames
from cellstorm.simulate import SIMULATION_PRESETS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["make_speed"]

PAPER_FRAMES_PER_S = 50.0
"""15,000 frames of 128 x 128, five times finer, in about 5 minutes on a Titan X."""

PAPER_PHONE_FRAMES_PER_S = (2.5, 9.0)
"""64 x 64, four times finer, one frame at a time (2 to 3) and in batches of 10."""

_SEED = 1009
_EDGE_PX = 128
_CORES = 2
_WARM_UP_FRAMES = 48
_MULTI = "gaussian"
_SIZES = ((64, 1), (64, 10), (128, 1), (128, 10))
# untrained: name, levels, factor
_UNTRAINED = (("phone's shape, x5", 4, 5), ("paper's shape, x5", 8, 5))


@dataclass(frozen=True)
class _MethodRate:
    name: str
    frames_per_s: float
    molecules: int


@dataclass(frozen=True)
class _ModelRate:
    name: str
    megabytes: float
    rate: GeneratorRate


def make_speed(workshop: Workshop) -> Drawn:
    """Every method on one long movie, and generators alone.

    Raises
    ------
    CellstormError
        The movie cannot be made or localized.
    """
    request = workshop.request
    simulation = SIMULATION_PRESETS["phone"].changed(
        frames=request.length(full=15_000, quick=200),
        width_px=_EDGE_PX,
        height_px=_EDGE_PX,
        seed=_SEED,
    )
    made = workshop.movie(simulation, "the long movie")
    methods = {**workshop.methods, _MULTI: GaussianMethod()}
    rates = [_timed(workshop, name, method, made) for name, method in methods.items()]
    generators, notices = _generators(workshop, seconds=0.2 if request.quick else 5.0)
    canvas = sheet(9.5, 4.2)
    left, right = canvas.subplots(1, 2)
    _draw_methods(left, rates)
    if generators:
        _draw_generators(right, generators)
    right.set_visible(bool(generators))
    machine = ", ".join(f"{name}: {value}" for name, value in machine_facts().items())
    return Drawn(
        title=f"Speed: {simulation.frames:,} frames of {_EDGE_PX} x {_EDGE_PX} px",
        canvas=canvas,
        tables=(_method_table(rates, simulation.frames), _generator_table(generators)),
        sentences=(*_sentences(rates, generators), f"Measured on {machine}."),
        notices=notices,
    )


def _timed(workshop: Workshop, name: str, method: Method, made: MadeMovie) -> _MethodRate:
    size_nm, frames = made.simulation.pixel_size_nm, made.simulation.frames
    warm = min(_WARM_UP_FRAMES, frames)
    workshop.tell(f"{name}: compiling", 0, frames)
    localize_frames(
        made.path,
        method=method,
        pixel_size_nm=size_nm,
        frames=(0, warm),
        workers=workshop.request.workers,
    )

    def told(progress: Progress) -> None:
        workshop.tell(name, progress.frames_done, progress.frames_total)

    began = time.perf_counter()
    table = localize_frames(
        made.path,
        method=method,
        pixel_size_nm=size_nm,
        workers=workshop.request.workers,
        progress=told,
    )
    return _MethodRate(name, frames / (time.perf_counter() - began), len(table))


def _generators(workshop: Workshop, *, seconds: float) -> tuple[list[_ModelRate], tuple[str, ...]]:
    path = find_model(workshop.gan.model, "gan")
    facts = load_gan(path, path.stat().st_mtime_ns).facts
    measured = _rates(workshop, f"{facts.name}, x{facts.factor}", path, seconds, _SIZES)
    for name, levels, factor in _UNTRAINED:
        with _optional(levels, factor) as path_or_none:
            if path_or_none is None:
                return measured, (
                    "Generators five times finer are left out: they need the train extra, pip"
                    ' install "cellstorm[train]".',
                )
            sizes = tuple(size for size in _SIZES if size[0] == _EDGE_PX)
            measured += _rates(workshop, f"{name}, untrained", path_or_none, seconds, sizes)
    return measured, ()


@contextmanager
def _optional(levels: int, factor: int) -> Iterator[Path | None]:
    try:
        import onnx  # noqa: F401
        import torch  # noqa: F401
    except ImportError:
        yield None
        return
    with untrained_generator(levels=levels, factor=factor) as path:
        yield path


def _rates(
    workshop: Workshop, name: str, path: Path, seconds: float, sizes: tuple[tuple[int, int], ...]
) -> list[_ModelRate]:
    megabytes = path.stat().st_size / 1e6
    measured = []
    for number, (edge, batch) in enumerate(sizes):
        workshop.tell(f"{name}: {edge} x {edge}, batch {batch}", number, len(sizes))
        rate = measure_generator(
            path, edge_px=edge, batch_frames=batch, cores=_CORES, seconds=seconds
        )
        measured.append(_ModelRate(name, megabytes, rate))
    return measured


def _rate_text(frames_per_s: float) -> str:
    return f"{frames_per_s:,.0f}" if frames_per_s >= 100 else f"{frames_per_s:.3g}"


def _draw_methods(axes: "Axes", rates: list[_MethodRate]) -> None:
    colours = [COLOURS.get(rate.name, "#56b4e9") for rate in rates]
    names = [rate.name for rate in rates]
    bars = axes.barh(names, [rate.frames_per_s for rate in rates], color=colours)
    axes.bar_label(bars, [_rate_text(one.frames_per_s) for one in rates], padding=3, fontsize=8)
    axes.axvline(PAPER_FRAMES_PER_S, color="#b3261e", linewidth=1)
    axes.annotate(
        "paper, Titan X",
        (PAPER_FRAMES_PER_S, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(3, 3),
        textcoords="offset points",
        color="#b3261e",
        fontsize=8,
    )
    axes.set_xlabel("frames per second, file to table")
    axes.set_xlim(0, 1.2 * max(PAPER_FRAMES_PER_S, *(rate.frames_per_s for rate in rates)))
    axes.invert_yaxis()
    plain(axes)


def _draw_generators(axes: "Axes", measured: list[_ModelRate]) -> None:
    labels = [
        f"{one.name}\n{one.rate.edge_px} x {one.rate.edge_px}, batch {one.rate.batch_frames}"
        for one in measured
    ]
    bars = axes.barh(labels, [one.rate.frames_per_s for one in measured], color=COLOURS[GAN])
    texts = [_rate_text(one.rate.frames_per_s) for one in measured]
    axes.bar_label(bars, texts, padding=3, fontsize=7)
    for value, name in zip(
        (*PAPER_PHONE_FRAMES_PER_S, PAPER_FRAMES_PER_S),
        ("phone", "phone, batch 10", "Titan X"),
        strict=True,
    ):
        axes.axvline(value, color="#b3261e", linewidth=0.8)
        axes.annotate(
            name,
            (value, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(2, 2),
            textcoords="offset points",
            color="#b3261e",
            fontsize=6,
            rotation=30,
        )
    axes.tick_params(axis="y", labelsize=7)
    axes.set_xlabel(f"frames per second, network alone, {_CORES} cores")
    axes.set_xlim(0, 1.2 * max(PAPER_FRAMES_PER_S, *(one.rate.frames_per_s for one in measured)))
    axes.invert_yaxis()
    plain(axes)


def _method_table(rates: list[_MethodRate], frames: int) -> FigureTable:
    rows: list[tuple[Value, ...]] = [
        (
            rate.name,
            frames,
            rate.molecules / frames,
            rate.frames_per_s,
            frames / rate.frames_per_s / 60,
            PAPER_FRAMES_PER_S if rate.name == GAN else None,
        )
        for rate in rates
    ]
    columns = (
        "method",
        "frames",
        "molecules per frame",
        "frames per s",
        "minutes",
        "paper's (Titan X), frames per s",
    )
    return FigureTable("From the file to the table", columns, tuple(rows))


def _generator_table(measured: list[_ModelRate]) -> FigureTable:
    paper: dict[tuple[int, int], str] = {
        (64, 1): "2 to 3 (phone)",
        (64, 10): "up to 9 (phone)",
        (128, 10): "50 (Titan X, x5)",
    }
    rows: list[tuple[Value, ...]] = [
        (
            one.name,
            one.megabytes,
            one.rate.edge_px,
            one.rate.batch_frames,
            one.rate.cores,
            one.rate.frames_per_s,
            paper.get((one.rate.edge_px, one.rate.batch_frames)),
        )
        for one in measured
    ]
    columns = (
        "generator",
        "MB",
        "edge, px",
        "batch",
        "cores",
        "frames per s",
        "paper's, frames per s",
    )
    return FigureTable("The generator alone", columns, tuple(rows))


def _sentences(rates: list[_MethodRate], measured: list[_ModelRate]) -> tuple[str, ...]:
    said = []
    for rate in rates:
        if rate.name == CLASSICAL:
            continue
        times = rate.frames_per_s / PAPER_FRAMES_PER_S
        said.append(
            f"{rate.name} takes {rate.frames_per_s:.3g} frames per second from the file to the"
            f" table, {times:.2g} times the {PAPER_FRAMES_PER_S:g} of the paper's network on a"
            " Titan X."
        )
    for one in measured:
        if (one.rate.edge_px, one.rate.batch_frames) == (64, 10):
            times = one.rate.frames_per_s / PAPER_PHONE_FRAMES_PER_S[1]
            said.append(
                f"Alone, {one.name} draws {one.rate.frames_per_s:.3g} frames of 64 x 64 per second"
                f" on {one.rate.cores} cores in batches of 10, {times:.2g} times the"
                f" {PAPER_PHONE_FRAMES_PER_S[1]:g} of the paper's phone."
            )
    return tuple(said)
