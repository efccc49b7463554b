"""Is this table in nanometres? Asked of verbs that draw or copy it."""

from pathlib import Path

from cellstorm.errors import TableError
from cellstorm.localizations import scan_table
from cellstorm.refine import refuse_implausible
from cellstorm.refine.source_table import sound_rows

__all__ = ["refuse_other_units", "units_question"]


def refuse_other_units(table: Path, *, pixel_size_nm: float | None = None) -> None:
    """Raise `TableError`, put as a question, when the units cannot be nm.

    Raises
    ------
    TableError
        They cannot, or the table cannot be read.
    """
    rows, metadata = scan_table(table, pixel_size_nm=pixel_size_nm)
    refuse_implausible(sound_rows(rows), metadata, where=table)


def units_question(table: Path, *, pixel_size_nm: float | None = None) -> tuple[str, ...]:
    """The question as a notice, where there is one, of a table that can be read."""
    try:
        refuse_other_units(table, pixel_size_nm=pixel_size_nm)
    except TableError as error:
        return (error.what,)
    return ()
