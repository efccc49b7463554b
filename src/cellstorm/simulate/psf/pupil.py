"""A PSF computed from the wave in the objective's pupil, with aberrations if wanted."""

import math
from functools import lru_cache
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.ndimage import laplace

from cellstorm.simulate.psf.integral_volume import IntegralVolume
from cellstorm.simulate.psf.tabulated import TabulatedPointSpread

__all__ = ["PupilPsf"]

_VOXEL_NM = 25.0
_HALF_WIDTH_NM = 1500.0
_Z_STEP_NM = 25.0
# samples across the pupil per um of depth: the image repeats every samples * wavelength / (2 NA),
# about 15 um for the first um, farther than defocused light spreads
_PUPIL_SAMPLES = 64

_Noll = Annotated[int, Field(ge=4, le=37)]
_Phase = Annotated[float, Field(ge=-20, le=20)]


class PupilPsf(TabulatedPointSpread):
    """A point spread function from the pupil function of the objective.

    The wave of a molecule in the pupil, times its phase for defocus and aberrations, is
    carried to the image by a Fourier transform (Goodman 2005, ch. 6; Hanser et al. 2004,
    J. Microsc. 216:32). ``scalar`` has the aplanatic amplitude ``1 / sqrt(cos theta)``;
    ``vectorial`` sums the six fields of a molecule that turns freely, dipoles along x, y
    and z seen in both polarisations (Richards & Wolf 1959; Backer & Moerner 2014, J. Phys.
    Chem. B 118:8313, eqs. 6-9). Molecule and objective share one refractive index. The
    light within 1.5 um of the centre counts as all the light; each depth gets the same.
    """

    kind: Literal["pupil"] = "pupil"
    model: Literal["scalar", "vectorial"] = Field("vectorial", description="kind of wave")
    numerical_aperture: float = Field(
        1.46, gt=0.4, le=1.7, description="of the objective; below the refractive index"
    )
    refractive_index: float = Field(
        1.518, ge=1, le=1.8, description="of immersion and sample, no unit"
    )
    wavelength_nm: float = Field(670.0, ge=300, le=1200, description="emission in vacuum, nm")
    focus_nm: float = Field(0.0, ge=-2000, le=2000, description="depth that is in focus, nm")
    range_nm: float = Field(
        800.0, ge=50, le=3000, description="computed from minus to plus this depth, nm"
    )
    aberrations_rad: dict[_Noll, _Phase] = Field(
        default_factory=dict,
        description="Zernike coefficients by Noll index (5, 6 astigmatism; 7, 8 coma;"
        " 11 spherical), rad RMS",
    )

    @model_validator(mode="after")
    def _light_gets_in(self) -> Self:
        if self.numerical_aperture >= 0.99 * self.refractive_index:
            raise ValueError("numerical_aperture must be less than 0.99 refractive_index")
        return self

    def _volume(self) -> IntegralVolume:
        return _compute_volume(
            self.model,
            self.numerical_aperture,
            self.refractive_index,
            self.wavelength_nm,
            self.focus_nm,
            self.range_nm,
            tuple(sorted(self.aberrations_rad.items())),
        )


@lru_cache(maxsize=4)
def _compute_volume(
    model: Literal["scalar", "vectorial"],
    numerical_aperture: float,
    refractive_index: float,
    wavelength_nm: float,
    focus_nm: float,
    range_nm: float,
    aberrations_rad: tuple[tuple[int, float], ...],
) -> IntegralVolume:
    """Intensity of every plane on the fine grid."""
    samples = _PUPIL_SAMPLES * math.ceil((range_nm + abs(focus_nm)) / 1000.0)
    axis = (np.arange(samples) + 0.5) * 2.0 / samples - 1.0
    radius = np.hypot(axis, axis[:, None])
    angle = np.arctan2(axis[:, None], axis)
    sine = np.minimum(radius, 1.0) * numerical_aperture / refractive_index
    cosine = np.sqrt(1.0 - sine**2)
    phase = np.zeros_like(radius)
    for noll, coefficient in aberrations_rad:
        phase += coefficient * _zernike(noll, radius, angle)
    # the rim cuts through its samples
    inside = np.clip(0.5 + 0.5 * samples * (1.0 - radius), 0.0, 1.0)
    pupil = inside * np.exp(1j * phase) / np.sqrt(cosine)
    waves = [pupil]
    if model == "vectorial":
        x, y = np.cos(angle), np.sin(angle)
        waves = [
            pupil * (cosine * x * x + y * y),
            pupil * (cosine - 1.0) * x * y,
            pupil * (cosine * y * y + x * x),
            pupil * sine * x,
            pupil * sine * y,
        ]
    # the dipole along x in y's polarisation and that along y in x's look the same
    weights = [1.0] if model == "scalar" else [1.0, 2.0, 1.0, 1.0, 1.0]
    wavenumber = 2.0 * math.pi / wavelength_nm
    voxels = round(2.0 * _HALF_WIDTH_NM / _VOXEL_NM)
    place_nm = (np.arange(voxels) + 0.5) * _VOXEL_NM - _HALF_WIDTH_NM
    # a Fourier transform on a grid of our own choice, one matrix per axis
    to_image = np.exp(1j * wavenumber * numerical_aperture * place_nm[:, None] * axis)
    steps = math.ceil(range_nm / _Z_STEP_NM)
    planes = np.zeros((2 * steps + 1, voxels, voxels))
    for plane, depth_nm in enumerate(_Z_STEP_NM * np.arange(-steps, steps + 1)):
        defocus = np.exp(1j * wavenumber * refractive_index * (depth_nm - focus_nm) * cosine)
        for wave, weight in zip(waves, weights, strict=True):
            image = to_image @ (wave * defocus) @ to_image.T
            planes[plane] += weight * np.square(np.abs(image))
        # from the light at the middle of a voxel to its mean over the voxel (Taylor)
        planes[plane] += laplace(planes[plane], mode="nearest") / 24.0
    return IntegralVolume.from_planes(
        np.maximum(planes, 0.0), voxel_nm=_VOXEL_NM, z_step_nm=_Z_STEP_NM, focus_plane=steps
    )


def _zernike(
    noll: int, radius: NDArray[np.float64], angle: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Zernike polynomial of root mean square 1 over the unit disk (Noll 1976, eqs. 1-2)."""
    order = math.ceil((math.sqrt(8.0 * noll + 1.0) - 3.0) / 2.0)
    rank = noll - order * (order + 1) // 2 - 1
    turns = 2 * (rank // 2) + 1 if order % 2 else 2 * ((rank + 1) // 2)
    radial = np.zeros_like(radius)
    for step in range((order - turns) // 2 + 1):
        factor = (-1) ** step * math.factorial(order - step)
        factor /= (
            math.factorial(step)
            * math.factorial((order + turns) // 2 - step)
            * math.factorial((order - turns) // 2 - step)
        )
        radial += factor * radius ** (order - 2 * step)
    scale = math.sqrt(order + 1.0)
    if turns == 0:
        return scale * radial
    wave = np.cos(turns * angle) if noll % 2 == 0 else np.sin(turns * angle)
    return math.sqrt(2.0) * scale * radial * wave
