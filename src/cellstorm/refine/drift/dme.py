"""Drift at minimum entropy."""

import math
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field
from scipy.optimize import minimize

from cellstorm.parameters import Parameters
from cellstorm.refine.drift.aim import Aim
from cellstorm.refine.drift.alignment import FlatAlignment
from cellstorm.refine.drift.blocks import Blocks, cut_into_blocks
from cellstorm.refine.drift.curve import DriftCurve, between, curve_through
from cellstorm.refine.drift.jumps import with_jumps_placed
from cellstorm.refine.drift.mixture import Mixture
from cellstorm.refine.drift.molecules import Molecules
from cellstorm.refine.drift.progress import DriftListener, Steps, shared_out
from cellstorm.refine.drift.refusal import DriftRefusedError
from cellstorm.refine.drift.walk import Walk, smoothed_walk
from cellstorm.refine.drift.whitened import Whitened

__all__ = ["Dme"]

_IN_A_BIN, _FEWEST_BINS, _MOST_BINS = 200, 20, 2_000
# a shift is found to this share of its standard error
_SETTLED = 0.06
_USUAL_STEPS, _MOST_STEPS = 6, 300


class Dme(Parameters):
    """Drift at minimum entropy (Cnossen et al. 2021, *Optics Express* 29, 27961).

    Every localization is a Gaussian as wide as its uncertainty; with the right drift taken
    out the mixture of all of them has the least entropy. The upper bound of the entropy
    (Hershey & Olsen 2007) is minimised over the shifts of all bins of
    frames at once by its gradient (L-BFGS), beginning with the curve of `Aim`. Beyond the
    paper: the shifts are a random walk with jumps whose pace is learned, not a spline with
    knots to choose; localizations of the same bin are no neighbours, for they say nothing
    of its shift; of many neighbours a sample is taken.
    """

    model_config = ConfigDict(allow_inf_nan=False)
    uses_uncertainties: ClassVar[bool] = True

    kind: Literal["dme"] = "dme"
    frames_per_block: int | None = Field(
        None, ge=1, description="frames that have one shift; None: about 200 localizations"
    )
    search_nm: float = Field(
        120.0,
        gt=0,
        le=2_000,
        description="largest shift from one block to the next in the first curve, nm",
    )
    neighbours: int = Field(
        24, ge=8, le=1_000, description="neighbours that a localization is compared with, at most"
    )

    def settled(self, molecules: Molecules) -> "Dme":
        """The same with all that depends on the table decided."""
        first, after = molecules.frames
        bins = min(max(len(molecules) / _IN_A_BIN, _FEWEST_BINS), _MOST_BINS)
        frames = max(1, round((after - first) / bins))
        return self.model_copy(update={"frames_per_block": self.frames_per_block or frames})

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
        """Find the drift.

        Parameters
        ----------
        molecules
            Of `molecules_of`, with their uncertainties.
        start
            A curve to improve on, nearer to the truth than the molecules' errors; that of
            `Aim` if there is none.
        listener
            Told how far it is.

        Raises
        ------
        DriftRefusedError
            There is no first curve, or no localization has a neighbour.
        """
        coarse, fine = shared_out(listener, [0.2, 0.8])
        aim = Aim(search_nm=self.search_nm).settled(molecules)
        first = start or aim(molecules, listener=coarse)
        if not all(np.isfinite(errors).all() for _, errors in first.uncertainties()):
            raise _no_neighbours()
        frames = self.settled(molecules).frames_per_block
        assert frames is not None and aim.cell_nm is not None
        blocks = cut_into_blocks(molecules, frames)
        shift = _at(first, blocks)
        mixture = Mixture(molecules, blocks, shift, self.neighbours)
        if mixture.pairs == 0:
            raise _no_neighbours()
        walk = _walked(mixture, shift, blocks)
        shift = _least_entropy(mixture, shift, walk, Steps(fine, _USUAL_STEPS))
        walk = _walked(mixture, shift, blocks)
        flat = Walk(walk.shift_nm[:, :2], walk.variance_nm2[:, :2], walk.step_nm2[:2], walk.jumps)
        placed = with_jumps_placed(FlatAlignment(molecules, blocks, aim.cell_nm), flat)
        curve = curve_through(molecules.frames, *placed, "DME")
        if molecules.z_nm is None:
            return curve
        height = Walk(walk.shift_nm[:, 2:], walk.variance_nm2[:, 2:], walk.step_nm2[2:])
        return curve.with_z(*between(curve.frame, blocks.middle, height)[0])


def _at(curve: DriftCurve, blocks: Blocks) -> NDArray[np.float64]:
    shifts = curve.at(np.rint(blocks.middle).astype(np.int64))
    return np.stack(list(shifts.values()), axis=1)


def _walked(mixture: Mixture, shift_nm: NDArray[np.float64], blocks: Blocks) -> Walk:
    """The shifts that each bin's own localizations ask for, smoothed; see `smoothed_walk`."""
    seen, variance = mixture.asked_for(shift_nm)
    flat = smoothed_walk(seen[:, :2], variance[:, :2], blocks.middle)
    if seen.shape[1] == 2:
        return flat
    height = smoothed_walk(seen[:, 2:], variance[:, 2:], blocks.middle)
    return Walk(
        np.hstack([flat.shift_nm, height.shift_nm]),
        np.hstack([flat.variance_nm2, height.variance_nm2]),
        np.hstack([flat.step_nm2, height.step_nm2]),
        flat.jumps,
    )


def _least_entropy(
    mixture: Mixture, shift_nm: NDArray[np.float64], walk: Walk, step: Steps
) -> NDArray[np.float64]:
    """The shifts of the least entropy among walks of the pace found, ``(bins, axes)`` nm."""
    curvature, worth = mixture.curvature(shift_nm)
    variance = np.ones((len(shift_nm) - 1, shift_nm.shape[1])) * walk.step_nm2
    for first, last in walk.jumps:
        variance[first:last] += (walk.shift_nm[last] - walk.shift_nm[first]) ** 2
    # what the walk costs, against the entropy as the likelihood that it stands for
    stiffness = worth / np.maximum(variance, 1e-6)
    whitened = Whitened(curvature, stiffness)

    def cost(unknowns: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        here = whitened.shifts(unknowns)
        value, gradient = mixture.entropy(here)
        steps = np.diff(here, axis=0)
        value += 0.5 * float(np.sum(stiffness * steps**2))
        gradient[1:] += stiffness * steps
        gradient[:-1] -= stiffness * steps
        step()
        return value, whitened.slopes(gradient)

    found = minimize(
        cost,
        whitened.unknowns(shift_nm),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _MOST_STEPS, "ftol": 1e-12, "gtol": _SETTLED * math.sqrt(worth)},
    )
    return whitened.shifts(found.x)


def _no_neighbours() -> DriftRefusedError:
    return DriftRefusedError(
        "what is seen at different times has nothing in common: hardly any localization has"
        " another one within its uncertainty.",
        todo="Try --method rcc or fiducials; otherwise leave the table as it is.",
    )
