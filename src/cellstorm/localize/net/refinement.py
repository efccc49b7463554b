"""The network's molecules, fitted once more, one place for all frames of each."""

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from cellstorm.camera import Camera
from cellstorm.localize.gaussian.light import light_and_variance
from cellstorm.localize.localizer import MoleculeColumns, Region
from cellstorm.localize.net._track_fit_kernel import FITTED_FIELDS, fit_tracks
from cellstorm.localize.net.block_pull import BlockPull
from cellstorm.localize.net.inputs import coding_noise_value
from cellstorm.movie import FrameChunk
from cellstorm.parameters import Parameters

__all__ = ["MOST_BLOCK_FRAMES", "Refinement"]

MOST_BLOCK_FRAMES = 32
"""Frames that are fitted together; longer ones would gain less than 0.001 in efficiency."""
_LEAST_BLOCK_FRAMES = 4
_PIXELS_PER_BLOCK = 1 << 23

# all of these by the movies of seeds from 500 on (docs/network.md)
_REACH_ERRORS = 1.5
_REACH_PX = 1.0
_PRIOR_SHARE = 0.5
_MOST_CHI2 = 20.0
_SWEEPS = 4
# haze changes within few widths; where there is none a larger one would be better by 0.001
_BACKGROUND_WIDTHS = 4.5
# a fit that went farther found something else
_MOST_ERRORS = 4.0
_MOST_PX = 1.0
# what is reported: errors of the fit, more of them where the noise is the codec's (which is not
# white), of the network, and their disagreement
_FIT_SHARE = 0.928
_CODING_SHARE = 1.519
_NETWORK_SHARE = 0.659
_STEP_SHARE = 0.552
_MOST_STEP_ERRORS = 3.0

_ERRORS = ("uncertainty_x_px", "uncertainty_y_px")


class Refinement(Parameters):
    """A likelihood fit of the molecules that a network has found.

    Molecules of consecutive frames that lie within their errors are one, and get one place:
    the likeliest for all their frames, their light free in each, the neighbours in place,
    and the network's own place as prior. A track is cut where its parts want different
    places.
    """

    sigma_px: float = Field(gt=0, description="width of the PSF, px")
    block_frames: int = Field(ge=1, description="frames that are fitted together")
    block_pull: BlockPull = Field(
        BlockPull(), description="what the codec's blocks do to the places, to be undone"
    )

    @classmethod
    def usual(cls, sigma_px: float, region: Region, block_pull: BlockPull) -> "Refinement":
        """For a PSF of that width, in blocks that fit into memory."""
        x0, x1, y0, y1 = region
        frames = _PIXELS_PER_BLOCK // ((x1 - x0) * (y1 - y0))
        return cls(
            sigma_px=sigma_px,
            block_pull=block_pull,
            block_frames=min(max(frames, _LEAST_BLOCK_FRAMES), MOST_BLOCK_FRAMES),
        )

    def refined(
        self, columns: MoleculeColumns, chunk: FrameChunk, camera: Camera, region: Region
    ) -> MoleculeColumns:
        """The same molecules with better places and the errors of these.

        What went elsewhere stays as it was; so do light, background and probabilities.

        Parameters
        ----------
        columns
            Of the network, by frame.
        chunk
            The frames they were found in, whole blocks of them (or where the movie begins or
            ends); without ``coding`` where the quantiser is not to be known.
        camera, region
            What the frames mean, and which part of the movie they show.

        Returns
        -------
        MoleculeColumns
            The same columns.
        """
        frame = columns["frame"].astype(np.int64)
        first_block = chunk.start // self.block_frames + 1
        inner = range(first_block * self.block_frames, chunk.stop, self.block_frames)
        out = {name: values.copy() for name, values in columns.items()}
        for first, last in pairwise((chunk.start, *inner, chunk.stop)):
            begin, end = (int(row) for row in np.searchsorted(frame, (first, last)))
            if end > begin:
                self._refine_block(
                    out, slice(begin, end), chunk.between(first, last), camera, region
                )
        return out

    def _refine_block(
        self,
        columns: MoleculeColumns,
        rows: slice,
        chunk: FrameChunk,
        camera: Camera,
        region: Region,
    ) -> None:
        electrons, variance = light_and_variance(chunk.frames, chunk.coding, camera, region)
        excess = camera.excess_noise_factor
        frame = columns["frame"][rows].astype(np.int64) - chunk.start
        at = np.stack([columns["x_px"][rows], columns["y_px"][rows]], axis=1).astype(np.float64)
        known_error = columns["uncertainty_px"][rows].astype(np.float64)
        photons = columns["photons"][rows].astype(np.float64) / excess
        known = np.column_stack([at, photons, known_error])
        fitted = self._fitted(electrons, variance, frame, known)
        shape = (int(electrons.shape[1]), int(electrons.shape[2]))
        row = np.clip(at[:, 1].astype(np.int64), 0, shape[0] - 1)
        column = np.clip(at[:, 0].astype(np.int64), 0, shape[1] - 1)
        extra = variance[frame if variance.shape[0] > 1 else 0, row, column].astype(np.float64)
        dark = np.broadcast_to(camera.read_variance_e2(shape, region), shape)[row, column]
        coded = np.maximum(extra - dark / excess**2, 0.0)
        light = np.maximum(columns["background_photons"][rows] / excess, 0.0)
        inflation = _FIT_SHARE**2 * np.exp(_CODING_SHARE * coded / np.maximum(light + extra, 1e-6))
        step = np.hypot(fitted[:, 0] - at[:, 0], fitted[:, 1] - at[:, 1])
        disagreement = _STEP_SHARE * np.minimum(step, _MOST_STEP_ERRORS * known_error)
        network = np.column_stack([columns[name][rows] for name in _ERRORS]).astype(np.float64)
        error = inflation[:, None] * fitted[:, 2:] + np.square(_NETWORK_SHARE * network)
        error = np.sqrt(error + np.square(disagreement)[:, None])
        place = fitted[:, :2].copy()
        coding = chunk.coding
        if coding is not None and coding.qp is not None:
            noise = coding_noise_value((coded * excess**2).astype(np.float32))
            for axis, offset_px in enumerate(coding.grid_offset_px):
                of_grid = place[:, axis] + region[2 * axis] + offset_px
                place[:, axis] -= self.block_pull.shift_px(of_grid, error[:, axis], noise)
        # false for NaN as well
        near = step < np.minimum(_MOST_PX, _MOST_ERRORS * known_error)
        near &= ((place >= 0) & (place < shape[::-1])).all(axis=1)
        place = np.where(near[:, None], place, at)
        error = np.where(near[:, None], error, network)
        columns["x_px"][rows], columns["y_px"][rows] = place.T
        for name, values in zip(_ERRORS, error.T, strict=True):
            columns[name][rows] = values
        columns["uncertainty_px"][rows] = np.sqrt(0.5 * np.square(error).sum(axis=1))

    def _fitted(
        self,
        electrons: NDArray[np.float32],
        variance: NDArray[np.float32],
        frame: NDArray[np.int64],
        known: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Rows of `FITTED_FIELDS` of the molecules, out of x, y, photons and error of each."""
        track = _tracks(frame, known[:, :2], known[:, 3])
        order = np.lexsort((frame, track))
        table = np.empty((frame.size, len(FITTED_FIELDS)))
        fit_tracks(
            electrons,
            variance,
            frame[order],
            known[order],
            np.searchsorted(track[order], np.arange(track.max() + 2)),
            self.sigma_px,
            max(3, math.ceil(3.0 * self.sigma_px)),
            math.ceil(_BACKGROUND_WIDTHS * self.sigma_px),
            _PRIOR_SHARE,
            _MOST_CHI2,
            _SWEEPS,
            table,
        )
        fitted = np.empty_like(table)
        fitted[order] = table
        return fitted


def _tracks(
    frame: NDArray[np.int64], at: NDArray[np.float64], error: NDArray[np.float64]
) -> NDArray[np.int64]:
    """A number for every molecule, the same for what is one in consecutive frames.

    Two are one where each is the other's nearest, within their errors.
    """
    count = frame.size
    apart = 2.0 * _REACH_PX + float(np.ptp(at, axis=0).max(initial=0.0))
    spread = np.column_stack([at, apart * frame])
    tree = cKDTree(spread)
    step = np.array([0.0, 0.0, apart])
    distance, after = map(np.asarray, tree.query(spread + step, distance_upper_bound=_REACH_PX))
    before = np.asarray(tree.query(spread - step, distance_upper_bound=_REACH_PX)[1])
    one = np.flatnonzero(after < count)
    other = after[one]
    reach = _REACH_ERRORS * np.hypot(error[one], error[other])
    same = (before[other] == one) & (distance[one] < reach)
    links = coo_array((np.ones(same.sum()), (one[same], other[same])), shape=(count, count))
    _, track = connected_components(links, directed=False)
    numbers: NDArray[np.int64] = track.astype(np.int64)
    return numbers
