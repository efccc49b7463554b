"""Whether a table and a truth have anything to do with each other."""

import numpy as np
import polars as pl
import pytest

from cellstorm.evaluate import chance_pairs


def scattered(seed: int, frames: int = 40, each: int = 15) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "frame": np.repeat(np.arange(frames), each),
            "x_nm": random.uniform(0, 5000, frames * each),
            "y_nm": random.uniform(0, 5000, frames * each),
        }
    )


@pytest.mark.parametrize("seed", range(5))
def test_tables_that_have_nothing_to_do_pair_by_chance(seed: int) -> None:
    assert chance_pairs(scattered(seed), scattered(seed + 100)).is_no_more


def test_one_molecule_in_ten_is_more_than_chance() -> None:
    truth = scattered(1)
    found = pl.concat([truth[::10], scattered(2)])
    assert not chance_pairs(found, truth).is_no_more


def test_other_frames_have_nothing_to_do() -> None:
    truth = scattered(1)
    later = truth.with_columns(pl.col("frame") + 1000)
    assert chance_pairs(later, truth).is_no_more


def test_what_never_blinks_is_no_chance() -> None:
    truth = scattered(1, frames=1)
    still = pl.concat([truth.with_columns(pl.lit(frame).alias("frame")) for frame in range(30)])
    assert not chance_pairs(still, still).is_no_more


def test_a_single_frame_is_judged_by_its_pairs() -> None:
    truth = scattered(1, frames=1, each=60)
    assert not chance_pairs(truth[::3], truth).is_no_more
