"""The queue on disk: SQLite, every change one transaction."""

import json
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from cellstorm.serve.job import (
    ENDED,
    CalibrationSummary,
    DarkClip,
    FolderSource,
    JobError,
    JobProgress,
    JobState,
    JobSummary,
    UploadSource,
    summaries,
)
from cellstorm.serve.job_settings import CalibrationSettings, JobSettings, SettingsOfJob
from cellstorm.serve.job_tables import open_database

__all__ = ["JobRow", "JobStore", "new_job_id"]

_MOST_DELETED = 10_000

_settings: TypeAdapter[JobSettings | CalibrationSettings] = TypeAdapter(SettingsOfJob)


@dataclass(frozen=True)
class JobRow:
    """A job as it is kept; see `cellstorm.serve.job.Job` for what the names mean."""

    number: int
    id: str
    key: str | None
    request_digest: str
    name: str
    state: JobState
    created: datetime
    changed: datetime
    revision: int
    queued: int | None
    source: UploadSource | FolderSource
    settings: JobSettings | CalibrationSettings
    attempts: int
    deaths: int
    cancelling: bool
    progress: JobProgress | None
    error: JobError | None
    summary: JobSummary | CalibrationSummary | None
    notices: list[str]
    dark: DarkClip | None


class JobStore:
    """Jobs by id, and the order in which they wait.

    Every change raises a revision that never goes back, so that whoever watched up to one
    finds what came after it. May be used from any thread.

    Parameters
    ----------
    path
        The database.
    on_change
        Called after each change, from whatever thread made it.

    Raises
    ------
    OutputError
        The database is damaged, or of a later version.
    """

    def __init__(self, path: Path, on_change: Callable[[], None] = lambda: None) -> None:
        self._on_change = on_change
        self._lock = threading.RLock()
        self._connection = open_database(path)

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._connection.close()

    def add(
        self,
        *,
        job_id: str,
        name: str,
        source: UploadSource | FolderSource,
        dark: DarkClip | None,
        settings: JobSettings | CalibrationSettings,
        request_digest: str,
        key: str | None,
    ) -> tuple[JobRow, bool]:
        """Keep a job; gives it, or the one that has this key, and whether it is new."""
        sources = (source,) if dark is None else (source, dark.source)
        is_sent = any(isinstance(each, UploadSource) for each in sources)
        state = "uploading" if is_sent else "queued"
        with self._change() as revision:
            if key is not None and (known := self._one("key = ?", key)) is not None:
                return known, False
            now = _now()
            self._connection.execute(
                "INSERT INTO jobs (id, key, request_digest, name, state, created, changed,"
                " revision, queued, source, settings, dark)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    job_id,
                    key,
                    request_digest,
                    name,
                    state,
                    now,
                    now,
                    revision,
                    revision if state == "queued" else None,
                    source.model_dump_json(),
                    settings.model_dump_json(),
                    None if dark is None else dark.model_dump_json(),
                ),
            )
            return self._sure(job_id), True

    def get(self, job_id: str) -> JobRow | None:
        """A job; None if there is none of this id."""
        with self._lock:
            return self._one("id = ?", job_id)

    def with_key(self, key: str) -> JobRow | None:
        """The job that was asked for with a key."""
        with self._lock:
            return self._one("key = ?", key)

    def listed(
        self, states: Sequence[JobState] = (), *, limit: int, before: str | None = None
    ) -> list[JobRow]:
        """Jobs, the newest first, from after the one called ``before``."""
        wanted = f"state IN ({', '.join('?' * len(states))})" if states else "1"
        older = "number < (SELECT number FROM jobs WHERE id = ?)" if before else "1"
        values = (*states, *([before] if before else ()), limit)
        with self._lock:
            return self._all(f"{wanted} AND {older} ORDER BY number DESC LIMIT ?", *values)

    def unchanged_since(self, moment: datetime) -> list[JobRow]:
        """Jobs that nothing happened to after a moment, and that wait for no worker."""
        with self._lock:
            return self._all("state NOT IN ('queued', 'running') AND changed < ?", _written(moment))

    def unfinished(self) -> list[JobRow]:
        """Jobs that have not ended."""
        with self._lock:
            return self._all("state IN ('uploading', 'queued', 'running')")

    def ids(self) -> set[str]:
        """Ids of all jobs."""
        with self._lock:
            return {row["id"] for row in self._connection.execute("SELECT id FROM jobs")}

    def queue_position(self, row: JobRow) -> int | None:
        """Place of a waiting job, from 1."""
        if row.state != "queued":
            return None
        with self._lock:
            ahead = self._connection.execute(
                "SELECT count(*) FROM jobs WHERE state = 'queued' AND queued < ?", (row.queued,)
            ).fetchone()[0]
        return int(ahead) + 1

    def revision(self) -> int:
        """That of the last change."""
        with self._lock:
            return int(self._connection.execute("SELECT revision FROM counter").fetchone()[0])

    def changed_after(self, revision: int) -> tuple[list[JobRow], list[tuple[str, int]]]:
        """Jobs that changed after a revision, in that order; ids and revisions of deleted ones."""
        with self._lock:
            rows = self._all("revision > ? ORDER BY revision", revision)
            gone = self._connection.execute(
                "SELECT id, revision FROM deleted WHERE revision > ? ORDER BY revision", (revision,)
            ).fetchall()
        return rows, [(row["id"], row["revision"]) for row in gone]

    def touch(self, job_id: str) -> None:
        """Tell whoever watches that something outside the database changed."""
        self._set(job_id)

    def enqueue(self, job_id: str) -> bool:
        """A complete upload waits for its turn; False if it was not uploading."""
        return self._set(job_id, "uploading", state="queued")

    def again(self, job_id: str, *, complete: bool) -> bool:
        """A failed or cancelled job goes on; False if it is neither."""
        state = "queued" if complete else "uploading"
        return self._set(
            job_id, "failed", "cancelled", state=state, error=None, deaths=0, cancelling=0
        )

    def claim(self) -> JobRow | None:
        """The job whose turn it is, which is then running; None if none waits."""
        with self._lock:
            waiting = self._one("state = 'queued' ORDER BY queued LIMIT 1")
            if waiting is None:
                return None
            self._set(
                waiting.id,
                "queued",
                state="running",
                attempts=waiting.attempts + 1,
                progress=None,
                error=None,
            )
            return self._sure(waiting.id)

    def report(self, job_id: str, progress: JobProgress) -> None:
        """How far a running job has come."""
        self._set(job_id, "running", progress=progress.model_dump_json())

    def finish(
        self, job_id: str, summary: JobSummary | CalibrationSummary, notices: list[str]
    ) -> bool:
        """A running job is done; False if it was not running."""
        return self._set(
            job_id,
            "running",
            state="done",
            cancelling=0,
            summary=summary.model_dump_json(),
            notices=json.dumps(notices),
        )

    def fail(self, job_id: str, error: JobError) -> bool:
        """A running job failed; False if it was not running."""
        return self._set(
            job_id, "running", state="failed", cancelling=0, error=error.model_dump_json()
        )

    def ask_to_cancel(self, job_id: str) -> bool:
        """Cancel a job that waits; mark one that runs. False if it has ended."""
        if self._set(job_id, "uploading", "queued", state="cancelled"):
            return True
        return self._set(job_id, "running", cancelling=1)

    def give_up(self, job_id: str, error: JobError) -> bool:
        """An upload will not be ended; False if it was not uploading."""
        return self._set(job_id, "uploading", state="failed", error=error.model_dump_json())

    def add_notice(self, job_id: str, notice: str) -> None:
        """Say something more about a job that has ended."""
        with self._lock:
            row = self._one("id = ?", job_id)
            if row is not None and notice not in row.notices:
                self._set(job_id, *ENDED, notices=json.dumps([*row.notices, notice]))

    def cancelled(self, job_id: str) -> bool:
        """The worker of a running job has been stopped for good."""
        return self._set(job_id, "running", state="cancelled", cancelling=0, progress=None)

    def put_back(self, job_id: str, *, died: bool = False) -> None:
        """A running job waits again, before all others."""
        with self._lock:
            row = self._sure(job_id)
            deaths = row.deaths + died
            self._set(job_id, "running", state="queued", queued=row.queued, deaths=deaths)

    def put_back_all(self) -> list[str]:
        """What ran when the server was stopped waits again; what was being cancelled is."""
        with self._lock:
            running = self._all("state = 'running'")
            for row in running:
                if row.cancelling:
                    self.cancelled(row.id)
                else:
                    self.put_back(row.id)
        return [row.id for row in running]

    def delete(self, job_id: str) -> bool:
        """Forget a job that does not run; False if there is none such."""
        with self._change() as revision:
            done = self._connection.execute(
                "DELETE FROM jobs WHERE id = ? AND state != 'running'", (job_id,)
            ).rowcount
            if done:
                self._connection.execute("INSERT INTO deleted VALUES (?, ?)", (job_id, revision))
                self._connection.execute(
                    "DELETE FROM deleted WHERE revision <= (SELECT revision FROM deleted"
                    " ORDER BY revision DESC LIMIT 1 OFFSET ?)",
                    (_MOST_DELETED,),
                )
            return bool(done)

    @contextmanager
    def _change(self) -> Iterator[int]:
        """One transaction with a revision of its own."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                revision = self._connection.execute(
                    "UPDATE counter SET revision = revision + 1 RETURNING revision"
                ).fetchall()[0][0]
                yield revision
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        self._on_change()

    def _set(self, job_id: str, *from_states: JobState, **values: Any) -> bool:
        """Change a job if it is in one of the states (in any, where none is named)."""
        with self._change() as revision:
            if values.get("state") == "queued":
                values.setdefault("queued", revision)
            values |= {"changed": _now(), "revision": revision}
            names = ", ".join(f"{name} = ?" for name in values)
            states = f" AND state IN ({', '.join('?' * len(from_states))})" if from_states else ""
            done = self._connection.execute(
                f"UPDATE jobs SET {names} WHERE id = ?{states}",
                (*values.values(), job_id, *from_states),
            )
            return bool(done.rowcount)

    def _sure(self, job_id: str) -> JobRow:
        row = self._one("id = ?", job_id)
        if row is None:
            raise KeyError(job_id)
        return row

    def _one(self, condition: str, *values: object) -> JobRow | None:
        rows = self._all(condition, *values)
        return rows[0] if rows else None

    def _all(self, condition: str, *values: object) -> list[JobRow]:
        found = self._connection.execute(f"SELECT * FROM jobs WHERE {condition}", values)
        return [_row(row) for row in found.fetchall()]


def new_job_id() -> str:
    """Sixteen hexadecimal digits that nobody guesses."""
    return secrets.token_hex(8)


def _row(row: sqlite3.Row) -> JobRow:
    values = dict(row)
    source = json.loads(values["source"])
    kind = UploadSource if source["kind"] == "upload" else FolderSource
    values["source"] = kind.model_validate(source)
    values["settings"] = _settings.validate_json(values["settings"])
    values["created"] = datetime.fromisoformat(values["created"])
    values["changed"] = datetime.fromisoformat(values["changed"])
    values["cancelling"] = bool(values["cancelling"])
    values["notices"] = json.loads(values["notices"])
    for name, read in (
        ("progress", JobProgress.model_validate_json),
        ("error", JobError.model_validate_json),
        ("summary", summaries.validate_json),
        ("dark", DarkClip.model_validate_json),
    ):
        text = values[name]
        values[name] = None if text is None else read(text)
    return JobRow(**values)


def _now() -> str:
    return _written(datetime.now(UTC))


def _written(moment: datetime) -> str:
    """As in the table: later moments are greater strings."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
