"""The least error that a typical molecule of a table can be known with."""

from dataclasses import dataclass

import numpy as np

from cellstorm.camera import Camera
from cellstorm.errors import CellstormError, TableError
from cellstorm.evaluate import localization_bound
from cellstorm.movie.codec_facts import quantiser_step
from cellstorm.report.table_at_hand import TableAtHand

__all__ = ["TypicalBound", "typical_bound"]

_WINDOW_SIGMAS = 4.0
# within a pixel the bound hardly changes; a few places tell the mean
_PLACES_PX = (0.1, 0.3, 0.5, 0.7, 0.9)


@dataclass(frozen=True)
class TypicalBound:
    """Cramer-Rao bound of a molecule that is in everything in the middle of the table.

    Attributes
    ----------
    bound_nm
        Standard error along an axis that no unbiased estimator stays under.
    photons, background_photons, sigma_nm
        Of this molecule.
    with_camera, with_codec
        Whether the camera's read noise and the codec's quantiser are in it.
    """

    bound_nm: float
    photons: float
    background_photons: float
    sigma_nm: float
    with_camera: bool
    with_codec: bool


def typical_bound(table: TableAtHand) -> TypicalBound:
    """Bound of one molecule alone on even ground, from the medians of the table.

    Excess noise (electron multiplication) divides the light that counts; read noise and the
    rounding of the quantiser, ``(gain * step)^2 / 12``, add to the variance, as in
    `cellstorm.evaluate.molecule_bounds`.

    Raises
    ------
    TableError
        Light, background, width or pixel size are not known.
    """
    pixel_nm = table.metadata.pixel_size_nm
    if pixel_nm is None:
        raise TableError(
            "the best possible precision takes the pixel size, which the table does not say.",
            todo="Give it with --pixel-size-nm.",
        )
    medians = {name: _median(table, name) for name in ("photons", "background_photons")}
    missing = [name for name, value in medians.items() if value is None]
    sigma_nm = _sigma_nm(table, pixel_nm)
    if sigma_nm is None:
        missing.append("sigma_nm")
    if missing or sigma_nm is None:
        raise TableError(
            f"the best possible precision takes {' and '.join(missing)}, which the table"
            " does not have."
        )
    photons, background = medians["photons"] or 0.0, medians["background_photons"] or 0.0
    if not photons > 0:
        raise TableError("the molecules have no photons: no precision follows from them.")
    camera = _camera(table)
    factor = 1.0 if camera is None else camera.excess_noise_factor
    variance = 0.0 if camera is None else camera.read_noise_e**2
    coding = _coding_variance_e2(table, camera)
    variance = (variance + (coding or 0.0)) / factor**2
    sigma_px = sigma_nm / pixel_nm
    size = 2 * int(np.ceil(_WINDOW_SIGMAS * sigma_px)) + 1
    x_px, y_px = (size // 2 + place.ravel() for place in np.meshgrid(_PLACES_PX, _PLACES_PX))
    bound = localization_bound(
        x_px,
        y_px,
        photons / factor,
        max(background, 0.0) / factor,
        sigma_px=sigma_px,
        size_px=size,
        extra_variance_e2=variance,
    )
    both = np.concatenate([bound.x_px, bound.y_px])
    return TypicalBound(
        bound_nm=float(np.sqrt(np.mean(np.square(both)))) * pixel_nm,
        photons=photons,
        background_photons=background,
        sigma_nm=sigma_nm,
        with_camera=camera is not None,
        with_codec=coding is not None,
    )


def _median(table: TableAtHand, name: str) -> float | None:
    if name not in table.columns:
        return None
    value = table.values(name).median()
    return float(value) if isinstance(value, int | float) else None


def _sigma_nm(table: TableAtHand, pixel_nm: float) -> float | None:
    sigma = _median(table, "sigma_nm")
    if sigma is not None and sigma > 0:
        return sigma
    configuration = table.metadata.configuration or {}
    recording = configuration.get("recording") or {}
    for values in (recording, configuration):
        if isinstance(width := values.get("sigma_px"), int | float):
            return float(width) * pixel_nm
    return None


def _camera(table: TableAtHand) -> Camera | None:
    if table.metadata.camera is None:
        return None
    try:
        return Camera.model_validate(table.metadata.camera)
    except (ValueError, CellstormError):
        # of another program or version: without it the bound is a little too low
        return None


def _coding_variance_e2(table: TableAtHand, camera: Camera | None) -> float | None:
    recording = (table.metadata.configuration or {}).get("recording") or {}
    qp = recording.get("median_qp")
    if camera is None or not isinstance(qp, int | float):
        return None
    step_e = float(quantiser_step(np.array(qp))) * camera.gain_e_per_adu
    return step_e**2 / 12.0
