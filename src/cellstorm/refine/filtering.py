"""Filter a table by steps, from file to file or in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import TypeAdapter

from cellstorm.errors import ConfigurationError
from cellstorm.localizations import (
    COLUMNS,
    Localizations,
    Metadata,
    sink_table,
)
from cellstorm.localizations.engine_errors import engine_errors
from cellstorm.refine.expression import parse_condition
from cellstorm.refine.provenance import origin_of
from cellstorm.refine.source_table import count_rows, open_source
from cellstorm.refine.steps import Condition, FilterStep

__all__ = [
    "FilteredTable",
    "StepCount",
    "apply_steps",
    "filter_localizations",
    "filter_table",
    "read_steps",
]

_SOUND = "rows with a finite frame, x_nm and y_nm"
_STEPS: TypeAdapter[list[FilterStep]] = TypeAdapter(list[FilterStep])


@dataclass(frozen=True)
class StepCount:
    """What one step did.

    Attributes
    ----------
    text
        In words, with the numbers it decided.
    before, after
        Rows.
    """

    text: str
    before: int
    after: int


@dataclass(frozen=True)
class FilteredTable:
    """A table that was written.

    Attributes
    ----------
    output
        The file.
    before, after
        Rows of the source and of the output.
    steps
        What each did.
    notices
        What the user should know.
    """

    output: Path
    before: int
    after: int
    steps: tuple[StepCount, ...]
    notices: tuple[str, ...]


def filter_localizations(localizations: Localizations, *steps: FilterStep | str) -> Localizations:
    """The rows of a table in memory that pass all steps, in their order.

    Parameters
    ----------
    localizations
        The table; it stays as it is.
    steps
        Steps, or texts as after SQL's WHERE: ``"uncertainty_nm < 30 and photons > 200"``.

    Raises
    ------
    ConfigurationError
        A step does not fit the table.
    """
    rows, counts = apply_steps(
        localizations.data.lazy(), localizations.metadata, _as_steps(steps), len(localizations)
    )
    texts = [f"filter: {item.text} ({item.after} of {item.before} kept)" for item in counts]
    return localizations.with_data(rows.collect(), *texts)


def filter_table(
    source: Path | str,
    output: Path | str,
    steps: Sequence[FilterStep | str],
    *,
    pixel_size_nm: float | None = None,
    trust_units: bool = False,
) -> FilteredTable:
    """Write the rows of a table that pass all steps, in their order, beside it.

    Rows are streamed. Those without a finite position go first, and are counted. The last
    entry of the output's history holds the steps and the source (see `cellstorm.refine.undo`).

    Parameters
    ----------
    source
        A table of a known format; never changed.
    output
        The extension chooses the format; replaced only when the new table is whole.
    steps
        As in `filter_localizations`.
    pixel_size_nm
        Pixel of the movie, when the table does not say.
    trust_units
        Leave out the question whether the table is in nanometres.

    Raises
    ------
    ConfigurationError
        A step does not fit the table, or no row would be left.
    TableError
        The source is empty, cannot be read, or seems to be in other units.
    OutputError
        The output is the source, or cannot be written.
    """
    source, output = Path(source), Path(output)
    chosen = _as_steps(steps)
    if not chosen:
        raise ConfigurationError("there is nothing to filter by.")
    table = open_source(source, output, pixel_size_nm=pixel_size_nm)
    before, bad, metadata = table.count, table.bad, table.metadata
    table.refuse_empty("filter")
    counts: list[StepCount] = []
    if bad:
        table = table.without_bad_rows()
        counts.append(StepCount(_SOUND, before, before - bad))
    if not trust_units:
        table.refuse_implausible()
    try:
        with engine_errors(source, reading=True):
            rows, more = apply_steps(table.rows, metadata, chosen, before - bad)
    except ConfigurationError as error:
        raise ConfigurationError(
            error.what, where=error.where or source, todo=error.todo
        ) from error
    counts += more
    after = counts[-1].after
    origin = origin_of(
        "filter",
        source,
        output,
        rows=(before, after),
        parameters={"steps": _STEPS.dump_python(chosen, mode="json")},
    )
    text = f"{'; '.join(item.text for item in counts)} ({after} of {before} kept)"
    notices = sink_table(rows, metadata.with_step(origin.as_history(text)), output)
    return FilteredTable(output, before, after, tuple(counts), notices)


def read_steps(parameters: dict[str, Any]) -> list[FilterStep]:
    """The steps that a filter's entry in a history holds."""
    return _STEPS.validate_python(parameters["steps"])


def apply_steps(
    rows: pl.LazyFrame, metadata: Metadata, steps: Sequence[FilterStep], before: int
) -> tuple[pl.LazyFrame, list[StepCount]]:
    """Lazy rows that pass all steps, in their order, and what each did.

    Raises
    ------
    ConfigurationError
        A step does not fit the table, or leaves no row.
    """
    counts = []
    for step in steps:
        left, text = step(rows, metadata.pixel_size_nm)
        after = count_rows(left)
        if after == 0 and before > 0:
            raise ConfigurationError(
                f"no row is left of {before} by: {text}.",
                todo=_ranges(rows, step, metadata.pixel_size_nm),
            )
        counts.append(StepCount(text, before, after))
        rows, before = left, after
    return rows, counts


def _as_steps(steps: Sequence[FilterStep | str]) -> list[FilterStep]:
    return [Condition(expression=step) if isinstance(step, str) else step for step in steps]


def _ranges(rows: pl.LazyFrame, step: FilterStep, pixel_size_nm: float | None) -> str | None:
    """Between what the columns of a condition lie: a wrong unit shows at once."""
    if not isinstance(step, Condition):
        return None
    schema = rows.collect_schema()
    condition = parse_condition(step.expression, schema, pixel_size_nm=pixel_size_nm)
    names = dict.fromkeys(name for name in condition.meta.root_names() if schema[name].is_numeric())
    parts = []
    for name in names:
        value = pl.col(name).fill_nan(None) if schema[name].is_float() else pl.col(name)
        found = rows.select(value.min().alias("low"), value.max().alias("high"))
        low, high = found.collect(engine="streaming").row(0)
        unit = COLUMNS[name].unit if name in COLUMNS else ""
        parts.append(
            f"{name} has no values"
            if low is None
            else f"{name} lies between {low:.6g} and {high:.6g} {unit}".rstrip()
        )
    return f"{'; '.join(parts)}." if parts else None
