"""Pair found molecules with true ones, frame by frame, optimally."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

__all__ = ["match"]


def match(
    found: NDArray[np.float64],
    truth: NDArray[np.float64],
    radius_nm: float,
    axial_radius_nm: float | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair rows of the same frame that lie within a radius.

    As many pairs as possible, and among those the least total distance. Molecules
    that could be paired at all fall into small connected groups; each is an assignment
    problem of its own (Kuhn 1955), so the whole movie takes a moment.

    Parameters
    ----------
    found, truth
        ``(n, 3)`` frame, x in nm, y in nm; ``(n, 4)`` with z in nm for
        ``axial_radius_nm``.
    radius_nm
        Farthest lateral distance of a pair, inclusive.
    axial_radius_nm
        Farthest axial distance, inclusive; distances are then those in space. None
        pairs in the plane, whatever z is.

    Returns
    -------
    found_rows, truth_rows
        ``(pairs,)`` each, int64; no row occurs twice.
    """
    nothing = np.zeros(0, np.int64)
    if not found.size or not truth.size:
        return nothing, nothing
    found_row, truth_row, distance = _candidates(found, truth, radius_nm, axial_radius_nm)
    if not found_row.size:
        return nothing, nothing
    n_found = found.shape[0]
    n_nodes = n_found + truth.shape[0]
    graph = coo_array(
        (np.ones(found_row.size), (found_row, truth_row + n_found)), shape=(n_nodes, n_nodes)
    )
    _, label = connected_components(graph, directed=False)
    group = label[found_row]
    # nearest first within a group: where all edges share an end, the first is the answer
    order = np.lexsort((distance, group))
    group, found_row, truth_row = group[order], found_row[order], truth_row[order]
    distance = distance[order]
    farthest = math.hypot(radius_nm, axial_radius_nm or 0.0)
    starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    stops = np.r_[starts[1:], group.size]
    star = (np.minimum.reduceat(found_row, starts) == np.maximum.reduceat(found_row, starts)) | (
        np.minimum.reduceat(truth_row, starts) == np.maximum.reduceat(truth_row, starts)
    )
    pairs_found, pairs_truth = [found_row[starts[star]]], [truth_row[starts[star]]]
    for start, stop in zip(starts[~star], stops[~star], strict=True):
        rows, row_index = np.unique(found_row[start:stop], return_inverse=True)
        columns, column_index = np.unique(truth_row[start:stop], return_inverse=True)
        # one more pair must always outweigh any sum of distances
        gain = (min(rows.size, columns.size) + 1.0) * farthest + 1.0
        cost = np.zeros((rows.size, columns.size))
        cost[row_index, column_index] = distance[start:stop] - gain
        chosen_rows, chosen_columns = linear_sum_assignment(cost)
        real = cost[chosen_rows, chosen_columns] < 0
        pairs_found.append(rows[chosen_rows[real]])
        pairs_truth.append(columns[chosen_columns[real]])
    return np.concatenate(pairs_found), np.concatenate(pairs_truth)


def _candidates(
    found: NDArray[np.float64],
    truth: NDArray[np.float64],
    radius_nm: float,
    axial_radius_nm: float | None,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    # frames set farther apart than any pair turn all frames into one search
    spread = np.array([4.0 * max(radius_nm, 1.0), 1.0, 1.0])
    near = cKDTree(found[:, :3] * spread).sparse_distance_matrix(
        # a little farther: the tree's rounding must not decide what lies on the circle
        cKDTree(truth[:, :3] * spread),
        radius_nm * (1.0 + 1e-9) + 1e-9,
        output_type="ndarray",
    )
    found_row, truth_row = near["i"].astype(np.int64), near["j"].astype(np.int64)
    step = found[found_row, 1:] - truth[truth_row, 1:]
    distance = np.hypot(step[:, 0], step[:, 1])
    inside = distance <= radius_nm
    if axial_radius_nm is not None:
        inside &= np.abs(step[:, 2]) <= axial_radius_nm
        distance = np.hypot(distance, step[:, 2])
    return found_row[inside], truth_row[inside], distance[inside]
