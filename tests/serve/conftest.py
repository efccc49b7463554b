"""A real server in a process of its own, and small movies for it."""

import contextlib
import copy
import hashlib
import io
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

_SECONDS_TO_START = 60.0
_SECONDS_FOR_A_JOB = 240.0

# what costs least: no look at the movie decides anything
_FAST: dict[str, Any] = {
    "method": {
        "method": "gaussian",
        "emitters": "single",
        "sigma_px": 1.3,
        "least_snr": 4.0,
        "coding_noise": False,
    },
    "camera": {"offset_adu": 0.0, "gain_e_per_adu": 1.0},
    "pixel_size_nm": 100.0,
    "report": False,
}


class RunningServer:
    """``cellstorm serve`` as a user starts it."""

    def __init__(self, state: Path, *options: str | Path) -> None:
        self.state = state
        self._options = [str(option) for option in options]
        self._clients: list[httpx.Client] = []
        self.port = 0
        self.printed = ""
        self.start()

    def start(self) -> None:
        """Start it; again at the same port."""
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "cellstorm", "serve", "--port", str(self.port)),
                *("--state", str(self.state), *self._options),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        assert self._process.stdout is not None
        lines: list[str] = []
        for line in self._process.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C"):
                break
        self.printed = "".join(lines)
        found = re.search(r"cellstorm is at (https?)://[^\s/]*:(\d+)/", self.printed)
        assert found is not None, self.printed
        self.port = int(found[2])
        self.url = f"{found[1]}://localhost:{self.port}"

    @property
    def pid(self) -> int:
        """Of the server's own process."""
        return self._process.pid

    def client(self, **options: Any) -> httpx.Client:
        """A client, closed with the server."""
        client = httpx.Client(base_url=self.url, timeout=60, trust_env=False, **options)
        self._clients.append(client)
        return client

    @property
    def http(self) -> httpx.Client:
        """A client without a token."""
        if not self._clients:
            self.client()
        return self._clients[0]

    def ask(self, **request: Any) -> dict[str, Any]:
        """Make a job."""
        answer = self.http.post("/api/jobs", json={"settings": _FAST, **request})
        assert answer.status_code == 201, answer.text
        job: dict[str, Any] = answer.json()
        return job

    def send(self, job: dict[str, Any], content: bytes) -> httpx.Response:
        """All bytes of an upload at once."""
        answer = self.patch(job, 0, content)
        assert answer.status_code == 204, answer.text
        return self.complete(job, content)

    def patch(self, job: dict[str, Any], offset: int, content: Any) -> httpx.Response:
        """Some bytes of an upload."""
        return self.http.patch(
            f"/api/jobs/{job['id']}/upload",
            content=content,
            headers={
                "Upload-Offset": str(offset),
                "Content-Type": "application/offset+octet-stream",
            },
        )

    def offset(self, job: dict[str, Any]) -> int:
        """Bytes that the server has."""
        answer = self.http.head(f"/api/jobs/{job['id']}/upload").raise_for_status()
        return int(answer.headers["upload-offset"])

    def complete(self, job: dict[str, Any], content: bytes) -> httpx.Response:
        """Say what the bytes must be."""
        digest = hashlib.sha256(content).hexdigest()
        return self.http.post(f"/api/jobs/{job['id']}/upload/complete", json={"sha256": digest})

    def wait_for(
        self, job: dict[str, Any], *states: str, seconds: float = _SECONDS_FOR_A_JOB
    ) -> dict[str, Any]:
        """The job as soon as it is in one of the states."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            now: dict[str, Any] = self.http.get(f"/api/jobs/{job['id']}").raise_for_status().json()
            if now["state"] in states:
                return now
            assert now["state"] not in ("failed", "done", "cancelled"), now
            time.sleep(0.05)
        raise AssertionError(f"still {now['state']}: {now}")

    def kill(self) -> None:
        """SIGKILL: it cannot do anything about it."""
        self._end(signal.SIGKILL)

    def stop(self) -> str:
        """Ctrl-C; gives what it said."""
        said = self._end(signal.SIGINT)
        assert self._process.returncode == 0, said
        return said

    def close(self) -> None:
        """End whatever is left."""
        for client in self._clients:
            client.close()
        if self._process.poll() is None:
            self._end(signal.SIGKILL)

    def _end(self, sign: signal.Signals) -> str:
        self._process.send_signal(sign)
        said, _ = self._process.communicate(timeout=30)
        return said


StartServer = Callable[..., RunningServer]


@contextlib.contextmanager
def _starting(default_state: Path) -> Iterator[StartServer]:
    with contextlib.ExitStack() as stack:

        def begin(*options: str | Path, state: Path = default_state) -> RunningServer:
            server = RunningServer(state, *options)
            stack.callback(server.close)
            return server

        yield begin


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartServer]:
    """Starts servers that end with the test."""
    with _starting(tmp_path / "state") as begin:
        yield begin


@pytest.fixture(scope="module")
def start_shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """Starts servers that the tests of a module share."""
    with _starting(tmp_path_factory.mktemp("serve") / "state") as begin:
        yield begin


def small_movie(seed: int, frames: int = 6, size_px: int = 24) -> bytes:
    """A NumPy file with a few molecules of 2000 photons a frame at known places."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size_px, :size_px] + 0.5
    movie = np.full((frames, size_px, size_px), 10.0)
    for frame in movie:
        for _ in range(2):
            x0, y0 = rng.uniform(5, size_px - 5, 2)
            frame += 2000 / (2 * np.pi * 1.3**2) * np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / 3.38)
    file = io.BytesIO()
    np.save(file, rng.poisson(movie).clip(0, 65535).astype(np.uint16))
    return file.getvalue()


@pytest.fixture
def make_movie() -> Callable[..., bytes]:
    """Content of a small movie (a NumPy file) by its seed."""
    return small_movie


@pytest.fixture
def fast() -> dict[str, Any]:
    """Settings of a job that takes next to no time."""
    return copy.deepcopy(_FAST)
