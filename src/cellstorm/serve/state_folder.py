"""The server's folder: who works in it, and what lies where."""

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Self

from cellstorm.atomic_file import output_error
from cellstorm.errors import CellstormError, OutputError

__all__ = ["HeldLock", "JobFolder", "StateFolder"]


class HeldLock:
    """A file that only one process can hold; the system lets go of it when that one dies.

    An exclusive SQLite transaction: the one lock of the standard library that works alike on
    every system.

    Parameters
    ----------
    path
        The file, made if it is not there.
    patience_s
        How long to wait for another process.

    Raises
    ------
    TimeoutError
        Another process holds it.
    """

    def __init__(self, path: Path, patience_s: float = 0.0) -> None:
        self._connection = sqlite3.connect(
            path, timeout=patience_s, isolation_level=None, check_same_thread=False
        )
        try:
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            self._connection.close()
            raise TimeoutError(str(error)) from error

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()


class JobFolder:
    """Where one job keeps its files.

    Attributes
    ----------
    path
        The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def movie(self, name: str) -> Path:
        """The uploaded movie, alone in its folder."""
        return self.path / "movie" / name

    def dark(self, name: str) -> Path:
        """The uploaded dark clip of a calibration, alone in its folder."""
        return self.path / "dark" / name

    @property
    def uploads(self) -> tuple[Path, Path]:
        """Folders of what was sent."""
        return self.path / "movie", self.path / "dark"

    @property
    def camera(self) -> Path:
        """The camera that the job was given in a file, as it was then."""
        return self.path / "camera" / "camera.yaml"

    @property
    def results(self) -> Path:
        """Folder of what comes out."""
        return self.path / "results"

    @property
    def recording(self) -> Path:
        """What the app told about the recording."""
        return self.path / "recording.json"


class StateFolder:
    """The server's own folder, held by one server at a time.

    Attributes
    ----------
    path
        The folder.

    Raises
    ------
    OutputError
        It cannot be made, or another server works in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.jobs.mkdir(exist_ok=True)
            self._lock = HeldLock(self.path / "lock.sqlite")
        except TimeoutError as error:
            raise OutputError(
                "another cellstorm serve is working in this folder.",
                where=self.path,
                todo="Use that one, or give this one another folder with --state.",
            ) from error
        except (OSError, sqlite3.Error) as error:
            raise _for_the_state(error, self.path) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let another server in."""
        self._lock.close()

    @property
    def jobs(self) -> Path:
        """Folder of the jobs' folders."""
        return self.path / "jobs"

    def job(self, job_id: str) -> JobFolder:
        """The folder of a job."""
        return JobFolder(self.jobs / job_id)

    @property
    def database(self) -> Path:
        """The queue."""
        return self.path / "serve.sqlite"

    @property
    def worker_log(self) -> Path:
        """What the workers print."""
        return self.path / "worker.log"

    @property
    def certificates(self) -> Path:
        """Folder of generated certificates."""
        return self.path / "certificates"

    def kept_token(self, make: str) -> str:
        """The token of the last time, or ``make``, which is kept for the next.

        Raises
        ------
        OutputError
            It cannot be written.
        """
        path = self.path / "token"
        with contextlib.suppress(OSError):
            if kept := path.read_text(encoding="ascii", errors="replace").strip():
                return kept
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
                f.write(make)
        except OSError as error:
            raise _for_the_state(error, path) from error
        return make


def _for_the_state(error: Exception, path: Path) -> CellstormError:
    told = output_error(error, path)
    return OutputError(told.what, where=path, todo="Give another folder with --state.")
