"""A simulated dark series through x264: the mean falls, and dips with every key frame.

    python -m benchmarks.dark_series --output FOLDER [--frames 8000]

Fig 8 of Diederich et al. 2019 for the simulated Huawei P9: nothing but read noise and a
black level that drifts, clipped at black, coded as H.264 with a key frame every 31 frames.
Three controls tell where the dip comes from: the same frames 40 grey values brighter (so
that the coder cannot cut anything off at zero), noise that was never clipped at all, and
the clipped frames coded with one quantiser for all pictures, at the same bit rate.
The folder gets ``dark_series.png`` and ``dark_series.md``.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cellstorm.camera import PRESETS, Camera
from cellstorm.simulate import FieldOfView
from cellstorm.simulate.codec import GreyValues, H264Codec, decode_blocks
from cellstorm.simulate.isp import DarkClip, Isp, to_grey
from cellstorm.simulate.sensing import Sensor, SensorDefects

FRAME_RATE_HZ = 29.0
FRAMES_PER_BLOCK = 64
LEVELS = 25
LIFT_ADU = 40


@dataclass(frozen=True)
class Series:
    """Means of frames before and after the coder, ``(frames,)``, and histograms of both."""

    before: NDArray[np.float64]
    after: NDArray[np.float64]
    histogram_before: NDArray[np.float64]
    histogram_after: NDArray[np.float64]
    kbit_per_s: float

    def folded(self, gop: int) -> NDArray[np.float64]:
        """``(groups, gop)`` decoded means, less the mean of the P pictures of the group."""
        # the encoder's rate control settles in the first two
        groups = self.after[2 * gop : self.after.size // gop * gop].reshape(-1, gop)
        folded: NDArray[np.float64] = groups - groups[:, 1:].mean(axis=1, keepdims=True)
        return folded


def main() -> None:
    """Make the series and its controls, print the figures, draw the picture."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True, help="folder for what is made")
    parser.add_argument("--frames", type=int, default=8000)
    parser.add_argument("--size", type=int, default=128, help="px")
    parser.add_argument("--crf", type=float, default=17.0)
    parser.add_argument("--qp", type=int, default=20, help="of the control with one quantiser")
    parser.add_argument("--gop", type=int, default=31)
    parser.add_argument("--dark-clip", type=float, default=6.0, help="grey values to 0 up to here")
    parser.add_argument("--drift", type=float, default=0.7, help="fall of the offset, e")
    parser.add_argument("--drift-time", type=float, default=90.0, help="seconds to 1/e")
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    codec = H264Codec(crf=given.crf, gop=given.gop)
    constant = H264Codec(qp=given.qp, gop=given.gop)
    defects = SensorDefects(offset_drift_e=given.drift, offset_drift_time_s=given.drift_time)
    camera = PRESETS["huawei-p9"]
    clipping = Isp(dark_clip=DarkClip(threshold_adu=given.dark_clip))
    bright = camera.model_copy(update={"offset_adu": camera.offset_adu + LIFT_ADU})
    runs = {
        "clipped at black": (camera, clipping, 0, codec),
        f"the same, {LIFT_ADU} brighter": (camera, clipping, LIFT_ADU, codec),
        "never clipped": (bright, Isp(), 0, codec),
        f"clipped, QP {given.qp} throughout": (camera, clipping, 0, constant),
    }
    series = {
        name: _film(used, isp, lift, defects, coder, given.frames, given.size)
        for name, (used, isp, lift, coder) in runs.items()
    }
    table = _describe(series, given.gop)
    print(table)
    (given.output / "dark_series.md").write_text(table + "\n", encoding="utf-8")
    _draw(given.output / "dark_series.png", series, given.gop)


def _film(
    camera: Camera,
    isp: Isp,
    lift: int,
    defects: SensorDefects,
    codec: H264Codec,
    frames: int,
    size: int,
) -> Series:
    view = FieldOfView(size, size, 100.0, frames, FRAME_RATE_HZ)
    before: list[NDArray[np.float64]] = []
    counts = np.zeros((2, 256))

    def blocks() -> Iterator[GreyValues]:
        sensor = Sensor(
            camera, defects, size, size, np.random.default_rng(0), frame_rate_hz=FRAME_RATE_HZ
        )
        random, run = np.random.default_rng(1), isp.start(camera, view)
        for start in range(0, frames, FRAMES_PER_BLOCK):
            count = min(FRAMES_PER_BLOCK, frames - start)
            dark = np.zeros((count, size, size), np.float32)
            grey = to_grey(run.process(sensor.record(dark, random, first_frame=start)), 8)
            grey = (grey + lift).astype(np.uint8)
            before.append(grey.mean(axis=(1, 2)))
            counts[0] += np.bincount(grey.ravel(), minlength=256)
            yield grey

    coded = codec.encode_to_memory(blocks(), view)
    after = []
    for block in decode_blocks(BytesIO(coded)):
        after.append(block.frames.mean(axis=(1, 2)))
        counts[1] += np.bincount(block.frames.ravel(), minlength=256)
    share = counts / counts.sum(axis=1, keepdims=True)
    seconds = frames / FRAME_RATE_HZ
    return Series(
        np.concatenate(before),
        np.concatenate(after),
        share[0],
        share[1],
        len(coded) * 8 / 1000 / seconds,
    )


def _describe(series: dict[str, Series], gop: int) -> str:
    lines = [
        "| series | mean before | mean decoded | fall over the series | dip of key frames |"
        " zeros before | zeros decoded | kbit/s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, one in series.items():
        dip = one.folded(gop)[:, 0]
        tenth = one.after.size // 10
        fall = one.after[:tenth].mean() - one.after[-tenth:].mean()
        lines.append(
            f"| {name} | {one.before.mean():.2f} | {one.after.mean():.2f} | {fall:.2f}"
            f" | {dip.mean():.3f} ± {dip.std() / np.sqrt(dip.size):.3f}"
            f" | {100 * one.histogram_before[0]:.0f} % | {100 * one.histogram_after[0]:.0f} %"
            f" | {one.kbit_per_s:.0f} |"
        )
    return "\n".join(lines)


def _draw(path: Path, series: dict[str, Series], gop: int) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 7), layout="constrained")
    (over_time, closer), (folded, histogram) = figure.subplots(2, 2)
    main = next(iter(series.values()))
    time_s = np.arange(main.after.size) / FRAME_RATE_HZ
    over_time.plot(
        time_s / 60, main.after, color="0.75", linewidth=0.5, label="decoded, each frame"
    )
    smooth = np.convolve(main.after, np.ones(gop) / gop, mode="valid")
    middle_s = time_s[gop // 2 : gop // 2 + smooth.size]
    over_time.plot(middle_s / 60, smooth, color="C0", label="decoded, mean of a group")
    before = np.convolve(main.before, np.ones(gop) / gop, mode="valid")
    over_time.plot(middle_s / 60, before, color="C1", label="before coding, mean of a group")
    over_time.set(xlabel="time, min", ylabel="mean grey value", title="The mean falls over minutes")
    over_time.legend(fontsize="small")
    first = min(20 * gop, main.after.size - 6 * gop)
    shown = slice(first, first + 6 * gop)
    closer.plot(time_s[shown], main.after[shown], color="C0", linewidth=1, label="decoded")
    keys = np.arange(first, first + 6 * gop, gop)
    closer.plot(time_s[keys], main.after[keys], "o", color="C3", label="key frames")
    closer.set(xlabel="time, s", ylabel="mean grey value", title="and dips with every key frame,")
    closer.legend(fontsize="small")
    for name, one in series.items():
        groups = one.folded(gop)
        error = groups.std(axis=0) / np.sqrt(groups.shape[0])
        folded.errorbar(np.arange(gop), groups.mean(axis=0), error, fmt=".-", label=name)
    folded.set(
        xlabel="frame of the group (0: key frame)",
        ylabel="mean less that of the P pictures",
        title="which takes clipping and a finer key frame",
    )
    folded.legend(fontsize="small")
    levels = np.arange(LEVELS)
    histogram.bar(
        levels - 0.2, 100 * main.histogram_before[:LEVELS], 0.4, label="before coding", color="C1"
    )
    histogram.bar(
        levels + 0.2, 100 * main.histogram_after[:LEVELS], 0.4, label="decoded", color="C0"
    )
    histogram.set(xlabel="grey value", ylabel="% of pixels", title="Grey values near black")
    histogram.legend(fontsize="small")
    figure.savefig(path, dpi=80)


if __name__ == "__main__":
    main()
