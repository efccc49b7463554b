"""All that the endpoints work with, in one place."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from cellstorm.serve.changes import Changes
from cellstorm.serve.folders import Folders
from cellstorm.serve.gate import GateRules
from cellstorm.serve.housekeeping import Housekeeping
from cellstorm.serve.job_store import JobRow, JobStore
from cellstorm.serve.model_shelf import ModelShelf
from cellstorm.serve.queue_runner import QueueRunner
from cellstorm.serve.refusals import Refusal
from cellstorm.serve.settings import ServeSettings
from cellstorm.serve.state_folder import StateFolder
from cellstorm.serve.uploads import Uploads

__all__ = ["Services", "ServicesOf", "running"]

_SECONDS_TO_STOP = 10.0


@dataclass(frozen=True)
class Services:
    """What one server has; see the classes."""

    settings: ServeSettings
    rules: GateRules
    state: StateFolder
    store: JobStore
    changes: Changes
    folders: Folders
    models: ModelShelf
    uploads: Uploads
    runner: QueueRunner
    housekeeping: Housekeeping

    @classmethod
    def make(cls, settings: ServeSettings, rules: GateRules, state: StateFolder) -> "Services":
        """Open the queue and look at the folders.

        Raises
        ------
        CellstormError
            The queue cannot be read, or a folder is not there.
        """
        changes = Changes()
        folders = Folders(settings.folders)
        store = JobStore(state.database, changes.ring)
        uploads = Uploads(settings, state, store)
        return cls(
            settings=settings,
            rules=rules,
            state=state,
            store=store,
            changes=changes,
            folders=folders,
            models=ModelShelf(),
            uploads=uploads,
            runner=QueueRunner(settings, state, store, folders, changes),
            housekeeping=Housekeeping(settings, state, store, uploads),
        )

    def job(self, job_id: str) -> JobRow:
        """A job.

        Raises
        ------
        Refusal
            There is none of this id.
        """
        job = self.store.get(job_id)
        if job is None:
            raise Refusal("not_found", "there is no such job.")
        return job

    async def remove_job(self, job_id: str) -> None:
        """Stop a job and take it away with its upload and its results.

        Raises
        ------
        Refusal
            Its worker does not end.
        """
        await asyncio.to_thread(self.store.ask_to_cancel, job_id)
        await self.uploads.stop(job_id)
        clock = asyncio.get_running_loop()
        patience_s = clock.time() + _SECONDS_TO_STOP
        await self.runner.stop_job(job_id)
        while not await asyncio.to_thread(self.store.delete, job_id):
            if self.store.get(job_id) is None:
                return
            if clock.time() > patience_s:
                raise Refusal("locked", "the job's worker does not end.", "Try again in a minute.")
            await asyncio.sleep(0.05)
            await self.runner.stop_job(job_id)
        await asyncio.to_thread(shutil.rmtree, self.state.job(job_id).path, ignore_errors=True)


def _services(request: Request) -> Services:
    found = request.app.state.services
    assert isinstance(found, Services)
    return found


ServicesOf = Annotated[Services, Depends(_services)]


@asynccontextmanager
async def running(services: Services) -> AsyncIterator[None]:
    """Carry jobs out for as long as the server runs."""
    services.changes.attach()
    await asyncio.to_thread(services.store.put_back_all)
    await asyncio.to_thread(_sweep, services)
    services.runner.start()
    services.housekeeping.start()
    try:
        yield
    finally:
        services.changes.close()
        await services.housekeeping.close()
        await services.runner.close()
        services.store.close()


def _sweep(services: Services) -> None:
    """Take away what jobs left that were deleted while the server was killed."""
    known = services.store.ids()
    for folder in services.state.jobs.iterdir():
        if folder.name not in known:
            shutil.rmtree(folder, ignore_errors=True)
