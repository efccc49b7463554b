"""NumPy, Zarr, Picasso raw, dax and SPE files give the frames that were saved."""

import pickle
import shutil
import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from numpy.typing import NDArray

from cellstorm.camera import estimate_camera
from cellstorm.errors import MovieError
from cellstorm.movie import ArrayMovie, open_movie


@pytest.fixture
def stack() -> NDArray[np.uint16]:
    return np.random.default_rng(4).integers(90, 4000, (12, 17, 29)).astype(np.uint16)


def _check(path: Path, expected: NDArray[Any]) -> None:
    movie = open_movie(path)
    assert movie.shape == expected.shape
    assert movie.dtype == expected.dtype
    np.testing.assert_array_equal(movie.read(0, len(expected)), expected)
    np.testing.assert_array_equal(movie.read(5, 9), expected[5:9])
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda k: movie.read(k, k + 1)[0], range(len(expected))))
    np.testing.assert_array_equal(parts, expected)
    copy = pickle.loads(pickle.dumps(movie))
    np.testing.assert_array_equal(copy.read(2, 4), expected[2:4])
    assert copy.fingerprint() == movie.fingerprint()


# NumPy


def test_an_array_in_memory_is_a_movie(stack: NDArray[np.uint16]) -> None:
    movie = ArrayMovie(stack, pixel_size_nm=120)
    assert movie.shape == (12, 17, 29)
    assert movie.dtype == np.uint16
    assert movie.pixel_size_nm == 120
    chunk = movie.read_chunk(3, 6)
    assert (chunk.start, chunk.stop, chunk.coding) == (3, 6, None)
    np.testing.assert_array_equal(chunk.frames, stack[3:6])
    assert movie.fingerprint() == ArrayMovie(stack.copy()).fingerprint()
    assert movie.fingerprint() != ArrayMovie(stack[::-1]).fingerprint()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<u2", ">u2", "<f4", ">i4"])
def test_npy(tmp_path: Path, stack: NDArray[np.uint16], order: Any, dtype: str) -> None:
    path = tmp_path / "stack.npy"
    np.save(path, np.asarray(stack.astype(dtype), order=order))
    _check(path, stack.astype(np.dtype(dtype).newbyteorder("=")))


def test_npz_of_one_array(tmp_path: Path, stack: NDArray[np.uint16]) -> None:
    np.savez_compressed(tmp_path / "stack.npz", frames=stack)
    _check(tmp_path / "stack.npz", stack)


def test_npz_of_several_arrays_is_refused_by_name(
    tmp_path: Path, stack: NDArray[np.uint16]
) -> None:
    np.savez(tmp_path / "stack.npz", frames=stack, dark=stack[0])
    with pytest.raises(MovieError, match=r"2 arrays \(frames, dark\); a movie is exactly one"):
        open_movie(tmp_path / "stack.npz")


@pytest.mark.parametrize("shape", [(4,), (2, 2, 4, 8), (0, 8, 8), (3, 0, 8)])
def test_arrays_that_are_no_movies_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "odd.npy", np.zeros(shape, np.uint8))
    with pytest.raises(MovieError, match="shape"):
        open_movie(tmp_path / "odd.npy")


def test_a_truncated_npy_is_refused(tmp_path: Path, stack: NDArray[np.uint16]) -> None:
    path = tmp_path / "stack.npy"
    np.save(path, stack)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(MovieError, match="damaged, truncated"):
        open_movie(path)


def test_nan_in_an_array_is_found() -> None:
    frames = np.ones((5, 4, 4))
    frames[3, 2, 1] = np.nan
    movie = ArrayMovie(frames)
    movie.read(0, 3)
    with pytest.raises(MovieError, match=r"frame 3 .* NaN at x = 1, y = 2"):
        movie.read(2, 5)


@pytest.mark.parametrize("dtype", [np.int64, np.uint64, np.float64])
def test_64_bit_numbers_are_grey_values_of_32_bits_at_most(tmp_path: Path, dtype: type) -> None:
    path = tmp_path / "stack.npy"
    frames: NDArray[Any] = np.random.default_rng(0).poisson(100, (20, 16, 16)).astype(dtype)
    np.save(path, frames)
    movie = open_movie(path)
    assert movie.bit_depth == 32
    np.testing.assert_array_equal(movie.read(0, 20), frames)
    assert estimate_camera(movie).bit_depth == 32


@pytest.mark.parametrize("value", [1e300, -1e300, 5e9])
def test_values_that_no_camera_gives_are_refused(value: float) -> None:
    frames = np.ones((5, 4, 4))
    frames[3, 2, 1] = value
    with pytest.raises(MovieError, match=r"frame 3 .* at x = 1, y = 2: cameras give 32 bits"):
        ArrayMovie(frames).read(0, 5)


# Zarr


@pytest.mark.parametrize("version", [2, 3])
def test_zarr_array(tmp_path: Path, stack: NDArray[np.uint16], version: Any) -> None:
    path = tmp_path / "stack.zarr"
    array = zarr.create_array(
        path, shape=stack.shape, chunks=(5, 17, 20), dtype="uint16", zarr_format=version
    )
    array[...] = stack
    _check(path, stack)


def test_zipped_zarr(tmp_path: Path, stack: NDArray[np.uint16]) -> None:
    folder = tmp_path / "stack.zarr"
    zarr.create_array(folder, shape=stack.shape, dtype="uint16")[...] = stack
    path = Path(shutil.make_archive(str(folder), "zip", folder))
    _check(path, stack)


def test_stray_files_in_a_zarr_do_no_harm(tmp_path: Path, stack: NDArray[np.uint16]) -> None:
    group = zarr.create_group(tmp_path / "stack.zarr")
    group.create_array("0", shape=stack.shape, dtype="uint16")[...] = stack
    (tmp_path / "stack.zarr" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "stack.zarr" / "OME").mkdir()
    _check(tmp_path / "stack.zarr", stack)


@pytest.mark.parametrize("version", [2, 3])
def test_ome_zarr_with_its_pixel_size(
    tmp_path: Path, stack: NDArray[np.uint16], version: Any
) -> None:
    path = tmp_path / "stack.ome.zarr"
    group = zarr.create_group(path, zarr_format=version)
    for level, frames in enumerate([stack, stack[:, ::2, ::2]]):
        array = group.create_array(
            str(level),
            shape=(12, 1, 1, *frames.shape[1:]),
            dtype="uint16",
            chunks=(4, 1, 1, 16, 16),
        )
        array[...] = frames[:, None, None]
    axes: list[Any] = [
        {"name": name, "type": kind} | ({"unit": "micrometer"} if kind == "space" else {})
        for name, kind in zip("tczyx", ["time", "channel", "space", "space", "space"], strict=True)
    ]
    scales: list[Any] = [
        {
            "path": str(level),
            "coordinateTransformations": [
                {"type": "scale", "scale": [1, 1, 1, 0.1 * 2**level, 0.1 * 2**level]}
            ],
        }
        for level in range(2)
    ]
    multiscales: list[Any] = [{"axes": axes, "datasets": scales, "version": "0.4"}]
    if version == 2:
        group.attrs["multiscales"] = multiscales
    else:
        group.attrs["ome"] = {"version": "0.5", "multiscales": multiscales}
    _check(path, stack)
    movie = open_movie(path)
    assert movie.pixel_size_nm == pytest.approx(100)
    assert movie.format_name == f"OME-Zarr (version {version})"
    _check(path / "0", stack)


def test_a_zarr_with_time_and_depth_is_flattened(tmp_path: Path, stack: NDArray[np.uint16]) -> None:
    path = tmp_path / "deep.zarr"
    array = zarr.create_array(path, shape=(4, 3, 17, 29), dtype="uint16")
    array[...] = stack.reshape(4, 3, 17, 29)
    assert any("T (4) and Z (3)" in notice for notice in open_movie(path).notices)
    _check(path, stack)


def test_a_zarr_of_two_channels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "two.zarr"
    zarr.create_array(path, shape=(4, 2, 1, 8, 8), dtype="uint16")
    with pytest.raises(MovieError, match="2 channels, not one"):
        open_movie(path)


def test_a_group_of_unnamed_arrays_is_refused(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "group.zarr")
    for name in "ab":
        group.create_array(name, shape=(2, 8, 8), dtype="uint8")
    with pytest.raises(MovieError, match="holds 2 arrays and no OME metadata"):
        open_movie(tmp_path / "group.zarr")


def test_a_damaged_chunk_is_named(tmp_path: Path, stack: NDArray[np.uint16]) -> None:
    path = tmp_path / "stack.zarr"
    array = zarr.create_array(path, shape=stack.shape, chunks=(1, 17, 29), dtype="uint16")
    array[...] = stack
    (path / "c" / "7" / "0" / "0").write_bytes(b"no compressed data")
    movie = open_movie(path)
    np.testing.assert_array_equal(movie.read(0, 7), stack[:7])
    with pytest.raises(MovieError, match=r"frames 6 to 8 .* damaged"):
        movie.read(6, 9)


# Bare numbers with a description


def _write_picasso(folder: Path, stack: NDArray[np.uint16], text: str, order: str = "<") -> Path:
    path = folder / "movie.ome.raw"
    path.write_bytes(stack.astype(f"{order}u2").tobytes())
    path.with_suffix(".yaml").write_text(text)
    return path


@pytest.mark.parametrize("order", ["<", ">"])
def test_picasso_raw(tmp_path: Path, stack: NDArray[np.uint16], order: str) -> None:
    text = (
        f"Byte Order: '{order}'\nCamera: x\nData Type: uint16\nFrames: 12\nHeight: 17\n"
        "Width: 29\nPixelsize: 130\n---\nGenerated by: something else\n"
    )
    path = _write_picasso(tmp_path, stack, text, order)
    _check(path, stack)
    assert open_movie(path).pixel_size_nm == 130


def test_picasso_raw_without_its_yaml_says_what_to_write(tmp_path: Path) -> None:
    path = tmp_path / "movie.raw"
    path.write_bytes(bytes(range(256)) * 10)
    with pytest.raises(MovieError, match=r"need their description, movie\.yaml") as caught:
        open_movie(path)
    assert caught.value.todo is not None
    for key in ("Frames", "Height", "Width", "Data Type", "Byte Order", "Pixelsize"):
        assert key in caught.value.todo
    # the numbers are said to be examples, and the one of the frames is the file's
    assert "your movie's own numbers" in caught.value.todo
    assert "1000" not in caught.value.todo


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Frames: 12\nHeight: 17\n", "Width: field required"),
        ("Frames: -1\nHeight: 17\nWidth: 29", "Frames: input should be greater"),
        ("Frames: 12\nHeight: 17\nWidth: 29\nByte Order: big", "Byte Order"),
        ("Frames: 12\nHeight: 17\nWidth: 29\nData Type: uint17", "uint17.* is unknown"),
        ("Frames: 3\nHeight: [", "not YAML: line 2, column 10: "),
        ("", "Frames: field required"),
    ],
)
def test_a_wrong_picasso_yaml_is_explained(
    tmp_path: Path, stack: NDArray[np.uint16], text: str, message: str
) -> None:
    path = _write_picasso(tmp_path, stack, text)
    with pytest.raises(MovieError, match=message) as caught:
        open_movie(path)
    assert caught.value.where == path.with_suffix(".yaml")


@pytest.mark.parametrize(
    ("kind", "order"),
    [
        ("16 bit integers (binary, big endian)", ">"),
        ("16 bit integers (binary, little endian)", "<"),
    ],
)
def test_dax(tmp_path: Path, stack: NDArray[np.uint16], kind: str, order: str) -> None:
    path = tmp_path / "movie.dax"
    path.write_bytes(stack.astype(f"{order}u2").tobytes())
    path.with_suffix(".inf").write_text(
        f"binning = 1 x 1\ndata type = {kind}\nframe dimensions = 29 x 17\n"
        "number of frames = 12\nLock Target = 0.0\n"
    )
    _check(path, stack)


def test_dax_without_its_inf_says_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "movie.dax").write_bytes(bytes(200))
    with pytest.raises(MovieError, match=r"need their description, movie\.inf") as caught:
        open_movie(tmp_path / "movie.dax")
    assert caught.value.todo is not None and "frame dimensions = 256 x 256" in caught.value.todo


def test_a_truncated_raw_file_gives_its_whole_frames(
    tmp_path: Path, stack: NDArray[np.uint16]
) -> None:
    path = _write_picasso(tmp_path, stack, "Frames: 12\nHeight: 17\nWidth: 29")
    path.write_bytes(path.read_bytes()[: 8 * stack[0].nbytes + 5])
    movie = open_movie(path)
    assert movie.shape[0] == 12
    np.testing.assert_array_equal(movie.read(0, 8), stack[:8])
    with pytest.raises(MovieError, match="in the middle of frame 9 of 12") as caught:
        movie.read(0, 12)
    assert caught.value.todo is not None and "--frames 0:8" in caught.value.todo


def test_a_raw_file_larger_than_described_is_noticed(
    tmp_path: Path, stack: NDArray[np.uint16]
) -> None:
    path = _write_picasso(tmp_path, stack, "Frames: 10\nHeight: 17\nWidth: 29")
    assert any("larger than movie.ome.yaml says" in notice for notice in open_movie(path).notices)


# Camera makers' files


def _write_spe(path: Path, stack: NDArray[np.uint16], announced: int) -> Path:
    """The part of the SPE 2.5 header that readers need (WinView manual, appendix)."""
    header = bytearray(4100)
    struct.pack_into("<H", header, 42, stack.shape[2])
    struct.pack_into("<h", header, 108, 3)
    struct.pack_into("<H", header, 656, stack.shape[1])
    struct.pack_into("<i", header, 1446, announced)
    struct.pack_into("<f", header, 1992, 2.5)
    path.write_bytes(bytes(header) + stack.astype("<u2").tobytes())
    return path


def test_spe(tmp_path: Path, stack: NDArray[np.uint16]) -> None:
    pytest.importorskip("imageio")
    _check(_write_spe(tmp_path / "movie.spe", stack, 12), stack)


def test_a_truncated_spe_gives_its_whole_frames(tmp_path: Path, stack: NDArray[np.uint16]) -> None:
    pytest.importorskip("imageio")
    movie = open_movie(_write_spe(tmp_path / "movie.spe", stack, 20))
    np.testing.assert_array_equal(movie.read(0, 12), stack)
    with pytest.raises(MovieError, match="in the middle of frame 13 of 20"):
        movie.read(0, 20)


@pytest.mark.parametrize(
    ("name", "head", "package"),
    [("movie.nd2", b"\xda\xce\xbe\x0a", "nd2"), ("movie.spe", b"\xff\0\0\0", "imageio")],
)
def test_a_missing_reader_is_named_with_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, head: bytes, package: str
) -> None:
    for module in (package, f"{package}.v3", f"{package}.plugins.spe"):
        # what an import of a package that is not installed meets
        monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / name).write_bytes(head + bytes(5000))
    with pytest.raises(MovieError, match=f"package {package}, which is not installed") as caught:
        open_movie(tmp_path / name)
    assert caught.value.todo == 'Install it with: pip install "cellstorm[vendor]"'


def test_a_damaged_nd2_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("nd2")
    (tmp_path / "movie.nd2").write_bytes(b"\xda\xce\xbe\x0a" + bytes(5000))
    with pytest.raises(MovieError, match="not a readable ND2 file"):
        open_movie(tmp_path / "movie.nd2")
