"""Lazy frames over files that are read block by block."""

from collections.abc import Callable, Iterator

import polars as pl
from polars.io.plugins import register_io_source

__all__ = ["BLOCK_ROWS", "scan_blocks"]

BLOCK_ROWS = 500_000
"""Rows that one reader holds at a time."""

Blocks = Callable[[list[str]], Iterator[pl.DataFrame]]


def scan_blocks(schema: dict[str, pl.DataType], blocks: Blocks) -> pl.LazyFrame:
    """A lazy frame that reads a file only when, and as far as, it is collected.

    Parameters
    ----------
    schema
        Names and types of all columns.
    blocks
        ``blocks(names)`` opens the file and gives its rows in order, in frames with the
        named columns. Called anew for each pass; may raise `TableError`.
    """

    def source(
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        _batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        wanted = list(schema) if with_columns is None else list(with_columns)
        # rows without a column would have no number: count them by the first one
        needed = wanted or [next(iter(schema))]
        left = n_rows
        for block in blocks(needed):
            part = block if left is None else block.head(left)
            if left is not None:
                left -= len(part)
            yield part if predicate is None else part.filter(predicate)
            if left == 0:
                return

    return register_io_source(source, schema=schema)
