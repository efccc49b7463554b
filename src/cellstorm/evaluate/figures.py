"""Every figure of a score as a function of sums over frames.

Frames can then be counted several times, or not at all, at no cost: what the bootstrap
needs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellstorm.evaluate.pairs import Pairs

__all__ = ["FrameSums", "figures_of", "frame_sums"]

# Efficiency loses as much by 100 nm laterally, or 200 nm axially, as by finding nothing
# (Sage et al. 2019: alpha 1 and 0.5 per nm with all in percent).
_LATERAL_NM = 100.0
_AXIAL_NM = 200.0
# Photons that vary less than this, relatively, differ by rounding only.
_LEAST_SPREAD = 1e-9

_SUMS = (
    "pairs",
    "false",
    "missed",
    "dx",
    "dy",
    "dz",
    "distance",
    "lateral_squared",
    "axial_squared",
    "lit",
    "found_light",
    "true_light",
    "found_light_squared",
    "true_light_squared",
    "light_product",
)


@dataclass(frozen=True, eq=False)
class FrameSums:
    """All that the figures need of each frame.

    Attributes
    ----------
    frame
        Frames that hold a molecule that counts, ascending, ``(frames,)`` float64.
    values
        ``(frames, 15)`` float64, sums over the molecules of a frame: pairs, false and
        missed; of the pairs' steps, distances and their squares in nm; of the pairs whose
        light is known, their number, photons, squares and products.
    mean_photons
        Mean photons of the found and of the true in pairs. Sums of photons are taken
        about them: squares of large numbers would lose the correlation.
    """

    frame: NDArray[np.float64]
    values: NDArray[np.float64]
    mean_photons: tuple[float, float]


def frame_sums(pairs: Pairs) -> FrameSums:
    """Sum up each frame."""
    step = pairs.step_nm
    dz = step[:, 2] if pairs.spatial else np.full(step.shape[0], np.nan)
    lateral_squared = step[:, 0] ** 2 + step[:, 1] ** 2
    lit, found_light, true_light, mean_photons = _light(pairs)
    of_pairs = {
        "pairs": np.ones(step.shape[0]),
        "dx": step[:, 0],
        "dy": step[:, 1],
        "dz": dz,
        "distance": np.sqrt(lateral_squared),
        "lateral_squared": lateral_squared,
        "axial_squared": dz**2,
        "lit": lit,
        "found_light": found_light,
        "true_light": true_light,
        "found_light_squared": found_light**2,
        "true_light_squared": true_light**2,
        "light_product": found_light * true_light,
    }
    frame_of = [
        pairs.truth[pairs.true_row, 0],
        pairs.found[pairs.false_row, 0],
        pairs.truth[pairs.missed_row, 0],
    ]
    frame, index = np.unique(np.concatenate(frame_of), return_inverse=True)
    paired, false, missed = np.split(index, np.cumsum([len(part) for part in frame_of])[:-1])
    sums = {name: np.bincount(paired, value, frame.size) for name, value in of_pairs.items()}
    sums["false"] = np.bincount(false, minlength=frame.size)
    sums["missed"] = np.bincount(missed, minlength=frame.size)
    values = np.stack([sums[name] for name in _SUMS], axis=1).astype(np.float64)
    return FrameSums(frame, values, mean_photons)


def figures_of(
    sums: NDArray[np.float64], mean_photons: tuple[float, float]
) -> dict[str, NDArray[np.float64]]:
    """The figures of a score from sums over frames.

    Parameters
    ----------
    sums
        ``(n, 15)`` float64: rows of `FrameSums.values` added up, for n sets of frames.
    mean_photons
        Of `FrameSums`.

    Returns
    -------
    dict[str, NDArray[np.float64]]
        ``(n,)`` float64 for each figure of a score that is not a count; NaN where it has
        no value.
    """
    total = dict(zip(_SUMS, sums.T, strict=True))
    pairs, false, missed = total["pairs"], total["false"], total["missed"]
    with np.errstate(divide="ignore", invalid="ignore"):
        jaccard = pairs / (pairs + false + missed)
        rmse_nm = np.sqrt(total["lateral_squared"] / pairs)
        rmse_axial_nm = np.sqrt(total["axial_squared"] / pairs)
        efficiency = 1.0 - np.hypot(1.0 - jaccard, rmse_nm / _LATERAL_NM)
        efficiency_axial = 1.0 - np.hypot(1.0 - jaccard, rmse_axial_nm / _AXIAL_NM)
        return {
            "recall": pairs / (pairs + missed),
            "precision": pairs / (pairs + false),
            "jaccard": jaccard,
            "f1": 2 * pairs / (2 * pairs + false + missed),
            "rmse_nm": rmse_nm,
            "mean_distance_nm": total["distance"] / pairs,
            "bias_x_nm": total["dx"] / pairs,
            "bias_y_nm": total["dy"] / pairs,
            "efficiency": efficiency,
            "photon_correlation": _correlation(total, mean_photons),
            "photon_ratio": (total["found_light"] + total["lit"] * mean_photons[0])
            / (total["true_light"] + total["lit"] * mean_photons[1]),
            "bias_z_nm": total["dz"] / pairs,
            "rmse_axial_nm": rmse_axial_nm,
            "efficiency_axial": efficiency_axial,
            "efficiency_3d": (efficiency + efficiency_axial) / 2,
        }


def _light(
    pairs: Pairs,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], tuple[float, float]]:
    """Of each pair whether its light is known (1 or 0), and that light about its mean."""
    dark = np.zeros(pairs.found_row.size)
    if pairs.found_photons is None or pairs.true_photons is None:
        return dark, dark, dark, (0.0, 0.0)
    found, true = pairs.found_photons[pairs.found_row], pairs.true_photons[pairs.true_row]
    known = np.isfinite(found) & np.isfinite(true)
    if not known.any():
        return dark, dark, dark, (0.0, 0.0)
    means = float(found[known].mean()), float(true[known].mean())
    return (
        known.astype(np.float64),
        np.where(known, found - means[0], 0.0),
        np.where(known, true - means[1], 0.0),
        means,
    )


def _correlation(
    total: dict[str, NDArray[np.float64]], mean_photons: tuple[float, float]
) -> NDArray[np.float64]:
    count, found, true = total["lit"], total["found_light"], total["true_light"]
    spread_found = total["found_light_squared"] - found**2 / count
    spread_true = total["true_light_squared"] - true**2 / count
    varies = np.ones(count.shape, np.bool_)
    for spread, mean in ((spread_found, mean_photons[0]), (spread_true, mean_photons[1])):
        varies &= spread > count * (_LEAST_SPREAD * mean) ** 2
    covariance = total["light_product"] - found * true / count
    return np.where(varies, covariance / np.sqrt(spread_found * spread_true), np.nan)
