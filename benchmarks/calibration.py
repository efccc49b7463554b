"""Are calibrations right, and do they know how right they are?

    python -m benchmarks.calibration --output FOLDER [--series 8] [--frames 64] [--dark 310]

Simulated series of the Huawei P9 (Diederich et al. 2019), lit unevenly up to saturation, with
dark series, raw and as H.264 of several rate factors by a fast and a thorough encoder. For
each the mean relative error of gain, offset, read noise and knee, the error that was stated,
and the root mean square of error over stated error (z), which should be about 1; under it
errors were stated too large. Then dark series of several lengths of the group of pictures.
The folder gets ``calibration.md``, ``photon_transfer.png`` (fig. 7) and ``dark_clip.png``
(fig. 8).
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from benchmarks.live_table import LiveTable, write_tables

from cellstorm.camera import calibrate, measure_dark
from cellstorm.camera.calibration import Calibration
from cellstorm.camera.calibration_pictures import dark_figure, transfer_figure
from cellstorm.errors import CellstormError
from cellstorm.movie import open_movie
from cellstorm.simulate import Simulation

TRUTH = {"gain": 0.69, "offset": 4.1, "read noise": 2.5, "knee": 220.0}
CODINGS: dict[str, dict[str, Any]] = {
    "raw": {"codec": "none"},
    "CRF 0": {"codec": "h264", "codec.crf": 0.0},
    "CRF 10": {"codec": "h264", "codec.crf": 10.0},
    "CRF 17": {"codec": "h264", "codec.crf": 17.0},
    "CRF 17, thorough": {"codec": "h264", "codec.crf": 17.0, "codec.preset": "medium"},
    "CRF 23": {"codec": "h264", "codec.crf": 23.0},
    "CRF 23, thorough": {"codec": "h264", "codec.crf": 23.0, "codec.preset": "medium"},
    "CRF 28": {"codec": "h264", "codec.crf": 28.0},
}
GOPS = (12, 31, 60, 1)


def main() -> None:
    """Print the tables, draw the pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True, help="folder for what is made")
    parser.add_argument("--series", type=int, default=8, help="series of each coding")
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--dark", type=int, default=310, help="frames of the dark series")
    parser.add_argument("--dark-long", type=int, default=2000, help="frames of those with dips")
    parser.add_argument("--size", type=int, default=128, help="px")
    parser.add_argument("--seed", type=int, default=2000)
    parser.add_argument("--only", nargs="+", default=[*CODINGS, "dips"])
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    tables = []
    with TemporaryDirectory() as work:
        if any(name in CODINGS for name in given.only):
            tables.append(_responses(given, Path(work)))
        if "dips" in given.only:
            tables.append(_dips(given, Path(work)))
    write_tables(given.output / "calibration.md", *tables)


def lit(seed: int, frames: int, size: int, settings: dict[str, Any]) -> Simulation:
    """A scene without molecules, from 2 to 232 photons per pixel."""
    return Simulation(width_px=size, height_px=size, frames=frames, seed=seed).changed(
        {
            "structure": "uniform",
            "density_per_um2_frame": 0.0,
            "background.photons": 2.0,
            "background.haze": {"kind": "lowpass", "peak_photons": 230.0, "correlation_um": 4.0},
            **settings,
        }
    )


def without_light(seed: int, frames: int, size: int, settings: dict[str, Any]) -> Simulation:
    """The same camera in the dark, at 29 frames per second."""
    off = {"background.photons": 0.0, "background.haze": "off", "frame_rate_hz": 29.0}
    return lit(seed, frames, size, {**settings}).changed(off)


def _responses(given: argparse.Namespace, work: Path) -> LiveTable:
    columns = [f"{name}: error, stated, z" for name in TRUTH]
    table = LiveTable(
        ("series", "measured", *columns, "noise left, intra / inter"),
        title=f"{given.series} series of {given.frames} frames of {given.size} x {given.size} px,"
        f" each with {given.dark} dark frames. Error: mean, relative, %; stated: median standard"
        " error, %; z: root mean square of error over stated error.",
    )
    for name, settings in CODINGS.items():
        if name not in given.only:
            continue
        found = list(_calibrations(given, work, settings))
        if not found:
            table.add(name, "refused", *["" for _ in TRUTH], "")
            continue
        cells = []
        for quantity, truth in TRUTH.items():
            numbers = [_number(one, quantity) for one in found]
            value = np.array([number[0] for number in numbers])
            error = np.array([number[1] for number in numbers])
            z = float(np.sqrt(np.mean(((value - truth) / error) ** 2)))
            cells.append(
                f"{100 * (value.mean() / truth - 1):+.2f}, {100 * np.median(error) / truth:.2f},"
                f" {z:.1f}"
            )
        kinds = ("intra", "inter")
        shares = [
            "–"
            if kind not in found[0].share_left
            else f"{100 * np.mean([one.share_left[kind] for one in found]):.0f} %"
            for kind in kinds
        ]
        table.add(name, f"{len(found)} of {given.series}", *cells, " / ".join(shares))
        if name == "raw":
            transfer_figure(found[0]).savefig(given.output / "photon_transfer.png", dpi=80)
        if name == "CRF 17":
            transfer_figure(found[0]).savefig(given.output / "photon_transfer_coded.png", dpi=80)
    return table


def _number(one: Calibration, quantity: str) -> tuple[float, float]:
    fit = one.fit
    number = {
        "gain": fit.gain_e_per_adu,
        "offset": fit.offset_adu,
        "read noise": fit.read_noise_e,
        "knee": fit.knee_adu,
    }[quantity]
    return (float("nan"), 1.0) if number is None else (number.value, number.error)


def _calibrations(
    given: argparse.Namespace, work: Path, settings: dict[str, Any]
) -> Iterator[Calibration]:
    for number in range(given.series):
        seed = given.seed + 2 * number
        made = []
        for name, simulation in (
            ("clip", lit(seed, given.frames, given.size, settings)),
            ("dark", without_light(seed + 1, given.dark, given.size, settings)),
        ):
            path = simulation.codec.movie_path(work / name)
            made.append(simulation.run(path).movie)
        with open_movie(made[0]) as clip, open_movie(made[1]) as dark:
            try:
                yield calibrate(clip, dark)
            except CellstormError as error:
                print(f"refused: {error.what}")


def _dips(given: argparse.Namespace, work: Path) -> LiveTable:
    table = LiveTable(
        (
            "key frame every",
            "dips every",
            "depth, ADU",
            "over its error",
            "on key frames",
            "clipped up to",
            "fall over the series, ADU",
        ),
        title=f"Dark series of {given.dark_long} frames at CRF 17, values up to 6 clipped to 0,"
        " offset falling by 1 ADU to 1/e in 90 s.",
    )
    for gop in GOPS:
        settings = {
            "codec": "h264",
            "codec.crf": 17.0,
            "codec.gop": gop,
            "isp.dark_clip": {"threshold_adu": 6.0},
            "defects.offset_drift_e": 0.69,
            "defects.offset_drift_time_s": 90.0,
        }
        simulation = without_light(given.seed + gop, given.dark_long, given.size, settings)
        with open_movie(simulation.run(work / f"dark{gop}.mp4").movie) as movie:
            found = measure_dark(movie)
        dips = found.dips
        table.add(
            str(gop),
            "none" if dips.period_frames is None else str(dips.period_frames),
            f"{dips.depth_adu:.3f} ± {dips.depth_error_adu:.3f}",
            f"{dips.significance:.1f}",
            "–" if dips.share_on_key_frames is None else f"{100 * dips.share_on_key_frames:.0f} %",
            "–" if found.dark_clip_adu is None else f"{found.dark_clip_adu:g}",
            f"{found.fall_adu.value:.3f} ± {found.fall_adu.error:.3f}",
        )
        if gop == 31:
            dark_figure(found).savefig(given.output / "dark_dips.png", dpi=80)
    return table


if __name__ == "__main__":
    main()
