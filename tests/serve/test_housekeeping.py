"""What was sent is taken away when it is old; results and the user's files never are."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cellstorm.serve import ServeSettings, StateFolder
from cellstorm.serve.gate import GateRules
from cellstorm.serve.job import JobError, JobSummary, UploadSource
from cellstorm.serve.job_settings import JobSettings
from cellstorm.serve.services import Services

StartServer = Callable[..., Any]

_DAYS = 14.0


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """All of a server but its sockets and workers."""
    with StateFolder(tmp_path / "state") as state:
        made = Services.make(ServeSettings(kept_upload_days=_DAYS), GateRules(), state)
        yield made
        made.store.close()


def add_job(services: Services, job_id: str, *, sent_bytes: int = 6) -> Path:
    """A job of ten bytes, some of which came; gives its folder."""
    folder = services.state.job(job_id)
    folder.movie("film.npy").parent.mkdir(parents=True)
    folder.movie("film.npy").write_bytes(bytes(sent_bytes))
    folder.results.mkdir()
    (folder.results / "film.locs.parquet").write_text("molecules")
    services.store.add(
        job_id=job_id,
        name="film.npy",
        source=UploadSource(size_bytes=10),
        dark=None,
        settings=JobSettings(),
        request_digest="",
        key=None,
    )
    return folder.path


def finish(services: Services, job_id: str) -> None:
    nothing = dict.fromkeys(
        (
            "median_photons",
            "median_background_photons",
            "median_uncertainty_nm",
            "median_sigma_nm",
        )
    )
    summary = JobSummary(
        frames=1,
        molecules=1,
        frames_per_second=1.0,
        seconds=1.0,
        pixel_size_nm=100.0,
        camera={},
        decisions={},
        **nothing,
    )
    services.store.enqueue(job_id)
    services.store.claim()
    services.store.finish(job_id, summary, [])


def tidy(services: Services, *, days: float) -> None:
    """Look after old uploads as if so many days had passed."""
    now = datetime.now(UTC) + timedelta(days=days)
    asyncio.run(services.housekeeping.tidy(now))


def test_an_upload_that_nobody_goes_on_with_is_given_up_and_says_so(services: Services) -> None:
    folder = add_job(services, "cut")
    tidy(services, days=_DAYS - 0.1)
    assert (folder / "movie" / "film.npy").exists()
    tidy(services, days=_DAYS + 0.1)
    assert not (folder / "movie").exists()
    job = services.store.get("cut")
    assert job is not None and job.state == "failed"
    assert job.error == JobError(
        what="nothing more of the movie came for 14 days; its part was removed.",
        todo="Send it again.",
    )
    # and it can be sent again
    assert services.store.again("cut", complete=services.uploads.missing_bytes(job) == 0)
    assert services.uploads.missing_bytes(job) == 10


def test_the_movie_of_an_old_job_goes_and_its_results_stay(services: Services) -> None:
    folder = add_job(services, "old", sent_bytes=10)
    finish(services, "old")
    for _ in range(2):
        tidy(services, days=_DAYS + 1)
    assert not (folder / "movie").exists()
    assert (folder / "results" / "film.locs.parquet").read_text() == "molecules"
    job = services.store.get("old")
    assert job is not None and job.state == "done"
    (notice,) = job.notices
    assert "removed from the server 14 days after" in notice and "still here" in notice


def test_what_waits_or_runs_keeps_its_movie_however_old(services: Services) -> None:
    waiting, running = (add_job(services, name, sent_bytes=10) for name in ("waiting", "running"))
    services.store.enqueue("running")
    services.store.claim()
    services.store.enqueue("waiting")
    tidy(services, days=1000)
    assert (waiting / "movie" / "film.npy").exists()
    assert (running / "movie" / "film.npy").exists()


@pytest.mark.slow
def test_the_server_says_how_long_it_keeps_what_is_sent(start: StartServer) -> None:
    server = start("--keep-uploads-days", "0.5")
    assert "removed 0.5 days after their job ended (--keep-uploads-days)" in server.printed
    assert "results stay until you delete them" in server.printed
