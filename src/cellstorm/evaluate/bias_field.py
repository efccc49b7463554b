"""The mean error of matched molecules against where in the grid they truly are."""

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import fdtrc

from cellstorm.evaluate.pairs import Pairs

__all__ = ["BiasField", "bias_field"]

Vector = NDArray[np.float64]

# cells to an edge of the map, the finest first; the first with enough molecules is taken
_CELLS = (8, 4, 2)
_LEAST_MOLECULES_PER_CELL = 30
_LEAST_MOLECULES = 10
_HARMONICS = 2


@dataclass(frozen=True)
class BiasField:
    """Bias against the true phase in x and y: found minus true, less its overall mean.

    Standard errors take all pairs of one molecule (``id`` of the truth) as one
    observation, since they share phase and neighbours.

    Attributes
    ----------
    period_px
        The phase is the true position modulo this.
    pairs
        ``(n, n)`` int64 per cell, rows along y.
    bias_x_nm, bias_y_nm, error_x_nm, error_y_nm
        ``(n, n)`` mean and its standard error, NaN where there are less than two molecules.
    mean_x_nm, mean_y_nm
        The overall mean, a shift that is the same everywhere.
    largest_nm, largest_error_nm, largest_p_value
        Length of the longest vector, its standard error, and the chance of one as long in
        any cell without bias (Hotelling, times the number of cells).
    amplitude_x_nm, amplitude_y_nm, amplitude_error_nm
        Of the fundamental of the bias in x against the phase in x, and so for y; the
        standard error is the larger of the two.
    p_value
        Chance of the first two harmonics of both without bias (Wald test, errors robust
        against molecules seen in several frames).
    """

    period_px: int
    pairs: NDArray[np.int64]
    bias_x_nm: Vector
    bias_y_nm: Vector
    error_x_nm: Vector
    error_y_nm: Vector
    mean_x_nm: float
    mean_y_nm: float
    largest_nm: float
    largest_error_nm: float
    largest_p_value: float
    amplitude_x_nm: float
    amplitude_y_nm: float
    amplitude_error_nm: float
    p_value: float


def bias_field(
    paired: Pairs, truth: pl.DataFrame, *, period_px: int, pixel_size_nm: float
) -> BiasField:
    """Mean error per phase; at least one pair must be given.

    Parameters
    ----------
    paired
        The matched molecules.
    truth
        The whole table they were matched with, for its ``id``.
    period_px
        1, 4, 8 or 16.
    pixel_size_nm
        Edge of a pixel.
    """
    places = paired.truth[paired.true_row, 1:3]
    phase = places / (pixel_size_nm * period_px) % 1.0
    error = paired.step_nm[:, :2]
    mean = error.mean(axis=0)
    error = error - mean
    if "id" in truth.columns:
        _, molecule = np.unique(truth["id"].to_numpy()[paired.true_row], return_inverse=True)
    else:
        molecule = np.arange(error.shape[0])
    molecules = int(molecule.max()) + 1
    cells = next((n for n in _CELLS if molecules >= _LEAST_MOLECULES_PER_CELL * n * n), _CELLS[-1])
    cell = np.minimum((phase * cells).astype(np.int64), cells - 1)
    place = cell[:, 1] * cells + cell[:, 0]
    pairs, bias, covariance, effective = _cell_means(error, place, molecule, cells * cells)
    largest, largest_error, largest_p = _largest(bias, covariance, effective)
    amplitude = np.full(2, math.nan)
    amplitude_error = np.full(2, math.nan)
    wald = 0.0
    for a in range(2):
        amplitude[a], amplitude_error[a], statistic = _harmonics(
            phase[:, a], error[:, a], molecule, molecules
        )
        wald += statistic
    terms = 4 * _HARMONICS
    shape = (cells, cells)
    return BiasField(
        period_px=period_px,
        pairs=pairs.reshape(shape),
        bias_x_nm=bias[:, 0].reshape(shape),
        bias_y_nm=bias[:, 1].reshape(shape),
        error_x_nm=np.sqrt(covariance[:, 0, 0]).reshape(shape),
        error_y_nm=np.sqrt(covariance[:, 1, 1]).reshape(shape),
        mean_x_nm=float(mean[0]),
        mean_y_nm=float(mean[1]),
        largest_nm=largest,
        largest_error_nm=largest_error,
        largest_p_value=largest_p,
        amplitude_x_nm=float(amplitude[0]),
        amplitude_y_nm=float(amplitude[1]),
        amplitude_error_nm=float(amplitude_error.max()),
        p_value=float(fdtrc(terms, molecules - 1, wald / terms))
        if math.isfinite(wald) and molecules > 1
        else math.nan,
    )


def _cell_means(
    error: Vector, place: NDArray[np.int64], molecule: NDArray[np.int64], cells: int
) -> tuple[NDArray[np.int64], Vector, Vector, NDArray[np.int64]]:
    """Pairs, mean ``(cells, 2)``, its covariance ``(cells, 2, 2)``, and molecules per cell."""
    pairs = np.bincount(place, minlength=cells)
    with np.errstate(divide="ignore", invalid="ignore"):
        bias = np.stack([np.bincount(place, error[:, a], cells) / pairs for a in range(2)], axis=1)
        # molecules that drift are in several cells, and count in each
        key, group = np.unique(place + cells * molecule, return_inverse=True)
        group_place = key % cells
        off = error - bias[place]
        sums = np.stack([np.bincount(group, off[:, a]) for a in range(2)], axis=1)
        effective = np.bincount(group_place, minlength=cells)
        covariance = np.empty((cells, 2, 2))
        for a in range(2):
            for b in range(2):
                product = np.bincount(group_place, sums[:, a] * sums[:, b], cells)
                covariance[:, a, b] = product / pairs**2 * effective / (effective - 1)
    covariance[effective < 2] = math.nan
    return pairs, bias, covariance, effective


def _largest(
    bias: Vector, covariance: Vector, effective: NDArray[np.int64]
) -> tuple[float, float, float]:
    # cells with next to no molecules have long vectors by chance
    usable = np.flatnonzero(effective >= _LEAST_MOLECULES)
    if not usable.size:
        return math.nan, math.nan, math.nan
    length = np.hypot(bias[usable, 0], bias[usable, 1])
    top = usable[int(length.argmax())]
    longest = float(length.max())
    if not (longest > 0 and np.linalg.det(covariance[top]) > 0):
        return longest, math.nan, math.nan
    along = bias[top] / longest
    error = math.sqrt(float(along @ covariance[top] @ along))
    squared = float(bias[top] @ np.linalg.inv(covariance[top]) @ bias[top])
    count = int(effective[top])
    statistic = squared * (count - 2) / (2 * (count - 1))
    p_value = float(fdtrc(2, count - 2, statistic))
    return longest, error, min(1.0, usable.size * p_value)


def _harmonics(
    phase: Vector, error: Vector, molecule: NDArray[np.int64], molecules: int
) -> tuple[float, float, float]:
    """Amplitude of the fundamental, its standard error, and Wald's statistic."""
    turns = 2.0 * np.pi * phase
    columns = [np.ones_like(phase)]
    for h in range(1, _HARMONICS + 1):
        columns += [np.cos(h * turns), np.sin(h * turns)]
    design = np.stack(columns, axis=1)
    terms = design.shape[1]
    if molecules <= terms or np.linalg.matrix_rank(design) < terms:
        return math.nan, math.nan, math.nan
    bread = np.linalg.inv(design.T @ design)
    coefficients = bread @ (design.T @ error)
    off = design * (error - design @ coefficients)[:, None]
    sums = np.stack([np.bincount(molecule, off[:, t]) for t in range(terms)], axis=1)
    covariance = bread @ (sums.T @ sums) @ bread * molecules / (molecules - 1)
    inverse = np.linalg.pinv(covariance[1:, 1:])
    statistic = float(coefficients[1:] @ inverse @ coefficients[1:])
    amplitude = float(np.hypot(coefficients[1], coefficients[2]))
    error_of_it = math.sqrt(0.5 * float(covariance[1, 1] + covariance[2, 2]))
    return amplitude, error_of_it, statistic
