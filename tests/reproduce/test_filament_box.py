"""The box of the profile lies across a filament and keeps others out."""

import numpy as np
import pytest

from cellstorm.errors import ConfigurationError
from cellstorm.evaluate import ProfileBox
from cellstorm.reproduce.filament_box import box_across_a_filament


def _box(x: np.ndarray, y: np.ndarray) -> ProfileBox:
    return box_across_a_filament(x, y, length_nm=1000.0, width_nm=600.0, field_nm=(6000.0, 6000.0))


def test_the_box_lies_across_the_line_and_away_from_the_crossing() -> None:
    random = np.random.default_rng(0)
    along = random.uniform(0, 6000, 8000)
    x = np.concatenate([along[:4000], 3000 + random.normal(0, 10, 4000)])
    y = np.concatenate([3000 + random.normal(0, 10, 4000), along[4000:]])
    box = _box(x, y)
    start, stop = np.array(box.start_nm), np.array(box.stop_nm)
    middle = 0.5 * (start + stop)
    direction = np.abs(stop - start) / box.length_nm
    # one of the two lines goes through its middle at a right angle
    assert max(direction) == pytest.approx(1.0, abs=0.01)
    assert min(np.abs(middle - 3000)) < 20
    assert max(np.abs(middle - 3000)) > 500


def test_a_field_without_room_for_the_box_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no filament"):
        box_across_a_filament(
            np.array([50.0]),
            np.array([50.0]),
            length_nm=1000.0,
            width_nm=600.0,
            field_nm=(600.0, 600.0),
        )
