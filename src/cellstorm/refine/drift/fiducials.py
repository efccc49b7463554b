"""Beads, found by their staying on, as the measure of the drift."""

import math
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from cellstorm.parameters import Parameters
from cellstorm.refine.drift._bead_kernel import follow
from cellstorm.refine.drift.curve import DriftCurve, between, curve_through
from cellstorm.refine.drift.molecules import Molecules
from cellstorm.refine.drift.progress import DriftListener
from cellstorm.refine.drift.refusal import DriftRefusedError
from cellstorm.refine.drift.walk import Walk, smoothed_walk

__all__ = ["Fiducials"]

_MOST_KNOTS = 5_000
# molecules beside the beads that are enough to test the curve with
_ENOUGH_OTHERS = 2_000
# a bead that wanders so many times more than the others is loose
_LOOSE = 4.0
_ROUNDS = 5
# of the movie, in which a bead's mean place is taken to see whether it wanders
_PARTS = 20


class Fiducials(Parameters):
    """Beads found automatically: what is seen in most frames and moves by small steps.

    Each bead's path less its own mean place is the drift; paths are averaged, weighted by
    their frame-to-frame noise, with the beads' places solved for at the same time, so that
    a bead may be missing in some frames. A bead that wanders against the others is left
    out. The average is smoothed as a random walk with jumps.
    """

    model_config = ConfigDict(allow_inf_nan=False)
    uses_uncertainties: ClassVar[bool] = False

    kind: Literal["fiducials"] = "fiducials"
    seen_in: float = Field(
        0.7, gt=0.5, le=1, description="share of the frames that a bead is seen in, at least"
    )
    radius_nm: float = Field(
        150.0, gt=0, le=2_000, description="largest step of a bead from frame to frame, nm"
    )

    def settled(self, molecules: Molecules) -> "Fiducials":
        """The same."""
        return self

    def parts(self, molecules: Molecules) -> tuple[Molecules, Molecules, Molecules | None]:
        """Half of the beads each (or every other frame of a single one), and all else."""
        bead = self.find(molecules)
        count = int(bead.max()) + 1
        if count > 1:
            first, second = (bead >= 0) & (bead % 2 == 0), (bead >= 0) & (bead % 2 == 1)
        else:
            even = molecules.frame % 2 == 0
            first, second = (bead == 0) & even, (bead == 0) & ~even
        others = bead < 0
        rest = molecules.subset(others) if others.sum() >= _ENOUGH_OTHERS else None
        return molecules.subset(first), molecules.subset(second), rest

    def find(self, molecules: Molecules) -> NDArray[np.int64]:
        """The bead of each localization, -1 where it is of none, ``(n,)``.

        Raises
        ------
        DriftRefusedError
            There are no beads.
        """
        present = np.unique(molecules.frame).size
        track = np.empty(len(molecules), dtype=np.int64)
        gap = max(10, round(0.02 * present))
        tracks = follow(molecules.frame, molecules.x_nm, molecules.y_nm, self.radius_nm, gap, track)
        seen = np.bincount(track, minlength=tracks)
        beads = np.flatnonzero(seen >= self.seen_in * present)
        if beads.size == 0:
            raise DriftRefusedError(
                f"no fiducials: nothing is seen in {100 * self.seen_in:.0f} % of the frames"
                f" or more (the longest track has {100 * seen.max() / present:.0f} %).",
                todo="Use --method aim, which needs none, or a smaller --seen-in.",
            )
        bead = _numbered(beads, tracks)[track]
        inside = bead >= 0
        loose = np.zeros(beads.size, dtype=bool)
        for axis in (molecules.x_nm, molecules.y_nm):
            positions = axis[inside].astype(np.float64)
            loose |= _loose(molecules.frame[inside], bead[inside], positions, beads.size)
        return _numbered(beads[~loose], tracks)[track]

    def __call__(
        self,
        molecules: Molecules,
        *,
        start: DriftCurve | None = None,
        listener: DriftListener | None = None,
    ) -> DriftCurve:
        """Find the drift, in z too where the table has it.

        Parameters
        ----------
        molecules
            Of `molecules_of`.
        start
            Not needed.
        listener
            Not told: it is done in a moment.

        Raises
        ------
        DriftRefusedError
            There are no beads.
        """
        del start, listener
        bead = self.find(molecules)
        inside = bead >= 0
        frames, number = molecules.frame[inside], bead[inside]
        positions = [molecules.x_nm[inside], molecules.y_nm[inside]]
        if molecules.z_nm is not None:
            positions.append(molecules.z_nm[inside])
        first, after = molecules.frames
        length = math.ceil((after - first) / _MOST_KNOTS)
        knots = (frames - first) // length
        count = int(knots.max()) + 1
        paths = [_common_path(knots, number, np.asarray(p, np.float64), count) for p in positions]
        middle = first - 0.5 + length * (np.arange(count, dtype=np.float64) + 0.5)
        name = f"{int(bead.max()) + 1} fiducials" if bead.max() else "1 fiducial (alone)"
        flat = _walk(paths[:2], middle)
        curve = curve_through(molecules.frames, middle, flat, name)
        if molecules.z_nm is None:
            return curve
        return curve.with_z(*between(curve.frame, middle, _walk(paths[2:], middle))[0])


def _numbered(beads: NDArray[np.int64], tracks: int) -> NDArray[np.int64]:
    number = np.full(tracks, -1, dtype=np.int64)
    number[beads] = np.arange(beads.size)
    return number


def _walk(
    paths: list[tuple[NDArray[np.float64], NDArray[np.float64]]], middle: NDArray[np.float64]
) -> Walk:
    seen, variance = (np.stack(values, axis=1) for values in zip(*paths, strict=True))
    return smoothed_walk(seen, variance, middle)


def _common_path(
    knots: NDArray[np.int64], bead: NDArray[np.int64], position: NDArray[np.float64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weighted mean path of the beads along one axis and its variance, ``(count,)``.

    Alternating least squares of position = place of the bead + path (Gauss-Seidel).
    """
    beads = int(bead.max()) + 1
    places = np.bincount(bead, position, beads) / np.bincount(bead, minlength=beads)
    noise = _step_noise(bead, position, beads)
    path = np.zeros(count)
    weight = 1.0 / noise[bead] ** 2
    total = np.bincount(knots, weight, count)
    for _ in range(_ROUNDS):
        mean = np.bincount(knots, weight * (position - places[bead]), count)
        path = np.divide(mean, total, out=np.zeros(count), where=total > 0)
        left = position - path[knots]
        places = np.bincount(bead, left, beads) / np.bincount(bead, minlength=beads)
    variance = np.divide(1.0, total, out=np.full(count, np.inf), where=total > 0)
    return path, variance


def _step_noise(
    bead: NDArray[np.int64], position: NDArray[np.float64], beads: int
) -> NDArray[np.float64]:
    """Noise of each bead's positions, from the differences of successive ones, nm."""
    noise = np.ones(beads)
    for k in range(beads):
        steps = np.diff(position[bead == k])
        noise[k] = max(1.4826 * float(np.median(np.abs(steps))) / math.sqrt(2.0), 1e-3)
    return noise


def _loose(
    frame: NDArray[np.int64],
    bead: NDArray[np.int64],
    position: NDArray[np.float64],
    beads: int,
) -> NDArray[np.bool_]:
    """Which beads wander against most others; of two nobody can say which."""
    if beads < 3:
        return np.zeros(beads, dtype=bool)
    first, after = int(frame.min()), int(frame.max()) + 1
    index = bead * _PARTS + (frame - first) * _PARTS // (after - first)
    held = np.bincount(index, minlength=beads * _PARTS).astype(np.float64)
    sums = np.bincount(index, position, beads * _PARTS)
    places = np.divide(sums, held, out=np.full(held.size, np.nan), where=held > 0)
    places = places.reshape(beads, _PARTS)
    wander = np.empty(beads)
    for k in range(beads):
        apart = np.delete(places, k, axis=0) - places[k]
        wander[k] = np.median(np.nanstd(apart, axis=1))
    noise = float(np.median(_step_noise(bead, position, beads)))
    return wander > _LOOSE * (float(np.median(wander)) + 0.1 * noise)
