"""Does the codec's block grid show in a picture?"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, fdtrc

from cellstorm.evaluate.plain_numbers import plain

__all__ = ["BLOCK_PERIODS_PX", "PictureGrid", "picture_grid"]

BLOCK_PERIODS_PX = (4, 8, 16)
"""Transform blocks and macroblocks of H.264 and its kin, pixels of the movie."""

_BLOCK_PX = BLOCK_PERIODS_PX[-1]
_MOST_NEIGHBOURS = 6
_FEWEST_BLOCKS = 2
_LEAST_P = 1e-300


@dataclass(frozen=True)
class _Line:
    """A frequency of blocks: its multiple of 1/16 per px, its power, and that beside it."""

    harmonic: int
    power: float
    beside: float
    neighbours: int

    @property
    def ratio(self) -> float:
        """Power over that beside it; on average 1 where both are noise."""
        # the mean of one over a mean of n exponential powers is n / (n - 1)
        return self.power / self.beside * (self.neighbours - 1) / self.neighbours

    @property
    def p_value(self) -> float:
        """Chance of a power like this."""
        return max(float(fdtrc(2, 2 * self.neighbours, self.power / self.beside)), _LEAST_P)


@dataclass(frozen=True)
class PictureGrid:
    """How much of a picture repeats with the blocks of the codec.

    Attributes
    ----------
    share
        Of the spectral power under one cycle per pixel of the movie, along x and y, what lies
        at the frequencies of blocks: 1/16, 2/16, ... 15/16.
    expected_share
        The same without a grid: each of these lines as strong as those beside it.
    ratio
        Power of the lines over that beside them, each line counted alike; 1 without a grid.
    ratio_by_period
        The same for the lines of blocks of 4, 8 and 16 px alone.
    p_value
        Chance of lines like these without a grid: an F test of each, as of the spectrum of noise,
        combined after Fisher 1932.
    """

    share: float
    expected_share: float
    ratio: float
    ratio_by_period: dict[int, float]
    p_value: float

    def to_dict(self) -> dict[str, Any]:
        """Numbers and lists only, for JSON; what has no value is None."""
        values = asdict(self) | {
            "ratio_by_period": {str(period): v for period, v in self.ratio_by_period.items()}
        }
        result: dict[str, Any] = plain(values)
        return result


def picture_grid(values: NDArray[np.floating], *, fine_per_px: int) -> PictureGrid:
    """Look for blocks of 4, 8 and 16 px in a picture, as `grid_bias` does in positions.

    Lines of blocks run along the axes of the spectrum, where the picture's sums over rows and
    over columns have all their power. Every line is compared with up to twelve frequencies
    beside it that belong to no block, so that what a structure has at low frequencies is no
    grid. A structure that repeats with 4, 8 or 16 px itself cannot be told from one.

    Parameters
    ----------
    values
        ``(height, width)``; the corner of a block is the corner of the picture or a whole number
        of blocks away.
    fine_per_px
        Pixels of the picture along one of the movie.

    Raises
    ------
    ValueError
        ``fine_per_px`` is under 1, or the picture is smaller than two blocks of 16 px.
    """
    if fine_per_px < 1:
        raise ValueError(f"fine_per_px is {fine_per_px}, it must be 1 or more")
    edge = _BLOCK_PX * fine_per_px
    blocks = [length // edge for length in values.shape]
    if min(blocks) < _FEWEST_BLOCKS:
        raise ValueError(
            f"a picture of {values.shape[1]} x {values.shape[0]} is under two blocks of {edge}"
        )
    # over a whole number of blocks each line falls on one frequency
    whole = np.asarray(values[: blocks[0] * edge, : blocks[1] * edge], np.float64)
    lines: list[_Line] = []
    total = 0.0
    for axis, count in enumerate(reversed(blocks)):
        power = np.square(np.abs(np.fft.rfft(whole.sum(axis=axis))))[: _BLOCK_PX * count]
        total += float(power[1:].sum())
        for harmonic in range(1, _BLOCK_PX):
            line = harmonic * count
            if line >= power.size:
                break
            beside = power[_beside(line, count, power.size)]
            lines.append(_Line(harmonic, float(power[line]), float(beside.mean()), beside.size))
    if min((line.beside for line in lines), default=0.0) <= 0.0:
        nothing = math.nan
        by_period = dict.fromkeys(BLOCK_PERIODS_PX, nothing)
        return PictureGrid(nothing, nothing, nothing, by_period, nothing)
    sum_of_logs = -2.0 * float(np.log([line.p_value for line in lines]).sum())
    return PictureGrid(
        share=sum(line.power for line in lines) / total,
        expected_share=sum(line.beside for line in lines) / total,
        ratio=float(np.mean([line.ratio for line in lines])),
        ratio_by_period={
            period: float(
                np.mean(
                    [line.ratio for line in lines if line.harmonic % (_BLOCK_PX // period) == 0]
                )
            )
            for period in BLOCK_PERIODS_PX
        },
        p_value=float(chdtrc(2 * len(lines), sum_of_logs)),
    )


def _beside(line: int, blocks: int, size: int) -> NDArray[np.int64]:
    """Frequencies on both sides of a line, in balance, none of which belongs to a block."""
    reach = np.arange(1, max(min(_MOST_NEIGHBOURS, blocks - 1), 1) + 1, dtype=np.int64)
    reach = reach[(line - reach > 0) & (line + reach < size)]
    return np.concatenate([line - reach, line + reach])
