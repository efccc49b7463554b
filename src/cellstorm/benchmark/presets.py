"""The grids that have a name."""

from cellstorm.benchmark.grid import BenchmarkGrid
from cellstorm.benchmark.methods import MethodChoice
from cellstorm.localize import GaussianMethod, NetMethod
from cellstorm.simulate import SIMULATION_PRESETS

__all__ = ["BENCHMARK_PRESETS"]

_NET = MethodChoice(kind="net", settings=NetMethod())
_SINGLE = MethodChoice(settings=GaussianMethod(emitters="single"))

BENCHMARK_PRESETS: dict[str, BenchmarkGrid] = {
    "quick": BenchmarkGrid(
        title="Quick benchmark",
        simulation=SIMULATION_PRESETS["phone"].changed(width_px=64, height_px=64),
        axes={
            "photons": (150, 1000),
            "codec.quality_percent": (70, 100),
            "density_per_um2_frame": (0.1, 1.0),
        },
        frames=100,
        methods={"net": _NET, "gaussian": MethodChoice(), "single emitter": _SINGLE},
        pictures=2,
    ),
    "fig5": BenchmarkGrid(
        title="The paper's Fig 5",
        simulation=SIMULATION_PRESETS["paper-fig5"],
        axes={
            "photons": (50, 100, 500, 1000),
            "codec.quality_percent": (70, 80, 90, 100),
        },
        frames=2000,
        methods={"net": _NET, "gaussian": MethodChoice()},
    ),
}
"""``quick`` ends in two minutes, for continuous integration; ``fig5`` is the paper's grid."""
