"""A score taken apart: by the brightness of the true molecules and by their crowding."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cellstorm.evaluate.pairs import Pairs

__all__ = ["split_by_neighbours", "split_by_photons"]

_LINE = {"true": pl.Int64, "found": pl.Int64, "recall": pl.Float64, "rmse_nm": pl.Float64}


def split_by_photons(pairs: Pairs, *, bins: int = 5) -> pl.DataFrame:
    """Recall and error of equally many true molecules each, from faint to bright.

    Parameters
    ----------
    pairs
        Of `pair_up`.
    bins
        How many; fewer come back where many molecules have the same light.

    Returns
    -------
    pl.DataFrame
        One row a bin: ``photons_from``, ``photons_to`` (the light of its faintest and
        brightest molecule), ``true``, ``found``, ``recall``, ``rmse_nm``,
        ``photon_ratio`` (null without a value). No row where the truth has no photons.
    """
    rows, is_found = _counted(pairs)
    light = np.full(rows.size, np.nan) if pairs.true_photons is None else pairs.true_photons[rows]
    lit = np.isfinite(light)
    rows, is_found, light = rows[lit], is_found[lit], light[lit]
    edges = np.quantile(light, np.linspace(0, 1, bins + 1)[1:-1]) if rows.size else np.zeros(0)
    # what has the same light falls into the same bin
    index = np.searchsorted(np.unique(edges), light, side="right")
    measured_light = _measured_light(pairs)[rows]
    lines = []
    for number in np.unique(index):
        inside = index == number
        measured = inside & np.isfinite(measured_light)
        true_sum = float(light[measured].sum())
        ratio = float(measured_light[measured].sum()) / true_sum if true_sum > 0 else None
        lines.append(
            {
                "photons_from": float(light[inside].min()),
                "photons_to": float(light[inside].max()),
                **_line(pairs, rows[inside], is_found[inside]),
                "photon_ratio": ratio,
            }
        )
    schema = {
        "photons_from": pl.Float64,
        "photons_to": pl.Float64,
        **_LINE,
        "photon_ratio": pl.Float64,
    }
    return pl.DataFrame(lines, schema=schema)


def split_by_neighbours(
    pairs: Pairs, *, within_nm: float = 500.0, at_least: Sequence[int] = (0, 1, 2, 3, 5, 8)
) -> pl.DataFrame:
    """Recall and error of true molecules by how many others are on beside them.

    Parameters
    ----------
    pairs
        Of `pair_up`.
    within_nm
        How far a neighbour can be, in the plane and in the same frame. All of the truth
        are neighbours, also near the border, and faint ones unless they were taken out.
    at_least
        Fewest neighbours of each bin, ascending.

    Returns
    -------
    pl.DataFrame
        One row for each bin that has molecules: ``neighbours_from``, ``neighbours_to``
        (null in the last bin), ``true``, ``found``, ``recall``, ``rmse_nm`` (null without
        a pair).
    """
    rows, is_found = _counted(pairs)
    count = _neighbours(pairs.truth, within_nm)[rows]
    lines = []
    for number, least in enumerate(at_least):
        last = number + 1 == len(at_least)
        inside = count >= least
        if not last:
            inside &= count < at_least[number + 1]
        if inside.any():
            lines.append(
                {
                    "neighbours_from": least,
                    "neighbours_to": None if last else at_least[number + 1] - 1,
                    **_line(pairs, rows[inside], is_found[inside]),
                }
            )
    schema = {"neighbours_from": pl.Int64, "neighbours_to": pl.Int64, **_LINE}
    return pl.DataFrame(lines, schema=schema)


def _counted(pairs: Pairs) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Rows of the truth that count, and whether each was found."""
    rows = np.concatenate([pairs.true_row, pairs.missed_row])
    return rows, np.arange(rows.size) < pairs.true_row.size


def _line(
    pairs: Pairs, rows: NDArray[np.int64], is_found: NDArray[np.bool_]
) -> dict[str, int | float | None]:
    squared = np.full(pairs.truth.shape[0], np.nan)
    squared[pairs.true_row] = (pairs.step_nm[:, :2] ** 2).sum(axis=1)
    found = int(is_found.sum())
    return {
        "true": rows.size,
        "found": found,
        "recall": found / rows.size,
        "rmse_nm": float(np.sqrt(squared[rows[is_found]].mean())) if found else None,
    }


def _measured_light(pairs: Pairs) -> NDArray[np.float64]:
    """Measured photons of each true molecule, ``(n,)``; NaN if not found."""
    light = np.full(pairs.truth.shape[0], np.nan)
    if pairs.found_photons is not None:
        light[pairs.true_row] = pairs.found_photons[pairs.found_row]
    return light


def _neighbours(truth: NDArray[np.float64], within_nm: float) -> NDArray[np.int64]:
    if not truth.size:
        return np.zeros(0, np.int64)
    # frames set farther apart than any neighbours turn all frames into one search
    at = truth[:, :3] * [4.0 * max(within_nm, 1.0), 1.0, 1.0]
    tree = cKDTree(at)
    return np.asarray(tree.query_ball_point(at, within_nm, return_length=True), np.int64) - 1
