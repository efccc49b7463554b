"""``cellstorm convert``: a table in another program's format."""

from pathlib import Path

from cellstorm.cli.units_question import units_question
from cellstorm.localizations import convert_table
from cellstorm.refine.source_table import refuse_same_file

__all__ = ["convert"]


def convert(source: Path, /, output: Path, *, pixel_size_nm: float | None = None) -> None:
    """Write a table in the format that the output's extension names.

    Known are Parquet (.parquet, cellstorm's own), ThunderSTORM (.csv), Picasso (.hdf5),
    DECODE (.decode.h5), rapidSTORM (.txt), SMLM files (.smlm) and the SMLM Challenge's lists
    (.challenge.csv). Units, origin and frame numbers are turned into those of the format.

    Parameters
    ----------
    source
        The table to read.
    output
        The table to write; an existing one is replaced once the new one is whole.
    pixel_size_nm
        Pixel of the movie, for formats in pixels when the table does not say.
    """
    if source.exists():
        refuse_same_file(source, output)
    count, notices = convert_table(source, output, pixel_size_nm=pixel_size_nm)
    print(f"{output}: {count} localizations from {source.name}")
    for notice in (*notices, *units_question(source, pixel_size_nm=pixel_size_nm)):
        print(f"Note: {notice}")
