from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from cellstorm.localizations import Localizations, Metadata, MovieFacts

Molecules = Callable[..., Localizations]


@pytest.fixture
def molecules() -> Molecules:
    """Makes molecules away from the border of a movie of 12 x 20 pixels of 100 nm."""

    def make(count: int = 300, *, seed: int = 3, margin_nm: float = 300.0) -> Localizations:
        rng = np.random.default_rng(seed)
        return Localizations(
            pl.DataFrame(
                {
                    "frame": np.sort(rng.integers(0, 50, count)),
                    "x_nm": rng.uniform(margin_nm, 2000 - margin_nm, count),
                    "y_nm": rng.uniform(margin_nm, 1200 - margin_nm, count),
                    "photons": rng.uniform(100, 1000, count),
                    "uncertainty_x_nm": rng.uniform(2, 40, count),
                    "uncertainty_y_nm": rng.uniform(2, 40, count),
                }
            ),
            Metadata(
                pixel_size_nm=100.0,
                movie=MovieFacts(name="movie.mp4", shape=(50, 12, 20), frame_rate_hz=10.0),
                frames=(0, 50),
            ),
        )

    return make
