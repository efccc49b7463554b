"""How a run of the paper's grid compares with what the paper says of its own methods."""

import math
from dataclasses import dataclass
from statistics import fmean

from cellstorm.benchmark.benchmark_run import BenchmarkRun
from cellstorm.benchmark.grid import value_text

__all__ = ["PaperComparison", "compare_two", "compare_with_paper"]

_AXES = {"photons", "codec.quality_percent"}
_FEW_PHOTONS = 500
_LEAST_SHARE = 0.05


@dataclass(frozen=True)
class PaperComparison:
    """Ours beside the rival by the paper's own count, cell by cell.

    Attributes
    ----------
    ours, rival
        Names of the two methods.
    qualities
        Headings of the columns, %.
    rows
        Photons, then for each quality the count of ours over the rival's and how much
        nearer (negative) or farther ours are on average; where one of the two found
        next to nothing, both counts instead.
    sentences
        The paper's statements and what is to be said of ours, in pairs.
    too_few
        Cells where one of the two found next to nothing: they are in no average.
    """

    ours: str
    rival: str
    qualities: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    sentences: tuple[tuple[str, str], ...]
    too_few: int


@dataclass(frozen=True)
class _Place:
    """A cell: events found over those of the rival, and the difference of distances, nm."""

    photons: float
    ratio: float
    farther_nm: float
    comparable: bool
    rival_finds: bool
    counts: str


def compare_with_paper(run: BenchmarkRun) -> PaperComparison | None:
    """Compare; None unless the grid is the paper's and a rival was run.

    The paper put its network beside ThunderSTORM (Diederich et al. 2019, Fig 4 and 5);
    here the first method of the grid stands beside Picasso.
    """
    if run.picasso is None:
        return None
    return compare_two(run, next(iter(run.grid.methods)), run.picasso.name)


def compare_two(run: BenchmarkRun, ours: str, rival: str) -> PaperComparison | None:
    """Compare two methods of a run; None unless the grid is the paper's.

    Parameters
    ----------
    run
        The run.
    ours, rival
        Names of methods; in place of the paper's network and of ThunderSTORM.
    """
    if set(run.grid.axes) != _AXES:
        return None
    figures = {
        (result.settings["photons"], result.settings["codec.quality_percent"], result.method): (
            result.figures
        )
        for result in run.results
    }
    rows, places = [], []
    for photons in run.grid.axes["photons"]:
        cells = []
        for quality in run.grid.axes["codec.quality_percent"]:
            mine = figures.get((photons, quality, ours))
            theirs = figures.get((photons, quality, rival))
            if mine is None or theirs is None:
                cells.append(("–", ""))
                continue
            place = _place(photons, mine, theirs)
            places.append(place)
            cells.append(
                (f"× {place.ratio:.2f}", f"{place.farther_nm:+.1f} nm")
                if place.comparable
                else (place.counts, "next to nothing")
            )
        rows.append((value_text(photons), tuple(cells)))
    comparable = [place for place in places if place.comparable]
    if not comparable:
        return None
    return PaperComparison(
        ours,
        rival,
        tuple(map(value_text, run.grid.axes["codec.quality_percent"])),
        tuple(rows),
        # where the rival finds something and ours does not, ours has lost
        _sentences(comparable, [place for place in places if place.rival_finds]),
        len(places) - len(comparable),
    )


def _place(
    photons: float, mine: dict[str, float | None], theirs: dict[str, float | None]
) -> _Place:
    found, others = mine["nearest_found"] or 0.0, theirs["nearest_found"] or 0.0
    near, other = mine["nearest_distance_nm"], theirs["nearest_distance_nm"]
    shares = (mine["nearest_share"] or 0.0, theirs["nearest_share"] or 0.0)
    return _Place(
        photons=photons,
        ratio=found / others if others else math.inf,
        farther_nm=math.nan if near is None or other is None else near - other,
        comparable=min(shares) >= _LEAST_SHARE,
        rival_finds=shares[1] >= _LEAST_SHARE,
        counts=f"{found:,.0f} and {others:,.0f}",
    )


def _sentences(places: list[_Place], judged: list[_Place]) -> tuple[tuple[str, str], ...]:
    """Averages over ``places``; in which cells there are more is asked of ``judged``."""
    few = [place.ratio for place in places if place.photons <= _FEW_PHOTONS]
    bright = [place.farther_nm for place in places if place.photons > _FEW_PHOTONS]
    faint = [place.farther_nm for place in places if place.photons < _FEW_PHOTONS]
    more = sum(place.ratio > 1 for place in judged)
    said = [
        (
            "The network finds more events than ThunderSTORM in every cell.",
            f"More in {more} of {len(judged)} cells.",
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
    for statement, steps in (
        (f"More accurate above {_FEW_PHOTONS} photons.", bright),
        ("Slightly less accurate below.", faint),
    ):
        if steps:
            said.append((statement, f"Mean distance {fmean(steps):+.1f} nm."))
    return tuple(said)
