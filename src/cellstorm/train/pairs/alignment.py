"""Whether frames and molecules of a recording belong together, to a fraction of a pixel."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import gaussian_filter

from cellstorm.errors import ConfigurationError
from cellstorm.train.pairs.fine_grid import rasterised
from cellstorm.train.pairs.recording import PairedRecording

__all__ = ["MisalignedPairs", "PairShift", "check_alignment", "measure_shift"]

_FACTOR = 4
_REACH_PX = 6
_MOST_FRAMES = 64
_GROUPS = 8
_SMOOTH_PX = 0.7
_LEAST_MOLECULES = 20
# of the correlation's noise elsewhere; less can be chance
_LEAST_SIGNIFICANCE = 12.0
_MOST_ERROR_PX = 0.3
_MOST_PX = 0.1
_MOST_ERRORS = 5.0


class MisalignedPairs(ConfigurationError):
    """Frames and molecules that do not belong together."""


@dataclass(frozen=True)
class PairShift:
    """How the light lies to the molecules.

    Attributes
    ----------
    x_px, y_px
        From the molecules to the light, px.
    error_px
        Standard error of each.
    frames
        Frames by which the light comes later than the molecules: -1, 0 or 1.
    significance
        Height of the correlation over its noise.
    """

    x_px: float
    y_px: float
    error_px: float
    frames: int
    significance: float

    @property
    def is_clear(self) -> bool:
        """Whether light and molecules agree anywhere at all."""
        return self.significance >= _LEAST_SIGNIFICANCE and self.error_px <= _MOST_ERROR_PX


def check_alignment(recording: PairedRecording, *, most_px: float = _MOST_PX) -> PairShift:
    """Refuse a recording whose molecules do not lie where its frames show light.

    A shift of more than ``most_px`` is refused where it is more than five of its own standard
    errors: half a fine pixel, 0.1 px, would be learned as if it were true.

    Raises
    ------
    MisalignedPairs
        Says by how much, or that nothing agrees.
    """
    shift = measure_shift(recording)
    if shift is None:
        raise MisalignedPairs(
            f"fewer than {_LEAST_MOLECULES} molecules in {_MOST_FRAMES} frames do not tell"
            " whether they lie right.",
            where=recording.name,
        )
    if not shift.is_clear:
        raise MisalignedPairs(
            f"the {recording.molecules} molecules have nothing to do with the light in the"
            f" {recording.light.shape[0]} frames.",
            where=recording.name,
            todo="Check that table and movie belong together: frames, pixel size, orientation.",
        )
    if shift.frames:
        raise MisalignedPairs(
            f"the light comes {abs(shift.frames)} frame"
            f" {'after' if shift.frames > 0 else 'before'} its molecules.",
            where=recording.name,
            todo="Check from which number the table counts frames.",
        )
    distance = math.hypot(shift.x_px, shift.y_px)
    if distance > max(most_px, _MOST_ERRORS * shift.error_px):
        raise MisalignedPairs(
            f"the light lies {shift.x_px:+.2f} px right of and {shift.y_px:+.2f} px below its"
            f" molecules (standard error {shift.error_px:.2f} px).",
            where=recording.name,
            todo="Check the table's origin (a pixel's corner or its centre) and the pixel size.",
        )
    return shift


def measure_shift(recording: PairedRecording) -> PairShift | None:
    """Where the light lies, seen from the molecules.

    The cross-correlation of the light with the molecules, both on a finer grid and without
    their mean over time (which is the same in every frame and says nothing of this one), has
    its maximum there. Of the first 64 frames; the standard error is that of eight groups of
    frames, each left out once (jackknife).

    Returns
    -------
    PairShift | None
        None where there are fewer than 20 molecules.
    """
    count = min(recording.light.shape[0], _MOST_FRAMES)
    if recording.first_row[count] < _LEAST_MOLECULES:
        return None
    light, truth = _spectra(recording, count)
    lags = (-1, 0, 1) if count > 2 else (0,)
    groups = {lag: _correlations(light, truth, lag) for lag in lags}
    whole = {lag: parts.sum(axis=0) for lag, parts in groups.items()}
    best = max(lags, key=lambda lag: float(_near(whole[lag]).max()))
    column, line = _top(whole[best])
    parts = groups[best]
    tops = np.array([_top(whole[best] - part) for part in parts])
    spread = (len(parts) - 1) / len(parts) * ((tops - tops.mean(axis=0)) ** 2).sum(axis=0)
    near = _near(whole[best])
    # shifts by half the frame and more, where nothing of the same molecule can be left
    far = np.concatenate([_middle(part) for part in (whole[best], whole[best].T)], axis=None)
    noise = float(far.std())
    return PairShift(
        x_px=column / _FACTOR,
        y_px=line / _FACTOR,
        error_px=float(np.sqrt(spread.mean())) / _FACTOR,
        frames=best,
        significance=float(near.max() - far.mean()) / noise if noise > 0 else 0.0,
    )


def _spectra(
    recording: PairedRecording, count: int
) -> tuple[NDArray[np.complex64], NDArray[np.complex64]]:
    """Spectra of light and molecules of each frame, ``(count, lines, columns)``."""
    height, width = recording.light.shape[1:]
    light = recording.light[:count].astype(np.float32)
    truth = np.empty((count, height * _FACTOR, width * _FACTOR), np.float32)
    for frame in range(count):
        rows = recording.rows(frame)
        truth[frame] = rasterised(
            recording.x_px[rows],
            recording.y_px[rows],
            # as far as each stands out of its noise
            np.sqrt(recording.photons[rows]),
            shape_px=(height, width),
            factor=_FACTOR,
        )
    for stack in (light, truth):
        stack -= stack.mean(axis=0) if count > 2 else stack.mean(axis=(1, 2), keepdims=True)
    # every pixel becomes a block of equal fine ones: nothing moves by that
    fine = light.repeat(_FACTOR, axis=1).repeat(_FACTOR, axis=2)
    fine = gaussian_filter(fine, (0.0, _SMOOTH_PX * _FACTOR, _SMOOTH_PX * _FACTOR))
    # what leaves on one side must not come back on the other
    size = [n + 2 * _REACH_PX * _FACTOR for n in fine.shape[1:]]
    size = [fft.next_fast_len(n, real=True) for n in size]
    spectra: list[NDArray[np.complex64]] = [fft.rfft2(stack, size) for stack in (fine, truth)]
    return spectra[0], spectra[1]


def _correlations(
    light: NDArray[np.complex64], truth: NDArray[np.complex64], lag: int
) -> NDArray[np.float64]:
    """Correlation of each group of frames, ``(groups, lines, columns)``, no shift first."""
    count = light.shape[0]
    first, last = max(0, -lag), min(count, count - lag)
    product = light[first + lag : last + lag] * np.conj(truth[first:last])
    parts = np.array_split(product, min(_GROUPS, last - first))
    return np.array([fft.irfft2(part.sum(axis=0)) for part in parts], np.float64)


def _near(correlation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shifts within reach, no shift in the middle."""
    reach = _REACH_PX * _FACTOR
    rolled = np.roll(correlation, (reach, reach), (0, 1))
    return rolled[: 2 * reach + 1, : 2 * reach + 1]


def _middle(correlation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lines whose shift is a quarter of the height or more, either way."""
    quarter = correlation.shape[0] // 4
    return correlation[quarter:-quarter]


def _top(correlation: NDArray[np.float64]) -> tuple[float, float]:
    """Column and line of the maximum, by a parabola through its neighbours, fine pixels."""
    near = _near(correlation)
    reach = _REACH_PX * _FACTOR
    highest = np.unravel_index(int(near.argmax()), near.shape)
    line, column = (int(np.clip(at, 1, 2 * reach - 1)) for at in highest)
    return (
        column - reach + _vertex(near[line, column - 1 : column + 2]),
        line - reach + _vertex(near[line - 1 : line + 2, column]),
    )


def _vertex(values: NDArray[np.float64]) -> float:
    below, here, above = (float(value) for value in values)
    bend = below - 2.0 * here + above
    return 0.0 if bend >= 0.0 else float(np.clip(0.5 * (below - above) / bend, -0.5, 0.5))
