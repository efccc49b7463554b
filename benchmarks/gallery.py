"""A picture of every simulation preset, for the documentation.

    python -m benchmarks.gallery --output docs/images

Each shows one frame as it comes out of the file, the mean of all frames, and the truth.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from cellstorm.localizations import Localizations, Metadata
from cellstorm.movie import open_movie
from cellstorm.render import mode_named, render
from cellstorm.simulate import SIMULATION_DESCRIPTIONS, SIMULATION_PRESETS, Simulation

_SHOWN_FRAME = 40
_TRUTH_PIXEL_NM = 20.0


def main() -> None:
    """Simulate the presets and draw them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--frames", type=int, default=600)
    given = parser.parse_args()
    for name, simulation in SIMULATION_PRESETS.items():
        path = given.output / f"preset_{name.replace('-', '_')}.png"
        _draw(name, simulation.changed(frames=given.frames), path)
        print(path)


def _draw(name: str, simulation: Simulation, path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = simulation.run(Path(folder) / "movie")
        with open_movie(made.movie) as movie:
            frames = np.asarray(movie.read(0, movie.shape[0]))
        truth = made.read_truth()
    metadata = Metadata(pixel_size_nm=simulation.pixel_size_nm)
    picture = render(
        Localizations(truth.select("frame", "x_nm", "y_nm", "photons"), metadata),
        pixel_nm=_TRUTH_PIXEL_NM,
        region_nm=(0.0, simulation.view.width_nm, 0.0, simulation.view.height_nm),
        mode=mode_named("histogram"),
    )
    panels: list[tuple[str, NDArray[Any], str, float]] = [
        (f"frame {_SHOWN_FRAME}", frames[_SHOWN_FRAME], "gray", 99.9),
        (f"mean of {len(frames)} frames", frames.mean(axis=0), "gray", 99.9),
        ("truth", np.sqrt(picture.values), "inferno", 99.5),
    ]
    figure, axes = plt.subplots(1, 3, figsize=(9.6, 3.55), layout="constrained")
    for axis, (title, image, colours, percentile) in zip(axes, panels, strict=True):
        low, high = np.percentile(image, (0.5, percentile))
        axis.imshow(image, cmap=colours, vmin=low, vmax=high, interpolation="nearest")
        axis.set_title(title, fontsize=9)
        axis.set_axis_off()
    length_px = 2000.0 / simulation.pixel_size_nm
    axes[0].plot([6, 6 + length_px], [simulation.height_px - 7] * 2, color="white", linewidth=3)
    axes[0].text(6, simulation.height_px - 10, "2 um", color="white", fontsize=8)
    figure.suptitle(f"{name}: {SIMULATION_DESCRIPTIONS[name]}", fontsize=10)
    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    main()
