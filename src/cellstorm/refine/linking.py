"""Merge molecules that stay on over frames, from file to file or in memory."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from cellstorm.atomic_file import output_error
from cellstorm.errors import TableError
from cellstorm.localizations import Localizations, Metadata, sink_table
from cellstorm.localizations.engine_errors import engine_errors
from cellstorm.localizations.table import refuse_bad_positions
from cellstorm.refine.association import Association, Linking
from cellstorm.refine.dark_time import DarkTime, estimate_dark_frames
from cellstorm.refine.frame_blocks import frame_ranges, read_block
from cellstorm.refine.merging import Merging
from cellstorm.refine.provenance import origin_of
from cellstorm.refine.source_table import open_source

__all__ = ["LinkSummary", "LinkedTable", "link_localizations", "link_table"]

_NUMBER = "__number"
Listener = Callable[[int, int], None]


@dataclass(frozen=True)
class LinkSummary:
    """What linking did.

    Attributes
    ----------
    localizations, molecules
        Rows before and after.
    dark_frames
        Frames in between that were allowed.
    dark_time
        How they were estimated; None if they were given.
    mean_on_frames
        From the first to the last frame of a molecule, mean.
    single
        Molecules seen in one frame only.
    scatter
        Positions of a molecule scatter this many times their uncertainties: 1 where these
        are right; None where there are no uncertainties or nothing was joined.
    """

    localizations: int
    molecules: int
    dark_frames: int
    dark_time: DarkTime | None
    mean_on_frames: float
    single: int
    scatter: float | None


@dataclass(frozen=True)
class LinkedTable:
    """A table that was written: the file, what linking did, what the user should know."""

    output: Path
    summary: LinkSummary
    notices: tuple[str, ...]


def link_localizations(
    localizations: Localizations, linking: Linking | None = None
) -> tuple[Localizations, LinkSummary]:
    """Merge the molecules of a table in memory that stay on over frames.

    Positions are means weighted by 1 / uncertainty squared, uncertainties those of such
    means, photons and significance sums, spot and background means; flags are those of all.
    ``frame`` is the first one, ``on_frames`` (and ``on_s`` where the frame rate is known)
    count to the last one, ``detections`` how many were merged.

    Parameters
    ----------
    localizations
        The table; it stays as it is.
    linking
        When two localizations are the same; radius from uncertainties and estimated dark
        frames when not given.

    Returns
    -------
    tuple[Localizations, LinkSummary]
        One row a molecule, ordered by first frame; and what was done.

    Raises
    ------
    TableError
        The table is empty or linked already, or has no uncertainties for the radius.
    """
    linking = linking or Linking()
    rows = localizations.data.lazy()
    work = _Work(rows, localizations.metadata, linking, where=None)
    parts: dict[int, list[pl.DataFrame]] = {}
    for number, merged in work.blocks():
        parts.setdefault(number, []).append(merged)
    data = pl.concat([part for number in sorted(parts) for part in parts[number]]).sort("id")
    summary = work.summary()
    return localizations.with_data(data, f"link: {_in_words(summary, linking)}"), summary


def link_table(
    source: Path | str,
    output: Path | str,
    linking: Linking | None = None,
    *,
    pixel_size_nm: float | None = None,
    trust_units: bool = False,
    listener: Listener | None = None,
) -> LinkedTable:
    """Write the molecules of a table beside it, merged over frames.

    Rows are read by blocks of frames and merged rows written as they are finished: memory
    is that of a block, about a million rows, whatever the size of the table.

    Parameters
    ----------
    source
        A table of a known format; never changed.
    output
        The extension chooses the format; replaced only when the new table is whole.
    linking
        As in `link_localizations`, which also says what the columns become.
    pixel_size_nm
        Pixel of the movie, when the table does not say.
    trust_units
        Leave out the question whether the table is in nanometres.
    listener
        Called with the number of frames done and the number of all.

    Raises
    ------
    TableError
        The source is empty, linked already, cannot be read, seems to be in other units or
        has no uncertainties for the radius.
    OutputError
        The output is the source, or cannot be written.
    """
    source, output = Path(source), Path(output)
    linking = linking or Linking()
    table = open_source(source, output, pixel_size_nm=pixel_size_nm)
    rows, metadata = table.rows, table.metadata
    refuse_bad_positions(table.bad, table.count, where=source)
    if not trust_units:
        table.refuse_implausible()
    with _folder_beside(output) as folder:
        if source.suffix.lower() == ".csv":
            # blocks are looked up by frame, which a text would be read for from its start
            copy = folder / "source.parquet"
            sink_table(rows, metadata, copy)
            rows = pl.scan_parquet(copy, glob=False)
        work = _Work(rows, metadata, linking, where=source)
        parts = _PartFiles(folder)
        for number, merged in work.blocks(listener):
            parts.add(number, merged)
        files = parts.finish()
        summary = work.summary()
        decided = linking.model_copy(update={"dark_frames": summary.dark_frames})
        origin = origin_of(
            "link",
            source,
            output,
            rows=(summary.localizations, summary.molecules),
            parameters=decided.model_dump(mode="json"),
        )
        entry = origin.as_history(_in_words(summary, linking))
        notices = sink_table(pl.scan_parquet(files, glob=False), metadata.with_step(entry), output)
    return LinkedTable(output, summary, notices)


class _Work:
    """Goes through a table once and counts what it does."""

    def __init__(
        self, rows: pl.LazyFrame, metadata: Metadata, linking: Linking, *, where: Path | None
    ) -> None:
        self._rows, self._where = rows, where
        with self._reading():
            self._ranges = frame_ranges(rows)
        schema = rows.collect_schema()
        if not self._ranges:
            raise TableError("the table is empty: there is nothing to link.", where=where)
        if "on_frames" in schema:
            raise TableError(
                "its molecules are merged over frames already.",
                where=where,
                todo="Link the table that it was made from.",
            )
        self._dark_time = None
        dark_frames = linking.dark_frames
        if dark_frames is None:
            with self._reading():
                self._dark_time = estimate_dark_frames(rows, linking)
            dark_frames = self._dark_time.dark_frames
        self._dark_frames = dark_frames
        self._association = Association(linking, dark_frames)
        movie = metadata.movie
        self._merging = Merging(schema, movie.frame_rate_hz if movie is not None else None)
        self._localizations = self._on_frames = self._single = self._freedom = 0
        self._chi2 = 0.0

    def blocks(self, listener: Listener | None = None) -> Iterator[tuple[int, pl.DataFrame]]:
        """Molecules as they are finished, each with the block that it was first seen in."""
        first_numbers = []
        carried: pl.DataFrame | None = None
        for done, frames in enumerate(self._ranges):
            with self._reading():
                block = read_block(self._rows, frames)
                first_numbers.append(self._association.molecules)
                numbers = pl.Series(_NUMBER, self._association(block))
            self._localizations += len(block)
            sums = self._merging.partial(block.with_columns(numbers))
            if carried is not None:
                sums = self._merging.together(pl.concat([carried, sums]))
            goes_on = pl.Series(self._association.open_numbers)
            if done + 1 == len(self._ranges):
                goes_on = goes_on.clear()
            is_open = pl.col(_NUMBER).is_in(goes_on.implode())
            carried = sums.filter(is_open)
            yield from self._finish(sums.filter(~is_open), first_numbers)
            if listener is not None:
                listener(frames[1] + 1, self._ranges[-1][1] + 1)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Name the file in what goes wrong with its rows."""
        try:
            with engine_errors(self._where or Path("table"), reading=True):
                yield
        except TableError as error:
            where = error.where or self._where
            raise TableError(error.what, where=where, todo=error.todo) from error

    def _finish(
        self, sums: pl.DataFrame, first_numbers: list[int]
    ) -> Iterator[tuple[int, pl.DataFrame]]:
        chi2, freedom = self._merging.scatter(sums)
        self._chi2 += chi2
        self._freedom += freedom
        on_frames = sums.select(pl.col("last").cast(pl.Int64) - pl.col("first") + 1).to_series()
        self._on_frames += int(on_frames.sum())
        self._single += int(sums.select((pl.col("n") == 1).sum()).item())
        numbers = sums[_NUMBER].to_numpy()
        block_of = np.searchsorted(np.array(first_numbers), numbers, side="right") - 1
        for block in np.unique(block_of):
            yield int(block), self._merging.finished(sums.filter(pl.Series(block_of == block)))

    def summary(self) -> LinkSummary:
        """What was done, once all blocks are through."""
        molecules = self._association.molecules
        return LinkSummary(
            localizations=self._localizations,
            molecules=molecules,
            dark_frames=self._dark_frames,
            dark_time=self._dark_time,
            mean_on_frames=self._on_frames / molecules,
            single=self._single,
            scatter=(self._chi2 / self._freedom) ** 0.5 if self._freedom else None,
        )


class _PartFiles:
    """Finished molecules, a file for those first seen in the same block.

    Most are finished in their own block or the next; a few, on for very long, come later
    and are put into their file at the end. The files in their order are the table in the
    order of first frames.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: dict[int, list[pl.DataFrame]] = {}
        self._written: set[int] = set()
        self._newest = -1

    def add(self, number: int, merged: pl.DataFrame) -> None:
        """Take molecules of a block."""
        self._waiting.setdefault(number, []).append(merged)
        self._newest = max(self._newest, number)
        complete = self._newest - 2
        if complete in self._waiting and complete not in self._written:
            self._write(complete)

    def finish(self) -> list[Path]:
        """Write what is left; the files in order."""
        for number in sorted(self._waiting):
            self._write(number)
        return [self._path(number) for number in sorted(self._written)]

    def _write(self, number: int) -> None:
        parts = self._waiting.pop(number)
        path = self._path(number)
        if number in self._written:
            # into memory first: the file is about to be replaced
            parts.append(pl.read_parquet(path, memory_map=False))
        with engine_errors(path):
            pl.concat(parts).sort("id").write_parquet(path)
        self._written.add(number)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:06d}.parquet"


@contextmanager
def _folder_beside(output: Path) -> Iterator[Path]:
    """A folder for unfinished parts on the disk of the output, gone afterwards."""
    try:
        with tempfile.TemporaryDirectory(
            prefix=f".{output.stem}.", suffix=".tmp", dir=output.parent
        ) as name:
            yield Path(name)
    except OSError as error:
        raise output_error(error, output) from error


def _in_words(summary: LinkSummary, linking: Linking) -> str:
    radius = (
        f"{linking.radius_nm:g} nm"
        if linking.radius_nm is not None
        else f"{linking.radius_sigmas:g} standard errors"
    )
    frames = "frame" if summary.dark_frames == 1 else "frames"
    return (
        f"within {radius}, {summary.dark_frames} dark {frames} allowed"
        f" ({summary.molecules} molecules of {summary.localizations} localizations)"
    )
