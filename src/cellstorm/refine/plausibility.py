"""Is this table in nanometres and photons? Asked before anything is computed from it."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from cellstorm.errors import TableError
from cellstorm.localizations import Metadata
from cellstorm.localizations.engine_errors import engine_errors

__all__ = ["refuse_implausible"]

# Medians are those of so many rows; a wrong unit shows in the first thousand.
_SAMPLE_ROWS = 200_000
# 10 cm: no camera sees more, and no picture of it could be drawn
_FARTHEST_NM = 1e8
# Under this many rows a small span is as likely as any.
_FEW_ROWS = 20
_TODO = "If the units are right, say so with --trust-units."


@dataclass(frozen=True)
class _Range:
    """Medians of a column outside which the unit must be another one."""

    column: str
    low: float
    high: float
    unit: str
    guess_low: str
    guess_high: str


# A spot of visible light has a standard deviation of 80 nm or more, 20 nm allows for
# X-ray-narrow fits; no lens in use blurs a molecule over 10 um. The best uncertainties
# published are some tenths of a nanometre.
_RANGES = (
    _Range("sigma_nm", 20.0, 10_000.0, "nm", "pixels or micrometres", "picometres"),
    _Range("uncertainty_nm", 0.2, 5_000.0, "nm", "pixels or micrometres", "picometres"),
)


def refuse_implausible(rows: pl.LazyFrame, metadata: Metadata, *, where: Path | None) -> None:
    """Raise `TableError`, put as a question, when the units cannot be nm.

    Looks at the extent of the positions beside the movie's field, where it is known, and
    beside the uncertainties; and at the medians of widths and uncertainties. A pass over
    the positions is all it reads.

    Raises
    ------
    TableError
        Positions are too far apart or too near together for nanometres, or widths or
        uncertainties are not those of light.
    """
    schema = rows.collect_schema()
    medians = [item.column for item in _RANGES if item.column in schema]
    with engine_errors(where or Path("table"), reading=True):
        span = rows.select(
            pl.len().alias("rows"),
            *(
                getattr(pl.col(name), what)().alias(f"{name}_{what}")
                for name in ("x_nm", "y_nm")
                for what in ("min", "max")
            ),
        ).collect(engine="streaming")
        sample = (
            rows.select(*medians)
            .head(_SAMPLE_ROWS)
            .select(pl.col(name).fill_nan(None).median() for name in medians)
            .collect()
            if medians
            else pl.DataFrame()
        )
    count, x0, x1, y0, y1 = span.row(0)
    if not count:
        return
    typical = dict(zip(medians, sample.row(0), strict=True)) if medians else {}
    _refuse_positions(count, (x0, x1, y0, y1), typical, metadata, where)
    for item in _RANGES:
        value = typical.get(item.column)
        if value is None or item.low <= value <= item.high:
            continue
        guess = item.guess_low if value < item.low else item.guess_high
        raise TableError(
            f"{item.column} is {value:.3g} {item.unit} in the middle: is it in {guess}?",
            where=where,
            todo=_TODO,
        )


def _refuse_positions(
    count: int,
    extent: tuple[float, float, float, float],
    typical: dict[str, float | None],
    metadata: Metadata,
    where: Path | None,
) -> None:
    x0, x1, y0, y1 = extent
    farthest = max(abs(value) for value in extent)
    if farthest > _FARTHEST_NM:
        raise TableError(
            f"positions reach {farthest:.3g} nm ({farthest / 1e7:.3g} cm):"
            " are they in another unit, or are some rows no molecules?",
            where=where,
            todo="Filter these rows first (x_nm between 0 and ...), with --trust-units.",
        )
    if count < _FEW_ROWS or _was_cut(metadata):
        return
    width, height = x1 - x0, y1 - y0
    there = f"all {count} rows lie within {width:.3g} x {height:.3g} nm"
    field = _field_nm(metadata)
    if field is not None:
        pixel = metadata.pixel_size_nm or 0.0
        if max(x1 / field[0], y1 / field[1]) < 2.0 / max(pixel, 2.0):
            raise TableError(
                f"{there}, and the movie is {field[0]:.3g} x {field[1]:.3g} nm:"
                f" are x_nm and y_nm in pixels (of {pixel:g} nm) or micrometres?",
                where=where,
                todo=_TODO,
            )
        if min(x1 / field[0], y1 / field[1]) > 10.0:
            raise TableError(
                f"positions reach {x1:.3g}, {y1:.3g} nm, and the movie is only"
                f" {field[0]:.3g} x {field[1]:.3g} nm: are they in another unit?",
                where=where,
                todo=_TODO,
            )
        return
    blur = typical.get("sigma_nm")
    if blur is not None and max(width, height) < 2.0 * blur:
        raise TableError(
            f"{there}, less than one spot is wide ({blur:.3g} nm):"
            " are x_nm and y_nm in pixels or micrometres?",
            where=where,
            todo=_TODO,
        )
    uncertainty = typical.get("uncertainty_nm")
    if uncertainty is not None and max(width, height) < 3.0 * uncertainty:
        raise TableError(
            f"{there}, though each is uncertain by {uncertainty:.3g} nm:"
            " are x_nm and y_nm in pixels or micrometres?",
            where=where,
            todo=_TODO,
        )


def _field_nm(metadata: Metadata) -> tuple[float, float] | None:
    """Width and height of the movie, nm."""
    movie = metadata.movie
    if metadata.pixel_size_nm is None or movie is None or movie.shape is None:
        return None
    _, height, width = movie.shape
    return width * metadata.pixel_size_nm, height * metadata.pixel_size_nm


def _was_cut(metadata: Metadata) -> bool:
    """Whether a small extent can come from us: a region, or a filter before."""
    return metadata.region is not None or any(
        entry.startswith("filter") for entry in metadata.history
    )
