"""Takes jobs out of the queue, one after another, and has workers carry them out."""

import asyncio
import contextlib
import logging
import signal
from pathlib import Path

from cellstorm.serve.changes import Changes
from cellstorm.serve.folders import Folders
from cellstorm.serve.job import FolderSource, JobError, UploadSource
from cellstorm.serve.job_store import JobRow, JobStore
from cellstorm.serve.refusals import Refusal
from cellstorm.serve.settings import ServeSettings
from cellstorm.serve.state_folder import StateFolder
from cellstorm.serve.work import Done, Failed, Order, Working
from cellstorm.serve.worker_process import WorkerDied, WorkerProcess

__all__ = ["QueueRunner"]

_LOG = logging.getLogger(__name__)
# a worker that waits keeps its libraries loaded, which costs memory but saves seconds
_SECONDS_IDLE = 60.0
_MOST_DEATHS = 2


class QueueRunner:
    """Keeps ``jobs_at_once`` workers at work.

    Parameters
    ----------
    settings, state, store, folders, changes
        Of the server.
    """

    def __init__(
        self,
        settings: ServeSettings,
        state: StateFolder,
        store: JobStore,
        folders: Folders,
        changes: Changes,
    ) -> None:
        self._settings = settings
        self._state = state
        self._store = store
        self._folders = folders
        self._changes = changes
        self._slots: list[asyncio.Task[None]] = []
        self._at_work: dict[str, tuple[WorkerProcess, asyncio.Event]] = {}

    def start(self) -> None:
        """Begin with what waits."""
        self._slots = [
            asyncio.create_task(self._work(number), name=f"queue {number}")
            for number in range(self._settings.jobs_at_once)
        ]

    async def close(self) -> None:
        """Stop all workers; their jobs wait for the next start, and go on where they were."""
        for slot in self._slots:
            slot.cancel()
        await asyncio.gather(*self._slots, return_exceptions=True)

    async def stop_job(self, job_id: str) -> None:
        """Kill the worker of a job that was marked to be cancelled, and wait for its end."""
        found = self._at_work.get(job_id)
        if found is not None:
            worker, ended = found
            await worker.kill()
            await ended.wait()

    async def _work(self, number: int) -> None:
        worker: WorkerProcess | None = None
        try:
            with self._changes.watch() as changed:
                while not self._changes.closing:
                    changed.clear()
                    job = await asyncio.to_thread(self._store.claim)
                    if job is not None:
                        worker = await self._carry_out(job, worker, number)
                        continue
                    try:
                        idle = _SECONDS_IDLE if worker is not None else None
                        # wait_for of Python 3.11 forgets that it was cancelled as the bell rang
                        async with asyncio.timeout(idle):
                            await changed.wait()
                    except TimeoutError:
                        if worker is not None:
                            await worker.kill()
                        worker = None
        except Exception:
            _LOG.exception("the queue stopped")
            raise
        finally:
            if worker is not None:
                await worker.kill()

    async def _carry_out(
        self, job: JobRow, worker: WorkerProcess | None, number: int
    ) -> WorkerProcess | None:
        """One job, to its end; gives the worker if it can be used again."""
        try:
            order = self._order(job)
        except Refusal as refusal:
            self._store.fail(job.id, JobError(what=refusal.body.what, where=job.name))
            return worker
        if worker is None or not worker.alive:
            lock = self._state.path / f"worker-{number}.sqlite"
            log = self._state.worker_log.with_name(f"worker-{number}.log")
            worker = await WorkerProcess.start(lock, log)
        ended = asyncio.Event()
        mine = self._at_work[job.id] = worker, ended
        usable = False
        try:
            if self._is_cancelled(job.id):
                await worker.kill()
            hours = self._settings.most_hours_per_job
            async with asyncio.timeout(hours * 3600):
                await worker.order(order)
                usable = await self._listen(job, worker)
        except TimeoutError:
            what = f"the job took longer than {hours:g} hours and was stopped."
            await asyncio.to_thread(self._store.fail, job.id, JobError(what=what))
        except WorkerDied as death:
            await asyncio.to_thread(self._after_death, job, death)
        finally:
            if not usable:
                await worker.kill()
            # put back, it may be another worker's by now
            if self._at_work.get(job.id) is mine:
                del self._at_work[job.id]
            ended.set()
        return worker if usable else None

    async def _listen(self, job: JobRow, worker: WorkerProcess) -> bool:
        while True:
            answer = await worker.answer()
            if isinstance(answer, Working):
                await asyncio.to_thread(self._store.report, job.id, answer.progress)
            elif isinstance(answer, Done):
                await asyncio.to_thread(self._store.finish, job.id, answer.summary, answer.notices)
                return True
            else:
                assert isinstance(answer, Failed)
                await asyncio.to_thread(self._store.fail, job.id, answer.error)
                return True

    def _after_death(self, job: JobRow, death: WorkerDied) -> None:
        if self._is_cancelled(job.id):
            self._store.cancelled(job.id)
        elif job.deaths < _MOST_DEATHS:
            # the machine may have been short of memory for a moment
            self._store.put_back(job.id, died=True)
        else:
            self._store.fail(job.id, _cause_of(death))

    def _is_cancelled(self, job_id: str) -> bool:
        job = self._store.get(job_id)
        return job is None or job.cancelling

    def _order(self, job: JobRow) -> Order:
        folder = self._state.job(job.id)
        movie = self._found(job.source) or folder.movie(job.name)
        dark = None
        if job.dark is not None:
            assert job.dark.name is not None
            dark = self._found(job.dark.source) or folder.dark(job.dark.name)
        return Order(
            job_id=job.id,
            name=job.name,
            movie=movie,
            dark=dark,
            camera=folder.camera if folder.camera.exists() else None,
            recording=folder.recording,
            results=folder.results,
            settings=job.settings,
            workers=self._settings.workers,
        )

    def _found(self, source: UploadSource | FolderSource) -> Path | None:
        """A file of a folder; None for one that was sent."""
        if isinstance(source, UploadSource):
            return None
        return self._folders.find(source.folder, source.path)


def _cause_of(death: WorkerDied) -> JobError:
    told = f"exit status {death.code}"
    if death.code < 0:
        told = f"signal {-death.code}"
        with contextlib.suppress(ValueError):
            told = signal.Signals(-death.code).name
    return JobError(
        what=f"the worker died {_MOST_DEATHS + 1} times ({told}): the movie makes it crash, or"
        " the computer has too little memory.",
        todo="Try fewer --workers or a smaller region; the server's worker log may say more.",
    )
