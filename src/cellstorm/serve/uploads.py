"""Movies that come in pieces: the file on disk is what is known, so nothing else can be wrong."""

import asyncio
import contextlib
import hashlib
import shutil
from collections.abc import AsyncIterator
from io import FileIO
from pathlib import Path

from starlette.requests import ClientDisconnect

from cellstorm.serve.job import UploadSource
from cellstorm.serve.job_store import JobRow, JobStore
from cellstorm.serve.refusals import Refusal
from cellstorm.serve.settings import ServeSettings
from cellstorm.serve.state_folder import StateFolder

__all__ = ["PIECE_BYTES", "Uploads"]

PIECE_BYTES = 1 << 22
"""Of the checksum that is made of the pieces' checksums."""


class _Writer:
    """One request that appends to an upload; a newer one can end it."""

    def __init__(self) -> None:
        self.done = asyncio.Event()
        self.superseded = False
        self.clock: asyncio.Timeout | None = None

    def end(self) -> None:
        self.superseded = True
        if self.clock is not None and not self.clock.expired():
            self.clock.reschedule(asyncio.get_running_loop().time())


class Uploads:
    """The uploads of all jobs.

    Parameters
    ----------
    settings
        Limits.
    state
        Where they lie.
    store
        The jobs.
    """

    def __init__(self, settings: ServeSettings, state: StateFolder, store: JobStore) -> None:
        self._settings = settings
        self._state = state
        self._store = store
        self._writers: dict[str, _Writer] = {}

    def path(self, job: JobRow) -> Path:
        """Where an upload's bytes are."""
        return self._state.job(job.id).movie(job.name)

    def offset(self, job: JobRow) -> int:
        """Bytes that are there."""
        try:
            return self.path(job).stat().st_size
        except FileNotFoundError:
            return 0

    def free_bytes(self) -> int:
        """What further uploads may take of the disk."""
        free = shutil.disk_usage(self._state.path).free - self._settings.kept_free_bytes
        promised = sum(
            max(0, job.source.size_bytes - self.offset(job))
            for job in self._store.unfinished()
            if job.state == "uploading" and isinstance(job.source, UploadSource)
        )
        return max(0, free - promised)

    def check_room(self, size_bytes: int) -> None:
        """Refuse an upload that is too large, or that the disk would not hold.

        Raises
        ------
        Refusal
            ``too_large`` or ``disk_full``.
        """
        most = self._settings.most_upload_bytes
        if size_bytes > most:
            raise Refusal(
                "too_large",
                f"the movie has {size_bytes} bytes, this server takes {most} at most.",
                "Start it with a larger --max-upload-gb, or name the movie's folder: --folder.",
            )
        if size_bytes > (free := self.free_bytes()):
            raise Refusal(
                "disk_full",
                f"the movie has {size_bytes} bytes, the server's disk has room for {free}.",
                "Remove old jobs or free some space, then send it again.",
            )

    async def append(
        self, job: JobRow, offset: int, length: int | None, body: AsyncIterator[bytes]
    ) -> int:
        """Write what comes in behind what is there.

        Parameters
        ----------
        job
            One that is uploading.
        offset
            Where the client believes to be.
        length
            Bytes it announces; None where it does not.
        body
            An asynchronous iterator of bytes.

        Returns
        -------
        int
            Bytes that are there now.

        Raises
        ------
        Refusal
            The offset is not that of the file, the bytes are too many, or the connection
            was silent for too long, or another one took over. What came is kept.
        """
        async with self._turn(job.id) as writer:
            size_bytes = await asyncio.to_thread(self._expected_bytes, job.id)
            there = await asyncio.to_thread(self.offset, job)
            if offset != there:
                raise Refusal(
                    "wrong_offset",
                    f"the server has {there} bytes, not {offset}.",
                    "Go on from Upload-Offset.",
                    {"upload-offset": str(there)},
                )
            room = size_bytes - there
            too_large = Refusal("too_large", "these are more bytes than the upload was to have.")
            if length is not None and length > room:
                raise too_large
            path = self.path(job)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab", buffering=0) as file:
                try:
                    await self._write_all(body, file, room, writer, too_large)
                except ClientDisconnect:
                    # what came is written; the client asks where to go on
                    pass
                except TimeoutError:
                    if writer.superseded:
                        raise Refusal("locked", "another request goes on with this.") from None
                    raise Refusal("timeout", "nothing came for too long.") from None
            return await asyncio.to_thread(self.offset, job)

    async def complete(self, job: JobRow, sha256: str | None, of_pieces: str | None) -> None:
        """Check an upload and let it wait for its turn.

        Raises
        ------
        Refusal
            Bytes are missing, or they are not those that were sent.
        """
        async with self._turn(job.id):
            size_bytes = await asyncio.to_thread(self._expected_bytes, job.id)
            there = await asyncio.to_thread(self.offset, job)
            if there != size_bytes:
                raise Refusal(
                    "wrong_offset",
                    f"the server has {there} of {size_bytes} bytes.",
                    "Send the rest first.",
                    {"upload-offset": str(there)},
                )
            path = self.path(job)
            whole, pieces = await asyncio.to_thread(_digests, path)
            given = ((sha256, whole), (of_pieces, pieces))
            if any(mine is not None and mine.lower() != found for mine, found in given):
                path.unlink(missing_ok=True)
                await asyncio.to_thread(self._store.touch, job.id)
                raise Refusal(
                    "wrong_checksum",
                    "the bytes that came are not those that were sent.",
                    "Send the movie again from the beginning.",
                    {"upload-offset": "0"},
                )
            await asyncio.to_thread(self._store.enqueue, job.id)

    async def stop(self, job_id: str) -> None:
        """End what writes to an upload."""
        async with self._turn(job_id):
            pass

    def _expected_bytes(self, job_id: str) -> int:
        """Size of an upload that is still open; it may have ended while one waited."""
        job = self._store.get(job_id)
        if job is None or job.state != "uploading" or not isinstance(job.source, UploadSource):
            raise Refusal("wrong_state", "the job is not uploading any more.")
        return job.source.size_bytes

    @contextlib.asynccontextmanager
    async def _turn(self, job_id: str) -> AsyncIterator[_Writer]:
        """Be the only one at an upload; whoever was there before is asked to go."""
        writer = _Writer()
        before = self._writers.get(job_id)
        self._writers[job_id] = writer
        try:
            if before is not None:
                before.end()
                await before.done.wait()
            yield writer
        finally:
            writer.done.set()
            if self._writers.get(job_id) is writer:
                del self._writers[job_id]

    async def _write_all(
        self,
        body: AsyncIterator[bytes],
        file: FileIO,
        room: int,
        writer: _Writer,
        too_large: Refusal,
    ) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._settings.silent_upload_s) as clock:
                writer.clock = clock
                if writer.superseded:
                    raise TimeoutError
                async for piece in body:
                    if len(piece) > room:
                        raise too_large
                    room -= len(piece)
                    await _write_to_the_end(file, piece)
                    if not writer.superseded:
                        clock.reschedule(loop.time() + self._settings.silent_upload_s)
        finally:
            writer.clock = None


async def _write_to_the_end(file: FileIO, data: bytes) -> None:
    """Write in a thread, and not leave while it writes, whatever comes."""
    writing = asyncio.ensure_future(asyncio.to_thread(_write_whole, file, data))
    try:
        await asyncio.shield(writing)
    except (asyncio.CancelledError, TimeoutError):
        await asyncio.wait([writing])
        raise


def _write_whole(file: FileIO, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


def _digests(path: Path) -> tuple[str, str]:
    """SHA-256 of a file, and of the digests of its pieces."""
    whole, pieces = hashlib.sha256(), hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            whole.update(piece)
            pieces.update(hashlib.sha256(piece).digest())
    return whole.hexdigest(), pieces.hexdigest()
