"""TIFF stacks of every flavour give the frames that were saved."""

import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from cellstorm.errors import MovieError
from cellstorm.movie import open_movie


@pytest.fixture
def stack() -> NDArray[np.uint16]:
    return np.random.default_rng(4).integers(90, 4000, (23, 17, 29)).astype(np.uint16)


def _check(path: Path, expected: NDArray[Any]) -> None:
    with open_movie(path) as movie:
        assert movie.shape == expected.shape
        assert movie.dtype == expected.dtype
        np.testing.assert_array_equal(movie.read(0, len(expected)), expected)
        np.testing.assert_array_equal(movie.read(9, 14), expected[9:14])
        np.testing.assert_array_equal(movie.read(3, 4), expected[3:4])


@pytest.mark.parametrize(
    "options",
    [
        {"metadata": None},
        {},
        {"imagej": True, "metadata": {"axes": "TYX"}},
        {"bigtiff": True},
        {"ome": True, "metadata": {"axes": "TYX"}},
        {"byteorder": ">"},
        {"compression": "zlib", "metadata": None},
        {"compression": "lzw", "predictor": True},
        {"compression": "zstd", "imagej": False},
        {"tile": (16, 16)},
        {"rowsperstrip": 5},
        {"compression": "deflate", "byteorder": ">", "bigtiff": True},
        {"photometric": "miniswhite"},
    ],
    ids=str,
)
def test_frames_come_back_as_saved(
    tmp_path: Path, stack: NDArray[np.uint16], options: dict[str, Any]
) -> None:
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, stack, **options)
    _check(path, stack)


@pytest.mark.parametrize(
    ("saved", "given"),
    [
        ("uint8", "uint8"),
        ("int8", "int16"),
        ("int16", "int16"),
        ("int32", "int32"),
        ("uint32", "uint32"),
        ("float32", "float32"),
        ("float64", "float64"),
        ("float16", "float32"),
        ("bool", "uint8"),
        ("int64", "float64"),
    ],
)
def test_grey_values_of_any_type_are_kept(tmp_path: Path, saved: str, given: str) -> None:
    values = np.random.default_rng(0).integers(0, 120, (12, 11, 13)).astype(saved)
    path = tmp_path / "values.tif"
    tifffile.imwrite(path, values, metadata=None)
    movie = open_movie(path)
    assert movie.dtype == given
    np.testing.assert_array_equal(movie.read(0, 12), values.astype(given))


def test_complex_values_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "complex.tif"
    tifffile.imwrite(path, np.zeros((9, 8, 8), np.complex64), photometric="minisblack")
    with pytest.raises(MovieError, match="complex64, which are not grey values"):
        open_movie(path)


def test_one_frame_is_a_movie(tmp_path: Path, stack: NDArray[np.uint16]) -> None:
    path = tmp_path / "one.tif"
    tifffile.imwrite(path, stack[0])
    movie = open_movie(path)
    assert movie.shape == (1, 17, 29)
    np.testing.assert_array_equal(movie.read(0, 1)[0], stack[0])


def test_hyperstacks_are_flattened_with_a_notice(tmp_path: Path, stack: NDArray[np.uint16]) -> None:
    frames = stack[:20]
    path = tmp_path / "hyper.tif"
    tifffile.imwrite(path, frames.reshape(5, 4, 17, 29), imagej=True, metadata={"axes": "TZYX"})
    movie = open_movie(path)
    assert any("T (5) and Z (4)" in notice for notice in movie.notices)
    np.testing.assert_array_equal(movie.read(0, 20), frames)


def test_slices_mistaken_for_depth_are_frames(tmp_path: Path, stack: NDArray[np.uint16]) -> None:
    path = tmp_path / "slices.tif"
    tifffile.imwrite(path, stack, imagej=True, metadata={"axes": "ZYX"})
    assert open_movie(path).notices == ()
    _check(path, stack)


def test_an_imagej_stack_with_a_single_directory_is_whole(
    tmp_path: Path, stack: NDArray[np.uint16]
) -> None:
    # as ImageJ writes what is larger than 4 GB
    path = tmp_path / "large.tif"
    tifffile.imwrite(path, stack, imagej=True, metadata={"axes": "TYX"})
    with tifffile.TiffFile(path) as tif:
        first = tif.pages.first
        end_of_tags = first.offset + 2 + 12 * len(first.tags)
    data = bytearray(path.read_bytes())
    data[end_of_tags : end_of_tags + 4] = bytes(4)
    path.write_bytes(data)
    _check(path, stack)


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_rgb_becomes_luminance_with_a_notice(
    tmp_path: Path, planar: str, compression: str | None
) -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (6, 3, 17, 29)).astype(np.uint8)
    path = tmp_path / "rgb.tif"
    saved = rgb if planar == "separate" else np.moveaxis(rgb, 1, -1)
    tifffile.imwrite(path, saved, photometric="rgb", planarconfig=planar, compression=compression)
    movie = open_movie(path)
    expected = np.tensordot(rgb, [0.2126, 0.7152, 0.0722], axes=(1, 0))
    assert np.abs(movie.read(0, 6) - expected).max() < 0.51
    assert any("luminance" in notice for notice in movie.notices)


def test_three_channels_become_luminance_with_a_notice(tmp_path: Path) -> None:
    channels = np.random.default_rng(1).integers(0, 4000, (6, 3, 17, 29)).astype(np.uint16)
    path = tmp_path / "channels.tif"
    tifffile.imwrite(path, channels, imagej=True, metadata={"axes": "TCYX"})
    movie = open_movie(path)
    expected = np.tensordot(channels, [0.2126, 0.7152, 0.0722], axes=(1, 0))
    assert movie.shape == (6, 17, 29)
    assert np.abs(movie.read(2, 5) - expected[2:5]).max() < 0.55
    assert any("luminance" in notice for notice in movie.notices)


@pytest.mark.parametrize("count", [2, 4])
def test_other_numbers_of_channels_must_be_split_first(tmp_path: Path, count: int) -> None:
    path = tmp_path / "channels.tif"
    frames = np.zeros((5, count, 16, 16), np.uint16)
    tifffile.imwrite(path, frames, imagej=True, metadata={"axes": "TCYX"})
    with pytest.raises(MovieError, match=f"{count} channels, not one") as caught:
        open_movie(path)
    assert caught.value.todo is not None and "Split" in caught.value.todo


@pytest.mark.parametrize("options", [{"imagej": True}, {"ome": True}])
def test_a_stack_whose_axes_nobody_named_is_taken_as_frames(
    tmp_path: Path, stack: NDArray[np.uint16], options: dict[str, Any]
) -> None:
    path = tmp_path / "unnamed.tif"
    tifffile.imwrite(path, stack, **options)
    assert "The 23 channels were taken as frames." in open_movie(path).notices
    _check(path, stack)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_no_number_is_found_and_named(tmp_path: Path, value: float) -> None:
    frames = np.ones((8, 10, 12), np.float32)
    frames[5, 3, 7] = value
    path = tmp_path / "float.tif"
    tifffile.imwrite(path, frames)
    movie = open_movie(path)
    movie.read(0, 5)
    with pytest.raises(MovieError, match=r"frame 5 .* x = 7, y = 3"):
        movie.read(3, 8)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"ome": True, "metadata": {"PhysicalSizeX": 0.1, "PhysicalSizeXUnit": "µm"}}, 100),
        ({"ome": True, "metadata": {"PhysicalSizeX": 65.0, "PhysicalSizeXUnit": "nm"}}, 65),
        ({"imagej": True, "resolution": (12.5, 12.5), "metadata": {"unit": "um"}}, 80),
        ({"resolution": (1e5, 1e5), "resolutionunit": "CENTIMETER"}, 100),
        # print resolutions and pixels are no sizes
        ({"resolution": (72, 72), "resolutionunit": "INCH"}, None),
        ({"resolution": (300, 300), "resolutionunit": "INCH"}, None),
        ({"imagej": True, "resolution": (1, 1), "metadata": {"unit": "pixel"}}, None),
        ({}, None),
    ],
    ids=str,
)
def test_pixel_size_is_taken_where_it_means_something(
    tmp_path: Path,
    stack: NDArray[np.uint16],
    options: dict[str, Any],
    expected: float | None,
) -> None:
    path = tmp_path / "size.tif"
    tifffile.imwrite(path, stack, **options)
    size = open_movie(path).pixel_size_nm
    assert size is None if expected is None else size == pytest.approx(expected, rel=1e-4)


def test_a_folder_of_numbered_tiffs_is_one_movie(tmp_path: Path, stack: NDArray[np.uint16]) -> None:
    for number, frame in enumerate(stack):
        # 10 sorts behind 9 although not behind it in the alphabet
        tifffile.imwrite(tmp_path / f"frame_{number}.tif", frame)
    (tmp_path / "notes.txt").write_text("by hand")
    _check(tmp_path, stack)


def test_a_folder_of_stacks_is_one_movie(tmp_path: Path, stack: NDArray[np.uint16]) -> None:
    for number, (first, last) in enumerate([(0, 8), (8, 16), (16, 23)]):
        tifffile.imwrite(tmp_path / f"part{number}.tif", stack[first:last], compression="zlib")
    _check(tmp_path, stack)


def test_files_of_another_size_in_a_folder_are_named(tmp_path: Path) -> None:
    for number in range(4):
        width = 12 if number == 2 else 10
        tifffile.imwrite(tmp_path / f"f{number}.tif", np.zeros((10, width), np.uint8))
    movie = open_movie(tmp_path)
    movie.read(0, 2)
    with pytest.raises(MovieError, match=r"f2\.tif: this file has 12 x 10 px"):
        movie.read(0, 4)


def _write_ome_set(folder: Path, stack: NDArray[np.uint16]) -> list[Path]:
    """Two files whose OME-XML names both, as MicroManager and Bio-Formats write them."""
    half = 12
    paths = [folder / "run_MMStack_Pos0.ome.tif", folder / "run_MMStack_Pos0_1.ome.tif"]
    blocks = "".join(
        f'<TiffData FirstT="{t}" FirstC="0" FirstZ="0" IFD="{t % half}" PlaneCount="1">'
        f'<UUID FileName="{paths[t // half].name}">urn:uuid:{t // half}</UUID></TiffData>'
        for t in range(len(stack))
    )
    for number, path in enumerate(paths):
        xml = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"'
            f' UUID="urn:uuid:{number}"><Image ID="Image:0"><Pixels ID="Pixels:0"'
            f' DimensionOrder="XYZCT" Type="uint16" SizeX="29" SizeY="17" SizeZ="1" SizeC="1"'
            f' SizeT="{len(stack)}" PhysicalSizeX="0.108"><Channel ID="Channel:0:0"'
            f' SamplesPerPixel="1"/>{blocks}</Pixels></Image></OME>'
        )
        tifffile.imwrite(
            path,
            stack[number * half : (number + 1) * half],
            description=xml,
            metadata=None,
        )
    return paths


@pytest.mark.parametrize("which", [0, 1])
def test_any_file_of_a_set_opens_the_whole_set(
    tmp_path: Path, stack: NDArray[np.uint16], which: int
) -> None:
    paths = _write_ome_set(tmp_path, stack)
    _check(paths[which], stack)
    movie = open_movie(paths[which])
    assert movie.pixel_size_nm == pytest.approx(108)
    assert "set of several files" in movie.format_name
    _check(tmp_path, stack)


def test_a_missing_file_of_a_set_is_said_to_be_missing(
    tmp_path: Path, stack: NDArray[np.uint16]
) -> None:
    paths = _write_ome_set(tmp_path, stack)
    paths[1].unlink()
    movie = open_movie(paths[0])
    np.testing.assert_array_equal(movie.read(0, 12), stack[:12])
    with pytest.raises(MovieError, match=r"frame 12 .* lies in a file of this set"):
        movie.read(10, 15)


def test_a_set_described_in_another_file_is_found(
    tmp_path: Path, stack: NDArray[np.uint16]
) -> None:
    paths = _write_ome_set(tmp_path, stack)
    xml = (
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:1">'
        f'<BinaryOnly MetadataFile="{paths[0].name}" UUID="urn:uuid:0"/></OME>'
    )
    tifffile.imwrite(paths[1], stack[12:], description=xml, metadata=None)
    _check(paths[1], stack)


@pytest.mark.parametrize("options", [{"metadata": None}, {"compression": "zlib"}, {}])
def test_a_truncated_stack_gives_the_frames_before_the_cut(
    tmp_path: Path, stack: NDArray[np.uint16], options: dict[str, Any]
) -> None:
    path = tmp_path / "stack.tif"
    # page by page, as acquisition programs write
    with tifffile.TiffWriter(path) as writer:
        for frame in stack:
            writer.write(frame, contiguous=False, **options)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    movie = open_movie(path)
    assert any("truncated" in notice for notice in movie.notices)
    with pytest.raises(MovieError, match="the TIFF ends in the middle of frame") as caught:
        movie.read(0, movie.shape[0])
    assert caught.value.todo is not None
    readable = int(caught.value.todo.partition("--frames 0:")[2].rstrip("."))
    assert 10 <= readable <= 16
    np.testing.assert_array_equal(movie.read(0, readable), stack[:readable])


def test_a_truncated_imagej_stack_keeps_its_announced_length(
    tmp_path: Path, stack: NDArray[np.uint16]
) -> None:
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, stack, imagej=True, metadata={"axes": "TYX"})
    with tifffile.TiffFile(path) as tif:
        first = tif.pages.first
        end_of_tags = first.offset + 2 + 12 * len(first.tags)
        data_begin = first.dataoffsets[0]
    data = bytearray(path.read_bytes())
    data[end_of_tags : end_of_tags + 4] = bytes(4)
    path.write_bytes(data[: data_begin + 10 * stack[0].nbytes + 100])
    movie = open_movie(path)
    assert movie.shape == stack.shape
    np.testing.assert_array_equal(movie.read(0, 10), stack[:10])
    with pytest.raises(MovieError, match="in the middle of frame 11 of 23"):
        movie.read(5, 15)


def test_a_tiff_cut_before_its_directory_says_so(tmp_path: Path, stack: NDArray[np.uint16]) -> None:
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, stack)
    data = bytearray(path.read_bytes())
    # ImageJ and others write the directory behind the data
    data[4:8] = (len(data) * 2).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(MovieError, match="truncated: its table of pages lies past the end"):
        open_movie(path)


def test_a_damaged_compressed_page_is_named(tmp_path: Path, stack: NDArray[np.uint16]) -> None:
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, stack, compression="zlib", metadata=None)
    with tifffile.TiffFile(path) as tif:
        page: Any = tif.pages[7]
        begin, count = page.dataoffsets[0], page.databytecounts[0]
    data = bytearray(path.read_bytes())
    data[begin : begin + count] = bytes(count)
    path.write_bytes(data)
    movie = open_movie(path)
    np.testing.assert_array_equal(movie.read(8, 23), stack[8:])
    with pytest.raises(MovieError, match=r"frame 7 .* cannot be decompressed"):
        movie.read(0, 10)


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}])
def test_threads_and_other_processes_may_read(
    tmp_path: Path, stack: NDArray[np.uint16], options: dict[str, Any]
) -> None:
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, stack, **options)
    movie = open_movie(path)
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda k: movie.read(k, k + 1)[0], range(23)))
    np.testing.assert_array_equal(parts, stack)
    copy = pickle.loads(pickle.dumps(movie))
    np.testing.assert_array_equal(copy.read(0, 23), stack)
    movie.close()
    np.testing.assert_array_equal(movie.read(4, 6), stack[4:6])


def test_the_fingerprint_tells_movies_apart_but_not_copies(
    tmp_path: Path, stack: NDArray[np.uint16]
) -> None:
    tifffile.imwrite(tmp_path / "a.tif", stack)
    shutil.copy(tmp_path / "a.tif", tmp_path / "b.tif")
    stack[22, 5, 5] += 1
    tifffile.imwrite(tmp_path / "c.tif", stack)
    a, b, c = (open_movie(tmp_path / f"{name}.tif").fingerprint() for name in "abc")
    assert a == b != c
