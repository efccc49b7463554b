"""How many molecules does the network see in video that has none?

    python -m benchmarks.empty_video --work FOLDER [--model FILE] [--markdown FILE]

Dark video (1 and 3 photons per pixel), an even background of 20 and 100 photons, and haze of
90 photons, each at six H.264 qualities, the camera given and not. The first figure is at the
threshold of the model file (or ``--least-mass``); those at higher thresholds are what is left
of it by the reported probability. A movie in which every pixel is the same is refused by
cellstorm, which is as it should be: nothing false comes out.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from benchmarks.cases import make_movie
from benchmarks.live_table import LiveTable, write_tables
from benchmarks.network_options import network, network_parser
from benchmarks.ours import localize

from cellstorm.camera import Camera
from cellstorm.errors import MovieError
from cellstorm.localize import NetMethod
from cellstorm.simulate import Simulation

CRFS = (0.0, 12.0, 23.0, 30.0, 35.0, 40.0)
SCENES: dict[str, dict[str, object]] = {
    "dark, 1 photon": {"background_photons": 1},
    "dark, 3 photons": {"background_photons": 3},
    "20 photons": {"background_photons": 20},
    "100 photons": {"background_photons": 100},
    "haze 90": {
        "background_photons": 20,
        "background.haze": "structure",
        "background.haze.peak_photons": 70,
    },
}
HIGHER_MASSES = (0.6, 0.7, 0.8)
GOAL_PER_100_FRAMES = 1.0


def main() -> None:
    """Print false molecules per 100 frames, and the worst of them."""
    parser = network_parser(__doc__, frames=2000)
    parser.add_argument("--least-mass", type=float, help="the model's own if not given")
    parser.add_argument("--only", help="only scenes whose name has this in it")
    options = parser.parse_args()
    method = network(options, least_mass=options.least_mass)
    table = LiveTable(
        ("video", "camera", *(f"CRF {crf:g}" for crf in CRFS), "worst"),
        title=f"False molecules per 100 frames of 128 x 128 px, {options.frames} frames each,"
        f" seeds from {options.seed}: at the threshold"
        + "".join(f" / at {mass:g}" for mass in HIGHER_MASSES)
        + f". Under {GOAL_PER_100_FRAMES:g} is demanded.",
    )
    for number, scene in enumerate(SCENES):
        if (options.only or "") not in scene:
            continue
        rows: dict[str, list[list[float] | None]] = {"estimated": [], "given": []}
        for simulation in videos(scene, options.frames, options.seed + number):
            movie, _ = make_movie(simulation, options.work)
            for known, cells in rows.items():
                camera = simulation.recorded_camera if known == "given" else None
                cells.append(false_per_100_frames(movie, simulation, method, camera))
        for known, cells in rows.items():
            worst = max((cell[0] for cell in cells if cell is not None), default=0.0)
            verdict = "" if worst < GOAL_PER_100_FRAMES else " (too many)"
            table.add(
                scene,
                known,
                *(cell_text(cell) for cell in cells),
                f"{worst:.2f}{verdict}",
            )
    write_tables(options.markdown, table)


def videos(scene: str, frames: int, seed: int) -> Iterator[Simulation]:
    """One scene without molecules, coded at every quality."""
    empty = Simulation(frames=frames, seed=seed).changed(
        {"density_per_um2_frame": 0, **SCENES[scene]}
    )
    for crf in CRFS:
        yield empty.changed(crf=crf)


def false_per_100_frames(
    movie: Path, simulation: Simulation, method: NetMethod, camera: Camera | None
) -> list[float] | None:
    """At the threshold and the higher ones; None where the movie is refused."""
    try:
        found, _ = localize(
            movie, method=method, pixel_size_nm=simulation.pixel_size_nm, camera=camera
        )
    except MovieError:
        return None
    probability = found["probability"].to_numpy()
    counts = [probability.size, *(int((probability >= mass).sum()) for mass in HIGHER_MASSES)]
    return [float(value) for value in 100.0 * np.array(counts) / simulation.frames]


def cell_text(cell: list[float] | None) -> str:
    """The figures, or that there was nothing to look at."""
    if cell is None:
        return "refused"
    return "0" if not any(cell) else " / ".join(f"{value:.2f}" for value in cell)


if __name__ == "__main__":
    main()
