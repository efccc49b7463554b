"""Fifty uploads at once, cut and gone on with, while the server is killed in the middle."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import numpy as np
import pytest

StartServer = Callable[..., Any]

_UPLOADS = 50
_FRAMES = 40


class Cut(Exception):
    """The client's connection breaks here."""


class Phone:
    """Sends one movie, with a bad connection and without giving up."""

    def __init__(self, number: int, content: bytes, settings: dict[str, Any]) -> None:
        self.number = number
        self.content = content
        self._settings = settings
        self._rng = np.random.default_rng(number)
        self.cuts = 0
        self.ids: set[str] = set()

    async def send(self, http: httpx.AsyncClient, everyone: asyncio.Barrier) -> None:
        await everyone.wait()
        while True:
            try:
                if await self._try(http):
                    return
            except (Cut, httpx.TransportError):
                self.cuts += 1
                await asyncio.sleep(0.2)

    async def _try(self, http: httpx.AsyncClient) -> bool:
        request = {
            "key": f"phone-number-{self.number}",
            "name": f"film {self.number}.npy",
            "source": {"kind": "upload", "size_bytes": len(self.content)},
            "settings": self._settings,
        }
        answer = (await http.post("/api/jobs", json=request)).raise_for_status()
        job = answer.json()
        self.ids.add(job["id"])
        if job["state"] != "uploading":
            return True
        address = f"/api/jobs/{job['id']}/upload"
        offset = int((await http.head(address)).raise_for_status().headers["upload-offset"])
        while offset < len(self.content):
            part = int(self._rng.integers(1, len(self.content)))
            answer = await http.patch(
                address,
                content=self._body(offset, offset + part),
                headers={
                    "Upload-Offset": str(offset),
                    "Content-Type": "application/offset+octet-stream",
                },
            )
            assert answer.status_code in (204, 409, 423), answer.text
            if answer.status_code == 423:
                continue
            offset = int(answer.headers["upload-offset"])
        digest = hashlib.sha256(self.content).hexdigest()
        answer = await http.post(f"{address}/complete", json={"sha256": digest})
        assert answer.status_code == 200, answer.text
        return True

    async def _body(self, start: int, stop: int) -> AsyncIterator[bytes]:
        breaks = self._rng.random() < 0.5
        for first in range(start, min(stop, len(self.content)), 4096):
            yield self.content[first : min(first + 4096, stop)]
            await asyncio.sleep(0.01)
            if breaks and self._rng.random() < 0.2:
                raise Cut


async def jobs_of(http: httpx.AsyncClient) -> list[dict[str, Any]]:
    with contextlib.suppress(httpx.TransportError):
        answer = await http.get("/api/jobs?limit=1000")
        jobs: list[dict[str, Any]] = answer.raise_for_status().json()["jobs"]
        return jobs
    return []


@pytest.mark.slow
def test_of_fifty_uploads_none_is_lost_or_done_twice_though_the_server_is_killed(
    start: StartServer, make_movie: Callable[..., bytes], fast: dict[str, Any]
) -> None:
    server = start()
    phones = [Phone(number, make_movie(number, frames=_FRAMES), fast) for number in range(_UPLOADS)]
    seen_done: dict[str, tuple[int, str]] = {}

    async def watch(http: httpx.AsyncClient, enough: Callable[[list[dict[str, Any]]], bool]) -> int:
        while True:
            jobs = await jobs_of(http)
            for job in jobs:
                if job["state"] == "done":
                    now = job["revision"], job["changed"]
                    # done once: nothing about it changes any more
                    assert seen_done.setdefault(job["id"], now) == now
                assert job["state"] not in ("failed", "cancelled"), job
            if enough(jobs):
                return len(jobs)
            await asyncio.sleep(0.1)

    async def restart() -> None:
        server.kill()
        await asyncio.sleep(0.3)
        await asyncio.to_thread(server.start)

    async def all_of_it() -> None:
        limits = httpx.Limits(max_connections=200)
        everyone = asyncio.Barrier(_UPLOADS)
        async with httpx.AsyncClient(
            base_url=server.url, timeout=60, limits=limits, trust_env=False
        ) as http:
            sending = [asyncio.create_task(phone.send(http, everyone)) for phone in phones]
            await watch(http, lambda jobs: len(jobs) >= _UPLOADS // 2)
            assert any(not task.done() for task in sending)
            await restart()
            await watch(http, lambda jobs: sum(job["state"] == "done" for job in jobs) >= 5)
            await restart()
            await asyncio.gather(*sending)
            await watch(
                http, lambda jobs: bool(jobs) and all(job["state"] == "done" for job in jobs)
            )

    asyncio.run(all_of_it())

    jobs = server.http.get("/api/jobs?limit=1000").json()["jobs"]
    assert len(jobs) == _UPLOADS == len(seen_done)
    assert {job["key"] for job in jobs} == {f"phone-number-{k}" for k in range(_UPLOADS)}
    assert sum(phone.cuts for phone in phones) > _UPLOADS // 2
    by_id = {job["id"]: job for job in jobs}
    for phone in phones:
        (job_id,) = phone.ids
        job = by_id[job_id]
        stored = server.state / "jobs" / job_id / "movie" / job["name"]
        assert stored.read_bytes() == phone.content
        assert job["summary"]["frames"] == _FRAMES
        assert server.http.get(f"/api/jobs/{job_id}/results/table.parquet").status_code == 200
    # a kill can make at most the one job that ran be taken up again
    assert sum(job["attempts"] for job in jobs) <= _UPLOADS + 2
