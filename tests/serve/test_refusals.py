"""What the server refuses: ways out of its folders, foreign pages, strangers."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
import tifffile

StartServer = Callable[..., Any]

_TOKEN = "a-token-for-this-test"


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("places")
    (root / "data" / "inside").mkdir(parents=True)
    (root / "data" / "inside" / "film.npy").write_bytes(b"")
    (root / "secret").mkdir()
    (root / "secret" / "film.npy").write_bytes(b"secret")
    (root / "data" / "way-out").symlink_to(root / "secret")
    (root / "data" / "film-out.npy").symlink_to(root / "secret" / "film.npy")
    (root / "data" / "way-in").symlink_to(root / "data" / "inside")
    (root / "database").mkdir()
    return root


@pytest.fixture(scope="module")
def server(start_shared: StartServer, places: Path) -> Any:
    return start_shared("--folder", places / "data", "--token", _TOKEN)


@pytest.fixture
def http(server: Any) -> httpx.Client:
    client: httpx.Client = server.http
    client.headers["authorization"] = f"Bearer {_TOKEN}"
    return client


@pytest.mark.parametrize(
    "path",
    [
        "../secret/film.npy",
        "inside/../../secret/film.npy",
        "way-out/film.npy",
        "film-out.npy",
        "..\\secret\\film.npy",
        "/etc/passwd",
        "C:/secret",
        "inside/film.npy\0",
    ],
)
def test_no_way_leads_out_of_a_folder(http: httpx.Client, path: str) -> None:
    source = {"kind": "folder", "folder": "data", "path": path}
    answers = [
        http.get("/api/folders/data/file", params={"path": path}),
        http.get("/api/folders/data/movie", params={"path": path}),
        http.get("/api/folders/data/entries", params={"path": path}),
        http.post("/api/jobs", json={"source": source}),
    ]
    for answer in answers:
        assert answer.status_code == 403, answer.text
        assert answer.json()["code"] == "outside_folder"


def test_links_within_a_folder_work_and_those_out_of_it_are_not_shown(http: httpx.Client) -> None:
    entries = http.get("/api/folders/data/entries").json()["entries"]
    assert [entry["name"] for entry in entries] == ["inside", "way-in"]
    through = http.get("/api/folders/data/entries?path=way-in").json()["entries"]
    assert [entry["path"] for entry in through] == ["way-in/film.npy"]
    assert http.get("/api/folders/data/file?path=way-in/film.npy").status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fserver.py", "//etc/passwd"],
)
def test_the_apps_files_are_all_that_is_served(server: Any, path: str) -> None:
    # by hand: a client would tidy the path up
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 404")


@pytest.mark.parametrize(
    "name", ["../../serve.sqlite", "..%2f..%2fserve.sqlite", "movie", "x", "plan.json"]
)
def test_results_are_files_of_the_job_only(http: httpx.Client, name: str) -> None:
    asked = {"name": "film.mp4", "source": {"kind": "upload", "size_bytes": 10}}
    job = http.post("/api/jobs", json=asked).json()
    assert http.get(f"/api/jobs/{job['id']}/results/{name}").status_code == 404


@pytest.mark.parametrize("model", ["/etc/passwd", "../secret/film.npy", "no-such-model"])
def test_a_jobs_model_is_a_known_one_and_no_file(http: httpx.Client, model: str) -> None:
    asked = {
        "name": "film.mp4",
        "source": {"kind": "upload", "size_bytes": 10},
        "settings": {"method": {"method": "net", "model": model}},
    }
    answer = http.post("/api/jobs", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert "phone" in answer.json()["what"]


@pytest.mark.parametrize("camera", ["/etc/passwd", "camera.yaml", {"gain_e_per_adu": -1}])
def test_a_jobs_camera_is_a_preset_or_a_description_and_no_file(
    http: httpx.Client, camera: object
) -> None:
    asked = {
        "name": "film.mp4",
        "source": {"kind": "upload", "size_bytes": 10},
        "settings": {"camera": camera},
    }
    assert http.post("/api/jobs", json=asked).status_code == 422


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {_TOKEN}"},
        {"Authorization": f"Bearer {_TOKEN}x"},
        {"Authorization": "", "Cookie": "cellstorm=wrong"},
    ],
)
def test_without_the_right_token_nothing_is_told(server: Any, headers: dict[str, str]) -> None:
    stranger = server.client(headers=headers)
    for path in ("/api/jobs", "/api/folders", "/api/models", "/api/events"):
        answer = stranger.get(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    facts = stranger.get("/api/server").json()
    assert (facts["needs_token"], facts["authorized"], facts["limits"]) == (True, False, None)
    assert stranger.get("/open?token=wrong").status_code == 401
    assert stranger.post("/api/session", json={"token": "wrong"}).status_code == 401


def test_the_link_sets_a_cookie_that_scripts_and_other_sites_cannot_use(server: Any) -> None:
    phone = server.client()
    opened = phone.get(f"/open?token={_TOKEN}")
    assert (opened.status_code, opened.headers["location"]) == (303, "/")
    cookie = opened.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    assert phone.get("/api/jobs").status_code == 200
    assert phone.delete("/api/session").status_code == 204
    assert phone.get("/api/jobs").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_pages_of_other_sites_are_refused(http: httpx.Client, headers: dict[str, str]) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        answer = http.request(method, "/api/jobs", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden_origin")
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "localhost.evil.example", "192.0.2.7", ""]
)
def test_a_name_that_was_made_to_point_here_is_refused(http: httpx.Client, host: str) -> None:
    for path in ("/api/jobs", "/"):
        answer = http.get(path, headers={"Host": host})
        assert (answer.status_code, answer.json()["code"]) == (421, "wrong_host")


def test_the_servers_own_pages_and_named_origins_are_let_in(
    http: httpx.Client, server: Any, start: StartServer
) -> None:
    own = {"Origin": f"http://localhost:{server.port}", "Sec-Fetch-Site": "same-origin"}
    assert http.get("/api/jobs", headers=own).status_code == 200

    friendly = start("--allow-origin", "https://app.example.org")
    origin = {"Origin": "https://app.example.org", "Sec-Fetch-Site": "cross-site"}
    asks = {**origin, "Access-Control-Request-Method": "PATCH"}
    allowed = friendly.http.options("/api/jobs", headers=asks)
    assert allowed.status_code == 204
    assert "PATCH" in allowed.headers["access-control-allow-methods"]
    answer = friendly.http.get("/api/jobs", headers=origin)
    assert answer.headers["access-control-allow-origin"] == "https://app.example.org"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


def test_a_play_list_does_not_get_at_other_files(
    server: Any, http: httpx.Client, tmp_path: Path
) -> None:
    target = tmp_path / "secret.ts"
    with av.open(str(target), "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width = stream.height = 32
        rng = np.random.default_rng(0)
        for _ in range(20):
            grey = rng.integers(16, 200, (32, 32)).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="gray")))
        container.mux(stream.encode(None))
    head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:5\n"
    # enough of other bytes that it does not look like text
    noise = b"#" + bytes(range(128, 256)) * 20 + b"\n"
    list_ = head.encode() + noise + f"#EXTINF:1,\nfile://{target}\n#EXT-X-ENDLIST\n".encode()
    hostile = tmp_path / "hostile.m3u8"
    hostile.write_bytes(list_)
    with av.open(str(hostile)) as opened:
        # this is what there is to fear
        assert len(list(opened.decode(video=0))) == 20

    asked = {"name": "film.m3u8", "source": {"kind": "upload", "size_bytes": len(list_)}}
    job = http.post("/api/jobs", json=asked).json()
    server.send(job, list_)
    assert "holds its frames itself" in server.wait_for(job, "failed")["error"]["what"]


def test_a_tiff_whose_parts_lie_elsewhere_is_refused(
    server: Any, http: httpx.Client, tmp_path: Path
) -> None:
    movie = tmp_path / "film.ome.tif"
    tifffile.imwrite(movie, np.zeros((3, 8, 8), np.uint16), ome=True, metadata={"axes": "TYX"})
    with tifffile.TiffFile(movie) as tif:
        described = tif.pages.first.description
    far = described.replace('IFD="0"', 'IFD="0" FileName="../../secret.ome.tif"', 1)
    assert far != described
    frames = np.zeros((3, 8, 8), np.uint16)
    tifffile.imwrite(movie, frames, description=far, metadata=None, photometric="minisblack")
    content = movie.read_bytes()
    asked = {"name": "film.ome.tif", "source": {"kind": "upload", "size_bytes": len(content)}}
    job = http.post("/api/jobs", json=asked).json()
    server.send(job, content)
    assert "other folders" in server.wait_for(job, "failed")["error"]["what"]
