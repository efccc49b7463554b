"""``cellstorm convert``: a table in another program's format."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cellstorm.cli.refined_output import checked_output, named
from cellstorm.cli.units_question import units_question
from cellstorm.localizations import convert_table

__all__ = ["convert"]


def convert(
    source: Path,
    /,
    output: Path,
    *,
    pixel_size_nm: float | None = None,
    overwrite: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Write a table in the format that the output's extension names.

    Known are Parquet (.parquet, cellstorm's own), ThunderSTORM (.csv), Picasso (.hdf5),
    DECODE (.decode.h5), rapidSTORM (.txt), SMLM files (.smlm) and the SMLM Challenge's lists
    (.challenge.csv). Units, origin and frame numbers are turned into those of the format.

    Parameters
    ----------
    source
        The table to read.
    output
        The table to write.
    pixel_size_nm
        Pixel of the movie, for formats in pixels when the table does not say.
    overwrite
        Replace what is there even where it does not say that cellstorm wrote it.
    """
    replaced = checked_output(source, output, overwrite=overwrite)
    count, notices = convert_table(source, output, pixel_size_nm=pixel_size_nm)
    print(f"{named(output, replaced=replaced)}: {count} localizations from {source.name}")
    for notice in (*notices, *units_question(source, pixel_size_nm=pixel_size_nm)):
        print(f"Note: {notice}")
