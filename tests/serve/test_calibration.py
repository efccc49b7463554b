"""Cameras of jobs: calibrated here from clips that were sent, in files of folders, by name."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from cellstorm.camera import Camera, load_camera

StartServer = Callable[..., Any]
MakeMovie = Callable[..., bytes]

_GAIN, _OFFSET, _READ_NOISE = 0.5, 40.0, 1.5
_SIZE_PX = 64
_REGION = {"x": 100, "y": 50, "width": _SIZE_PX, "height": _SIZE_PX}


def recorded(light_e: np.ndarray[Any, Any], frames: int, seed: int) -> bytes:
    """A NumPy file of what a camera of known gain, offset and read noise records."""
    rng = np.random.default_rng(seed)
    electrons = rng.poisson(light_e, (frames, *light_e.shape))
    noisy = electrons + rng.normal(0, _READ_NOISE, electrons.shape)
    file = io.BytesIO()
    grey = np.rint(noisy / _GAIN + _OFFSET).clip(0, 65535)
    np.save(file, grey.astype(np.uint16))
    return file.getvalue()


@pytest.fixture(scope="module")
def clips() -> tuple[bytes, bytes]:
    """A still clip that goes from dark to bright, and a dark one."""
    edge = np.broadcast_to(np.linspace(0, 400, _SIZE_PX), (_SIZE_PX, _SIZE_PX))
    return recorded(edge, 40, 1), recorded(np.zeros((_SIZE_PX, _SIZE_PX)), 200, 2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, clips: tuple[bytes, bytes]) -> Path:
    """What a user has: clips, a camera file, and one whose maps lie elsewhere."""
    root = tmp_path_factory.mktemp("serve")
    np.savez(root / "secret.npz", offset_adu=np.zeros((24, 24), np.float32))
    folder = root / "data"
    folder.mkdir()
    Camera(name="mine", gain_e_per_adu=0.25, offset_adu=3.0).save(folder / "mine.yaml")
    (folder / "sly.yaml").write_text("gain_e_per_adu: 1.0\nmaps: ../secret.npz\n")
    (folder / "shopping.yaml").write_text("- milk\n")
    (folder / "film.npy").write_bytes(recorded(np.full((24, 24), 20.0), 6, 3))
    for name, clip in zip(("still.npy", "dark.npy"), clips, strict=True):
        (folder / name).write_bytes(clip)
    return folder


@pytest.fixture(scope="module")
def server(start_shared: StartServer, folder: Path) -> Any:
    return start_shared("--folder", folder, "--workers", "1")


@pytest.fixture(scope="module")
def calibration(server: Any, clips: tuple[bytes, bytes]) -> dict[str, Any]:
    """A calibration of clips that were sent in pieces, as the app does it."""
    still, dark = clips
    job = server.ask(
        name="still.npy",
        source={"kind": "upload", "size_bytes": len(still)},
        dark={"name": "dark.npy", "source": {"kind": "upload", "size_bytes": len(dark)}},
        settings={"kind": "calibrate", "name": "my phone"},
        recording={"region_px": _REGION},
    )
    address = f"/api/jobs/{job['id']}/upload"
    headers = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    http: httpx.Client = server.http
    http.patch(address, content=still, headers=headers).raise_for_status()
    digests = {"sha256": _sha256(still), "dark": {"sha256": _sha256(dark)}}
    early = http.post(f"{address}/complete", json=digests)
    assert (early.status_code, early.json()["code"]) == (409, "wrong_offset")
    assert "dark clip" in early.json()["what"]
    half = len(dark) // 2
    http.patch(f"{address}?part=dark", content=dark[:half], headers=headers).raise_for_status()
    there = http.head(f"{address}?part=dark").headers["upload-offset"]
    headers["Upload-Offset"] = there
    rest = http.patch(f"{address}?part=dark", content=dark[int(there) :], headers=headers)
    assert rest.headers["upload-offset"] == str(len(dark))
    alone = http.post(f"{address}/complete", json={"sha256": _sha256(still)})
    assert alone.status_code == 422
    wrong = http.post(f"{address}/complete", json={**digests, "dark": {"sha256": "0" * 64}})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "wrong_checksum")
    headers["Upload-Offset"] = "0"
    http.patch(f"{address}?part=dark", content=dark, headers=headers).raise_for_status()
    assert http.post(f"{address}/complete", json=digests).json()["state"] in ("queued", "running")
    done: dict[str, Any] = server.wait_for(job, "done")
    return done


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.slow
def test_clips_that_were_sent_become_a_camera_and_its_page(
    server: Any, calibration: dict[str, Any], tmp_path: Path
) -> None:
    summary = calibration["summary"]
    assert summary["camera"]["name"] == "my phone"
    assert summary["camera"]["gain_e_per_adu"] == pytest.approx(_GAIN, rel=0.05)
    assert summary["camera"]["offset_adu"] == pytest.approx(_OFFSET, abs=0.2)
    assert summary["camera"]["read_noise_e"] == pytest.approx(_READ_NOISE, rel=0.05)
    rows = {row["name"]: row for row in summary["quantities"]}
    assert rows["gain"]["unit"] == "e/ADU"
    results = {item["name"]: server.http.get(item["url"]) for item in calibration["results"]}
    names = {"camera.yaml", "camera.npz", "camera.html", "summary.json", "recording.json"}
    assert set(results) == names
    # as saved from the app: the one names the other
    for name in ("camera.yaml", "camera.npz"):
        heading = results[name].headers["content-disposition"]
        assert f'filename="still.{name}"' in heading
        (tmp_path / f"still.{name}").write_bytes(results[name].content)
    camera = load_camera(tmp_path / "still.camera.yaml")
    assert camera.maps is not None and camera.maps.shape == (_SIZE_PX, _SIZE_PX)
    page = results["camera.html"]
    assert "my phone" in page.text
    assert "allow-same-origin" not in page.headers["content-security-policy"]
    known = server.http.get("/api/cameras").json()["cameras"]
    assert known[0] == {
        "name": "my phone",
        "notes": camera.notes,
        "camera": {"job": calibration["id"]},
    }
    assert "huawei-p9" in [camera["camera"] for camera in known[1:]]


def localized_with(server: Any, camera: object, **more: Any) -> Any:
    """A job of the folder's movie, done with a camera."""
    settings = {
        "method": {"method": "gaussian", "emitters": "single", "sigma_px": 1.3},
        "camera": camera,
        "report": False,
    }
    source = {"kind": "folder", "folder": "data", "path": "film.npy"}
    return server.wait_for(server.ask(source=source, settings=settings, **more), "done")


@pytest.mark.slow
def test_a_camera_file_of_a_folder_can_be_named(server: Any, folder: Path) -> None:
    entries = server.http.get("/api/folders/data/entries").json()["entries"]
    kinds = {entry["name"]: entry["kind"] for entry in entries}
    assert (kinds["mine.yaml"], kinds["shopping.yaml"]) == ("camera", "other")
    named = {"folder": "data", "path": "mine.yaml"}
    job = localized_with(server, named)
    assert job["settings"]["camera"] == named
    assert job["summary"]["camera"]["gain_e_per_adu"] == 0.25
    # what the job was done with is what it was then
    kept = server.state / "jobs" / job["id"] / "camera" / "camera.yaml"
    assert load_camera(kept).name == "mine"


@pytest.mark.slow
def test_every_camera_that_is_offered_is_taken(server: Any, calibration: dict[str, Any]) -> None:
    source = {"kind": "folder", "folder": "data", "path": "film.npy"}
    for known in server.http.get("/api/cameras").json()["cameras"]:
        job = server.ask(source=source, settings={"camera": known["camera"]})
        assert job["settings"]["camera"] == known["camera"]
        server.http.delete(f"/api/jobs/{job['id']}").raise_for_status()
    assert localized_with(server, "huawei-p9")["summary"]["camera"]["name"] == "huawei-p9"


@pytest.mark.slow
def test_the_maps_of_a_calibration_are_cut_to_the_movies_part_of_the_sensor(
    server: Any, calibration: dict[str, Any]
) -> None:
    camera = {"job": calibration["id"]}
    place = {"x": 110, "y": 60, "width": 24, "height": 24}
    job = localized_with(server, camera, recording={"region_px": place})
    used = Camera.model_validate(job["summary"]["camera"])
    whole = server.state / "jobs" / calibration["id"] / "results" / "still.camera.yaml"
    maps = load_camera(whole).maps
    assert maps is not None and used.maps is not None
    assert used.maps.digest == maps.cut((10, 34, 10, 34)).digest

    elsewhere = {"x": 0, "y": 0, "width": 24, "height": 24}
    for told in ({"region_px": elsewhere}, None):
        job = localized_with(server, camera, recording=told)
        assert job["summary"]["camera"]["maps"] is None
        assert job["summary"]["camera"]["gain_e_per_adu"] == pytest.approx(_GAIN, rel=0.05)
        assert any("were not used" in notice for notice in job["notices"])


@pytest.mark.slow
def test_clips_of_a_folder_are_calibrated_and_optics_tell_the_pixel_size(server: Any) -> None:
    optics = {"objective_magnification": 100, "phone_focal_mm": 4.5, "phone_pixel_um": 1.25}
    job = server.ask(
        source={"kind": "folder", "folder": "data", "path": "still.npy"},
        dark={"source": {"kind": "folder", "folder": "data", "path": "dark.npy"}},
        settings={"kind": "calibrate", "optics": optics},
    )
    done = server.wait_for(job, "done")
    assert done["summary"]["camera"]["name"] == "still"
    assert done["summary"]["pixel_size_nm"] == pytest.approx(1250 / (100 * 4.5 / 25))
    assert "69.44 nm" in done["summary"]["camera"]["notes"]


@pytest.mark.slow
def test_a_clip_that_tells_nothing_fails_in_a_sentence(server: Any) -> None:
    job = server.ask(
        source={"kind": "folder", "folder": "data", "path": "film.npy"},
        settings={"kind": "calibrate"},
    )
    failed = server.wait_for(job, "failed")
    assert failed["error"]["where"] == "film.npy"
    assert failed["error"]["todo"]
    named = {"job": job["id"]}
    source = {"kind": "folder", "folder": "data", "path": "film.npy"}
    refused = server.http.post("/api/jobs", json={"source": source, "settings": {"camera": named}})
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("camera", "status"),
    [
        ({"folder": "data", "path": "sly.yaml"}, 403),
        ({"folder": "data", "path": "../secret.npz"}, 403),
        ({"folder": "data", "path": "shopping.yaml"}, 422),
        ({"folder": "data", "path": "film.npy"}, 422),
        ({"folder": "data", "path": "none.yaml"}, 404),
        ({"job": "../../etc"}, 404),
    ],
)
def test_a_camera_is_a_camera_file_within_the_folder_or_refused(
    server: Any, camera: dict[str, str], status: int
) -> None:
    before = server.http.get("/api/jobs").json()["jobs"]
    source = {"kind": "folder", "folder": "data", "path": "film.npy"}
    answer = server.http.post("/api/jobs", json={"source": source, "settings": {"camera": camera}})
    assert answer.status_code == status, answer.text
    assert len(server.http.get("/api/jobs").json()["jobs"]) == len(before)
    known = {job["id"] for job in before}
    assert {path.name for path in (server.state / "jobs").iterdir()} == known


def test_only_a_calibration_has_a_dark_clip(server: Any) -> None:
    source = {"kind": "folder", "folder": "data", "path": "film.npy"}
    answer = server.http.post("/api/jobs", json={"source": source, "dark": {"source": source}})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    job = server.ask(name="film.npy", source={"kind": "upload", "size_bytes": 10})
    assert server.http.head(f"/api/jobs/{job['id']}/upload?part=dark").status_code == 404
