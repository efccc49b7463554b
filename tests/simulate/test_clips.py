"""A clip in memory is the file it would be; patches know what is in them."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cellstorm.movie import open_movie
from cellstorm.simulate import Simulation
from cellstorm.simulate.background import Background, WhiteFlicker
from cellstorm.simulate.clips import Clip, cut_patches, make_clip
from cellstorm.simulate.codec import (
    Codec,
    Ffv1Codec,
    H264Codec,
    HevcCodec,
    MjpegCodec,
    NoCodec,
    Vp9Codec,
)

SMALL = Simulation(width_px=80, height_px=64, frames=70, seed=3)


@pytest.fixture(scope="module")
def clip() -> Clip:
    """A shifted block grid and a background that changes: nothing is where it may be guessed."""
    return make_clip(
        SMALL.model_copy(
            update={
                "codec": H264Codec(crf=28, b_pictures=1, grid_shift_px="random"),
                "background": Background(flicker=WhiteFlicker()),
            }
        )
    )


@pytest.mark.parametrize(
    "codec",
    [
        H264Codec(grid_shift_px="random", b_pictures=2),
        HevcCodec(grid_shift_px=(6, 18), bit_depth=10),
        H264Codec(second_generation=H264Codec(crf=30, gop=20, grid_shift_px="random")),
        Vp9Codec(value_range="limited"),
        MjpegCodec(),
        Ffv1Codec(),
        NoCodec(),
    ],
    ids=lambda codec: codec.kind,
)
def test_a_clip_is_what_a_reader_of_the_file_would_get(tmp_path: Path, codec: Codec) -> None:
    simulation = SMALL.model_copy(update={"codec": codec})
    clip = make_clip(simulation)
    made = simulation.run(tmp_path / "file")
    assert_frame_equal(clip.truth, made.read_truth())
    with open_movie(made.movie) as movie:
        chunk = movie.read_chunk(0, movie.shape[0])
    np.testing.assert_array_equal(clip.frames, chunk.frames)
    assert clip.frames.dtype == chunk.frames.dtype
    if chunk.coding is None:
        assert clip.coding is None and clip.block_size_px == 1
        return
    assert clip.coding is not None
    for name in ("picture_types", "key_frames", "qp", "block_size_px", "grid_offset_px"):
        np.testing.assert_array_equal(getattr(clip.coding, name), getattr(chunk.coding, name))
    assert clip.block_size_px == chunk.coding.block_size_px
    if clip.coding.qp is not None:
        assert clip.grid_shift_px == clip.coding.grid_offset_px


def test_a_still_background_is_kept_once_and_a_changing_one_in_full(clip: Clip) -> None:
    still = make_clip(SMALL.model_copy(update={"codec": NoCodec()}))
    assert still.background.shape == (1, 64, 80)
    np.testing.assert_array_equal(still.background, SMALL.background.photons)
    assert clip.background.shape == (70, 64, 80)
    assert clip.background.mean(axis=(1, 2)).std() > 0


def test_patches_are_windows_of_the_clip(clip: Clip) -> None:
    patches = cut_patches(clip, size_px=32, context=5, count=200, random=np.random.default_rng(1))
    assert clip.coding is not None and clip.coding.qp is not None
    assert patches.qp is not None and patches.picture_types is not None
    assert patches.frames.shape == patches.qp.shape == (200, 5, 32, 32)
    assert patches.background.shape == (200, 32, 32)
    grid_x, grid_y = clip.coding.grid_offset_px
    for number in range(0, 200, 17):
        t, x, y = patches.frame[number], patches.x0_px[number], patches.y0_px[number]
        window = (slice(t - 2, t + 3), slice(y, y + 32), slice(x, x + 32))
        np.testing.assert_array_equal(patches.frames[number], clip.frames[window])
        np.testing.assert_array_equal(patches.background[number], clip.background[t][window[1:]])
        np.testing.assert_array_equal(
            patches.picture_types[number], clip.coding.picture_types[t - 2 : t + 3]
        )
        for row, column in ((0, 0), (31, 0), (13, 22)):
            under = clip.coding.qp[t, (y + row + grid_y) // 16, (x + column + grid_x) // 16]
            assert patches.qp[number, 2, row, column] == under


def test_patches_reach_every_corner_and_every_frame_that_has_neighbours(clip: Clip) -> None:
    patches = cut_patches(clip, size_px=60, count=5000, random=np.random.default_rng(1))
    assert set(patches.x0_px.tolist()) == set(range(21))
    assert set(patches.y0_px.tolist()) == set(range(5))
    assert set(patches.frame.tolist()) == set(range(1, 69))


def test_truth_of_a_patch_is_that_of_its_place_and_middle_frame(clip: Clip) -> None:
    patches = cut_patches(clip, size_px=32, count=100, random=np.random.default_rng(2))
    assert patches.truth["patch"].is_sorted()
    nm = clip.simulation.pixel_size_nm
    for number in range(100):
        x0, y0 = int(patches.x0_px[number]), int(patches.y0_px[number])
        expected = clip.truth.filter(
            pl.col("frame") == int(patches.frame[number]),
            pl.col("x_nm") / nm - x0 >= 0,
            pl.col("x_nm") / nm - x0 < 32,
            pl.col("y_nm") / nm - y0 >= 0,
            pl.col("y_nm") / nm - y0 < 32,
        )
        here = patches.truth.filter(pl.col("patch") == number)
        assert_frame_equal(
            here.select("id", "z_nm", "photons", "background_photons"),
            expected.select("id", "z_nm", "photons", "background_photons"),
        )
        np.testing.assert_allclose(here["x_px"], expected["x_nm"] / nm - x0)
        np.testing.assert_allclose(here["y_px"], expected["y_nm"] / nm - y0)


def test_bright_molecules_shine_where_the_truth_of_the_patch_says() -> None:
    bright = SMALL.changed({"photons": 4000.0, "density_per_um2_frame": 0.05, "codec.crf": 12})
    patches = cut_patches(make_clip(bright), count=300, random=np.random.default_rng(3))
    truth = patches.truth.filter(
        pl.col("photons") > 3000,
        pl.col("x_px").is_between(2, 62),
        pl.col("y_px").is_between(2, 62),
    )
    rows, columns = truth["y_px"].to_numpy().astype(int), truth["x_px"].to_numpy().astype(int)
    here = patches.frames[truth["patch"].to_numpy(), 1, rows, columns]
    assert truth.height > 50
    # 4000 photons with a sigma of 1.3 px are 370 photons in the brightest pixel
    assert np.median(here) > np.median(patches.frames) + 150


def test_the_phase_of_the_blocks_is_known_whatever_the_codec() -> None:
    for codec in (H264Codec(qp=30, grid_shift_px=(6, 10)), HevcCodec(qp=30, grid_shift_px=(6, 34))):
        clip = make_clip(SMALL.model_copy(update={"codec": codec, "frames": 5}))
        patches = cut_patches(clip, size_px=16, count=50, random=np.random.default_rng(4))
        x_phase = (patches.x0_px + 6) % codec.block_size_px
        y_phase = (patches.y0_px + codec.shift_px[1]) % codec.block_size_px
        np.testing.assert_array_equal(patches.block_phase_px, np.stack([x_phase, y_phase], axis=1))


def test_the_same_seeds_give_the_same_patches(clip: Clip) -> None:
    first, again = (
        cut_patches(
            make_clip(clip.simulation), count=20, random=np.random.default_rng(7), size_px=48
        )
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.frames, again.frames)
    assert_frame_equal(first.truth, again.truth)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size_px": 65}, r"no patch of 3 x 65 x 65 fits into a clip of 70 x 64 x 80"),
        ({"context": 71}, r"no patch of 71 x 64 x 64 fits"),
        ({"context": 4}, r"context must be odd \(given: 4\)"),
    ],
)
def test_patches_that_do_not_fit_are_refused(
    clip: Clip, options: dict[str, int], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        cut_patches(clip, count=1, random=np.random.default_rng(1), **options)


def test_the_recorded_camera_is_that_of_the_last_generation() -> None:
    messenger = H264Codec(crf=1, value_range="limited")
    phone = HevcCodec(qp=2, bit_depth=10, second_generation=messenger)
    dim = SMALL.changed({"photons": 1.0, "frames": 40}).model_copy(update={"codec": phone})
    camera = dim.recorded_camera
    assert (camera.bit_depth, camera.value_range) == (8, "limited")
    clip = make_clip(dim)
    electrons = camera.to_photoelectrons(clip.frames)
    assert float(electrons.mean()) == pytest.approx(dim.background.photons, abs=0.5)
