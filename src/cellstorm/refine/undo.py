"""Back to the table before the last step."""

from pathlib import Path

import polars as pl

from cellstorm.errors import OutputError, TableError
from cellstorm.localizations import Metadata, scan_table, sink_table
from cellstorm.localizations.engine_errors import engine_errors
from cellstorm.refine.drift.curve_files import curve_of_step
from cellstorm.refine.filtering import apply_steps, read_steps
from cellstorm.refine.provenance import Origin, read_origin
from cellstorm.refine.source_table import count_rows, refuse_same_file, sound_rows

__all__ = ["undo_table"]


def undo_table(
    path: Path | str, output: Path | str | None = None
) -> tuple[Path, int, tuple[str, ...]]:
    """Go back to the table before the last filter, link or drift correction.

    Parameters
    ----------
    path
        The refined table; it stays as it is.
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
            "the last step of its history is no filter, link or drift that can be undone"
            f" ({told}).",
            where=path,
        )
    found = last.find(path.parent)
    if found is not None and output is None:
        return found, last.rows_before, ()
    count = last.rows_before
    notices: tuple[str, ...] = ()
    if found is not None:
        rows, metadata = scan_table(found)
    else:
        rows, metadata, count, notices = _made_again(path, history, last)
    target = Path(output) if output is not None else path.parent / last.source
    refuse_same_file(path, target)
    if output is None and target.exists():
        raise OutputError(
            "another table has the name of the one before.",
            where=target,
            todo="Give a place with --output.",
        )
    return target, count, (*notices, *sink_table(rows, metadata, target))


def _made_again(
    path: Path, history: tuple[str, ...], last: Origin
) -> tuple[pl.LazyFrame, Metadata, int, tuple[str, ...]]:
    """The table before, its rows and what to know of it, from what is still there."""
    for back in range(2, len(history) + 1):
        origin = read_origin(history[-back])
        if origin is None or origin.verb == "link":
            break
        found = origin.find(path.parent)
        if found is None:
            continue
        again = _replayed(found, history[-back:-1], path.parent)
        if again is None:
            break
        with engine_errors(found, reading=True):
            count = count_rows(again[0])
        if count != last.rows_before:
            raise TableError(
                f"made again from {found.name}, the table before would have {count} rows,"
                f" not {last.rows_before}.",
                where=path,
            )
        return *again, count, ()
    if last.verb == "drift":
        return _drifting_again(path, last)
    raise TableError(
        f"the table before, {Path(last.source).name}, is gone or was changed, and so is what it"
        " was made from.",
        where=path,
        todo="Put it beside this table again.",
    )


def _replayed(
    source: Path, entries: tuple[str, ...], folder: Path
) -> tuple[pl.LazyFrame, Metadata] | None:
    """What steps make of a table; None where one of them cannot be done again."""
    rows, metadata = scan_table(source)
    for entry in entries:
        step = read_origin(entry)
        if step is None or step.verb == "link":
            return None
        rows = sound_rows(rows)
        if step.verb == "filter":
            rows, _ = apply_steps(rows, metadata, read_steps(step.parameters), step.rows_before)
        else:
            curve = curve_of_step(step, folder)
            if curve is None:
                return None
            rows = curve.corrected_rows(rows)
        metadata = metadata.with_step(entry)
    return rows, metadata


def _drifting_again(
    path: Path, last: Origin
) -> tuple[pl.LazyFrame, Metadata, int, tuple[str, ...]]:
    """The rows with their drift put back: the curve says what was taken out."""
    curve = curve_of_step(last, path.parent)
    if curve is None:
        raise TableError(
            f"the table before, {Path(last.source).name}, and the curve of the drift,"
            f" {last.parameters.get('curve', '')}, are gone or were changed.",
            where=path,
            todo="Put one of them beside this table again.",
        )
    rows, metadata = scan_table(path)
    before = metadata.model_copy(update={"history": metadata.history[:-1]})
    lost = last.rows_before - last.rows_after
    notices: tuple[str, ...] = ("positions were put back by the curve, to within rounding",)
    if lost:
        notices = (*notices, f"{lost} rows without a finite position had been left out")
    return curve.reversed().corrected_rows(rows), before, last.rows_after, notices
