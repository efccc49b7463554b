"""The truth of a simulated movie as files."""

from pathlib import Path

import polars as pl

from cellstorm.atomic_file import atomic_file

__all__ = ["write_truth"]


def write_truth(truth: pl.DataFrame, path: str | Path) -> tuple[Path, Path]:
    """Write the truth as Parquet and, for everyone else, as CSV with the same columns.

    Parameters
    ----------
    truth
        Table of `Simulation.truth`.
    path
        File name; its extension is replaced by ``.parquet`` and ``.csv``.

    Returns
    -------
    tuple[Path, Path]
        The two files.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    parquet, csv = Path(path).with_suffix(".parquet"), Path(path).with_suffix(".csv")
    with atomic_file(parquet) as temporary:
        truth.write_parquet(temporary)
    with atomic_file(csv) as temporary:
        truth.write_csv(temporary, float_precision=3)
    return parquet, csv
