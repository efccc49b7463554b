"""Adaptive intersection maximisation."""

import math
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from cellstorm.parameters import Parameters
from cellstorm.refine.drift.alignment import Alignment, FlatAlignment, SolidAlignment
from cellstorm.refine.drift.blocks import Blocks, cut_into_blocks, frames_per_block
from cellstorm.refine.drift.curve import DriftCurve, between, curve_through
from cellstorm.refine.drift.jumps import with_jumps_placed
from cellstorm.refine.drift.molecules import Molecules
from cellstorm.refine.drift.progress import DriftListener, Steps
from cellstorm.refine.drift.walk import Walk, smoothed_walk

__all__ = ["Aim"]

_SMALLEST_CELL_NM, _LARGEST_CELL_NM = 10.0, 40.0
# of the peak over the chance encounters, in their standard deviations
_CLEAR = 4.5
# where most drifts from block to block end; the whole reach is looked at when they do not
_USUAL_CELLS = 4
# A round takes away most of what is left: what it moved by is several times what remains.
_USUAL_ROUNDS = 2
_SETTLED_NM, _SETTLED_ERRORS = 0.2, 3.0


class Aim(Parameters):
    """Adaptive intersection maximisation (Ma et al. 2024, *Science Advances* 10, eadm7765).

    Frames are taken together in blocks. The first round goes through them in order: each
    is put, among all shifts within reach of its predecessor's, where most of its molecules
    meet molecules of the blocks before it. The rounds after that compare each block with
    all others. Beyond the paper: the blocks before, not the first alone, are the reference
    of the first round; the later rounds weigh an encounter by the logarithm of how many
    molecules the others have there (the likelihood of the block's positions), so that
    dense places do not drown the rest; the peak is that of a Gaussian-weighted sum, not a
    Fourier phase; the shifts of the blocks are smoothed as a random walk with jumps, and a
    jump is put between the two frames where it makes the positions likeliest.
    """

    model_config = ConfigDict(allow_inf_nan=False)
    uses_uncertainties: ClassVar[bool] = False

    kind: Literal["aim"] = "aim"
    frames_per_block: int | None = Field(
        None,
        ge=1,
        description="frames of a block; None: about 1000 molecules, fewer in short tables",
    )
    search_nm: float = Field(
        120.0, gt=0, le=2_000, description="largest shift from one block to the next, nm"
    )
    cell_nm: float | None = Field(
        None, ge=1, le=500, description="molecules this near meet, nm; None: by their precision"
    )
    rounds: int = Field(
        5, ge=1, le=50, description="times each block is compared with all others, at most"
    )

    def settled(self, molecules: Molecules) -> "Aim":
        """The same with all that depends on the table decided."""
        cell = float(np.clip(1.2 * molecules.precision_nm, _SMALLEST_CELL_NM, _LARGEST_CELL_NM))
        frames = frames_per_block(molecules)
        return self.model_copy(
            update={
                "cell_nm": self.cell_nm or cell,
                "frames_per_block": self.frames_per_block or frames,
            }
        )

    def __call__(
        self,
        molecules: Molecules,
        *,
        start: DriftCurve | None = None,
        listener: DriftListener | None = None,
    ) -> DriftCurve:
        """Find the drift.

        Parameters
        ----------
        molecules
            Of `molecules_of`.
        start
            A curve to improve on; without one the first round finds it.
        listener
            Told how far it is.

        Returns
        -------
        DriftCurve
            Its uncertainties are those of the peaks and the smoothing; `find_drift` puts
            them to the test.
        """
        settled = self.settled(molecules)
        cell_nm, frames = settled.cell_nm, settled.frames_per_block
        assert cell_nm is not None and frames is not None
        blocks = cut_into_blocks(molecules, frames)
        rounds = _USUAL_ROUNDS + (start is None)
        step = Steps(listener, len(blocks) * rounds * (1 if molecules.z_nm is None else 2))
        flat = FlatAlignment(molecules, blocks, cell_nm)
        walk = self._aligned(flat, blocks, _at(start, blocks, ("x", "y")), step)
        middle, walk = with_jumps_placed(flat, walk)
        curve = curve_through(molecules.frames, middle, walk, "AIM")
        if molecules.z_nm is None:
            return curve
        solid = SolidAlignment(molecules, blocks, cell_nm, curve)
        height = self._aligned(solid, blocks, _at(start, blocks, ("z",)), step)
        return curve.with_z(*between(curve.frame, blocks.middle, height)[0])

    def parts(self, molecules: Molecules) -> tuple[Molecules, Molecules, None]:
        """Two halves to test the curve with."""
        return *molecules.halves(), None

    def _aligned(
        self,
        alignment: Alignment,
        blocks: Blocks,
        start_nm: NDArray[np.float64] | None,
        step: Steps,
    ) -> Walk:
        walk = self._tracked(alignment, blocks, step) if start_nm is None else None
        shift = start_nm if walk is None else walk.shift_nm
        assert shift is not None
        for _ in range(self.rounds):
            walk = _compared(alignment, blocks, shift, step)
            moved = float(np.sqrt(np.mean((walk.shift_nm - shift) ** 2)))
            shift = walk.shift_nm
            error = float(np.sqrt(np.mean(walk.variance_nm2)))
            if moved < max(_SETTLED_NM, _SETTLED_ERRORS * error):
                break
        assert walk is not None
        return walk

    def _tracked(self, alignment: Alignment, blocks: Blocks, step: Steps) -> Walk:
        """The first round: each block against those before it."""
        axes = alignment.axes
        seen = np.zeros((len(blocks), axes))
        variance = np.full((len(blocks), axes), np.inf)
        far = math.ceil(self.search_nm / alignment.cell_nm) + 2
        here = np.zeros(axes)
        alignment.clear()
        for b in range(len(blocks)):
            peak = alignment.peak(b, here, min(far, _USUAL_CELLS), presence=True)
            edge = (min(far, _USUAL_CELLS) - 1) * alignment.cell_nm
            if far > _USUAL_CELLS and (
                peak.strength < 2.0 * _CLEAR or np.abs(peak.shift_nm).max() > edge
            ):
                peak = alignment.peak(b, here, far, presence=True)
            if peak.strength > _CLEAR and np.isfinite(peak.variance_nm2).all():
                here = here + peak.shift_nm
                variance[b] = peak.variance_nm2
            seen[b] = here
            alignment.count(b, here, 1)
            step()
        return smoothed_walk(seen, variance, blocks.middle)


def _compared(
    alignment: Alignment, blocks: Blocks, shift_nm: NDArray[np.float64], step: Steps
) -> Walk:
    """Each block against all others, once."""
    seen, variance = shift_nm.copy(), np.full_like(shift_nm, np.inf)
    alignment.count_all(shift_nm)
    for b in range(len(blocks)):
        alignment.count(b, shift_nm[b], -1)
        peak = alignment.peak(b, shift_nm[b], _USUAL_CELLS, presence=False)
        alignment.count(b, shift_nm[b], 1)
        if peak.strength > _CLEAR:
            seen[b] += peak.shift_nm
            variance[b] = peak.variance_nm2
        step()
    return smoothed_walk(seen, variance, blocks.middle)


def _at(
    start: DriftCurve | None, blocks: Blocks, names: tuple[str, ...]
) -> NDArray[np.float64] | None:
    if start is None:
        return None
    shifts = start.at(np.rint(blocks.middle).astype(np.int64))
    return np.stack([shifts[name] for name in names], axis=1)
