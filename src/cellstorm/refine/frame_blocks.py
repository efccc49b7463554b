"""A table of any size cut into blocks of whole frames, whatever the order of its rows."""

import numpy as np
import polars as pl

__all__ = ["ROWS_PER_BLOCK", "frame_ranges", "read_block"]

ROWS_PER_BLOCK = 1_000_000
"""Rows of a block, if no single frame has more."""


def frame_ranges(rows: pl.LazyFrame, rows_per_block: int = ROWS_PER_BLOCK) -> list[tuple[int, int]]:
    """First and last frame of each block, in rising order; none for an empty table."""
    counts = rows.group_by("frame").len().collect(engine="streaming").sort("frame")
    if not len(counts):
        return []
    frames = counts["frame"].to_numpy()
    ends = np.cumsum(counts["len"].to_numpy())
    ranges, start, before = [], 0, 0
    while start < frames.size:
        stop = int(np.searchsorted(ends, before + rows_per_block, side="right"))
        stop = max(stop, start + 1)
        ranges.append((int(frames[start]), int(frames[stop - 1])))
        before, start = int(ends[stop - 1]), stop
    return ranges


def read_block(rows: pl.LazyFrame, frames: tuple[int, int]) -> pl.DataFrame:
    """The rows of these frames (both ends included), ordered by frame and x."""
    # groups of rows of a Parquet file that have none of these frames are skipped unread
    taken = rows.filter(pl.col("frame").is_between(*frames, closed="both"))
    return taken.collect(engine="streaming").sort("frame", "x_nm", maintain_order=True)
