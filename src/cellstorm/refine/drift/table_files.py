"""A table's file in, a corrected one beside it out, with the curve and its picture."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cellstorm.atomic_file import atomic_file
from cellstorm.localizations import sink_table
from cellstorm.localizations.engine_errors import engine_errors
from cellstorm.movie.fingerprint import fingerprint_of_files
from cellstorm.refine.drift.curve import DriftCurve
from cellstorm.refine.drift.curve_files import read_curve, save_curve
from cellstorm.refine.drift.curve_picture import draw_curve
from cellstorm.refine.drift.finding import FoundDrift, find_drift_of
from cellstorm.refine.drift.method import DriftMethod
from cellstorm.refine.drift.molecules import molecules_of
from cellstorm.refine.drift.refusal import DriftRefusedError
from cellstorm.refine.provenance import origin_of
from cellstorm.refine.source_table import open_source

__all__ = ["DriftOutputs", "correct_table"]


@dataclass(frozen=True)
class DriftOutputs:
    """What was written.

    Attributes
    ----------
    table, curve, picture
        The files; the curve is a CSV.
    rows
        Rows of the table.
    drift
        The curve that was taken out.
    found
        How it was found and tested; None where the curve was given.
    notices
        What the user should know.
    """

    table: Path
    curve: Path
    picture: Path
    rows: int
    drift: DriftCurve
    found: FoundDrift | None
    notices: tuple[str, ...]


def correct_table(
    source: Path | str,
    output: Path | str,
    method: DriftMethod | DriftCurve | None = None,
    *,
    pixel_size_nm: float | None = None,
    trust_units: bool = False,
    listener: Callable[[float, int], None] | None = None,
) -> DriftOutputs:
    """Write a table without its drift, beside it the curve and a picture of it.

    Positions are read once, 20 bytes a row; the rows themselves are streamed. ``a.parquet``
    gets ``a.drift.csv`` and ``a.drift.png`` beside it.

    Parameters
    ----------
    source
        A table of a known format; never changed.
    output
        The extension chooses the format; replaced only when the new table is whole.
    method
        How to find the drift, `Aim` if not given; or the curve to take out, untested.
    pixel_size_nm
        Pixel of the movie, when the table does not say.
    trust_units
        Leave out the question whether the table is in nanometres.
    listener
        Told the share of the search that is done, 0 to 1, and how many rows there are.

    Raises
    ------
    DriftRefusedError
        The table does not carry the drift; nothing was written.
    TableError
        The source is empty, cannot be read, or seems to be in other units.
    OutputError
        The output is the source, or cannot be written.
    """
    source, output = Path(source), Path(output)
    table = open_source(source, output, pixel_size_nm=pixel_size_nm)
    table.refuse_empty("correct")
    notices: tuple[str, ...] = ()
    if table.bad:
        table = table.without_bad_rows()
        notices = (f"{table.bad} rows without a finite frame, x_nm and y_nm were left out",)
    if not trust_units:
        table.refuse_implausible()
    rows, metadata = table.rows, table.metadata
    found: FoundDrift | None = None
    if isinstance(method, DriftCurve):
        curve = method
    else:
        try:
            with engine_errors(source, reading=True):
                molecules = molecules_of(
                    rows,
                    metadata,
                    with_uncertainties=method is not None and method.uses_uncertainties,
                )
            tell = None if listener is None else functools.partial(_tell, listener, len(molecules))
            found = find_drift_of(molecules, method, listener=tell)
        except DriftRefusedError as error:
            raise DriftRefusedError(error.what, where=source, todo=error.todo) from error
        curve, notices = found.curve, (*notices, *found.notices)
    beside, picture = output.with_suffix(".drift.csv"), output.with_suffix(".drift.png")
    with atomic_file(beside) as written:
        # the table is corrected with what the file says, so that the two can undo each other
        save_curve(curve, written)
        kept = read_curve(written)
        origin = origin_of(
            "drift",
            source,
            output,
            rows=(table.count, table.count - table.bad),
            parameters={
                "curve": beside.name,
                "curve_fingerprint": fingerprint_of_files([written]),
                "method": curve.method,
                "span_nm": curve.span_nm,
            },
        )
        told = metadata.with_step(origin.as_history(curve.summary)).with_notices(*notices)
        lost = sink_table(kept.corrected_rows(rows), told, output)
    draw_curve(curve, picture, title=source.name)
    return DriftOutputs(
        output, beside, picture, table.count - table.bad, curve, found, (*notices, *lost)
    )


def _tell(listener: Callable[[float, int], None], rows: int, share: float) -> None:
    listener(share, rows)
