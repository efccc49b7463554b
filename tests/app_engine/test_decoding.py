"""The browser reads the luma that PyAV reads, bit for bit."""

import hashlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import tifffile
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from cellstorm.movie import open_movie

FRAMES, HEIGHT, WIDTH = 40, 50, 66

Engine = Callable[..., Any]


def _frames(bits: int) -> list[NDArray[np.uint16]]:
    random = np.random.default_rng(2)
    column = np.arange(WIDTH)
    spot = [60.0 * np.exp(-((column - 10.0 - n) ** 2) / 8.0) for n in range(FRAMES)]
    scale = 2 ** (bits - 8)
    return [
        np.clip(random.poisson(20.0, (HEIGHT, WIDTH)) + light, 0, 255).astype(np.uint16) * scale
        for light in spot
    ]


def _write(path: Path, codec: str, pixels: str, **options: Any) -> None:
    """A movie of noise and a moving stripe; ``container`` and ``full`` are no encoder's."""
    ten = pixels.endswith("10le")
    width_bytes = 2 if ten else 1
    container = av.open(str(path), "w", options=options.pop("container", {}))
    full = options.pop("full", False)
    stream = container.add_stream(codec, rate=30)
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixels
    stream.options = {name: str(value) for name, value in options.items()}
    if full:
        stream.codec_context.color_range = int(ColorRange.JPEG)
    for number, grey in enumerate(_frames(10 if ten else 8)):
        frame = av.VideoFrame(WIDTH, HEIGHT, pixels)
        kind = np.dtype("<u2" if ten else "u1")
        luma = np.zeros((HEIGHT, frame.planes[0].line_size // width_bytes), kind)
        luma[:, :WIDTH] = grey
        frame.planes[0].update(luma.tobytes())
        for plane in frame.planes[1:]:
            empty = np.full(plane.buffer_size // width_bytes, 512 if ten else 128, kind)
            plane.update(empty.tobytes())
        frame.pts, frame.time_base = number, Fraction(1, 30)
        if full:
            frame.color_range = int(ColorRange.JPEG)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
    container.close()


def _digests(path: Path) -> list[str]:
    movie = open_movie(path)
    frames = movie.read(0, movie.shape[0])
    return [hashlib.sha256(np.ascontiguousarray(frame).tobytes()).hexdigest() for frame in frames]


_X264: dict[str, Any] = {"codec": "libx264", "pixels": "yuv420p", "crf": 20, "g": 12}
_MOVIES: dict[str, dict[str, Any]] = {
    "b_pictures.mp4": {**_X264, "bf": 3},
    "open_gop.mp4": {**_X264, "bf": 2, "x264-params": "open-gop=1"},
    "full_range.mp4": {**_X264, "full": True},
    "fragmented.mp4": {**_X264, "container": {"movflags": "frag_keyframe+empty_moov"}},
    "quicktime.mov": {**_X264, "bf": 2},
    "ten_bits.mp4": {**_X264, "pixels": "yuv420p10le"},
    "vp9.webm": {"codec": "libvpx-vp9", "pixels": "yuv420p", "crf": 20, "b": 0},
    "vp8.webm": {"codec": "libvpx", "pixels": "yuv420p", "b": 1_000_000},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", _MOVIES)
def test_the_browser_reads_every_frame_as_pyav_does(
    name: str, engine: Engine, site_folder: Path
) -> None:
    path = site_folder / name
    _write(path, **dict(_MOVIES[name]))
    seen = engine("lumaOf", name)
    assert seen["digests"] == _digests(path)
    assert (seen["width"], seen["height"], seen["frameCount"]) == (WIDTH, HEIGHT, FRAMES)
    assert seen["bitDepth"] == (10 if "ten" in name else 8)
    assert seen["frameRateHz"] == pytest.approx(30.0, rel=1e-3)
    codec = open_movie(path).codec
    assert codec is not None
    # what says nothing of its range is taken as full, in Python too
    assert seen["valueRange"] == ("limited" if codec.color_range == "limited" else "full")


@pytest.mark.slow
def test_the_browser_begins_in_the_middle(engine: Engine, site_folder: Path) -> None:
    path = site_folder / "middle.mp4"
    _write(path, **_X264, bf=3)
    assert engine("lumaOf", path.name, 17, 23)["digests"] == _digests(path)[17:23]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "how", "kind"),
    [
        ("cut_front.mp4", {"container": {"movflags": "faststart"}}, "cut-short"),
        ("cut_index.mp4", {}, "cut-short"),
    ],
)
def test_a_movie_cut_short_is_told_so(
    name: str, how: dict[str, Any], kind: str, engine: Engine, site_folder: Path
) -> None:
    path = site_folder / name
    _write(path, **{**_X264, "crf": 10, **how})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 6 // 10])
    seen = engine("lumaOf", name)
    assert seen["kind"] == kind
    if how:
        assert "can be read" in seen["message"]
    else:
        assert "no index" in seen["message"]


@pytest.mark.slow
def test_what_is_no_movie_is_told_so(engine: Engine, site_folder: Path) -> None:
    (site_folder / "letter.mp4").write_text("Dear reader, this is no movie at all. " * 10)
    assert engine("lumaOf", "letter.mp4")["kind"] == "not-a-movie"


@pytest.mark.slow
def test_a_codec_that_the_browser_lacks_is_named(engine: Engine, site_folder: Path) -> None:
    path = site_folder / "hevc.mp4"
    _write(path, codec="libx265", pixels="yuv420p", crf=20, **{"x265-params": "log-level=0"})
    seen = engine("lumaOf", "hevc.mp4")
    if "digests" in seen:
        assert seen["digests"] == _digests(path)
    else:
        assert seen["kind"] == "unsupported-codec"
        assert "HEVC" in seen["message"]


_STACKS: dict[str, tuple[str, dict[str, Any]]] = {
    "eight_bits": ("u1", {"compression": "lzw", "rowsperstrip": 10}),
    "big_endian": ("u2", {"byteorder": ">"}),
    "differences": ("u2", {"compression": "lzw", "predictor": 2}),
    "deflate": ("u2", {"compression": "zlib"}),
    "big_tiff": ("f4", {"bigtiff": True}),
    "imagej": ("u2", {"imagej": True, "resolution": (10.0, 10.0), "metadata": {"unit": "um"}}),
    "ome": ("u2", {"ome": True, "metadata": {"axes": "TYX", "PhysicalSizeX": 0.12}}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", _STACKS)
def test_the_browser_reads_tiff_stacks(name: str, engine: Engine, site_folder: Path) -> None:
    dtype, options = _STACKS[name]
    scale = 1 if dtype == "u1" else 40
    frames = (np.stack(_frames(8)[:5]) * scale).astype(dtype)
    path = site_folder / f"{name}.tif"
    tifffile.imwrite(path, frames, photometric="minisblack", **options)
    seen = engine("lumaOf", path.name)
    assert seen["digests"] == [hashlib.sha256(frame.tobytes()).hexdigest() for frame in frames]
    movie = open_movie(path)
    assert seen["frameCount"] == movie.shape[0]
    assert seen["pixelSizeNm"] == pytest.approx(movie.pixel_size_nm)
