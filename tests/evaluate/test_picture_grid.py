"""The block grid in a picture: found where it is, silent where it is not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from cellstorm.evaluate import picture_grid


def _even(seed: int, edge: int = 256) -> NDArray[np.float64]:
    return np.random.default_rng(seed).poisson(2.0, (edge, edge)).astype(np.float64)


def test_a_picture_of_noise_has_no_grid() -> None:
    found = [picture_grid(_even(seed), fine_per_px=2) for seed in range(60)]
    assert np.mean([one.ratio for one in found]) == pytest.approx(1.0, abs=0.05)
    # about one in twenty by chance
    assert sum(one.p_value < 0.05 for one in found) <= 8


@pytest.mark.parametrize("period_px", [4, 8, 16])
def test_brighter_block_edges_are_found_and_their_period_named(period_px: int) -> None:
    picture = _even(1)
    picture[:, :: 2 * period_px] += 0.4
    found = picture_grid(picture, fine_per_px=2)
    assert found.p_value < 1e-6
    assert found.share > 2 * found.expected_share
    for finer in (4, 8, 16):
        # edges every 16 px have power at the frequencies of blocks of 8 and 4 px, too
        if finer < period_px:
            continue
        assert found.ratio_by_period[finer] > 2.0


def test_blocks_of_8_px_are_no_blocks_of_4_px() -> None:
    picture = _even(2)
    # a sine has no overtones
    picture += 0.3 * np.sin(2 * np.pi * np.arange(256) / 16)
    found = picture_grid(picture, fine_per_px=2)
    assert found.ratio_by_period[8] > 5.0
    assert found.ratio_by_period[4] == pytest.approx(1.0, abs=0.8)


def test_a_structure_that_repeats_with_other_lengths_is_no_grid() -> None:
    picture = _even(3) + 1.0 * np.sin(2 * np.pi * np.arange(256) / 27.0)
    assert picture_grid(picture, fine_per_px=2).p_value > 0.01


def test_a_black_picture_says_nothing() -> None:
    found = picture_grid(np.zeros((128, 128)), fine_per_px=4)
    assert np.isnan(found.ratio)
    assert found.to_dict()["p_value"] is None


def test_a_picture_under_two_blocks_is_refused() -> None:
    with pytest.raises(ValueError, match="under two blocks"):
        picture_grid(np.zeros((100, 100)), fine_per_px=4)
