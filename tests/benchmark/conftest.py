"""A grid small enough to be run in a test."""

import pytest

from cellstorm.benchmark import BenchmarkGrid

SMALL = """
title: Small
simulation: {preset: phone, width_px: 48, height_px: 48, isp: {}}
axes:
  photons: [400, 1500]
frames: 30
seeds: [7]
methods:
  single: {emitters: single}
picasso: false
"""


@pytest.fixture(scope="session")
def grid() -> BenchmarkGrid:
    """Two cells, one fast method."""
    return BenchmarkGrid.from_yaml(SMALL)
