"""How far the codec's blocks draw a molecule, and back."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.localize.net._molecule_kernel import COLUMN_NAMES
from cellstorm.parameters import Parameters

__all__ = ["BLOCK_PERIODS_PX", "BlockPull", "undo_block_pull"]

BLOCK_PERIODS_PX = (4, 2)
"""Waves of the pull: over H.264's smaller transform, and over half of it."""

_PLACES = (COLUMN_NAMES.index("x_px"), COLUMN_NAMES.index("y_px"))
_VARIANCES = (COLUMN_NAMES.index("variance_x_px2"), COLUMN_NAMES.index("variance_y_px2"))


class BlockPull(Parameters):
    """What a network leaves of the pull towards the middle of a transform block.

    A coarse quantiser keeps of a faint molecule what is even about the block's middle, and
    the network cannot quite undo it: a molecule at ``u`` px from the edge of a 4 x 4 block is
    found too far by ``s (a sin(2 pi u / 4) + b sin(2 pi u / 2))`` with ``s`` the standard
    deviation that the network reports. ``a`` and ``b`` rise with the coding noise.
    """

    by_noise: tuple[tuple[float, float, float], ...] = Field(
        (),
        description="rising values of the plane coding_noise, with a and b at each;"
        " straight lines between and to nothing at 0, as at the end beyond",
    )

    def shift_px(
        self,
        place_px: NDArray[np.float64],
        error_px: NDArray[np.float64],
        coding_noise: NDArray[np.floating],
    ) -> NDArray[np.float64]:
        """How far molecules were drawn along an axis, to be subtracted.

        Parameters
        ----------
        place_px
            ``(molecules,)`` positions found, from a corner of the codec's grid of blocks.
        error_px
            ``(molecules,)`` standard deviations as the network reports them.
        coding_noise
            ``(molecules,)`` of that plane where they lie; 0 where nothing is known.
        """
        shift = np.zeros(place_px.shape)
        if not self.by_noise:
            return shift
        # what is not coded is not drawn anywhere
        noise, *heights = np.array(((0.0, 0.0, 0.0), *self.by_noise)).T
        for period_px, height in zip(BLOCK_PERIODS_PX, heights, strict=True):
            wave = np.sin(2.0 * np.pi * place_px / period_px)
            shift += np.interp(coding_noise, noise, height) * wave
        shift[np.asarray(coding_noise) <= 0.0] = 0.0
        return shift * error_px


def undo_block_pull(
    molecules: NDArray[np.float64],
    pull: BlockPull,
    coding_noise: NDArray[np.floating],
    corner_px: tuple[int, int],
) -> None:
    """Put molecules where they were before the codec drew them; in place.

    Parameters
    ----------
    molecules
        ``(molecules, columns)`` as `collect_molecules` gives them, inside the frames.
    pull
        Of the network.
    coding_noise
        ``(n, height, width)``, that plane of their frames.
    corner_px
        ``(x, y)`` of the frames' corner in the codec's grid of blocks.
    """
    frame = molecules[:, 0].astype(np.int64)
    x_px, y_px = (molecules[:, place].astype(np.int64) for place in _PLACES)
    noise = coding_noise[frame, y_px, x_px]
    for place, variance, corner in zip(_PLACES, _VARIANCES, corner_px, strict=True):
        molecules[:, place] -= pull.shift_px(
            molecules[:, place] + corner, np.sqrt(molecules[:, variance]), noise
        )
