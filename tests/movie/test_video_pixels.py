"""Grey values come out exactly as coded: no range, colour or depth conversion."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from cellstorm.movie import open_movie
from cellstorm.movie.luma import grey_layout


@pytest.fixture
def noise() -> NDArray[np.uint8]:
    """All 256 values, in frames of odd width and height."""
    return np.random.default_rng(5).integers(0, 256, (4, 37, 53)).astype(np.uint8)


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format", "options", "bits"),
    [
        ("h264.mkv", "libx264", "yuv444p", {"qp": "0"}, 8),
        ("h264-10.mkv", "libx264", "yuv444p10le", {"qp": "0"}, 10),
        (
            "h265-12.mkv",
            "libx265",
            "yuv444p12le",
            {"x265-params": "lossless=1:log-level=none:pools=none:frame-threads=1"},
            12,
        ),
        ("ffv1.mkv", "ffv1", "gray", {}, 8),
        ("ffv1.avi", "ffv1", "gray", {}, 8),
        ("ffv1-10.mkv", "ffv1", "gray10le", {}, 10),
        ("ffv1-16.mkv", "ffv1", "gray16le", {}, 16),
        ("ffv1-yuv.mkv", "ffv1", "yuv420p", {}, 8),
    ],
)
def test_a_lossless_round_trip_is_bit_exact(
    write_video: Any,
    noise: NDArray[np.uint8],
    name: str,
    codec: str,
    pixel_format: str,
    options: dict[str, str],
    bits: int,
) -> None:
    frames: NDArray[Any] = noise
    if bits > 8:
        scale = 1 << (bits - 8)
        wide = noise.astype(np.uint16)
        frames = wide * scale + wide % scale
    path = write_video(name, frames, codec, pixel_format, options=options)
    movie = open_movie(path)
    assert movie.bit_depth == bits
    assert movie.dtype == (np.uint8 if bits == 8 else np.uint16)
    assert movie.notices == ()
    np.testing.assert_array_equal(movie.read(0, 4), frames)


@pytest.mark.parametrize(("pixel_format", "first"), [("yuyv422", 0), ("uyvy422", 1)])
def test_luma_packed_with_chroma_is_found(
    tmp_path: Path, noise: NDArray[np.uint8], pixel_format: str, first: int
) -> None:
    frames = noise[:, :, :52]
    path = tmp_path / "packed.nut"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("rawvideo", rate=10)
        stream.height, stream.width, stream.pix_fmt = 37, 52, pixel_format
        for number, image in enumerate(frames):
            picture = av.VideoFrame(52, 37, pixel_format)
            plane = picture.planes[0]
            lines = np.full((37, plane.line_size), 128, np.uint8)
            lines[:, first : 2 * 52 : 2] = image
            plane.update(lines.tobytes())
            picture.pts = number
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    np.testing.assert_array_equal(open_movie(path).read(0, 4), frames)


@pytest.mark.parametrize("color_range", [1, 2])
def test_limited_range_is_not_stretched(
    write_video: Any, noise: NDArray[np.uint8], color_range: int
) -> None:
    path = write_video(
        "range.mkv", noise, "libx264", "yuv444p", options={"qp": "0"}, color_range=color_range
    )
    movie = open_movie(path)
    assert movie.codec is not None
    assert movie.codec.color_range == {1: "limited", 2: "full"}[color_range]
    np.testing.assert_array_equal(movie.read(0, 4), noise)


def _write_rgb(path: Path, codec: str, pixel_format: str, frames: NDArray[np.uint8]) -> Path:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=10)
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:3], pixel_format
        for number, image in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(image, format="rgb24")
            picture = picture.reformat(format=pixel_format)
            picture.pts = number
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format"),
    [
        ("ffv1.mkv", "ffv1", "bgr0"),
        ("planar.nut", "rawvideo", "gbrp"),
        ("png.mov", "png", "rgb24"),
        ("alpha.mov", "png", "rgba"),
        # stored with the last line first
        ("bottom-up.avi", "rawvideo", "bgr24"),
    ],
)
def test_rgb_becomes_luminance_with_a_notice(
    tmp_path: Path, name: str, codec: str, pixel_format: str
) -> None:
    rgb = np.random.default_rng(2).integers(0, 256, (3, 37, 53, 3)).astype(np.uint8)
    movie = open_movie(_write_rgb(tmp_path / name, codec, pixel_format, rgb))
    expected = rgb @ np.array([0.2126, 0.7152, 0.0722])
    assert np.abs(movie.read(0, 3) - expected).max() < 0.51
    assert any("luminance" in notice for notice in movie.notices)


def test_grey_stored_as_rgb_keeps_its_values(tmp_path: Path, noise: NDArray[np.uint8]) -> None:
    rgb = np.repeat(noise[..., None], 3, axis=3)
    movie = open_movie(_write_rgb(tmp_path / "grey.mov", "png", "rgb24", rgb))
    np.testing.assert_array_equal(movie.read(0, 4), noise)


@pytest.mark.parametrize(
    ("pixel_format", "bits", "shift"),
    [("p010le", 10, 6), ("p016le", 16, 0), ("nv12", 8, 0), ("nv20le", 10, 0), ("ya8", 8, 0)],
)
def test_luma_is_found_in_formats_of_hardware_decoders(
    pixel_format: str, bits: int, shift: int
) -> None:
    width, height = 38, 20
    values = np.random.default_rng(3).integers(0, 1 << bits, (height, width))
    picture = av.VideoFrame(width, height, pixel_format)
    plane = picture.planes[0]
    dtype = np.dtype(np.uint8) if bits == 8 else np.dtype("<u2")
    step = 2 if pixel_format == "ya8" else 1
    lines = np.zeros((height, plane.line_size // dtype.itemsize), dtype)
    lines[:, : step * width : step] = values << shift
    plane.update(lines.tobytes())

    layout = grey_layout(picture.format)
    grey = np.empty((height, width), layout.dtype)
    layout.copy(picture, grey)
    assert layout.bit_depth == bits
    np.testing.assert_array_equal(grey, values)


def test_one_frame_and_a_large_picture_are_fine(write_video: Any) -> None:
    frames = np.zeros((1, 2160, 3840), np.uint8)
    frames[0, 1000, 3000] = 200
    movie = open_movie(write_video("4k.mkv", frames, "ffv1", "gray"))
    assert movie.shape == (1, 2160, 3840)
    np.testing.assert_array_equal(movie.read(0, 1), frames)


@pytest.mark.parametrize("value", [0, 255])
def test_all_black_and_all_white_movies_open(write_video: Any, value: int) -> None:
    frames = np.full((5, 48, 64), value, np.uint8)
    movie = open_movie(write_video("flat.mkv", frames, options={"qp": "0"}, pixel_format="yuv444p"))
    np.testing.assert_array_equal(movie.read(0, 5), frames)
