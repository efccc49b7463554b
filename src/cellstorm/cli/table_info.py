"""What a table of molecules is, for a person or a program."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from cellstorm.cli.facts_grid import print_facts
from cellstorm.cli.units_question import units_question
from cellstorm.localizations import COLUMNS, REQUIRED_COLUMNS, scan_table
from cellstorm.localizations.engine_errors import engine_errors
from cellstorm.localizations.formats import format_for_reading

__all__ = ["print_table_info"]


@dataclasses.dataclass(frozen=True)
class _ColumnFacts:
    """One column: range of its finite values, None where there is none."""

    name: str
    unit: str
    lowest: float | None
    highest: float | None
    missing: int


@dataclasses.dataclass(frozen=True)
class _TableFacts:
    """A table; lengths in nm, frames counted from 0."""

    path: str
    format: str
    origin: str
    software: str | None
    molecules: int
    pixel_size_nm: float | None
    movie: str | None
    steps: int
    columns: tuple[_ColumnFacts, ...]
    notices: tuple[str, ...]


def print_table_info(path: Path, *, as_json: bool) -> None:
    """Print what a table is; its rows are streamed, once.

    Raises
    ------
    TableError
        The table cannot be read.
    """
    facts = _facts(path)
    if as_json:
        print(json.dumps(dataclasses.asdict(facts), indent=2))
        return
    print_facts(_lines(facts), facts.notices)


def _facts(path: Path) -> _TableFacts:
    format_ = format_for_reading(path)
    rows, metadata = scan_table(path)
    schema = rows.collect_schema()
    numeric = [name for name in schema if schema[name].is_numeric()]
    wanted = [pl.len().alias("rows")]
    for name in numeric:
        value = pl.col(name).cast(pl.Float64)
        finite = value.is_finite().fill_null(value=False)
        wanted += [
            value.filter(finite).min().alias(f"low {name}"),
            value.filter(finite).max().alias(f"high {name}"),
            (~finite).sum().alias(f"missing {name}"),
        ]
    with engine_errors(path, reading=True):
        found = rows.select(wanted).collect(engine="streaming").row(0, named=True)
    return _TableFacts(
        path=str(path),
        format=format_.name,
        origin=metadata.origin_in_file or "corner, frames from 0",
        software=" ".join(filter(None, (metadata.software, metadata.software_version))) or None,
        molecules=found["rows"],
        pixel_size_nm=metadata.pixel_size_nm,
        movie=metadata.movie.name if metadata.movie is not None else None,
        steps=len(metadata.history),
        columns=tuple(
            _ColumnFacts(
                name,
                COLUMNS[name].unit if name in COLUMNS else "",
                found[f"low {name}"],
                found[f"high {name}"],
                found[f"missing {name}"],
            )
            for name in numeric
        ),
        notices=(*metadata.notices, *units_question(path)),
    )


def _lines(facts: _TableFacts) -> Iterator[tuple[str, str]]:
    yield "file", facts.path
    yield "format", facts.format
    yield "origin in the file", facts.origin
    if facts.software is not None:
        yield "made by", facts.software
    if facts.movie is not None:
        yield "movie", facts.movie
    yield "localizations", f"{facts.molecules}"
    columns = {column.name: column for column in facts.columns}
    frame, x, y = (columns[name] for name in REQUIRED_COLUMNS)
    if None not in (frame.lowest, x.lowest, y.lowest):
        yield "frames", f"{frame.lowest:.0f} to {frame.highest:.0f}, counted from 0"
        yield (
            "field",
            f"x {x.lowest:.6g} to {x.highest:.6g} nm, y {y.lowest:.6g} to {y.highest:.6g} nm",
        )
    size = facts.pixel_size_nm
    yield "pixel size", f"{size:.4g} nm" if size else "unknown (give it with --pixel-size-nm)"
    if facts.steps:
        yield "history", f"{facts.steps} step{'s' if facts.steps > 1 else ''}"
    for column in facts.columns:
        if column.name in REQUIRED_COLUMNS and not column.missing:
            continue
        values = (
            "no value"
            if column.lowest is None
            else (f"{column.lowest:.4g} to {column.highest:.4g} {column.unit}".rstrip())
        )
        missing = f", missing in {column.missing} rows" if column.missing else ""
        yield column.name, f"{values}{missing}"
