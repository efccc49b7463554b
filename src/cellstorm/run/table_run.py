"""Localizing into parts on disk, and joining these to the table."""

import contextlib
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from cellstorm import __version__
from cellstorm.errors import CellstormError
from cellstorm.localizations import (
    Metadata,
    MovieFacts,
    concatenate_parquet,
    convert_table,
    scan_table,
)
from cellstorm.localize.localizer import Drawing, Localizer, MoleculeColumns
from cellstorm.movie import Movie
from cellstorm.run.drawn_sum import DrawnSum, drawn_path, draws
from cellstorm.run.molecule_table import molecule_table
from cellstorm.run.partial import PartialRun
from cellstorm.run.pictures import LivePicture, write_final_picture
from cellstorm.run.pipeline import ChunkResult, localized_chunks
from cellstorm.run.plan import Plan
from cellstorm.run.progress import Reporter
from cellstorm.run.summary import LocalizationRun, doubts_about, medians_of
from cellstorm.run.widefield_sum import WidefieldSum

__all__ = ["RunInterrupted", "TableRun", "finished_earlier", "run_metadata"]

# A part holds about this much work, which is the most that a kill can lose; the first ones
# hold less, so that there is soon something to see and to resume.
_SECONDS_PER_PART = 1.5
_SECONDS_OF_FIRST_PART = 0.2
_ROWS_PER_PART = 1_000_000


class RunInterrupted(KeyboardInterrupt):
    """Ctrl-C came; what is done is kept.

    Attributes
    ----------
    output
        The table that was to be.
    frames_done, frames_total
        How far the run had come.
    """

    def __init__(self, output: Path, frames_done: int, frames_total: int) -> None:
        self.output = output
        self.frames_done = frames_done
        self.frames_total = frames_total
        super().__init__(output, frames_done, frames_total)

    def __str__(self) -> str:
        if not self.frames_done:
            return "Stopped before the first frames were done; nothing was written."
        return (
            f"Stopped; {self.frames_done} of {self.frames_total} frames are done and kept:"
            " run the same command with --resume to go on."
        )


class TableRun:
    """One run into ``partial``, from wherever it stands to the finished table."""

    def __init__(
        self,
        movie: Movie,
        plan: Plan,
        localizer: Localizer,
        partial: PartialRun,
        report: Reporter,
        workers: int,
    ) -> None:
        self._movie = movie
        self._plan = plan
        self._localizer = localizer
        self._partial = partial
        self._report = report
        self._workers = workers
        self._waiting: list[MoleculeColumns] = []
        self._waiting_rows = 0
        self._waiting_since = time.monotonic()
        self._seconds_per_part = _SECONDS_OF_FIRST_PART
        self._next_chunk = 0
        self._first_waiting = 0
        self._next_id = 0
        self._widefield = WidefieldSum(movie, plan, partial.folder)
        self._drawn: DrawnSum | None = None
        if isinstance(localizer, Drawing) and draws(localizer, plan):
            self._drawn = DrawnSum(plan, partial.folder, localizer.factor)
        self._live = LivePicture(partial.picture_path, plan.request.region, plan.pixel_size_nm)

    def localize(self) -> float:
        """Localize what is not done yet; gives frames per second, 0 if all was done.

        Raises
        ------
        CellstormError
            The movie cannot be read or a part not be written; parts that are done stay.
        RunInterrupted
            Ctrl-C; the chunks that were ready are kept too.
        """
        self._take_up()
        chunks = self._plan.chunks[self._next_chunk :]
        if not chunks:
            return 0.0
        began = self._waiting_since = time.monotonic()
        request = self._plan.request
        self._report("localizing")
        source = localized_chunks(
            self._movie,
            self._localizer,
            chunks,
            frames=request.frames,
            region=request.region,
            workers=self._workers,
            draw=self._drawn is not None,
        )
        try:
            with contextlib.closing(source):
                for result in source:
                    self._add(result)
            self._write_part()
        except KeyboardInterrupt:
            with contextlib.suppress(CellstormError):
                self._write_part()
            raise RunInterrupted(
                self._partial.output, self._frames_kept(), self._plan.frames_total
            ) from None
        return (chunks[-1][1] - chunks[0][0]) / max(time.monotonic() - began, 1e-9)

    def finish(self, picture: Path | None) -> LocalizationRun:
        """Join the parts to the table, draw the picture, take the partial folder away.

        Raises
        ------
        OutputError
            The table or the picture cannot be written; the parts stay.
        """
        plan, output = self._plan, self._partial.output
        metadata = run_metadata(self._movie, plan, self._next_id)
        parts = [path for _, _, path in self._partial.parts()]
        notices = metadata.notices
        whole = output
        if output.suffix.lower() != ".parquet":
            whole = self._partial.folder / f"{output.stem}.parquet"
        concatenate_parquet(parts, whole, metadata)
        if picture is not None:
            write_final_picture(whole, self._widefield.picture(), picture)
        sum_picture = None
        if picture is not None and self._drawn is not None:
            sum_picture = drawn_path(output)
            self._drawn.write(sum_picture)
        rows, _ = scan_table(whole)
        run = _described(plan, rows, picture, self._localizer, whole)
        run = replace(run, sum_picture=sum_picture)
        notices = (*notices, *doubts_about(rows))
        if whole != output:
            _, lost = convert_table(whole, output)
            notices = tuple(dict.fromkeys((*notices, *lost)))
        self._partial.clear()
        return replace(run, table=output, notices=notices)

    def _take_up(self) -> None:
        """Count what an earlier run left."""
        parts = self._partial.parts()
        if not parts:
            return
        self._next_chunk = self._first_waiting = parts[-1][1]
        for _, _, path in parts:
            rows, _ = scan_table(path)
            positions = rows.select("x_nm", "y_nm").collect()
            self._next_id += positions.height
            self._live.add(positions)
        self._widefield.take_up(self._next_chunk)
        if self._drawn is not None:
            self._drawn.take_up(self._next_chunk)
        self._report.advance(self._frames_kept(), self._next_id)

    def _frames_kept(self) -> int:
        """Frames whose molecules are in parts."""
        ends = (*self._plan.chunk_starts, self._plan.request.frames[1])
        return ends[self._first_waiting] - self._plan.request.frames[0]

    def _add(self, result: ChunkResult) -> None:
        molecules = len(result.columns["frame"])
        self._waiting.append(result.columns)
        self._waiting_rows += molecules
        self._next_chunk += 1
        self._widefield.add(result.light)
        if self._drawn is not None and result.drawn is not None:
            self._drawn.add(result.drawn)
        self._report.advance(result.last - result.first, molecules)
        if (
            time.monotonic() - self._waiting_since > self._seconds_per_part
            or self._waiting_rows > _ROWS_PER_PART
        ):
            self._write_part()

    def _write_part(self) -> None:
        if not self._waiting:
            return
        rows = molecule_table(
            self._waiting,
            region=self._plan.request.region,
            pixel_size_nm=self._plan.pixel_size_nm,
            first_id=self._next_id,
        )
        sums = [part for part in (self._widefield, self._drawn) if part is not None]
        for part in sums:
            part.save(self._next_chunk)
        self._partial.append(self._first_waiting, self._next_chunk, rows)
        for part in sums:
            part.forget_all_but(self._next_chunk)
        self._first_waiting = self._next_chunk
        self._next_id += rows.height
        self._waiting, self._waiting_rows = [], 0
        self._live.add(rows)
        self._live.refresh()
        self._seconds_per_part = min(2 * self._seconds_per_part, _SECONDS_PER_PART)
        self._waiting_since = time.monotonic()


def run_metadata(movie: Movie, plan: Plan, molecules: int) -> Metadata:
    """All that is known about a finished run's table."""
    request = plan.request
    notices = plan.notices
    if molecules == 0:
        notices = (
            *notices,
            "No molecule was found: look at a few frames, or lower --threshold.",
        )
    return Metadata(
        software="cellstorm",
        software_version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        pixel_size_nm=plan.pixel_size_nm,
        movie=MovieFacts(
            name=movie.name,
            fingerprint=request.movie_fingerprint,
            shape=movie.shape,
            frame_rate_hz=movie.frame_rate_hz,
        ),
        frames=request.frames,
        region=request.region,
        camera=plan.camera.model_dump(mode="json"),
        configuration=plan.localizer,
        notices=notices,
        history=(f"localized from {movie.name}",),
    )


def finished_earlier(table: Path, plan: Plan) -> LocalizationRun | None:
    """The table, if it is already what the plan would make."""
    if not table.exists():
        return None
    try:
        rows, metadata = scan_table(table)
    except CellstormError:
        return None
    request = plan.request
    same = (
        metadata.complete
        and metadata.movie is not None
        and metadata.movie.fingerprint == request.movie_fingerprint
        and (metadata.frames, metadata.region) == (request.frames, request.region)
        and metadata.pixel_size_nm == plan.pixel_size_nm
        and metadata.configuration == plan.localizer
        and metadata.camera == plan.camera.model_dump(mode="json")
    )
    if not same:
        return None
    picture = table.with_suffix(".png")
    run = _described(
        plan, rows, picture if picture.exists() else None, plan.build_localizer(), table
    )
    if drawn_path(table).exists():
        run = replace(run, sum_picture=drawn_path(table))
    done = "The table was finished before: nothing was left to do."
    return replace(run, notices=(*metadata.notices, done))


def _described(
    plan: Plan, rows: pl.LazyFrame, picture: Path | None, localizer: Localizer, table: Path
) -> LocalizationRun:
    """A finished table in a few numbers, without notices and speed."""
    count, medians = medians_of(rows)
    return LocalizationRun(
        table=table,
        picture=picture,
        frames=plan.frames_total,
        molecules=count,
        median_photons=medians["photons"],
        median_background_photons=medians["background_photons"],
        median_uncertainty_nm=medians["uncertainty_nm"],
        median_sigma_nm=medians["sigma_nm"],
        frames_per_second=0.0,
        seconds=0.0,
        pixel_size_nm=plan.pixel_size_nm,
        camera=plan.camera,
        decisions=localizer.summary(),
        notices=(),
    )
