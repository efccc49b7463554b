"""The server's end of a worker process."""

import asyncio
import contextlib
import os
import sys
from pathlib import Path

from cellstorm.serve.work import Answer, Order, answers

__all__ = ["WorkerDied", "WorkerProcess"]

_LONGEST_LINE_BYTES = 1 << 24
_SECONDS_TO_END = 5.0


class WorkerDied(Exception):
    """The process ended without an answer.

    Attributes
    ----------
    code
        Its exit status; below zero the signal that killed it.
    """

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(code)


class WorkerProcess:
    """A process that carries out one order after another."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, lock: Path, log: Path) -> "WorkerProcess":
        """Start one.

        Parameters
        ----------
        lock
            File that it holds while it works.
        log
            What it and its libraries print; begun anew.
        """
        with log.open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                # not the folder that the server was started in: it may hold a numpy.py
                *(() if sys.flags.safe_path else ("-P",)),
                "-m",
                "cellstorm.serve.worker",
                str(lock),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                limit=_LONGEST_LINE_BYTES,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        return cls(process)

    @property
    def alive(self) -> bool:
        """Whether it can take an order."""
        return self._process.returncode is None

    async def order(self, order: Order) -> None:
        """Give it something to do.

        Raises
        ------
        WorkerDied
            It is no more.
        """
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(order.model_dump_json().encode() + b"\n")
            await stdin.drain()
        except (BrokenPipeError, ConnectionResetError) as error:
            raise WorkerDied(await self._process.wait()) from error

    async def answer(self) -> Answer:
        """What it says next.

        Raises
        ------
        WorkerDied
            It died.
        """
        stdout = self._process.stdout
        assert stdout is not None
        line = await stdout.readline()
        if not line.endswith(b"\n"):
            raise WorkerDied(await self._process.wait())
        return answers.validate_json(line)

    async def kill(self) -> None:
        """End it at once; what it has finished is on disk."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), _SECONDS_TO_END)
        if self._process.stdin is not None:
            self._process.stdin.close()
