"""Small real movies of every kind, made when a test asks for them."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from numpy.typing import NDArray

WriteVideo = Callable[..., Path]


@pytest.fixture(scope="session")
def moving_frames() -> NDArray[np.uint8]:
    """60 frames of 50 x 70 px (odd numbers of macroblocks), no two alike."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:50, :70]
    frames = []
    for k in range(60):
        image = 24 + 10 * np.sin((x + 2 * k) / 9) + rng.normal(0, 2, x.shape)
        spot_x, spot_y = 35 + 22 * np.cos(k / 7), 25 + 14 * np.sin(k / 5)
        image += 150 * np.exp(-((x - spot_x) ** 2 + (y - spot_y) ** 2) / 20)
        image[2:10, 2:10] += 2 * k
        frames.append(np.clip(image, 0, 235))
    return np.array(frames).astype(np.uint8)


def _write_video(
    path: Path,
    frames: NDArray[Any],
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    *,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    pts: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 30),
    color_range: int = 0,
    color_trc: int = 2,
) -> Path:
    """Encode grey values straight into the luma plane, chroma neutral."""
    _, height, width = frames.shape
    dtype = np.dtype(np.uint8) if frames.dtype == np.uint8 else np.dtype("<u2")
    container = av.open(str(path), "w", options=container_options or {})
    with container:
        stream = cast("VideoStream", container.add_stream(codec, rate=30))
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        stream.options = {**(options or {})}
        stream.codec_context.time_base = time_base
        stream.codec_context.color_range = color_range
        stream.codec_context.color_trc = color_trc
        for number, image in enumerate(frames):
            picture = av.VideoFrame(width, height, pixel_format)
            picture.color_range = color_range
            plane = picture.planes[0]
            padded = np.zeros((height, plane.line_size // dtype.itemsize), dtype)
            padded[:, :width] = image
            plane.update(padded.tobytes())
            neutral = 1 << (picture.format.components[0].bits - 1)
            for chroma in picture.planes[1:]:
                values = np.full(chroma.buffer_size // dtype.itemsize, neutral, dtype)
                chroma.update(values.tobytes())
            picture.pts = number if pts is None else pts[number]
            picture.time_base = time_base
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


@pytest.fixture
def write_video(tmp_path: Path) -> WriteVideo:
    """``write_video(name, frames, codec, pixel_format, ...)`` in the test's own folder."""

    def write(name: str, *arguments: Any, **options: Any) -> Path:
        return _write_video(tmp_path / name, *arguments, **options)

    return write


_X264 = {"crf": "20", "g": "12", "threads": "1"}
CODECS: dict[str, tuple[str, str, str, dict[str, str]]] = {
    "h264": ("mp4", "libx264", "yuv420p", {**_X264, "bf": "0"}),
    "h264-b": ("mp4", "libx264", "yuv420p", {**_X264, "bf": "3"}),
    "h264-open-gop": (
        "mkv",
        "libx264",
        "yuv420p",
        {**_X264, "bf": "3", "x264-params": "open-gop=1:b-adapt=0"},
    ),
    "h264-intra-refresh": (
        "mp4",
        "libx264",
        "yuv420p",
        {**_X264, "bf": "0", "x264-params": "intra-refresh=1"},
    ),
    "h264-ts": ("ts", "libx264", "yuv420p", {**_X264, "bf": "3"}),
    "h264-avi": ("avi", "libx264", "yuv420p", {**_X264, "bf": "3", "x264-params": "b-adapt=0"}),
    "h264-10bit": ("mp4", "libx264", "yuv420p10le", {**_X264, "bf": "0"}),
    "hevc": (
        "mp4",
        "libx265",
        "yuv420p",
        {
            "crf": "20",
            "x265-params": "log-level=none:keyint=12:bframes=4:pools=none:frame-threads=1",
        },
    ),
    "vp8": (
        "webm",
        "libvpx",
        "yuv420p",
        {"crf": "20", "b": "1M", "g": "12", "auto-alt-ref": "1", "lag-in-frames": "16"},
    ),
    "vp9": (
        "webm",
        "libvpx-vp9",
        "yuv420p",
        {"crf": "30", "b": "0", "g": "12", "cpu-used": "5", "lag-in-frames": "16"},
    ),
    "av1": ("mp4", "libsvtav1", "yuv420p", {"crf": "30", "preset": "12", "g": "12"}),
    "mpeg4": ("avi", "mpeg4", "yuv420p", {"g": "12", "bf": "2"}),
    "mjpeg": ("avi", "mjpeg", "yuvj420p", {"q": "3"}),
    "ffv1": ("mkv", "ffv1", "gray", {}),
    "ffv1-10bit": ("mkv", "ffv1", "gray10le", {}),
}


@pytest.fixture(scope="session", params=sorted(CODECS))
def coded_movie(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    moving_frames: NDArray[np.uint8],
) -> Path:
    """The moving frames in one codec after the other."""
    suffix, codec, pixel_format, options = CODECS[request.param]
    frames: NDArray[Any] = moving_frames
    if "10" in pixel_format:
        frames = frames.astype(np.uint16) * 4
    path = tmp_path_factory.mktemp("coded") / f"{request.param}.{suffix}"
    color_range = 2 if pixel_format.startswith("yuvj") else 0
    return _write_video(path, frames, codec, pixel_format, options=options, color_range=color_range)
