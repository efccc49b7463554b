"""The way of a desktop user: a folder, a movie in it, a job, its results."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from cellstorm.localizations import read_table
from cellstorm.run import localize_frames
from cellstorm.serve.job_settings import JobSettings

StartServer = Callable[..., Any]


@pytest.fixture
def data(tmp_path: Path, make_movie: Callable[..., bytes]) -> Path:
    folder = tmp_path / "data"
    (folder / "day 1").mkdir(parents=True)
    (folder / "day 1" / "holiday.npy").write_bytes(make_movie(3, frames=60))
    (folder / "notes.txt").write_text("text")
    (folder / ".hidden").write_text("secret")
    return folder


@pytest.mark.slow
def test_a_movie_of_a_folder_becomes_a_table_a_picture_and_a_summary(
    start: StartServer, data: Path, fast: dict[str, Any], tmp_path: Path
) -> None:
    server = start("--folder", data)
    http = server.http
    assert http.get("/api/folders").json() == {"folders": [{"name": "data"}]}
    entries = http.get("/api/folders/data/entries").json()["entries"]
    assert [(entry["name"], entry["kind"]) for entry in entries] == [
        ("day 1", "folder"),
        ("notes.txt", "other"),
    ]
    (entry,) = http.get("/api/folders/data/entries?path=day 1").json()["entries"]
    assert (entry["path"], entry["kind"]) == ("day 1/holiday.npy", "movie")

    described = http.get("/api/folders/data/movie", params={"path": entry["path"]}).json()
    assert (described["frames"], described["width_px"]) == (60, 24)
    part = http.get(
        "/api/folders/data/file", params={"path": entry["path"]}, headers={"Range": "bytes=1-5"}
    )
    assert (part.status_code, part.content) == (206, b"NUMPY")

    made = server.ask(
        source={"kind": "folder", "folder": "data", "path": entry["path"]},
        settings={**fast, "report": True},
    )
    assert made["name"] == "holiday.npy"
    job = server.wait_for(made, "done")

    film = data / "day 1" / "holiday.npy"
    settings = JobSettings.model_validate(fast)
    expected = localize_frames(
        film, method=settings.method, camera=settings.camera_model(), pixel_size_nm=100.0
    )
    assert job["summary"]["molecules"] == len(expected) > 60
    assert job["summary"]["frames"] == 60
    assert job["attempts"] == 1
    results = {item["name"]: http.get(item["url"]) for item in job["results"]}
    names = {"table.parquet", "table.csv", "picture.png", "summary.json", "report.html"}
    assert set(results) == names
    assert all(answer.headers["x-content-type-options"] == "nosniff" for answer in results.values())

    table = tmp_path / "table.parquet"
    table.write_bytes(results["table.parquet"].content)
    np.testing.assert_array_equal(read_table(table).column("x_nm"), expected.column("x_nm"))
    thunderstorm = pl.read_csv(io.BytesIO(results["table.csv"].content))
    assert thunderstorm.height == len(expected)
    assert Image.open(io.BytesIO(results["picture.png"].content)).width > 500
    assert results["summary.json"].json()["settings"]["pixel_size_nm"] == 100.0
    again = http.get(
        f"/api/jobs/{job['id']}/results/table.parquet",
        headers={"If-None-Match": results["table.parquet"].headers["etag"]},
    )
    assert (again.status_code, again.content) == (304, b"")
    report = results["report.html"]
    assert "<!doctype html>" in report.text and "holiday.locs.parquet" in report.text
    # it runs its scripts, but belongs to no site: it cannot ask the server
    policy = report.headers["content-security-policy"]
    assert "sandbox allow-scripts" in policy and "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    saved = http.get("/api/jobs/{id}/results/table.csv?download=1".format(**job))
    assert 'attachment; filename="holiday.locs.csv"' in saved.headers["content-disposition"]

    # what belongs to the user is as it was
    assert sorted(path.name for path in data.rglob("*")) == [
        ".hidden",
        "day 1",
        "holiday.npy",
        "notes.txt",
    ]
    assert http.delete(f"/api/jobs/{job['id']}").status_code == 204
    assert http.get(f"/api/jobs/{job['id']}").status_code == 404
    assert film.exists()
    assert "Stopped." in server.stop()


def test_progress_comes_as_events_and_goes_on_after_the_last_one_seen(
    start: StartServer, data: Path
) -> None:
    server = start("--folder", data)
    source = {"kind": "folder", "folder": "data", "path": "day 1/holiday.npy"}
    job = server.ask(source=source)
    address = f"/api/jobs/{job['id']}/events"
    with server.http.stream("GET", address) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        text = "".join(stream.iter_text())
    told = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]
    ids = [int(number) for number in re.findall(r"^id: (\d+)$", text, re.MULTILINE)]
    assert ids == sorted(set(ids))
    assert told[-1]["state"] == "done"
    assert told[-1]["progress"]["frames_done"] == 60

    # seen to its end: nothing more, and no reason to come back
    seen = server.http.get(address, headers={"Last-Event-ID": str(ids[-1])})
    assert seen.status_code == 204
    # only the last state is told to who missed some
    again = server.http.get(address, headers={"Last-Event-ID": str(ids[0])}).text
    assert again.count("event: job") == 1 and f"id: {ids[-1]}" in again

    with server.http.stream("GET", f"/api/events?after={ids[-1]}") as stream:
        server.client().delete(f"/api/jobs/{job['id']}")
        for line in stream.iter_lines():
            if line.startswith("event: deleted"):
                break


@pytest.mark.slow
def test_a_job_can_be_cancelled_taken_up_again_and_removed_while_it_runs(
    start: StartServer, data: Path, make_movie: Callable[..., bytes]
) -> None:
    (data / "long.npy").write_bytes(make_movie(4, frames=1500, size_px=96))
    server = start("--folder", data)
    source = {"kind": "folder", "folder": "data", "path": "long.npy"}
    first = server.ask(source=source)
    second = server.ask(source=source)
    assert second["queue_position"] in (1, 2)
    server.wait_for(first, "running")
    http = server.http
    http.post(f"/api/jobs/{first['id']}/cancel").raise_for_status()
    server.wait_for(first, "cancelled")
    refused = http.post(f"/api/jobs/{first['id']}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")

    server.wait_for(second, "running")
    assert http.delete(f"/api/jobs/{second['id']}").status_code == 204
    assert not (server.state / "jobs" / second["id"]).exists()

    again = http.post(f"/api/jobs/{first['id']}/retry").json()
    assert again["state"] in ("queued", "running")
    done = server.wait_for(first, "done")
    assert done["summary"]["frames"] == 1500


def test_the_model_that_comes_along_is_offered_byte_for_byte(start: StartServer) -> None:
    from cellstorm.localize.model_names import find_model
    from cellstorm.localize.net.method import NetMethod

    server = start()
    first = server.http.get("/api/models").json()["models"][0]
    assert (first["name"], first["comes_along"]) == ("phone", True)
    assert first["facts"]["context_frames"] == 5
    file = server.http.get(first["url"])
    assert file.content == find_model(NetMethod().model).read_bytes()
    assert "immutable" in file.headers["cache-control"]


def test_a_movie_that_cannot_be_read_fails_in_one_sentence_without_paths(
    start: StartServer, data: Path
) -> None:
    (data / "broken.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(500))
    server = start("--folder", data)
    job = server.ask(source={"kind": "folder", "folder": "data", "path": "broken.mp4"})
    failed = server.wait_for(job, "failed")
    assert failed["error"]["where"] == "broken.mp4"
    assert str(data) not in json.dumps(failed)
    looked_at = server.http.get("/api/folders/data/movie?path=broken.mp4")
    assert looked_at.status_code == 422
