"""How fast movies and training patches are simulated.

    python -m benchmarks.simulation_speed [--repeats 3] [--work FOLDER]

Two things are timed, the best of some repeats each, after one run that compiles:

* the usual movie on disk: 128 x 128 px, 2000 frames, 45 molecules a frame, H.264, with its
  truth and its model;
* training patches of 3 x 64 x 64 px, each with codec: a clip of 128 x 128 px is simulated,
  coded and decoded in memory, and as many patches are cut at random from it as would fit
  side by side into its frames (four a frame).
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from cellstorm.simulate import SIMULATION_PRESETS, Simulation
from cellstorm.simulate.clips import cut_patches, make_clip
from cellstorm.simulate.codec import Codec, Ffv1Codec, H264Codec, HevcCodec, NoCodec

MOLECULES_PER_FRAME = 45.0
PATCH_PX = 64
CONTEXT = 3

Result = TypeVar("Result")


class Row(NamedTuple):
    """One line of the table."""

    what: str
    wall_s: float
    processor_s: float
    per_s: float
    unit: str


def usual_movie(*, frames: int) -> Simulation:
    """128 x 128 px, 45 molecules a frame, everything else as it is by default."""
    simulation = Simulation(frames=frames)
    density = MOLECULES_PER_FRAME / simulation.view.area_um2
    return simulation.changed({"density_per_um2_frame": density})


def best_of(repeats: int, work: Callable[[], Result]) -> tuple[Result, float, float]:
    """What the work gave, and the least wall-clock and processor time it took."""
    times = []
    for _ in range(repeats):
        wall_s, processor_s = time.perf_counter(), time.process_time()
        result = work()
        times.append((time.perf_counter() - wall_s, time.process_time() - processor_s))
    return result, min(wall for wall, _ in times), min(processor for _, processor in times)


def time_movie(name: str, simulation: Simulation, folder: Path, repeats: int) -> Row:
    """Simulate and encode to disk."""
    simulation.changed(frames=70).run(folder / "warm")
    made, wall_s, processor_s = best_of(repeats, lambda: simulation.run(folder / "movie"))
    found = made.rows / simulation.frames
    what = f"{name}: {simulation.frames} frames to disk, {found:.0f} molecules a frame"
    return Row(what, wall_s, processor_s, simulation.frames / wall_s, "frames/s")


def time_patches(name: str, simulation: Simulation, repeats: int) -> Row:
    """Clip in memory, then patches."""
    make_clip(simulation.changed(frames=70))
    view = simulation.view
    count = simulation.frames * (view.width_px // PATCH_PX) * (view.height_px // PATCH_PX)

    def work() -> int:
        clip = make_clip(simulation)
        random = np.random.default_rng(0)
        patches = cut_patches(clip, size_px=PATCH_PX, context=CONTEXT, count=count, random=random)
        return len(patches.frames)

    made, wall_s, processor_s = best_of(repeats, work)
    what = f"{name}: {made} patches of {CONTEXT} x {PATCH_PX} x {PATCH_PX} px"
    return Row(what, wall_s, processor_s, made / wall_s, "patches/s")


def main(arguments: Sequence[str] | None = None) -> None:
    """Time and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--frames", type=int, default=2000, help="of the movie")
    parser.add_argument("--clip-frames", type=int, default=512)
    parser.add_argument("--work", type=Path, help="folder for made movies")
    options = parser.parse_args(arguments)

    codecs: dict[str, Codec] = {
        "H.264": H264Codec(),
        "HEVC": HevcCodec(),
        "FFV1": Ffv1Codec(),
        "TIFF": NoCodec(),
    }
    movie, clip = usual_movie(frames=options.frames), usual_movie(frames=options.clip_frames)
    rows = []
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        folder = Path(name)
        for codec_name, codec in codecs.items():
            simulation = movie.model_copy(update={"codec": codec})
            rows.append(time_movie(codec_name, simulation, folder, options.repeats))
        phone = SIMULATION_PRESETS["phone"].changed(frames=options.frames)
        rows.append(time_movie("preset phone", phone, folder, options.repeats))
    shifted = H264Codec(grid_shift_px="random")
    for patch_name, simulation in (
        ("H.264", clip),
        ("H.264, grid shifted", clip.model_copy(update={"codec": shifted})),
        ("preset phone", SIMULATION_PRESETS["phone"].changed(frames=options.clip_frames)),
        ("uncoded", clip.model_copy(update={"codec": NoCodec()})),
    ):
        rows.append(time_patches(patch_name, simulation, options.repeats))
    print(
        f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; best of {options.repeats}\n"
    )
    print("| what | wall, s | processor, s | rate |\n|---|---|---|---|")
    for row in rows:
        rate = f"{row.per_s:.0f} {row.unit}"
        print(f"| {row.what} | {row.wall_s:.2f} | {row.processor_s:.2f} | {rate} |")


if __name__ == "__main__":
    main()
