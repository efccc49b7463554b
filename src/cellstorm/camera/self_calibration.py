"""A camera estimated from the movie itself, when nobody knows better.

What can be learned depends on what the codec left. An uncoded movie shows its noise: the
gain is the slope of variance over brightness (photon transfer), the share of the shot
noise follows from how differences depend on sums, and offset and read noise from both. A
coded movie has lost part of its noise; where the quantiser is known and fine enough the
loss is made good, otherwise the generic phone's numbers are taken and said so.
"""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import uniform_filter

from cellstorm.camera.model import Camera
from cellstorm.camera.noise_correlation import removed_noise
from cellstorm.camera.photon_transfer import (
    NoiseCells,
    TransferLine,
    collect_cells,
    join_cells,
    pair_slope,
    spatial_slope,
)
from cellstorm.camera.presets import PRESETS
from cellstorm.movie import quantiser_step

if TYPE_CHECKING:
    from cellstorm.movie import Movie

__all__ = ["estimate_camera"]

_WINDOWS = 8
_FRAMES_PER_WINDOW = 16
_PIXELS_PER_WINDOW = 4_000_000
# share of shot noise in the noise of a background of some 10 e on a modern sensor
_SHOT_SHARE = 0.85

# blinking molecules alone correlate noise this much
_LEAST_REMOVED = 1.5

# What x264 (medium, no B pictures, QP 20 to 32) leaves of white noise, measured on simulated
# backgrounds: standard deviation before coding against variance after it, both in units of
# the quantiser step. The dead zone swallows what lies under a third of a step.
_VARIANCE_LEFT = (0.03, 0.04, 0.065, 0.092, 0.117, 0.145, 0.184, 0.222, 0.261, 0.30, 0.37, 0.5)
_DEVIATION_BEFORE = (0.33, 0.34, 0.38, 0.41, 0.43, 0.45, 0.48, 0.51, 0.54, 0.57, 0.61, 0.72)


# limited range squeezes 255 grey values into 219
_SQUEEZE = 219.0 / 255.0

_LOSSLESS = ("ffv1", "rawvideo", "huffyuv", "ffvhuff", "utvideo", "png")


@dataclass(frozen=True)
class _Sample:
    """What a few windows of frames showed, grey values as recorded."""

    cells: NoiseCells | None
    quantiser_step_adu: float | None
    lowest: float
    highest: float
    dark_level: float
    black_of_limited: float
    share_under_black: float
    clipped_dark: bool
    clipped_bright: bool
    removed: float


@dataclass(frozen=True)
class _Response:
    offset_adu: float
    gain_e_per_adu: float
    read_noise_e: float
    how: str


def estimate_camera(
    movie: "Movie", frames: tuple[int, int] | None = None, *, undo_filters: bool = False
) -> Camera:
    """Estimate a camera from a sample of the movie: a safe default, not a calibration.

    Parameters
    ----------
    movie
        Any movie; up to eight windows of sixteen frames are read.
    frames
        ``(start, stop)`` to look at; the whole movie by default.
    undo_filters
        Where the noise is correlated, as an image processor's filters make it, take the middle
        between the gain that the noise as it is stands for and that of white noise with the
        same low frequencies (see `removed_noise`). The notes give both either way.

    Returns
    -------
    Camera
        ``estimated`` is set and ``notes`` says what was measured and what assumed. Movies
        without information (constant, one frame) give assumed numbers. Limited range is
        undone only where the file is flagged so: without a flag the offset and gain found
        here already contain it, whereas undoing a range that was never applied would not.
        A flag that the values contradict (many under black) is not believed.
    """
    start, stop = frames if frames is not None else (0, movie.shape[0])
    sample = _take_sample(movie, start, stop)
    assumed = _assumed_response(movie, sample)
    response = assumed
    if sample.cells is not None and sample.highest > sample.lowest:
        coded = movie.codec is not None and movie.codec.codec not in _LOSSLESS
        measure = _coded_response if coded else _plain_response
        response = measure(sample.cells, sample, assumed)
        if response is not assumed and "assumed after" not in response.how:
            response = _with_filters(response, sample.removed, undo=undo_filters)
    return _as_camera(movie, sample, response)


def _with_filters(response: _Response, removed: float, *, undo: bool) -> _Response:
    """The range that correlated noise leaves for the gain, said, and its middle if wanted."""
    if removed < _LEAST_REMOVED:
        return response
    gain = response.gain_e_per_adu
    between = f"gain between {gain / removed:.2g} and {gain:.2g}"
    how = f"{response.how}; the noise looks filtered, {between}"
    return replace(response, how=how, gain_e_per_adu=gain / math.sqrt(removed) if undo else gain)


def _take_sample(movie: "Movie", start: int, stop: int) -> _Sample:
    height, width = movie.shape[1:]
    length = max(2, min(_FRAMES_PER_WINDOW, _PIXELS_PER_WINDOW // max(1, height * width)))
    length = max(1, min(length, stop - start))
    starts = np.unique(np.linspace(start, stop - length, _WINDOWS).astype(int))
    rng = np.random.default_rng(0)
    parts, steps, dark_levels, removed = [], [], [], []
    lowest, highest = math.inf, -math.inf
    at_lowest = at_highest = under_black = values = 0
    black = 16.0 * 2.0 ** (movie.bit_depth - 8)
    for first in starts:
        chunk = movie.read_chunk(int(first), int(first) + length)
        window = np.asarray(chunk.frames, dtype=np.float32)
        low, high = float(window.min()), float(window.max())
        if low < lowest:
            lowest, at_lowest = low, 0
        if high > highest:
            highest, at_highest = high, 0
        at_lowest += int((window == lowest).sum())
        at_highest += int((window == highest).sum())
        under_black += int((window < black).sum())
        values += window.size
        # smoothed, so that it is a brightness and not the noise's lower end
        dark_levels.append(float(np.quantile(uniform_filter(window.mean(axis=0), 5), 0.005)))
        removed.append(removed_noise(window))
        if length > 1:
            parts.append(collect_cells(window, rng))
        if chunk.coding is not None and chunk.coding.qp is not None:
            steps.append(quantiser_step(chunk.coding.qp).ravel())
    whole = movie.dtype.kind in "iu"
    return _Sample(
        cells=join_cells(parts) if parts else None,
        quantiser_step_adu=float(np.median(np.concatenate(steps))) if steps else None,
        lowest=lowest,
        highest=highest,
        dark_level=min(dark_levels),
        black_of_limited=black,
        share_under_black=under_black / values,
        clipped_dark=whole and at_lowest > 0.01 * values,
        clipped_bright=whole and at_highest > max(20, 1e-4 * values),
        removed=float(np.median(removed)),
    )


def _assumed_response(movie: "Movie", sample: _Sample) -> _Response:
    """Nothing measured but the darkest level: a phone for video and 8 bits, else an sCMOS."""
    if movie.dtype.kind == "f":
        return _Response(sample.dark_level, 1.0, 0.0, "gain assumed: 1 e per unit of a float movie")
    if movie.bit_depth > 8 and movie.codec is None:
        # offsets of scientific cameras differ too much to assume one
        scmos = PRESETS["scmos"]
        return _Response(
            sample.dark_level, scmos.gain_e_per_adu, scmos.read_noise_e, "assumed after scmos"
        )
    known, scale = PRESETS["generic-phone"], 2.0 ** (movie.bit_depth - 8)
    offset, gain = known.offset_adu * scale, known.gain_e_per_adu / scale
    if _looks_limited(movie, sample):
        offset, gain = sample.black_of_limited + offset * _SQUEEZE, gain / _SQUEEZE
    offset = min(offset, sample.dark_level)
    return _Response(offset, gain, known.read_noise_e, f"assumed after {known.name}")


def _looks_limited(movie: "Movie", sample: _Sample) -> bool:
    """Whether the grey values are those of limited range, going by flag and values."""
    if movie.codec is None or movie.codec.color_range == "full":
        return False
    if movie.codec.color_range == "limited":
        # the codec's own errors take a few values under black
        return sample.share_under_black < 0.05
    return sample.lowest >= sample.black_of_limited - 2


def _plain_response(cells: NoiseCells, sample: _Sample, assumed: _Response) -> _Response:
    """Photon transfer of an uncoded movie."""
    spatial = spatial_slope(cells)
    pair = None if sample.clipped_dark else pair_slope(cells)
    line = spatial if spatial is not None else pair
    if line is None or line.variance_adu2 <= 0:
        return assumed
    is_8_bit = sample.highest < 256
    if spatial is not None and _tells_the_slope(spatial):
        gain = 1.0 / spatial.slope_adu
        share = _SHOT_SHARE if pair is None else min(max(pair.slope_adu * gain, 0.05), 1.0)
        how = "gain from the noise over the uneven illumination of the background"
        return _split_noise(line, gain, share, sample, how)
    if pair is not None and pair.slope_adu > 5 * pair.slope_error_adu:
        how = "gain from sums and differences of frame pairs on an even background"
        light_adu = pair.level_adu - assumed.offset_adu
        if is_8_bit and light_adu > 0:
            # the offset is nearly known: v * share = light / gain and slope = share / gain
            gain = math.sqrt(light_adu / (pair.variance_adu2 * pair.slope_adu))
            share = min(pair.slope_adu * gain, 1.0)
        else:
            gain, share = _SHOT_SHARE / pair.slope_adu, _SHOT_SHARE
        return _split_noise(pair, gain, share, sample, how)
    return _from_level(line, assumed, "")


def _coded_response(cells: NoiseCells, sample: _Sample, assumed: _Response) -> _Response:
    """Photon transfer where the quantiser left enough noise, drawn towards the phone's."""
    step = sample.quantiser_step_adu
    if step is None:
        return _not_measured(assumed, "the codec tells no quantiser")
    line = spatial_slope(cells, restore=lambda variance: _before_coding(variance, step))
    if line is None:
        return _not_measured(assumed, "compression removed the noise")
    how = f"noise before compression inferred from quantiser step {step:.1f} ADU"
    if not _tells_the_slope(line):
        return _from_level(line, assumed, how)
    trust = 1.0 / max(line.slope_error_adu / line.slope_adu, 0.3) ** 2
    prior = 1.0 / math.log(2.0) ** 2
    gain = math.exp(
        (trust * math.log(1.0 / line.slope_adu) + prior * math.log(assumed.gain_e_per_adu))
        / (trust + prior)
    )
    gain = min(max(gain, assumed.gain_e_per_adu / 4), assumed.gain_e_per_adu * 4)
    variance_e2 = line.variance_adu2 * gain**2
    shot_share = max(1.0 - assumed.read_noise_e**2 / variance_e2, 0.3)
    return _split_noise(line, gain, shot_share, sample, f"gain from the background, {how}")


def _not_measured(assumed: _Response, why: str) -> _Response:
    return replace(assumed, how=f"{assumed.how}, because {why}")


def _before_coding(variance_adu2: float, step_adu: float) -> float:
    """Variance of the noise that the encoder was given; NaN where too little is left."""
    left = variance_adu2 / step_adu**2
    if left < _VARIANCE_LEFT[0]:
        return math.nan
    if left > _VARIANCE_LEFT[-1]:
        return variance_adu2
    deviation = float(np.interp(left, _VARIANCE_LEFT, _DEVIATION_BEFORE))
    return (deviation * step_adu) ** 2


def _tells_the_slope(line: TransferLine) -> bool:
    """Whether the brightness varies by more than its own noise and the slope is certain."""
    # temporal median of 16 and 5 x 5 smoothing leave about a tenth of the noise
    level_noise = 0.1 * math.sqrt(max(line.variance_adu2, 0.0))
    return (
        line.slope_adu > 4 * line.slope_error_adu
        and line.level_span_adu > 8 * level_noise
        and line.level_span_adu * line.slope_adu > 0.15 * line.variance_adu2
    )


def _from_level(line: TransferLine, assumed: _Response, how: str) -> _Response:
    """Gain that explains the noise at one brightness, offset and read noise assumed.

    ``v = (m - o) / g + r^2 / g^2`` solved for g.
    """
    light_adu = max(line.level_adu - assumed.offset_adu, 0.0)
    read = assumed.read_noise_e
    if line.variance_adu2 <= 0:
        return assumed
    root = math.sqrt(light_adu**2 + 4 * line.variance_adu2 * read**2)
    gain = (light_adu + root) / (2 * line.variance_adu2)
    if gain <= 0:
        return assumed
    gain = min(max(gain, assumed.gain_e_per_adu / 20), assumed.gain_e_per_adu * 20)
    why = "gain from the noise of an even background, offset and read noise assumed"
    return _Response(assumed.offset_adu, gain, read, f"{why}, {how}" if how else why)


def _split_noise(
    line: TransferLine, gain: float, shot_share: float, sample: _Sample, how: str
) -> _Response:
    """Offset and read noise that go with a gain and the share of shot noise."""
    offset = line.level_adu - shot_share * line.variance_adu2 * gain
    offset = min(max(offset, min(sample.lowest, 0.0)), sample.dark_level)
    light_e = max(line.level_adu - offset, 0.0) * gain
    read = math.sqrt(max(line.variance_adu2 * gain**2 - light_e, 0.0))
    return _Response(offset, gain, read, how)


def _as_camera(movie: "Movie", sample: _Sample, response: _Response) -> Camera:
    offset, gain = response.offset_adu, response.gain_e_per_adu
    largest = float(2**movie.bit_depth - 1) if movie.dtype.kind in "iu" else sample.highest
    saturation = sample.highest if sample.clipped_bright else largest
    dark_clip = sample.lowest if sample.clipped_dark else None
    flagged = movie.codec is not None and movie.codec.color_range == "limited"
    limited = flagged and _looks_limited(movie, sample)
    if limited:
        black = sample.black_of_limited
        offset, gain = (offset - black) / _SQUEEZE, gain * _SQUEEZE
        dark_clip = None if dark_clip is None else (dark_clip - black) / _SQUEEZE
        saturation = (saturation - black) / _SQUEEZE
    if dark_clip is not None and dark_clip >= saturation:
        dark_clip = None
    return Camera(
        name="estimated",
        offset_adu=round(offset, 3),
        gain_e_per_adu=float(f"{gain:.4g}"),
        read_noise_e=round(response.read_noise_e, 3),
        saturation_adu=saturation,
        dark_clip_adu=dark_clip,
        bit_depth=min(movie.bit_depth, 32),
        value_range="limited" if limited else "full",
        estimated=True,
        notes=f"{response.how}; an estimate from the movie, not a calibration",
    )
