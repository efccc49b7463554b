"""The folder beside an unfinished table: the plan and the parts that are done."""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import polars as pl
from pydantic import ValidationError

from cellstorm import __version__
from cellstorm.atomic_file import atomic_file, output_error
from cellstorm.errors import OutputError
from cellstorm.localizations import Localizations, Metadata, write_table
from cellstorm.localize.localizer import Localizer
from cellstorm.parameters import describe_validation_error
from cellstorm.run.plan import Plan, Request

try:
    import fcntl
except ImportError:  # Windows has no flock; there the second process is not noticed
    fcntl = None  # type: ignore[assignment]

__all__ = ["PartialRun"]

_PART = re.compile(r"part-(\d{8})-(\d{8})\.parquet")


class PartialRun:
    """``TABLE.partial/``: there as long as a table is not finished.

    A part holds the molecules of the chunks ``first`` to ``last`` (exclusive) and has both
    in its name, so what is done is known from the names alone. Parts are renamed into place
    when whole and written in order: a run killed at any moment leaves a prefix of the table.

    Attributes
    ----------
    output
        The table that will be.
    folder
        Where the parts are.
    """

    def __init__(self, output: Path) -> None:
        self.output = output
        self.folder = output.with_name(f"{output.name}.partial")
        self._lock: int | None = None

    @property
    def plan_path(self) -> Path:
        """The plan; without it the folder says nothing."""
        return self.folder / "plan.json"

    @property
    def picture_path(self) -> Path:
        """The picture of what has been found so far."""
        return self.folder / "picture.png"

    def exists(self) -> bool:
        """Whether an unfinished run left its plan."""
        return self.plan_path.exists()

    def open(self) -> Self:
        """Make the folder and keep other processes out of it.

        Raises
        ------
        OutputError
            The folder cannot be made, or another process is working in it.
        """
        try:
            self.folder.mkdir(exist_ok=True)
            self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise output_error(error, self.output) from error
        if fcntl is not None:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(self._lock)
                self._lock = None
                raise OutputError(
                    "another cellstorm is writing this table right now.",
                    where=self.output,
                    todo="Wait for it or give another place with --output.",
                ) from error
        return self

    def clear(self) -> None:
        """Forget plan and parts, keep the folder."""
        # the plan first: parts without a plan count for nothing
        self.plan_path.unlink(missing_ok=True)
        for path in self.folder.iterdir():
            if path.name != "lock":
                path.unlink(missing_ok=True)

    def leave(self) -> None:
        """Let other processes in; take the folder away unless there is something to resume."""
        done = 0
        # a damaged folder stays as it is for the user to look at
        with contextlib.suppress(OutputError):
            done = self.chunks_done() if self.exists() else 0
            if done == 0:
                shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def write_plan(self, plan: Plan) -> None:
        """Keep the plan.

        Raises
        ------
        OutputError
            It cannot be written.
        """
        with atomic_file(self.plan_path) as temporary:
            temporary.write_text(plan.model_dump_json(indent=1), encoding="utf-8")

    def read_plan(self) -> Plan:
        """The plan of the unfinished run.

        Raises
        ------
        OutputError
            It is damaged or of another version.
        """
        try:
            return Plan.model_validate_json(self.plan_path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            reason = (
                describe_validation_error(error)
                if isinstance(error, ValidationError)
                else str(error)
            )
            raise OutputError(
                f"the plan of the unfinished run cannot be read ({reason}).",
                where=self.plan_path,
                todo="Begin again with --restart.",
            ) from error

    def earlier_plan(self, request: Request) -> tuple[Plan, Localizer]:
        """Plan and localizer of the unfinished run, if it was the same request.

        Raises
        ------
        OutputError
            Another movie, other options, another version, or a damaged plan.
        """
        plan = self.read_plan()
        again = "Give the same command as before, or begin again with --restart."
        if plan.software_version != __version__:
            raise OutputError(
                f"the unfinished run was begun by cellstorm {plan.software_version},"
                f" this is {__version__}.",
                where=self.folder,
                todo="Begin again with --restart.",
            )
        if plan.request.movie_fingerprint != request.movie_fingerprint:
            raise OutputError(
                f"the unfinished run is of another movie ({plan.movie_name}), or of this one"
                " before it was changed.",
                where=self.folder,
                todo=again,
            )
        if differences := request.differences(plan.request):
            raise OutputError(
                f"the unfinished run had other options: {'; '.join(differences[:4])}.",
                where=self.folder,
                todo=again,
            )
        return plan, plan.build_localizer()

    def in_the_way(self) -> OutputError:
        """What to say when an unfinished run is there and nobody said what to do with it."""
        total = self.read_plan().frames_total
        return OutputError(
            f"an unfinished run is here, {self.frames_done()} of {total} frames done.",
            where=self.folder,
            todo="Give --resume to continue it or --restart to begin again.",
        )

    @contextlib.contextmanager
    def kept_on_failure(self) -> Iterator[None]:
        """Name the table in an `OutputError`, and --resume if there is something to resume."""
        try:
            yield
        except OutputError as error:
            todo = error.todo
            if self.exists() and self.chunks_done():
                todo = "What is done is kept: put this right and run again with --resume."
            raise OutputError(error.what, where=self.output, todo=todo) from error

    def parts(self) -> list[tuple[int, int, Path]]:
        """First chunk, last chunk (exclusive) and file of every part, in order.

        Raises
        ------
        OutputError
            A part is missing between others.
        """
        found = []
        with contextlib.suppress(FileNotFoundError):
            for path in self.folder.iterdir():
                match = _PART.fullmatch(path.name)
                if match is not None:
                    found.append((int(match[1]), int(match[2]), path))
        found.sort()
        expected = 0
        for first, last, _ in found:
            if first != expected:
                raise OutputError(
                    f"the part with chunk {expected} of the unfinished run is missing.",
                    where=self.folder,
                    todo="Begin again with --restart.",
                )
            expected = last
        return found

    def chunks_done(self) -> int:
        """Chunks whose molecules are in parts."""
        parts = self.parts()
        return parts[-1][1] if parts else 0

    def frames_done(self) -> int:
        """Frames whose molecules are in parts; 0 without a plan.

        Raises
        ------
        OutputError
            Plan or parts are damaged.
        """
        if not self.exists():
            return 0
        plan = self.read_plan()
        ends = (*plan.chunk_starts, plan.request.frames[1])
        return ends[self.chunks_done()] - plan.request.frames[0]

    def append(self, first: int, last: int, rows: pl.DataFrame) -> Path:
        """Write the molecules of the chunks ``first`` to ``last`` (exclusive) as a part.

        Raises
        ------
        OutputError
            The part cannot be written.
        """
        path = self.folder / f"part-{first:08d}-{last:08d}.parquet"
        write_table(Localizations(rows, Metadata(complete=False)), path)
        return path
