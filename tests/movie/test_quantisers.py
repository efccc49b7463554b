"""The quantisation parameters that the encoder used are those that are read."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cellstorm.movie import open_movie, quantiser_step

_FLAT = {"x264-params": "aq-mode=0:mbtree=0:ipratio=1:pbratio=1"}


@pytest.mark.parametrize("qp", [10, 24, 37])
def test_constant_qp_is_read_back(
    write_video: Any, moving_frames: NDArray[np.uint8], qp: int
) -> None:
    path = write_video("movie.mp4", moving_frames, options={"qp": str(qp), **_FLAT})
    coding = open_movie(path).read_chunk(0, 60).coding
    assert coding is not None and coding.qp is not None
    # 50 x 70 px are covered by 4 x 5 macroblocks
    assert coding.qp.shape == (60, 4, 5)
    assert coding.qp.dtype == np.float32
    assert coding.block_size_px == 16
    np.testing.assert_array_equal(coding.qp, qp)


def test_ten_bit_qp_gives_the_step_in_ten_bit_grey_values(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    eight = open_movie(write_video("8.mkv", moving_frames, options={"qp": "24", **_FLAT}))
    ten = open_movie(
        write_video(
            "10.mkv",
            moving_frames.astype(np.uint16) * 4,
            pixel_format="yuv420p10le",
            options={"qp": "36", **_FLAT},
        )
    )
    coding = ten.read_chunk(0, 60).coding
    assert coding is not None and coding.qp is not None
    np.testing.assert_array_equal(coding.qp, 36)
    # four times the grey values and four times the step: as many bits, four times the error
    assert ten.codec is not None and eight.codec is not None
    assert ten.codec.bits_per_pixel == pytest.approx(eight.codec.bits_per_pixel, rel=0.1)
    grey = moving_frames.astype(np.float64)
    error_8 = np.std(eight.read(0, 60).astype(np.float64) - grey)
    error_10 = np.std(ten.read(0, 60).astype(np.float64) - 4 * grey)
    assert error_10 / error_8 == pytest.approx(4, rel=0.1)


def test_qp_follows_what_the_encoder_spends_where(write_video: Any) -> None:
    rng = np.random.default_rng(1)
    frames = np.full((20, 64, 128), 60, np.uint8)
    frames[:, :, 64:] = rng.integers(20, 220, (20, 64, 64))
    path = write_video("movie.mp4", frames, options={"crf": "25", "x264-params": "aq-mode=1"})
    coding = open_movie(path).read_chunk(0, 1).coding
    assert coding is not None and coding.qp is not None
    # adaptive quantisation gives busy places the coarser steps
    assert coding.qp[0, :, 4:].mean() > coding.qp[0, :, :4].mean() + 2


def test_blocks_lie_where_the_picture_has_them(write_video: Any) -> None:
    frames = np.full((2, 64, 128), 60, np.uint8)
    frames[:, 48:, :16] = np.random.default_rng(1).integers(20, 220, (2, 16, 16))
    path = write_video("movie.mp4", frames, options={"crf": "25", "x264-params": "aq-mode=1"})
    coding = open_movie(path).read_chunk(0, 1).coding
    assert coding is not None and coding.qp is not None
    assert np.unravel_index(coding.qp[0].argmax(), coding.qp[0].shape) == (3, 0)


def test_other_codecs_have_no_qp(write_video: Any, moving_frames: NDArray[np.uint8]) -> None:
    movie = open_movie(write_video("movie.mkv", moving_frames, "ffv1", "gray"))
    coding = movie.read_chunk(0, 5).coding
    assert coding is not None and coding.qp is None
    assert movie.codec is not None and not movie.codec.has_qp


def test_qp_can_be_left_out(write_video: Any, moving_frames: NDArray[np.uint8]) -> None:
    path = write_video("movie.mp4", moving_frames)
    coding = open_movie(path, with_qp=False).read_chunk(0, 5).coding
    assert coding is not None and coding.qp is None


def test_quantiser_step_doubles_every_six_qp() -> None:
    steps = quantiser_step(np.arange(0, 52))
    assert steps.dtype == np.float32
    # H.264, as tabulated by Richardson 2010, table 7.2
    np.testing.assert_allclose(steps[[0, 6, 12, 24, 36, 48]], [0.625, 1.25, 2.5, 10, 40, 160])


def test_quantisers_are_the_same_at_every_reading(write_video: Any) -> None:
    # a field large enough for several decoder threads, and pictures that keep them busy
    frames = np.random.default_rng(5).integers(0, 256, (40, 320, 352), dtype=np.uint8)
    frames[:, :, 176:] //= 8
    path = write_video("large.mp4", frames, options={"crf": "30", "bf": "3", "g": "20"})
    readings = []
    for _ in range(6):
        coding = open_movie(path).read_chunk(0, 40).coding
        assert coding is not None and coding.qp is not None
        readings.append(coding.qp)
    for reading in readings[1:]:
        np.testing.assert_array_equal(reading, readings[0])
