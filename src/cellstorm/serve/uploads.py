"""Movies that come in pieces: the file on disk is what is known, so nothing else can be wrong."""

import asyncio
import contextlib
import hashlib
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from starlette.requests import ClientDisconnect

from cellstorm.serve.job import FolderSource, Part, UploadSource
from cellstorm.serve.job_store import JobRow, JobStore
from cellstorm.serve.refusals import Refusal
from cellstorm.serve.settings import ServeSettings
from cellstorm.serve.state_folder import StateFolder

__all__ = ["PARTS", "PIECE_BYTES", "Checksum", "Uploads"]

PARTS: tuple[Part, ...] = ("movie", "dark")

PIECE_BYTES = 1 << 22
"""Of the checksum that is made of the pieces' checksums."""


@dataclass(frozen=True)
class Checksum:
    """What a file must be; what is None is not looked at.

    Attributes
    ----------
    sha256
        Of the whole file, hexadecimal.
    sha256_of_pieces
        Of the joined SHA-256 of its pieces of `PIECE_BYTES` bytes, hexadecimal.
    """

    sha256: str | None
    sha256_of_pieces: str | None


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

    def path(self, job: JobRow, part: Part = "movie") -> Path:
        """Where an upload's bytes are."""
        folder = self._state.job(job.id)
        if part == "movie":
            return folder.movie(job.name)
        assert job.dark is not None and job.dark.name is not None
        return folder.dark(job.dark.name)

    def offset(self, job: JobRow, part: Part = "movie") -> int:
        """Bytes that are there."""
        try:
            return self.path(job, part).stat().st_size
        except FileNotFoundError:
            return 0

    def size_bytes(self, job: JobRow, part: Part) -> int | None:
        """Of the whole file; None: it is none that is sent."""
        source: UploadSource | FolderSource | None = job.source
        if part == "dark":
            source = None if job.dark is None else job.dark.source
        return source.size_bytes if isinstance(source, UploadSource) else None

    def missing_bytes(self, job: JobRow) -> int:
        """What of a job's files has not come yet."""
        sizes = {part: self.size_bytes(job, part) for part in PARTS}
        return sum(
            max(0, size - self.offset(job, part))
            for part, size in sizes.items()
            if size is not None
        )

    def free_bytes(self) -> int:
        """What further uploads may take of the disk."""
        free = shutil.disk_usage(self._state.path).free - self._settings.kept_free_bytes
        promised = sum(
            self.missing_bytes(job) for job in self._store.unfinished() if job.state == "uploading"
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
        self, job: JobRow, part: Part, offset: int, length: int | None, body: AsyncIterator[bytes]
    ) -> int:
        """Write what comes in behind what is there.

        Parameters
        ----------
        job
            One that is uploading.
        part
            Which of its files.
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
            size_bytes = await asyncio.to_thread(self._expected_bytes, job.id, part)
            there = await asyncio.to_thread(self.offset, job, part)
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
            path = self.path(job, part)
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
            return await asyncio.to_thread(self.offset, job, part)

    async def complete(self, job: JobRow, checksums: Mapping[Part, Checksum]) -> None:
        """Check what was sent and let the job wait for its turn.

        Parameters
        ----------
        job
            One that is uploading.
        checksums
            Of every file that was sent.

        Raises
        ------
        Refusal
            Bytes are missing, or they are not those that were sent.
        """
        async with self._turn(job.id):
            for part in PARTS:
                if self.size_bytes(job, part) is not None:
                    await self._check(job, part, checksums.get(part))
            await asyncio.to_thread(self._store.enqueue, job.id)

    async def _check(self, job: JobRow, part: Part, given: Checksum | None) -> None:
        size_bytes = await asyncio.to_thread(self._expected_bytes, job.id, part)
        there = await asyncio.to_thread(self.offset, job, part)
        of = "" if part == "movie" else " of the dark clip"
        if there != size_bytes:
            raise Refusal(
                "wrong_offset",
                f"the server has {there} of {size_bytes} bytes{of}.",
                "Send the rest first.",
                {"upload-offset": str(there)},
            )
        if given is None:
            raise Refusal("invalid", f"the checksum{of or ' of the movie'} is missing.")
        path = self.path(job, part)
        whole, pieces = await asyncio.to_thread(_digests, path)
        pairs = ((given.sha256, whole), (given.sha256_of_pieces, pieces))
        if any(mine is not None and mine.lower() != found for mine, found in pairs):
            path.unlink(missing_ok=True)
            await asyncio.to_thread(self._store.touch, job.id)
            raise Refusal(
                "wrong_checksum",
                f"the bytes{of} that came are not those that were sent.",
                "Send them again from the beginning.",
                {"upload-offset": "0"},
            )

    async def stop(self, job_id: str) -> None:
        """End what writes to an upload."""
        async with self._turn(job_id):
            pass

    def _expected_bytes(self, job_id: str, part: Part) -> int:
        """Size of an upload that is still open; it may have ended while one waited."""
        job = self._store.get(job_id)
        if job is None or job.state != "uploading":
            raise Refusal("wrong_state", "the job is not uploading any more.")
        size_bytes = self.size_bytes(job, part)
        if size_bytes is None:
            raise Refusal("not_found", f"the job has no {part} that is sent.")
        return size_bytes

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
