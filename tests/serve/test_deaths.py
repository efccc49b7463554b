"""Whatever is killed while a job runs: it is gone on with, not begun again."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from cellstorm.localizations import read_table
from cellstorm.run import localize_frames
from cellstorm.serve.job_settings import JobSettings

StartServer = Callable[..., Any]

_FRAMES = 3000


@pytest.fixture
def data(tmp_path: Path, make_movie: Callable[..., bytes]) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "long.npy").write_bytes(make_movie(4, frames=_FRAMES, size_px=96))
    return folder


def worker_of(server: Any) -> psutil.Process:
    (worker,) = psutil.Process(server.pid).children()
    return worker


def wait_for_frames(server: Any, job: dict[str, Any], attempt: int) -> None:
    """Until a worker has written down something more."""
    partial = server.state / "jobs" / job["id"] / "results" / "long.locs.parquet.partial"
    end = time.monotonic() + 120
    while server.http.get(f"/api/jobs/{job['id']}").json()["attempts"] < attempt:
        assert time.monotonic() < end
        time.sleep(0.02)
    before = set(partial.glob("part-*"))
    while set(partial.glob("part-*")) <= before:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert server.http.get(f"/api/jobs/{job['id']}").json()["state"] == "running"


@pytest.mark.slow
def test_killed_servers_and_workers_lose_no_frame_and_repeat_none(
    start: StartServer, data: Path, fast: dict[str, Any]
) -> None:
    server = start("--folder", data, "--workers", "1")
    job = server.ask(source={"kind": "folder", "folder": "data", "path": "long.npy"})

    wait_for_frames(server, job, attempt=1)
    worker_of(server).kill()
    # the same server takes it up again
    wait_for_frames(server, job, attempt=2)
    orphan = worker_of(server)
    server.kill()
    # a worker does not outlive its server: two would write one table
    psutil.wait_procs([orphan], timeout=20)
    assert not orphan.is_running()
    server.start()

    done = server.wait_for(job, "done")
    assert done["attempts"] == 3
    table = server.state / "jobs" / job["id"] / "results" / "long.locs.parquet"
    settings = JobSettings.model_validate(fast)
    whole = localize_frames(
        data / "long.npy", method=settings.method, camera=settings.camera_model(), pixel_size_nm=100
    )
    np.testing.assert_array_equal(read_table(table).column("frame"), whole.column("frame"))
    np.testing.assert_array_equal(read_table(table).column("x_nm"), whole.column("x_nm"))


@pytest.mark.slow
def test_a_job_whose_worker_dies_again_and_again_fails_and_the_next_one_runs(
    start: StartServer, data: Path, make_movie: Callable[..., bytes]
) -> None:
    (data / "short.npy").write_bytes(make_movie(1))
    server = start("--folder", data, "--workers", "1")
    deadly = server.ask(source={"kind": "folder", "folder": "data", "path": "long.npy"})
    short = server.ask(source={"kind": "folder", "folder": "data", "path": "short.npy"})
    for attempt in (1, 2, 3):
        end = time.monotonic() + 60
        while server.http.get(f"/api/jobs/{deadly['id']}").json()["attempts"] < attempt:
            assert time.monotonic() < end
            time.sleep(0.02)
        end = time.monotonic() + 60
        while not psutil.Process(server.pid).children() and time.monotonic() < end:
            time.sleep(0.02)
        worker_of(server).kill()
    failed = server.wait_for(deadly, "failed")
    assert "died 3 times (SIGKILL)" in failed["error"]["what"]
    assert server.wait_for(short, "done")["summary"]["frames"] == 6
