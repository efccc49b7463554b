"""The Cramer-Rao bound: how well a molecule can be localized at all."""

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf, ndtri

from cellstorm.errors import TableError
from cellstorm.evaluate._joint_bound_kernel import joint_bounds
from cellstorm.evaluate.pairs import ScoreOptions, pair_up

__all__ = [
    "BoundRatio",
    "LocalizationBound",
    "localization_bound",
    "molecule_bounds",
    "rmse_over_bound",
]

# of the radius of pairing
_LARGEST_BOUND = 0.25


@dataclass(frozen=True)
class LocalizationBound:
    """Least standard errors, each ``(n,)`` float64: positions in px, light in photons."""

    x_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    photons: NDArray[np.float64]
    background_photons: NDArray[np.float64]


def _profile(
    centre_px: NDArray[np.float64], sigma_px: float, size_px: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Light per pixel along an axis and its derivative by the centre, ``(n, size_px)``."""
    edges = np.arange(size_px + 1)[None, :] - centre_px[:, None]
    share = np.diff(0.5 * erf(edges / (np.sqrt(2.0) * sigma_px)), axis=1)
    bell = np.exp(-0.5 * np.square(edges / sigma_px)) / (np.sqrt(2.0 * np.pi) * sigma_px)
    return share, -np.diff(bell, axis=1)


def localization_bound(
    x_px: ArrayLike,
    y_px: ArrayLike,
    photons: ArrayLike,
    background_photons: ArrayLike,
    *,
    sigma_px: float,
    size_px: int,
    extra_variance_e2: float = 0.0,
) -> LocalizationBound:
    """Bound for one molecule on an unknown constant background in a square window.

    Inverse of the Fisher matrix of position, photons and background under Poisson noise
    (Smith et al. 2010, eq. 6-8); noise that is not the light's adds to the variance
    (Huang et al. 2013).

    Parameters
    ----------
    x_px, y_px
        Positions from the window's outer corner, px, ``(n,)``.
    photons, background_photons
        Light of the molecule and of each pixel under it.
    sigma_px
        Standard deviation of the pixel-integrated Gaussian, known.
    size_px
        Edge of the window.
    extra_variance_e2
        Variance of a pixel besides the light's own, e.g. read noise squared.

    Returns
    -------
    LocalizationBound
        Standard errors that no unbiased estimator stays under.
    """
    x, y, light, background = np.broadcast_arrays(
        *(
            np.atleast_1d(np.asarray(v, np.float64))
            for v in (x_px, y_px, photons, background_photons)
        )
    )
    share_x, slope_x = _profile(x, sigma_px, size_px)
    share_y, slope_y = _profile(y, sigma_px, size_px)
    spot = share_y[:, :, None] * share_x[:, None, :]
    derivatives = np.stack(
        [
            light[:, None, None] * share_y[:, :, None] * slope_x[:, None, :],
            light[:, None, None] * slope_y[:, :, None] * share_x[:, None, :],
            spot,
            np.ones_like(spot),
        ],
        axis=1,
    )
    expected = light[:, None, None] * spot + background[:, None, None] + extra_variance_e2
    weighted = derivatives / np.maximum(expected, 1e-12)[:, None]
    fisher = np.einsum("naij,nbij->nab", weighted, derivatives)
    errors = np.sqrt(np.diagonal(np.linalg.inv(fisher), axis1=1, axis2=2))
    return LocalizationBound(errors[:, 0], errors[:, 1], errors[:, 2], errors[:, 3])


@dataclass(frozen=True)
class BoundRatio:
    """Errors of matched molecules as multiples of their bounds; 1 is the limit.

    Only molecules whose bound is under a quarter of the radius of pairing count, as a
    distance in the plane: of the others (two at nearly one place) pairing cuts the errors
    off, and their bounds would be most of the sum.

    Attributes
    ----------
    pairs
        Molecules that count.
    hopeless
        Matched molecules with a larger bound.
    rms
        Root mean square error over root mean square bound.
    median
        Median of |error| / bound along an axis, over that of a normal error at the bound
        (0.6745): what a typical molecule is like, deaf to pairs with the wrong neighbour.
    rmse_nm, bound_nm
        The two sides of ``rms``, distances in the plane, nm.
    """

    pairs: int
    hopeless: int
    rms: float
    median: float
    rmse_nm: float
    bound_nm: float


def molecule_bounds(
    truth: pl.DataFrame,
    *,
    pixel_size_nm: float,
    shape_px: tuple[int, int],
    sigma_px: ArrayLike,
    sigma_y_px: ArrayLike | None = None,
    extra_variance_e2: ArrayLike = 0.0,
    excess_noise_factor: float = 1.0,
    background_known: bool = False,
) -> pl.DataFrame:
    """Bound for every true molecule of a movie with its neighbours unknown as well.

    Molecules of a frame that overlap (nearer than six PSF widths, and whoever overlaps
    with those) are one group with one Fisher matrix: x, y and photons of each, and how
    much the level of the background is off (Ram et al. 2006; noise that is not the
    light's as in Huang et al. 2013). Its inverse holds the bounds. One level per group,
    because two windows that share pixels cannot have two backgrounds there; the *shape*
    of the background is what ``truth`` says at the molecules. A joint fit that smooths
    its background over a wider area knows it better than that, one that fits small
    windows knows it worse; positions hardly notice (a level pulls a symmetric spot to no
    side), photons do. ``background_known`` gives the other extreme.

    The nearer two molecules are, the worse is known which is where, without limit: the
    bound grows as one over their distance and faster. Here it levels off at four PSF
    widths, because an estimate farther off than its window would not be taken for that
    molecule (a prior of that width on each position; it takes 3 % from a bound of one PSF
    width and nothing noticeable from usual ones), and that of the photons at a thousand
    times what it were with all else known.

    Parameters
    ----------
    truth
        ``frame``, ``x_nm``, ``y_nm``, ``photons``, ``background_photons``; ``(n,)`` rows
        in any order.
    pixel_size_nm
        Edge of a pixel.
    shape_px
        ``(height, width)`` of the movie; no light is seen outside.
    sigma_px, sigma_y_px
        Standard deviation of the pixel-integrated Gaussian, known: one value, or ``(n,)``.
        Without ``sigma_y_px`` spots are round.
    extra_variance_e2
        Variance of a pixel besides the light's own, photoelectrons squared, one value or
        ``(n,)`` at the molecules: read noise squared, ``gain^2 / 12`` of rounding, and for
        coded video ``(gain * step)^2 / 12`` of the block's quantiser.
    excess_noise_factor
        Variance of the light's noise over its mean (2 with electron multiplication).
    background_known
        Take the background's level as given.

    Returns
    -------
    pl.DataFrame
        ``bound_x_nm``, ``bound_y_nm``, ``bound_photons`` (float64), a row per row of
        ``truth``. Infinite for a molecule that no pixel sees.

    Raises
    ------
    TableError
        A column is missing.
    ValueError
        A size, width or factor is not positive, or the number of values is not that of
        the rows.
    """
    for name in ("frame", "x_nm", "y_nm", "photons", "background_photons"):
        if name not in truth.columns:
            raise TableError(f"the truth lacks the column {name}.")
    if not (pixel_size_nm > 0 and min(shape_px) > 0 and excess_noise_factor > 0):
        raise ValueError("pixel_size_nm, shape_px and excess_noise_factor must be over 0")
    rows = truth.height

    def per_molecule(values: ArrayLike) -> NDArray[np.float64]:
        return np.broadcast_to(np.asarray(values, np.float64), (rows,))

    def column(name: str) -> NDArray[np.float64]:
        return truth[name].cast(pl.Float64).to_numpy()

    x_px, y_px = column("x_nm") / pixel_size_nm, column("y_nm") / pixel_size_nm
    wide, high = (
        per_molecule(sigma_px),
        per_molecule(sigma_px if sigma_y_px is None else sigma_y_px),
    )
    if rows and not (min(wide.min(), high.min()) > 0 and np.isfinite(wide + high).all()):
        raise ValueError("sigma_px must be over 0 and finite")
    frame = truth["frame"].cast(pl.Int64).to_numpy()
    order = np.lexsort((x_px, frame))
    first = np.append(np.flatnonzero(np.diff(frame[order], prepend=-1)), rows)
    light, background = column("photons"), column("background_photons")
    extra = per_molecule(extra_variance_e2)
    molecules = np.stack([x_px, y_px, light, background, extra, wide, high])[:, order]
    if not np.isfinite(molecules).all():
        raise TableError("the truth holds values that are no numbers.")
    bounds = np.empty((rows, 3))
    sizes = (int(shape_px[0]), int(shape_px[1]))
    factor = float(excess_noise_factor)
    joint_bounds(first, np.ascontiguousarray(molecules), sizes, factor, background_known, bounds)
    result = np.empty_like(bounds)
    result[order] = bounds * (pixel_size_nm, pixel_size_nm, 1.0)
    names = ("bound_x_nm", "bound_y_nm", "bound_photons")
    return pl.DataFrame({name: result[:, c] for c, name in enumerate(names)})


def rmse_over_bound(
    found: pl.DataFrame, truth: pl.DataFrame, bounds: pl.DataFrame, *, radius_nm: float = 250.0
) -> BoundRatio:
    """How many times the limit the errors are.

    A little under 1 is possible: only what was found is paired, and the bound binds
    unbiased estimators only, while one that sees two molecules as one, or knows that light
    is not negative, is none.

    Parameters
    ----------
    found, truth
        Tables with ``frame``, ``x_nm``, ``y_nm``.
    bounds
        Of `molecule_bounds` for the same ``truth``.
    radius_nm
        Farthest distance of a pair.

    Returns
    -------
    BoundRatio
        NaN in every figure when there is no pair.

    Raises
    ------
    TableError
        A column is missing.
    ValueError
        ``bounds`` has not a row for each of ``truth``.
    """
    if bounds.height != truth.height:
        raise ValueError(f"{bounds.height} bounds for {truth.height} true molecules")
    pairs = pair_up(found, truth, ScoreOptions(radius_nm=radius_nm, axial_radius_nm=None))
    limit = bounds.select("bound_x_nm", "bound_y_nm").to_numpy()[pairs.true_row]
    counts = np.hypot(limit[:, 0], limit[:, 1]) < _LARGEST_BOUND * radius_nm
    error, limit = pairs.step_nm[counts, :2], limit[counts]
    hopeless = int((~counts).sum())
    if not error.size:
        return BoundRatio(0, hopeless, *(4 * (math.nan,)))
    rmse = math.sqrt(np.square(error).sum(axis=1).mean())
    bound = math.sqrt(np.square(limit).sum(axis=1).mean())
    typical = float(np.median(np.abs(error) / limit)) / float(ndtri(0.75))
    return BoundRatio(error.shape[0], hopeless, rmse / bound, typical, rmse, bound)
