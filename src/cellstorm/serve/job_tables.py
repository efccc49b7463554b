"""The tables that the queue is kept in, and those of earlier versions brought up to date."""

import sqlite3
from pathlib import Path

from cellstorm.errors import OutputError

__all__ = ["open_database"]

_VERSION = 2
_TABLES = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    key TEXT UNIQUE,
    request_digest TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    created TEXT NOT NULL,
    changed TEXT NOT NULL,
    revision INTEGER NOT NULL,
    queued INTEGER,
    source TEXT NOT NULL,
    settings TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    deaths INTEGER NOT NULL DEFAULT 0,
    cancelling INTEGER NOT NULL DEFAULT 0,
    progress TEXT,
    error TEXT,
    summary TEXT,
    notices TEXT NOT NULL DEFAULT '[]',
    dark TEXT
);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, queued);
CREATE INDEX IF NOT EXISTS jobs_by_revision ON jobs (revision);
CREATE TABLE IF NOT EXISTS deleted (id TEXT PRIMARY KEY, revision INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS counter (revision INTEGER NOT NULL);
INSERT INTO counter SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM counter);
"""
_SINCE_VERSION_1 = "ALTER TABLE jobs ADD COLUMN dark TEXT"


def open_database(path: Path) -> sqlite3.Connection:
    """A connection of autocommit, to be used from any thread.

    Raises
    ------
    OutputError
        The database is damaged, or of a later version.
    """
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise OutputError("this queue was made by a later cellstorm.", where=path)
        connection.execute("PRAGMA journal_mode = WAL")
        # a job that was promised must be there after a power cut too
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(_TABLES)
        columns = connection.execute("SELECT name FROM pragma_table_info('jobs')").fetchall()
        if ("dark",) not in map(tuple, columns):
            connection.execute(_SINCE_VERSION_1)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    except sqlite3.DatabaseError as error:
        raise OutputError(
            f"the server's queue cannot be read ({error}).",
            where=path,
            todo="Move the file away, or give another folder with --state.",
        ) from error
    return connection
