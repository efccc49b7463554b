"""Uploads that are cut, wrong, too large, or sent twice."""

import hashlib
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

StartServer = Callable[..., Any]
MakeMovie = Callable[..., bytes]


@pytest.fixture(scope="module")
def server(start_shared: StartServer) -> Any:
    return start_shared("--max-upload-gb", "0.01")


def test_what_came_before_the_connection_broke_is_kept(server: Any, make_movie: MakeMovie) -> None:
    content = make_movie(1, frames=200)
    job = server.ask(name="film.npy", source={"kind": "upload", "size_bytes": len(content)})
    assert server.offset(job) == 0
    with socket.create_connection(("localhost", server.port)) as connection:
        head = (
            f"PATCH /api/jobs/{job['id']}/upload HTTP/1.1\r\nHost: localhost\r\n"
            "Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        connection.sendall(head.encode() + content[:50_000])
        end = time.monotonic() + 30
        while server.offset(job) < 50_000 and time.monotonic() < end:
            time.sleep(0.02)
    assert server.offset(job) == 50_000

    wrong = server.patch(job, 0, content)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "wrong_offset")
    assert wrong.headers["upload-offset"] == "50000"
    too_much = server.patch(job, 50_000, content)
    assert (too_much.status_code, too_much.json()["code"]) == (413, "too_large")
    early = server.complete(job, content)
    assert early.json()["code"] == "wrong_offset"

    rest = server.patch(job, 50_000, content[50_000:])
    assert rest.headers["upload-offset"] == str(len(content))
    assert server.complete(job, content).json()["state"] in ("queued", "running")
    # asked again because the answer was lost
    assert server.complete(job, content).status_code == 200
    done = server.wait_for(job, "done")
    assert done["summary"]["frames"] == 200
    assert done["upload"] is None


def test_a_newer_request_ends_one_that_hangs(server: Any, make_movie: MakeMovie) -> None:
    content = make_movie(1, frames=50)
    job = server.ask(name="film.npy", source={"kind": "upload", "size_bytes": len(content)})
    with socket.create_connection(("localhost", server.port)) as hanging:
        head = (
            f"PATCH /api/jobs/{job['id']}/upload HTTP/1.1\r\nHost: localhost\r\n"
            "Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        hanging.sendall(head.encode() + content[:1000])
        time.sleep(0.3)
        answer = server.patch(job, 0, content)
        if answer.status_code == 409:
            answer = server.patch(job, int(answer.headers["upload-offset"]), content[1000:])
        assert answer.status_code == 204
        assert b"423" in hanging.recv(100)
    assert server.complete(job, content).status_code == 200


def test_bytes_that_are_not_those_sent_are_refused_and_sent_again(
    server: Any, make_movie: MakeMovie
) -> None:
    content = make_movie(1)
    job = server.ask(name="film.npy", source={"kind": "upload", "size_bytes": len(content)})
    server.patch(job, 0, content[:-1] + b"\xff")
    wrong = server.complete(job, content)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "wrong_checksum")
    assert server.offset(job) == 0
    assert server.send(job, content).status_code == 200


def test_a_browser_can_give_the_checksum_of_the_pieces_checksums(
    server: Any, make_movie: MakeMovie
) -> None:
    content = make_movie(1, frames=4, size_px=800)
    piece = server.http.get("/api/server").json()["limits"]["piece_bytes"]
    assert len(content) > piece
    digests = b"".join(
        hashlib.sha256(content[first : first + piece]).digest()
        for first in range(0, len(content), piece)
    )
    job = server.ask(name="film.npy", source={"kind": "upload", "size_bytes": len(content)})
    server.patch(job, 0, content)
    address = f"/api/jobs/{job['id']}/upload/complete"
    assert server.http.post(address, json={}).status_code == 422
    right = {"sha256_of_pieces": hashlib.sha256(digests).hexdigest()}
    assert server.http.post(address, json=right).status_code == 200
    server.http.delete(f"/api/jobs/{job['id']}")


def test_oversized_uploads_and_bodies_are_refused(server: Any) -> None:
    before = len(server.http.get("/api/jobs").json()["jobs"])
    asked = {"name": "film.mp4", "source": {"kind": "upload", "size_bytes": 10_000_001}}
    answer = server.http.post("/api/jobs", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    asked["source"] = {"kind": "upload", "size_bytes": 1}
    large = server.http.post("/api/jobs", json={**asked, "recording": {"x": "y" * 2_000_000}})
    assert (large.status_code, large.json()["code"]) == (413, "too_large")

    def endless() -> Any:
        for _ in range(100):
            yield b" " * 100_000

    headers = {"Content-Type": "application/json"}
    chunked = server.http.post("/api/jobs", content=endless(), headers=headers)
    assert (chunked.status_code, chunked.json()["code"]) == (413, "too_large")
    assert len(server.http.get("/api/jobs").json()["jobs"]) == before


def test_more_bytes_than_announced_are_refused_though_no_length_is_told(server: Any) -> None:
    job = server.ask(name="film.mp4", source={"kind": "upload", "size_bytes": 1000})

    def endless() -> Any:
        for _ in range(50):
            yield b" " * 100

    assert server.patch(job, 0, endless()).status_code == 413
    assert server.offset(job) <= 1000


def test_an_upload_that_the_disk_would_not_hold_is_refused(start: StartServer) -> None:
    server = start("--max-upload-gb", "900000")
    free = server.http.get("/api/server").json()["limits"]["free_bytes"]
    asked = {"name": "film.mp4", "source": {"kind": "upload", "size_bytes": free + 10**9}}
    answer = server.http.post("/api/jobs", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")


def test_a_request_sent_twice_makes_one_job(server: Any) -> None:
    asked = {
        "key": "asked-twice",
        "name": "film.mp4",
        "source": {"kind": "upload", "size_bytes": 10},
        "recording": {"device": "P9"},
    }
    first = server.http.post("/api/jobs", json=asked)
    second = server.http.post("/api/jobs", json=asked)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    other = server.http.post("/api/jobs", json={**asked, "name": "other.mp4"})
    assert (other.status_code, other.json()["code"]) == (409, "key_taken")
    kept = server.http.get(f"/api/jobs/{first.json()['id']}/results/recording.json")
    assert kept.json() == {"device": "P9"}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../../etc/passwd", "passwd"),
        ("C:\\films\\holiday.mp4", "holiday.mp4"),
        (".hidden.mp4", "hidden.mp4"),
        ("con.mp4", "_con.mp4"),
        ("a\0b\n<c>.mp4", "a_b__c_.mp4"),
        ("Küche 実験.mp4", "Küche 実験.mp4"),
        ("x" * 900 + ".mp4", "x" * 146 + ".mp4"),
    ],
)
def test_names_of_uploads_mean_nothing_to_the_file_system(given: str, kept: str) -> None:
    from cellstorm.serve.job import safe_name

    assert safe_name(given) == kept
