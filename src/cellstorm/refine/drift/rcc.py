"""Redundant cross-correlation."""

import math
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field
from scipy import fft

from cellstorm.parameters import Parameters
from cellstorm.refine.drift._peak_kernel import flat_peak
from cellstorm.refine.drift.blocks import Blocks, cut_into_blocks
from cellstorm.refine.drift.curve import DriftCurve, curve_through
from cellstorm.refine.drift.molecules import Molecules
from cellstorm.refine.drift.progress import DriftListener, Steps
from cellstorm.refine.drift.walk import Walk

__all__ = ["RedundantCrossCorrelation"]

_CLEAR = 6.0
_WIDTH_PX = 1.5
# A pair of blocks is left out when it is off by more of its robust standard deviations.
_OUTLIER = 4.0
_LARGEST_SIDE = 1_024


class RedundantCrossCorrelation(Parameters):
    """Redundant cross-correlation (Wang et al. 2014, *Optics Express* 22, 15982, eq. 3-6).

    Pictures of blocks of frames are correlated, each with each; the shifts of the blocks
    are those that explain the shifts of all pairs best by least squares, pairs that do
    not fit left out. Pictures larger than 1024 pixels are folded onto themselves, which
    moves no peak. Height is not looked at.
    """

    model_config = ConfigDict(allow_inf_nan=False)
    uses_uncertainties: ClassVar[bool] = False

    kind: Literal["rcc"] = "rcc"
    segments: int = Field(20, ge=3, le=200, description="blocks that the movie is cut into")
    pixel_nm: float = Field(20.0, ge=2, le=500, description="pixel of the pictures, nm")
    search_nm: float = Field(600.0, gt=0, le=5_000, description="largest shift looked for, nm")

    def settled(self, molecules: Molecules) -> "RedundantCrossCorrelation":
        """The same; no more blocks than frames."""
        first, after = molecules.frames
        return self.model_copy(update={"segments": max(3, min(self.segments, after - first))})

    def parts(self, molecules: Molecules) -> tuple[Molecules, Molecules, None]:
        """Two halves to test the curve with."""
        return *molecules.halves(), None

    def __call__(
        self,
        molecules: Molecules,
        *,
        start: DriftCurve | None = None,
        listener: DriftListener | None = None,
    ) -> DriftCurve:
        """Find the drift in x and y.

        Parameters
        ----------
        molecules
            Of `molecules_of`.
        start
            Not needed: all shifts are looked at anyway.
        listener
            Told how far it is.
        """
        del start
        first, after = molecules.frames
        blocks = cut_into_blocks(molecules, max(1, (after - first) // self.segments))
        pairs, shift, variance = self._correlated(molecules, blocks, listener)
        walk = Walk(*_solved(len(blocks), pairs, shift, variance))
        return curve_through(molecules.frames, blocks.middle, walk, "RCC")

    def _correlated(
        self, molecules: Molecules, blocks: Blocks, listener: DriftListener | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Pairs of blocks with a clear shift, the shifts in x and y and their variances."""
        search = math.ceil(self.search_nm / self.pixel_nm)
        shape = tuple(
            min(_LARGEST_SIDE, fft.next_fast_len(int(p.max() / self.pixel_nm) + search, real=True))
            for p in (molecules.y_nm, molecules.x_nm)
        )
        # a power of two folds like the grid that counts
        shape = tuple(2 ** math.ceil(math.log2(max(side, 2 * search + 2))) for side in shape)
        spectra = []
        for b in range(len(blocks)):
            rows = slice(int(blocks.rows[b]), int(blocks.rows[b + 1]))
            down, across = (
                np.floor(p[rows] / self.pixel_nm).astype(np.int64) % side
                for p, side in zip((molecules.y_nm, molecules.x_nm), shape, strict=True)
            )
            picture = np.bincount(down * shape[1] + across, minlength=shape[0] * shape[1])
            spectra.append(fft.rfft2(picture.reshape(shape).astype(np.float32)))
        window = np.arange(-search, search + 1)
        pairs: list[tuple[int, int]] = []
        shifts: list[tuple[float, float]] = []
        variances: list[tuple[float, float]] = []
        step = Steps(listener, len(blocks) * (len(blocks) - 1) // 2)
        for a in range(len(blocks)):
            for b in range(a + 1, len(blocks)):
                correlation = fft.irfft2(spectra[b] * np.conj(spectra[a]), s=shape)
                near = np.maximum(correlation[np.ix_(window, window)].astype(np.float64), 0.0)
                x, y, vx, vy, strength = flat_peak(near, self.pixel_nm, _WIDTH_PX * self.pixel_nm)
                if strength > _CLEAR and math.isfinite(vx + vy):
                    pairs.append((a, b))
                    shifts.append((x, y))
                    variances.append((vx, vy))
                step()
        return (
            np.array(pairs, dtype=np.int64).reshape(-1, 2),
            np.array(shifts).reshape(-1, 2),
            np.array(variances).reshape(-1, 2),
        )


def _solved(
    count: int,
    pairs: NDArray[np.int64],
    shift_nm: NDArray[np.float64],
    variance_nm2: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Shifts of the blocks by weighted least squares, outliers left out; see `Walk`."""
    shifts, spreads = np.zeros((count, 2)), np.full((count, 2), np.inf)
    step = np.zeros(2)
    design = np.zeros((len(pairs), count))
    design[np.arange(len(pairs)), pairs[:, 1]] = 1.0
    design[np.arange(len(pairs)), pairs[:, 0]] = -1.0
    keep = np.ones(len(pairs), dtype=bool)
    for _ in range(10):
        used = design[keep]
        # without one block fixed there is a rank less than blocks
        if np.linalg.matrix_rank(used) < count - 1:
            return shifts, spreads, step
        residual = np.zeros_like(shift_nm)
        for axis in range(2):
            weight = 1.0 / (variance_nm2[keep, axis] + np.median(variance_nm2[keep, axis]))
            normal = used.T @ (weight[:, None] * used) + np.full((count, count), weight.mean())
            inverse = np.linalg.inv(normal)
            shifts[:, axis] = inverse @ (used.T @ (weight * shift_nm[keep, axis]))
            residual[:, axis] = shift_nm[:, axis] - design @ shifts[:, axis]
            freedom = max(1, int(keep.sum()) - count + 1)
            misfit = float(np.sum(weight * residual[keep, axis] ** 2)) / freedom
            centred = inverse - inverse.mean(axis=0, keepdims=True)
            centred -= centred.mean(axis=1, keepdims=True)
            spreads[:, axis] = np.diag(centred) * misfit
            step[axis] = float(np.median(np.diff(shifts[:, axis]) ** 2)) / 0.4549
        scale = 1.4826 * np.median(np.abs(residual[keep]), axis=0)
        near = np.abs(residual) <= _OUTLIER * np.maximum(scale, 1e-6)
        good = near[:, 0] & near[:, 1]
        if np.array_equal(good, keep):
            break
        keep[:] = good
    return shifts, spreads, step
