"""A video that shows only part of its coded pictures is read where it is shown."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cellstorm.localize.gaussian.coding_noise import coding_variance_e2
from cellstorm.movie import open_movie
from cellstorm.movie.h264_cropping import h264_cropping_px

_LOSSLESS = {"qp": "0", "bf": "0", "preset": "veryfast"}


@pytest.mark.parametrize(("left", "top"), [(2, 4), (6, 10), (14, 0), (18, 34)])
def test_columns_and_rows_cropped_by_the_stream_do_not_come_back(
    write_video: Any, moving_frames: NDArray[np.uint8], left: int, top: int
) -> None:
    path = write_video(
        "cropped.mp4",
        moving_frames,
        options={**_LOSSLESS, "x264-params": f"crop-rect={left},{top},0,0"},
    )
    with open_movie(path) as movie:
        np.testing.assert_array_equal(movie.read(0, 60), moving_frames[:, top:, left:])


@pytest.mark.parametrize(("left", "top"), [(0, 0), (6, 10), (14, 0), (18, 34)])
def test_quantisers_lie_under_the_pixels_they_were_used_for(
    write_video: Any, left: int, top: int
) -> None:
    frames = np.full((2, 96, 128), 60, np.uint8)
    # one busy macroblock, which adaptive quantisation gives the coarsest step
    frames[:, 64:80, 48:64] = np.random.default_rng(1).integers(20, 220, (2, 16, 16))
    options = {"crf": "25", "x264-params": f"aq-mode=1:crop-rect={left},{top},0,0"}
    path = write_video("cropped.mp4", frames, options=options)
    with open_movie(path) as movie:
        coding = movie.read_chunk(0, 1).coding
        height, width = movie.shape[1:]
    assert coding is not None and coding.qp is not None
    assert (height, width) == (96 - top, 128 - left)
    assert coding.grid_offset_px == (left % 16, top % 16)
    region = (0, width, 0, height)
    variance = coding_variance_e2(coding, (height, width), region, 1.0)[0]
    assert variance.shape == (height, width)
    coarsest = np.argwhere(variance == variance.max())
    np.testing.assert_array_equal(coarsest.min(axis=0), [64 - top, 48 - left])
    np.testing.assert_array_equal(coarsest.max(axis=0), [79 - top, 63 - left])


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi"])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p", "gray", "yuv420p10le"])
def test_cropping_is_known_from_any_container_and_chroma(
    write_video: Any, moving_frames: NDArray[np.uint8], suffix: str, pixel_format: str
) -> None:
    frames = moving_frames[:3].astype(np.uint16 if "10" in pixel_format else np.uint8)
    options = {"qp": "20", "bf": "0", "x264-params": "crop-rect=6,10,0,0"}
    path = write_video(f"c.{suffix}", frames, pixel_format=pixel_format, options=options)
    coding = open_movie(path).read_chunk(0, 1).coding
    assert coding is not None
    assert coding.grid_offset_px == (6, 10)


@pytest.mark.parametrize("extradata", [None, b"", b"\1", b"\1abcdefgh", b"\0\0\1\x67", b"junk"])
def test_damaged_parameter_sets_crop_nothing(extradata: bytes | None) -> None:
    assert h264_cropping_px(extradata) == (0, 0)


def test_custom_quantiser_matrices_do_not_hide_the_cropping(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    options = {"qp": "20", "x264-params": "cqm=jvt:8x8dct=1:crop-rect=4,8,0,0"}
    path = write_video("matrices.mp4", moving_frames[:3], options=options)
    coding = open_movie(path).read_chunk(0, 1).coding
    assert coding is not None
    assert coding.grid_offset_px == (4, 8)
