"""What a grid accepts, and what it says when it does not."""

import pytest

from cellstorm.benchmark import BENCHMARK_PRESETS, BenchmarkGrid
from cellstorm.errors import ConfigurationError


def test_cells_are_all_combinations_with_a_movie_for_each_seed() -> None:
    grid = BenchmarkGrid.from_yaml(
        "simulation: phone\naxes: {photons: [100, 200], codec.quality_percent: [70, 80, 90]}\n"
        "frames: 50\nseeds: [1000, 1001]"
    )
    cells = grid.cells()
    assert [cell.label for cell in cells[:4]] == [
        "photons 100, quality 70 %",
        "photons 100, quality 80 %",
        "photons 100, quality 90 %",
        "photons 200, quality 70 %",
    ]
    assert len(cells) == 6
    for cell in cells:
        assert [simulation.seed for simulation in cell.simulations] == [1000, 1001]
        assert {simulation.frames for simulation in cell.simulations} == {50}
    assert cells[3].simulations[0].model_dump()["photophysics"]["photons"] == 200


@pytest.mark.parametrize("name", sorted(BENCHMARK_PRESETS))
def test_a_grid_comes_back_whole_from_its_file(name: str) -> None:
    grid = BENCHMARK_PRESETS[name]
    assert BenchmarkGrid.from_yaml(grid.to_yaml()) == grid


def test_the_papers_grid_has_its_light_and_qualities_and_untouched_seeds() -> None:
    grid = BENCHMARK_PRESETS["fig5"]
    assert grid.axes == {
        "photons": (50, 100, 500, 1000),
        "codec.quality_percent": (70, 80, 90, 100),
    }
    assert all(cell.simulations[0].frames == 2000 for cell in grid.cells())
    assert min(grid.seeds) >= 1000


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("simulation: telephone", ("simulation", "telephone", "paper-fig5")),
        ("simulation: {preset: phone, photones: 3}", ("photones", "photons")),
        ("simulation: phone\naxes: {photones: [1, 2]}", ("axes", "photones", "photons")),
        ("simulation: phone\naxes: {photons: [-1]}", ("axes", "photons", "-1")),
        ("simulation: phone\naxes: {photons: []}", ("photons", "no values")),
        ("simulation: phone\naxes: {photons: [5, 5]}", ("photons", "twice")),
        ("simulation: phone\naxes: {seed: [1, 2]}", ("seed", "no axis")),
        ("simulation: phone\nmethods: {mine: {kind: magic}}", ("mine", "magic", "gaussian")),
        ("simulation: phone\nmethods: {mine: {rounds: 0}}", ("mine", "rounds", "1")),
        ("simulation: phone\nmethods: {Picasso: {}}", ("Picasso", "picasso: false")),
        ("simulation: phone\nmethods: {mine: single}", ("mine", "mapping")),
        ("simulation: phone\nmethods: [gaussian]", ("methods", "{gaussian: {}")),
        ("simulation: phone\nseeds: [1, 1]", ("seeds", "twice")),
        ("simulation: phone\nframes: 0", ("frames", "1")),
        ("axes: {photons: [1]}", ("simulation",)),
        ("simulation: phone\nlevels: 3", ("levels",)),
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(text: str, named: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        BenchmarkGrid.from_yaml(text)
    for word in named:
        assert word in str(caught.value)
