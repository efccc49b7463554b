"""How a run of the paper's grid compares with what the paper says of its own methods."""

import math
from dataclasses import dataclass
from statistics import fmean

from cellstorm.benchmark.benchmark_run import BenchmarkRun
from cellstorm.benchmark.grid import value_text

__all__ = ["PaperComparison", "compare_with_paper"]

_AXES = {"photons", "codec.quality_percent"}
_FEW_PHOTONS = 500


@dataclass(frozen=True)
class PaperComparison:
    """Ours over the rival by the paper's own count, cell by cell.

    Attributes
    ----------
    ours, rival
        Names of the two methods.
    qualities
        Headings of the columns, %.
    rows
        Photons, then for each quality the count of ours over the rival's, how much nearer
        (negative) or farther ours are on average in nm, and whether both are known.
    sentences
        The paper's statements and what is to be said of ours, in pairs.
    """

    ours: str
    rival: str
    qualities: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    sentences: tuple[tuple[str, str], ...]


def compare_with_paper(run: BenchmarkRun) -> PaperComparison | None:
    """Compare; None unless the grid is the paper's and a rival was run.

    The paper put its network beside ThunderSTORM (Diederich et al. 2019, Fig 4 and 5);
    here the first method of the grid stands beside Picasso.
    """
    if set(run.grid.axes) != _AXES or run.picasso is None:
        return None
    ours, rival = next(iter(run.grid.methods)), run.picasso.name
    by_place = {
        (result.settings["photons"], result.settings["codec.quality_percent"], result.method): (
            result.figures
        )
        for result in run.results
    }
    levels, qualities = run.grid.axes["photons"], run.grid.axes["codec.quality_percent"]
    ratios: dict[float, list[float]] = {}
    nearer: dict[float, list[float]] = {}
    rows = []
    for photons in levels:
        cells = []
        for quality in qualities:
            mine = by_place.get((photons, quality, ours), {})
            theirs = by_place.get((photons, quality, rival), {})
            ratio = _ratio(mine.get("nearest_found"), theirs.get("nearest_found"))
            step = _difference(mine.get("nearest_distance_nm"), theirs.get("nearest_distance_nm"))
            if math.isfinite(ratio):
                ratios.setdefault(photons, []).append(ratio)
            if math.isfinite(step):
                nearer.setdefault(photons, []).append(step)
            cells.append(
                (
                    f"× {ratio:.2f}" if math.isfinite(ratio) else "–",
                    f"{step:+.1f} nm" if math.isfinite(step) else "–",
                )
            )
        rows.append((value_text(photons), tuple(cells)))
    if not ratios or not nearer:
        return None
    return PaperComparison(
        ours, rival, tuple(map(value_text, qualities)), tuple(rows), _sentences(ratios, nearer)
    )


def _sentences(
    ratios: dict[float, list[float]], nearer: dict[float, list[float]]
) -> tuple[tuple[str, str], ...]:
    every = [ratio for level in ratios.values() for ratio in level]
    more = sum(ratio > 1 for ratio in every)
    few = [ratio for photons, level in ratios.items() if photons <= _FEW_PHOTONS for ratio in level]
    bright = [step for photons, level in nearer.items() if photons > _FEW_PHOTONS for step in level]
    faint = [step for photons, level in nearer.items() if photons < _FEW_PHOTONS for step in level]
    said = [
        (
            "The network finds more events than ThunderSTORM in every cell.",
            f"More in {more} of {len(every)} cells.",
        )
    ]
    if few:
        said.append(
            (
                f"About 20 % more at {_FEW_PHOTONS} photons and fewer.",
                f"{100 * (fmean(few) - 1):+.0f} % on average"
                f" ({100 * (min(few) - 1):+.0f} to {100 * (max(few) - 1):+.0f} %).",
            )
        )
    if bright:
        said.append(
            (
                f"More accurate above {_FEW_PHOTONS} photons.",
                f"Mean distance {fmean(bright):+.1f} nm.",
            )
        )
    if faint:
        said.append(("Slightly less accurate below.", f"Mean distance {fmean(faint):+.1f} nm."))
    return tuple(said)


def _ratio(mine: float | None, theirs: float | None) -> float:
    return mine / theirs if mine is not None and theirs else math.nan


def _difference(mine: float | None, theirs: float | None) -> float:
    return mine - theirs if mine is not None and theirs is not None else math.nan
