"""Generators alone are timed as often as was asked."""

from pathlib import Path

import pytest

from cellstorm.localize.gan import load_gan
from cellstorm.reproduce.generator_speed import measure_generator, untrained_generator


def test_a_rate_is_frames_over_time(toy_gan: Path) -> None:
    runs = 0

    def count() -> None:
        nonlocal runs
        runs += 1

    rate = measure_generator(toy_gan, edge_px=32, batch_frames=4, cores=1, seconds=0.0, told=count)
    assert (rate.edge_px, rate.batch_frames, rate.cores) == (32, 4, 1)
    assert rate.frames_per_s > 0
    assert runs >= 3


@pytest.mark.slow
def test_the_papers_network_can_be_timed_before_it_is_trained() -> None:
    pytest.importorskip("torch")
    with untrained_generator(levels=8, factor=5) as path:
        assert load_gan(path).facts.factor == 5
        assert measure_generator(path, edge_px=32, batch_frames=1, seconds=0.0).frames_per_s > 0
    assert not path.exists()
