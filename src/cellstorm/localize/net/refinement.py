"""The network's molecules, fitted once more where they are."""

import math

import numpy as np
from numpy.typing import NDArray

from cellstorm.localize.gaussian import GaussianLocalizer
from cellstorm.localize.gaussian._refine_kernel import REFINED_FIELDS, refine_frames
from cellstorm.localize.localizer import MoleculeColumns
from cellstorm.movie import FrameChunk

__all__ = ["refined"]

_ROUNDS = 3
_SWEEPS = 40
# a fit that went farther found something else
_MOST_SIGMAS = 3.0
_MOST_PX = 1.0
# Both see the same light: their errors have a correlation of about that, and those of the fit
# are larger than its Fisher matrix says. Weights for a smaller one did best (docs/network.md).
_CORRELATION = 0.6
_WEIGHTED_FOR = 0.3
_FIT_ERROR = 1.35


def refined(
    columns: MoleculeColumns,
    chunk: FrameChunk,
    fit: GaussianLocalizer,
    *,
    first: int,
    last: int,
) -> MoleculeColumns:
    """Mean of the network's molecules and a likelihood fit that begins at them.

    All molecules of a frame are fitted in turn with the others in place, over a smooth
    background. Network and fit are weighted as correlated estimates (Lyons, Gibaut and
    Clifford 1988). What does not converge, or goes elsewhere, stays as it was; so do
    the probabilities.

    Parameters
    ----------
    columns
        Of the network, by frame.
    chunk
        The frames, as `Localizer.localize` gets them.
    fit
        PSF width, background, noise and camera.
    first, last
        Frames that ``columns`` are of.

    Returns
    -------
    MoleculeColumns
        The same columns.
    """
    electrons, variance = fit.electrons(chunk)
    inside = slice(first - chunk.start, last - chunk.start)
    excess = fit.camera.excess_noise_factor
    known = np.column_stack([columns["x_px"], columns["y_px"], columns["photons"] / excess])
    table = np.empty((known.shape[0], len(REFINED_FIELDS)))
    refine_frames(
        electrons[inside],
        variance[inside] if variance.shape[0] > 1 else variance,
        columns["frame"].astype(np.int64) - first,
        np.ascontiguousarray(known, np.float64),
        fit.sigma_px,
        fit.fit_radius_px,
        fit.background_radius_px,
        _ROUNDS,
        _SWEEPS,
        table,
    )
    value = dict(zip(REFINED_FIELDS, table.T, strict=True))
    background = columns["background_photons"].astype(np.float64) / excess
    inflation = _FIT_ERROR * np.maximum(fit.noise_scale_at(background), 1.0)
    errors = {name: inflation * np.sqrt(value[f"var_{name}"]) for name in ("x", "y", "photons")}
    value["photons"] *= excess
    errors["photons"] *= excess
    distance = np.hypot(value["x"] - columns["x_px"], value["y"] - columns["y_px"])
    doubt = np.square(errors["x"]) + np.square(errors["y"])
    doubt += np.square(columns["uncertainty_x_px"]) + np.square(columns["uncertainty_y_px"])
    near = (value["converged"] > 0) & np.isfinite(doubt)
    near &= (distance < _MOST_PX) & (distance < _MOST_SIGMAS * np.sqrt(0.5 * doubt))
    out = dict(columns)
    for name, column, error in (
        ("x", "x_px", "uncertainty_x_px"),
        ("y", "y_px", "uncertainty_y_px"),
        ("photons", "photons", "uncertainty_photons"),
    ):
        mean, deviation = _correlated_mean(
            columns[column].astype(np.float64),
            columns[error].astype(np.float64),
            value[name],
            errors[name],
        )
        out[column] = np.where(near, mean, columns[column]).astype(columns[column].dtype)
        out[error] = np.where(near, deviation, columns[error]).astype(columns[error].dtype)
    both = np.square(out["uncertainty_x_px"]) + np.square(out["uncertainty_y_px"])
    out["uncertainty_px"] = (math.sqrt(0.5) * np.sqrt(both)).astype(np.float32)
    return out


def _correlated_mean(
    one: NDArray[np.float64],
    one_error: NDArray[np.float64],
    other: NDArray[np.float64],
    other_error: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Best mean of two correlated estimates, between them, and its standard error."""
    product = one_error * other_error
    total = one_error**2 + other_error**2
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = (one_error**2 - _WEIGHTED_FOR * product) / (total - 2.0 * _WEIGHTED_FOR * product)
        weight = np.clip(weight, 0.0, 1.0)
        variance = np.square((1.0 - weight) * one_error) + np.square(weight * other_error)
        variance += 2.0 * weight * (1.0 - weight) * _CORRELATION * product
        return one + weight * (other - one), np.sqrt(variance)
