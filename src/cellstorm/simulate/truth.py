"""The truth of a simulated movie as files."""

import shutil
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import polars as pl

__all__ = ["TRUTH_SCHEMA", "TruthWriter"]

TRUTH_SCHEMA: dict[str, pl.DataType] = {
    "frame": pl.UInt32(),
    "id": pl.UInt64(),
    "x_nm": pl.Float64(),
    "y_nm": pl.Float64(),
    "z_nm": pl.Float64(),
    "photons": pl.Float32(),
    "background_photons": pl.Float32(),
}
"""Columns of the truth: one row per molecule and frame it gave light in."""

_ROWS_IN_MEMORY = 500_000


class TruthWriter:
    """Writes rows block by block as Parquet and CSV, in memory that does not grow.

    Use it as a context; `finish` completes the files, without it nothing usable is left.

    Parameters
    ----------
    parquet, csv
        Files to write. Parts of the Parquet file lie in a folder beside it meanwhile.
    """

    def __init__(self, parquet: Path, csv: Path) -> None:
        self.rows = 0
        self._parquet = parquet
        self._folder = parquet.with_name(f"{parquet.name}.parts")
        self._csv_path = csv
        self._csv: IO[bytes] | None = None
        self._waiting: list[pl.DataFrame] = []
        self._waiting_rows = 0
        self._parts: list[Path] = []

    def __enter__(self) -> Self:
        self._csv = self._csv_path.open("wb")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._csv is not None:
            self._csv.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def write(self, rows: pl.DataFrame) -> None:
        """Add the rows of the next frames, columns as `TRUTH_SCHEMA`."""
        assert self._csv is not None, "a TruthWriter is used as a context"
        rows.write_csv(self._csv, include_header=self.rows == 0, float_precision=3)
        self.rows += rows.height
        self._waiting.append(rows)
        self._waiting_rows += rows.height
        if self._waiting_rows >= _ROWS_IN_MEMORY:
            self._write_part()

    def finish(self) -> None:
        """Complete both files."""
        assert self._csv is not None, "a TruthWriter is used as a context"
        if self.rows == 0:
            self._csv.seek(0)
            self._csv.truncate()
            pl.DataFrame(schema=TRUTH_SCHEMA).write_csv(self._csv)
        self._csv.flush()
        if not self._parts:
            rows = pl.concat(self._waiting) if self._waiting else pl.DataFrame(schema=TRUTH_SCHEMA)
            rows.write_parquet(self._parquet)
            return
        self._write_part()
        pl.scan_parquet(self._parts, glob=False).sink_parquet(self._parquet)

    def _write_part(self) -> None:
        if not self._waiting:
            return
        self._folder.mkdir(exist_ok=True)
        part = self._folder / f"{len(self._parts):06d}.parquet"
        pl.concat(self._waiting).write_parquet(part)
        self._parts.append(part)
        self._waiting, self._waiting_rows = [], 0
