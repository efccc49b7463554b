"""Statistics of a phone's recording beside those of our simulation of it.

    python -m benchmarks.phone_statistics --recording TIFF... --output FOLDER

A recording is a stack of 8-bit grey frames. What it shows is taken from itself: a few
patterns whose strength wanders, smoothed, and made light by the response of the simulated
sensor and processor. That light is recorded anew, processed and coded, and both stacks
go through the same measurement (``benchmarks/recording_statistics.py``). The folder gets
``phone_statistics.md`` and ``phone_statistics.png``.
"""

import argparse
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import tifffile
from benchmarks.recording_statistics import RecordingStatistics, expected_grey, measure_recording
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from cellstorm.camera import Camera
from cellstorm.simulate import FieldOfView
from cellstorm.simulate.codec import H264Codec, decode_blocks
from cellstorm.simulate.isp import PRESETS, Isp, to_grey
from cellstorm.simulate.sensing import Sensor, SensorDefects

SMOOTHED_PX = 0.7
FRAME_RATE_HZ = 30.0
LAGS_SHOWN_PX = (1, 2, 4, 8, 16)
LEVELS_SHOWN = (0, 4, 6, 8, 9)


def main() -> None:
    """Measure each recording and its simulation, write the table and the curves."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recording", type=Path, nargs="+", required=True, help="TIFF stacks")
    parser.add_argument("--output", type=Path, required=True, help="folder for what is made")
    parser.add_argument("--isp", choices=sorted(PRESETS), default="learn2fluct")
    parser.add_argument("--crf", type=float, default=19.0)
    parser.add_argument("--offset", type=float, default=4.0, help="ADU")
    parser.add_argument("--gain", type=float, default=1.1, help="photoelectrons per ADU")
    parser.add_argument("--read-noise", type=float, default=2.5, help="photoelectrons")
    parser.add_argument(
        "--grid-shift", type=int, nargs=2, default=(2, 12), help="of the blocks, px in x and y"
    )
    parser.add_argument(
        "--kept-every", type=int, default=2, help="of so many frames filmed, one was kept"
    )
    given = parser.parse_args()
    camera = Camera(
        name="sensor",
        offset_adu=given.offset,
        gain_e_per_adu=given.gain,
        read_noise_e=given.read_noise,
    )
    codec = H264Codec(
        crf=given.crf,
        value_range="limited",
        grid_shift_px=(given.grid_shift[0], given.grid_shift[1]),
    )
    given.output.mkdir(parents=True, exist_ok=True)
    found: list[tuple[str, RecordingStatistics, RecordingStatistics]] = []
    for path in given.recording:
        recording = tifffile.imread(path)
        if recording.dtype != np.uint8 or recording.ndim != 3:
            raise SystemExit(f"{path}: expected a stack of 8-bit grey frames")
        simulated = imitate(
            recording, camera, PRESETS[given.isp], codec, kept_every=given.kept_every
        )
        label = "recording" if len(given.recording) == 1 else path.name[:3]
        found.append((label, measure_recording(recording), measure_recording(simulated)))
    table = describe(found)
    print(table)
    (given.output / "phone_statistics.md").write_text(table + "\n", encoding="utf-8")
    draw(given.output / "phone_statistics.png", found)


def imitate(
    recording: NDArray[np.uint8],
    camera: Camera,
    isp: Isp,
    codec: H264Codec,
    *,
    kept_every: int = 1,
) -> NDArray[np.uint8]:
    """Our simulation of a recording, ``(n, height, width)`` grey values.

    Parameters
    ----------
    recording
        ``(n, height, width)`` grey values.
    camera, isp, codec
        The simulated phone. The video is of limited range; the recording's values come
        from such by rounding down, as gaps in its histogram show.
    kept_every
        The coder sees so many frames for each that is kept.
    """
    height, width = recording.shape[1:]
    frames = kept_every * recording.shape[0]
    view = FieldOfView(width, height, 100.0, frames, FRAME_RATE_HZ)
    wanted = gaussian_filter(
        expected_grey(recording.astype(np.float64)), (0.0, SMOOTHED_PX, SMOOTHED_PX)
    )
    light = np.repeat(_light_of(wanted, camera, isp), kept_every, axis=0)
    sensor = Sensor(camera, SensorDefects(), height, width, np.random.default_rng(0))
    adu = sensor.record(light, np.random.default_rng(1))
    grey = to_grey(isp.start(camera, view).process(adu), 8)
    coded = codec.encode_to_memory([grey], view)
    luma = np.concatenate([block.frames for block in decode_blocks(BytesIO(coded))])[::kept_every]
    stretched = np.floor((luma.astype(np.float64) - 16.0) * 255.0 / 219.0)
    return np.clip(stretched, 0, 255).astype(np.uint8)


def _light_of(grey: NDArray[np.float64], camera: Camera, isp: Isp) -> NDArray[np.float32]:
    """Photoelectrons whose mean grey value after the processor is the given one.

    Found by trying flat light, because clipping at black lifts the mean of noise.
    """
    trial, size = 16, 32
    light = np.concatenate([np.linspace(0, 20, 41), np.geomspace(21, 400, 60)])
    means = []
    for level in light:
        sensor = Sensor(camera, SensorDefects(), size, size, np.random.default_rng(0))
        adu = sensor.record(
            np.full((trial, size, size), level, np.float32), np.random.default_rng(2)
        )
        view = FieldOfView(size, size, 100.0, trial, FRAME_RATE_HZ)
        means.append(isp.start(camera, view).process(adu).mean())
    rising = np.maximum.accumulate(np.asarray(means) + np.arange(light.size) * 1e-9)
    return np.asarray(np.interp(grey, rising, light), dtype=np.float32)


def blockiness(steps: NDArray[np.float64]) -> float:
    """Mean step on the border of 4 x 4 blocks over that inside, at the grid's best phase."""
    ratios = []
    for phase in range(4):
        border = np.arange(steps.size) % 4 == phase
        ratios.append(float(steps[border].mean() / steps[~border].mean()))
    return max(ratios)


def describe(found: list[tuple[str, RecordingStatistics, RecordingStatistics]]) -> str:
    """The table, as Markdown."""
    rows: list[tuple[str, Callable[[RecordingStatistics], str]]] = [
        ("grey value 0, % of pixels", lambda s: f"{100 * s.histogram[0]:.1f}"),
        *(
            (f"grey value {level}, %", _histogram_share(level))
            for level in (1, 2, 3, 5, 10, 20, 40)
        ),
        *((f"noise variance / mean, {name}", _noise_ratio(k)) for k, name in _LEVEL_NAMES),
        *((f"autocorrelation x / y at {lag} px", _correlation(lag)) for lag in LAGS_SHOWN_PX),
        (
            "step on 4 px borders / inside, x / y",
            lambda s: f"{blockiness(s.steps_x):.2f} / {blockiness(s.steps_y):.2f}",
        ),
        ("spectrum, lowest fifth", lambda s: f"{_fifth(s, 0):.2f}"),
        ("spectrum, highest fifth", lambda s: f"{_fifth(s, 4):.2f}"),
        ("pixels repeated from the frame before, %", lambda s: f"{100 * s.repeated:.0f}"),
    ]
    heads = [head for label, _, _ in found for head in (label, "simulated")]
    lines = ["| | " + " | ".join(heads) + " |", "|---" * (1 + len(heads)) + "|"]
    for name, show in rows:
        values = [show(one) for _, real, ours in found for one in (real, ours)]
        lines.append(f"| {name} | " + " | ".join(values) + " |")
    return "\n".join(lines)


_LEVEL_NAMES = (
    (0, "darkest tenth of the lit pixels"),
    (4, "5th tenth"),
    (6, "7th tenth"),
    (8, "9th tenth"),
    (9, "brightest tenth"),
)


def _histogram_share(level: int) -> Callable[[RecordingStatistics], str]:
    return lambda s: f"{100 * s.histogram[level]:.2f}"


def _noise_ratio(k: int) -> Callable[[RecordingStatistics], str]:
    return lambda s: f"{s.noise_sd[k] ** 2 / s.noise_level[k]:.2f} at {s.noise_level[k]:.0f}"


def _correlation(lag: int) -> Callable[[RecordingStatistics], str]:
    return lambda s: f"{s.correlation_x[lag - 1]:.2f} / {s.correlation_y[lag - 1]:.2f}"


def _fifth(statistics: RecordingStatistics, part: int) -> float:
    return float(np.array_split(statistics.spectrum, 5)[part].mean())


def draw(path: Path, found: list[tuple[str, RecordingStatistics, RecordingStatistics]]) -> None:
    """Curves of every recording (a row each) and of its simulation."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(16, 3.6 * len(found)), layout="constrained")
    axes = np.atleast_2d(figure.subplots(len(found), 5, squeeze=False))
    for row, (label, real, ours) in zip(axes, found, strict=True):
        for name, one, style in ((label, real, "o-"), ("simulated", ours, "s--")):
            keys = {"label": name, "markersize": 3.5, "linewidth": 1.2}
            seen = one.histogram > 0
            row[0].semilogy(np.flatnonzero(seen), one.histogram[seen], style, **keys)
            row[1].loglog(one.noise_level, one.noise_sd**2 / one.noise_level, style, **keys)
            frequency = np.arange(1, one.spectrum.size + 1) / (2 * one.spectrum.size)
            row[2].plot(frequency, one.spectrum, style, **keys)
            mean = (one.correlation_x + one.correlation_y) / 2
            row[3].plot(np.arange(1, mean.size + 1), mean, style, **keys)
            row[4].plot(one.steps_x, style, **keys)
        row[0].set(xlabel="grey value", ylabel="share of pixels")
        row[1].set(xlabel="mean grey value", ylabel="temporal variance / mean")
        row[1].set_ylim(0.05, 5)
        row[2].set(xlabel="cycles per frame", ylabel="power / mean power", ylim=(0, None))
        row[3].set(
            xlabel="lag, px", ylabel="autocorrelation, mean of x and y", xticks=(1, 4, 8, 16)
        )
        row[3].axhline(0, color="grey", linewidth=0.5)
        row[4].set(xlabel="x modulo 16, px", ylabel="step to the next pixel / median")
        row[0].legend(fontsize="small")
        row[0].set_title(label)
    figure.savefig(path, dpi=80)


if __name__ == "__main__":
    main()
