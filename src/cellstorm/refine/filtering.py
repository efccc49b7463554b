"""Filter a table by steps, from file to file or in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from pydantic import TypeAdapter

from cellstorm.errors import ConfigurationError, OutputError, TableError
from cellstorm.localizations import (
    COLUMNS,
    Localizations,
    Metadata,
    scan_table,
    sink_table,
)
from cellstorm.localizations.engine_errors import engine_errors
from cellstorm.refine.expression import parse_condition
from cellstorm.refine.provenance import Origin, origin_of, read_origin
from cellstorm.refine.source_table import count_rows, open_source, refuse_same_file, sound_rows
from cellstorm.refine.steps import Condition, FilterStep

__all__ = [
    "FilteredTable",
    "StepCount",
    "filter_localizations",
    "filter_table",
    "undo_table",
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
    rows, counts = _filtered(
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
    entry of the output's history holds the steps and the source (see `undo_table`).

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
    if before == 0:
        raise TableError("the table is empty: there is nothing to filter.", where=source)
    if bad == before:
        raise TableError("no row has a finite frame, x_nm and y_nm.", where=source)
    counts: list[StepCount] = []
    if bad:
        table = table.without_bad_rows()
        counts.append(StepCount(_SOUND, before, before - bad))
    if not trust_units:
        table.refuse_implausible()
    with engine_errors(source, reading=True):
        rows, more = _filtered(table.rows, metadata, chosen, before - bad)
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


def undo_table(
    path: Path | str, output: Path | str | None = None
) -> tuple[Path, int, tuple[str, ...]]:
    """Go back to the table before the last filter or link.

    Parameters
    ----------
    path
        The filtered or linked table; it stays as it is.
    output
        Where to write the table before; None writes nothing if it is still there, and
        makes it again under its name if it is gone.

    Returns
    -------
    tuple[Path, int, tuple[str, ...]]
        The table before, its rows, and what the user should know.

    Raises
    ------
    TableError
        The last step is none of ours, or neither the table before nor one that it can be
        made from is there as it was.
    OutputError
        The output cannot be written.
    """
    path = Path(path)
    history = scan_table(path)[1].history
    last = read_origin(history[-1]) if history else None
    if last is None:
        told = f"it is: {history[-1]}" if history else "there is none"
        raise TableError(
            f"the last step of its history is no filter or link that can be undone ({told}).",
            where=path,
        )
    found = last.find(path.parent)
    if found is not None and output is None:
        return found, last.rows_before, ()
    if found is not None:
        rows, metadata = scan_table(found)
    else:
        rows, metadata = _made_again(path, history, last)
    target = Path(output) if output is not None else path.parent / last.source
    refuse_same_file(path, target)
    if output is None and target.exists():
        raise OutputError(
            "another table has the name of the one before.",
            where=target,
            todo="Give a place with --output.",
        )
    return target, last.rows_before, sink_table(rows, metadata, target)


def _made_again(
    path: Path, history: tuple[str, ...], last: Origin
) -> tuple[pl.LazyFrame, Metadata]:
    """The table before, by the steps from one that is still there."""
    missing = Path(last.source).name
    for back in range(2, len(history) + 1):
        entry = history[-back]
        origin = read_origin(entry)
        if origin is None or origin.verb != "filter":
            break
        found = origin.find(path.parent)
        if found is None:
            continue
        rows, metadata = scan_table(found)
        for replayed in history[-back:-1]:
            step = read_origin(replayed)
            if step is None:
                break
            steps = _STEPS.validate_python(step.parameters["steps"])
            rows, _ = _filtered(sound_rows(rows), metadata, steps, step.rows_before)
            metadata = metadata.with_step(replayed)
        with engine_errors(found, reading=True):
            count = count_rows(rows)
        if count != last.rows_before:
            raise TableError(
                f"made again from {found.name}, the table before would have {count} rows,"
                f" not {last.rows_before}.",
                where=path,
            )
        return rows, metadata
    raise TableError(
        f"the table before, {missing}, is gone or was changed, and so is what it was made from.",
        where=path,
        todo="Put it beside this table again.",
    )


def _filtered(
    rows: pl.LazyFrame, metadata: Metadata, steps: Sequence[FilterStep], before: int
) -> tuple[pl.LazyFrame, list[StepCount]]:
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
