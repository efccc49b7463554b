"""Old uploads are taken away; results never are."""

import asyncio
import logging
import shutil
from datetime import UTC, datetime, timedelta

from cellstorm.serve.job import JobError
from cellstorm.serve.job_store import JobRow, JobStore
from cellstorm.serve.settings import ServeSettings
from cellstorm.serve.state_folder import StateFolder
from cellstorm.serve.uploads import Uploads

__all__ = ["Housekeeping"]

_LOG = logging.getLogger(__name__)
_SECONDS_BETWEEN = 3600.0


class Housekeeping:
    """Takes away what was sent and is not needed any more, once an hour.

    Sent movies of jobs that ended, and uploads to which nothing came, are kept for
    ``kept_upload_days``. The jobs stay, with their results, and say what was done.

    Parameters
    ----------
    settings, state, store, uploads
        Of the server.
    """

    def __init__(
        self, settings: ServeSettings, state: StateFolder, store: JobStore, uploads: Uploads
    ) -> None:
        self._settings = settings
        self._state = state
        self._store = store
        self._uploads = uploads
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin now, and go on for as long as the server runs."""
        self._task = asyncio.create_task(self._work(), name="housekeeping")

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _work(self) -> None:
        while True:
            try:
                await self.tidy(datetime.now(UTC))
            except OSError:
                _LOG.exception("old uploads could not be removed")
            await asyncio.sleep(_SECONDS_BETWEEN)

    async def tidy(self, now: datetime) -> None:
        """Take away what is too old.

        Parameters
        ----------
        now
            The moment that ages are counted to.
        """
        days = self._settings.kept_upload_days
        limit = now - timedelta(days=days)
        for job in await asyncio.to_thread(self._store.unchanged_since, limit):
            if job.state == "uploading":
                what = f"nothing more of the movie came for {days:g} days; its part was removed."
                gave_up = await asyncio.to_thread(
                    self._store.give_up, job.id, JobError(what=what, todo="Send it again.")
                )
                if not gave_up:
                    continue
                await self._uploads.stop(job.id)
            await asyncio.to_thread(self._remove_sent, job, days)

    def _remove_sent(self, job: JobRow, days: float) -> None:
        now = self._store.get(job.id)
        if now is None or now.state in ("queued", "running"):
            # taken up again meanwhile
            return
        removed = False
        for folder in self._state.job(job.id).uploads:
            if folder.is_dir():
                shutil.rmtree(folder)
                removed = True
        if removed and job.state != "uploading":
            self._store.add_notice(
                job.id,
                f"The movie that was sent was removed from the server {days:g} days after the job"
                " had ended; the results are still here.",
            )
