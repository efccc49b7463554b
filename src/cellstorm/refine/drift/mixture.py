"""All localizations as a mixture of Gaussians, and its entropy."""

import numpy as np
from numpy.typing import NDArray

from cellstorm.refine.drift._entropy_kernel import (
    count_neighbours,
    entropy,
    find_neighbours,
    scores,
)
from cellstorm.refine.drift.blocks import Blocks
from cellstorm.refine.drift.molecules import Molecules

__all__ = ["Mixture"]

# more say no more: what is left of the drift is then tenths of a nanometre
_MOST = 2_000_000
# neighbours lie within so many standard errors
_REACH = 3.0
# uncertainties of a program that are so many times smaller or larger than usual are not believed
_SMALLEST, _LARGEST = 0.5, 2.0
# heights are known two to three times worse than places
_HEIGHT = 2.5
# of a bin that the others hardly see, as a share of the usual one
_LEAST_CURVATURE = 0.1


class Mixture:
    """Gaussians as wide as the localizations' uncertainties, those of each bin movable.

    Of more than two million localizations every so many are taken.

    Parameters
    ----------
    molecules
        With their uncertainties; without, all have the usual one.
    blocks
        The bins.
    shift_nm
        About where they are, ``(bins, axes)`` nm: neighbours are looked for with it.
    neighbours
        About how many a localization has at most.
    """

    def __init__(
        self, molecules: Molecules, blocks: Blocks, shift_nm: NDArray[np.float64], neighbours: int
    ) -> None:
        every = -(-len(molecules) // _MOST)
        axes = [molecules.x_nm, molecules.y_nm]
        errors = [_errors(molecules, molecules.uncertainty_nm, molecules.precision_nm)] * 2
        if molecules.z_nm is not None:
            axes.append(molecules.z_nm)
            usual = _HEIGHT * molecules.precision_nm
            errors.append(_errors(molecules, molecules.uncertainty_z_nm, usual))
        places = np.stack([axis[::every] for axis in axes], axis=1)
        bins = blocks.numbers[::every]
        near = (places - shift_nm[bins]).astype(np.float32)
        reach = np.array([_REACH * float(np.median(error)) for error in errors])
        column, row = (
            np.floor((near[:, axis] - near[:, axis].min()) / reach[axis]).astype(np.int64)
            for axis in range(2)
        )
        keys = (row << 32) + column
        order = np.argsort(keys, kind="stable")
        keys, near = keys[order], near[order]
        self._shape = shift_nm.shape
        self._places, self._bins = places[order], bins[order]
        self._weight = np.stack([error[::every][order] ** -2 for error in errors], axis=1)
        self._first = np.empty(keys.size + 1, np.int64)
        count_neighbours(near, self._bins, keys, reach, neighbours, self._first)
        self._others = np.empty(int(self._first[-1]), np.int32)
        self._own = np.ones(keys.size, np.float32)
        if self._others.size:
            find_neighbours(
                near, self._bins, keys, reach, neighbours, self._first, self._others, self._own
            )

    @property
    def pairs(self) -> int:
        """Pairs of a localization and a neighbour."""
        return self._others.size

    def entropy(self, shift_nm: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Upper bound of the entropy, and its gradient, ``(bins, axes)`` nm^-1."""
        gradient = np.empty(self._shape)
        value = entropy(
            self._places,
            self._bins,
            self._weight,
            self._first,
            self._others,
            self._own,
            np.ascontiguousarray(shift_nm),
            gradient,
        )
        return value, gradient

    def asked_for(
        self, shift_nm: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The shift each bin would take with all others in their places, and its variance.

        A Newton step of the bin's likelihood under the density of its neighbours; the
        variance is the sandwich of an M-estimator (Huber 1967), infinite where the bin has
        too few neighbours.

        Returns
        -------
        tuple
            ``(bins, axes)`` nm, and nm^2.
        """
        slope, curvature, scatter = self._scores(shift_nm)
        known = (curvature > 0) & (scatter > 0)
        step = np.divide(slope, curvature, out=np.zeros(self._shape), where=known)
        variance = np.full(self._shape, np.inf)
        np.divide(scatter, curvature**2, out=variance, where=known)
        # where it is not concave, a step leads anywhere
        wild = np.abs(step) > _REACH / np.sqrt(np.median(self._weight, axis=0))
        step[wild], variance[wild] = 0.0, np.inf
        return shift_nm + step, variance

    def curvature(self, shift_nm: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
        """About the second derivative of the entropy by each shift, and what a nat is worth.

        Returns
        -------
        tuple
            ``(bins, axes)``, over 0, nm^-2: each pair is in the entropy twice, as that of
            the one bin and of the other. Entropy worth one unit of log-likelihood: its
            curvature over the inverse variance of `asked_for`.
        """
        _, curvature, scatter = self._scores(shift_nm)
        known = (curvature > 0) & (scatter > 0)
        if not known.any():
            return np.full(self._shape, float(np.median(self._weight))), 1.0
        usual = float(np.median(curvature[known]))
        worth = float(np.median(2.0 * scatter[known] / curvature[known]))
        return 2.0 * np.maximum(curvature, _LEAST_CURVATURE * usual), worth

    def _scores(
        self, shift_nm: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        slope, curvature, scatter = (np.zeros(self._shape) for _ in range(3))
        scores(
            self._places,
            self._bins,
            self._weight,
            self._first,
            self._others,
            self._own,
            np.ascontiguousarray(shift_nm),
            slope,
            curvature,
            scatter,
        )
        return slope, curvature, scatter


def _errors(
    molecules: Molecules, given: NDArray[np.float32] | None, usual: float
) -> NDArray[np.float32]:
    """The uncertainties along an axis; the usual one where there is none, ``(n,)`` nm."""
    if given is None:
        return np.full(len(molecules), usual, np.float32)
    known = np.isfinite(given) & (given > 0)
    middle = float(np.median(given[known])) if known.any() else usual
    errors = np.where(known, given, middle)
    return np.clip(errors, _SMALLEST * middle, _LARGEST * middle).astype(np.float32)
