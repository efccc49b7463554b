"""Figures of a recording that tell how it was processed and coded."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["RecordingStatistics", "expected_grey", "measure_recording"]

LAGS_PX = 20
LEVELS = 41
GRID_PX = 16
FRAMES_PER_PATTERN = 6
LEAST_MEAN = 2.0


@dataclass(frozen=True)
class RecordingStatistics:
    """What `measure_recording` finds; every curve without a unit unless named.

    Attributes
    ----------
    histogram
        ``(41,)`` share of the grey values 0 to 40.
    noise_level, noise_sd
        Mean grey value of bins of pixels, and the temporal standard deviation there.
    spectrum
        Power of the residual over temporal frequency, 0 to half a cycle per frame without
        0, relative to its mean: 1 is white.
    correlation_x, correlation_y
        ``(20,)`` autocorrelation of the residual at lags of 1 to 20 px.
    steps_x, steps_y
        ``(16,)`` mean step of the residual from one pixel to the next, by the phase of the
        first in a grid of 16 px, relative to their median; the macroblocks' border is phase
        15 where the recording begins at one.
    repeated
        Share of lit pixels whose value is that of the frame before.
    """

    histogram: NDArray[np.float64]
    noise_level: NDArray[np.float64]
    noise_sd: NDArray[np.float64]
    spectrum: NDArray[np.float64]
    correlation_x: NDArray[np.float64]
    correlation_y: NDArray[np.float64]
    steps_x: NDArray[np.float64]
    steps_y: NDArray[np.float64]
    repeated: float


def expected_grey(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    """What every frame shows without noise: a few patterns whose strength wanders.

    Light from a waveguide is a sum of a few modes that change from frame to frame, so
    the frames without noise have a low rank: one pattern for every six frames is kept
    (the truncated singular value decomposition; Eckart & Young 1936). That takes as many
    degrees of freedom from the noise, a sixth of its variance.

    Parameters
    ----------
    frames
        ``(n, height, width)`` grey values.
    """
    flat = frames.reshape(frames.shape[0], -1)
    # the small square matrix holds all that is needed
    strength, patterns = np.linalg.eigh(flat @ flat.T)
    kept = patterns[:, np.argsort(strength)[::-1][: max(2, frames.shape[0] // FRAMES_PER_PATTERN)]]
    expected: NDArray[np.float64] = (kept @ (kept.T @ flat)).reshape(frames.shape)
    return expected


def measure_recording(recording: NDArray[np.generic]) -> RecordingStatistics:
    """Statistics of grey frames; only pixels of a mean over 2 count, but for the histogram.

    The residual is what `expected_grey` leaves, over the square root of the mean: shot
    noise would be alike everywhere.

    Parameters
    ----------
    recording
        ``(n, height, width)`` grey values, 8 bits.
    """
    frames = np.asarray(recording, dtype=np.float64)
    mean = frames.mean(axis=0)
    lit = mean > LEAST_MEAN
    residual = frames - expected_grey(frames)
    residual -= residual.mean(axis=0)
    noise_level, noise_sd = _noise_over_level(mean[lit], residual[:, lit])
    residual = np.where(lit, residual / np.sqrt(mean + 1.0), 0.0)
    power = (np.abs(np.fft.rfft(residual[:, lit], axis=0)) ** 2).mean(axis=1)[1:]
    moved = np.abs(np.diff(frames, axis=0))[:, lit]
    return RecordingStatistics(
        histogram=np.array([(frames == level).mean() for level in range(LEVELS)]),
        noise_level=noise_level,
        noise_sd=noise_sd,
        spectrum=power / power.mean(),
        correlation_x=_correlation(residual, lit),
        correlation_y=_correlation(residual.transpose(0, 2, 1), lit.T),
        steps_x=_steps(residual, lit),
        steps_y=_steps(residual.transpose(0, 2, 1), lit.T),
        repeated=float((moved == 0).mean()),
    )


def _noise_over_level(
    mean: NDArray[np.float64], residual: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    edges = np.quantile(mean, np.linspace(0, 1, 11))
    bins = np.clip(np.searchsorted(edges, mean, side="right") - 1, 0, 9)
    levels = np.array([mean[bins == k].mean() for k in range(10)])
    sds = np.array([np.sqrt((residual[:, bins == k] ** 2).mean()) for k in range(10)])
    return levels, sds


def _correlation(residual: NDArray[np.float64], lit: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Along the last axis."""
    values = []
    for lag in range(1, LAGS_PX + 1):
        both = lit[:, lag:] & lit[:, :-lag]
        a, b = residual[:, :, lag:][:, both], residual[:, :, :-lag][:, both]
        values.append((a * b).mean() / np.sqrt((a * a).mean() * (b * b).mean()))
    return np.array(values)


def _steps(residual: NDArray[np.float64], lit: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Along the last axis."""
    both = lit[:, 1:] & lit[:, :-1]
    step = np.abs(np.diff(residual, axis=2)).mean(axis=0)
    phase = np.broadcast_to(np.arange(both.shape[1]) % GRID_PX, both.shape)
    mean = np.array([step[both & (phase == k)].mean() for k in range(GRID_PX)])
    relative: NDArray[np.float64] = mean / np.median(mean)
    return relative
