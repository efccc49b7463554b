"""The pixel's edge in the sample: from a grating's period, or from the optics."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field
from scipy.ndimage import gaussian_filter
from scipy.optimize import minimize

from cellstorm.camera.still_statistics import grey_scale_of
from cellstorm.camera.transfer_fit import Measured
from cellstorm.errors import MovieError
from cellstorm.movie import Movie
from cellstorm.parameters import Parameters

__all__ = ["GratingPeriod", "OpticalPath", "grating_period", "measure_grating"]

_MOST_FRAMES = 200
# height of the line over the rest of the spectrum, in amplitudes
_LEAST_CONTRAST = 8.0
# a line grating's second, third and higher orders are never much stronger than its first
_FUNDAMENTAL = 0.25
# reference length of visual magnification, mm (ISO 8039)
_NEAR_POINT_MM = 250.0


class OpticalPath(Parameters):
    """A phone that looks into a microscope's eyepiece, all focused at infinity.

    The eyepiece has the focal length ``250 mm / magnification`` (ISO 8039), the phone's lens
    images what it collimates with ``focal_phone / focal_eyepiece`` (an afocal relay).
    """

    model_config = ConfigDict(allow_inf_nan=False)

    objective_magnification: float = Field(gt=0, le=1000, description="of the objective")
    eyepiece_magnification: float = Field(10.0, gt=0, le=100, description="of the eyepiece")
    phone_focal_mm: float = Field(
        gt=0, le=1000, description="focal length of the phone's lens, mm (not the equivalent)"
    )
    phone_pixel_um: float = Field(
        gt=0, le=1000, description="edge on the sensor of what becomes a pixel of the movie, um"
    )
    tube_factor: float = Field(
        1.0, gt=0, le=100, description="additional magnification in the microscope"
    )

    @property
    def magnification(self) -> float:
        """From the sample to the phone's sensor."""
        eyepiece_mm = _NEAR_POINT_MM / self.eyepiece_magnification
        return self.objective_magnification * self.tube_factor * self.phone_focal_mm / eyepiece_mm

    @property
    def pixel_size_nm(self) -> float:
        """Edge of a pixel of the movie in the sample, nm."""
        return 1e3 * self.phone_pixel_um / self.magnification


@dataclass(frozen=True)
class GratingPeriod:
    """A grating as a movie shows it.

    Attributes
    ----------
    period_px
        Distance of its lines, px, across them.
    angle_rad
        Direction across the lines, counted from x towards y, -pi/2 to pi/2.
    pixel_size_nm
        Edge of a pixel.
    """

    period_px: Measured
    angle_rad: float
    pixel_size_nm: Measured


def measure_grating(movie: Movie, *, period_um: float) -> GratingPeriod:
    """Pixel size from a movie of a line grating or stage micrometer that stands still.

    Parameters
    ----------
    movie
        One frame will do; up to 200 are averaged.
    period_um
        Distance of the lines in the sample, um.

    Raises
    ------
    MovieError
        There is no regular pattern in the picture.
    """
    frames = min(movie.shape[0], _MOST_FRAMES)
    scale = grey_scale_of(movie)
    image = scale.to_photoelectrons(movie.read(0, frames)).mean(axis=0, dtype=np.float64)
    found = grating_period(image)
    if found is None:
        raise MovieError(
            "there is no regular grating in the picture.",
            where=movie.name,
            todo="Focus on the lines and let at least five of them into the field.",
        )
    period, angle = found
    size = 1e3 * period_um / period.value
    return GratingPeriod(period, angle, Measured(size, size * period.error / period.value))


def grating_period(image: NDArray[np.float64]) -> tuple[Measured, float] | None:
    """Period in px and direction in rad of the strongest regular pattern.

    The peak of the spectrum of the windowed picture, then that of the Fourier integral
    itself between the points of the grid. The error is that of a sine's frequency in the
    picture's own noise (Rife & Boorstyn 1974, eq. 11: ``var(f) = 6 s^2 / (pi^2 a^2 N L^2)``
    for amplitude a, N pixels over a length L), noise taken as what surrounds the peak.

    Parameters
    ----------
    image
        ``(height, width)`` of any scale.

    Returns
    -------
    tuple[Measured, float] or None
        None without a pattern of five lines or more.
    """
    height, width = image.shape
    if min(height, width) < 16:
        return None
    flat = image - gaussian_filter(image, 0.15 * min(height, width), mode="nearest")
    window = np.hanning(height)[:, None] * np.hanning(width)
    windowed = (flat - float((flat * window).sum() / window.sum())) * window
    padded = (2 * height, 2 * width)
    spectrum = np.abs(np.fft.rfft2(windowed, padded))
    fy, fx = np.fft.fftfreq(padded[0])[:, None], np.fft.rfftfreq(padded[1])
    radius = np.hypot(fy, fx)
    allowed = (radius > 4.0 / max(height, width)) & (radius < 0.45)
    if not allowed.any():
        return None
    noise = float(np.median(spectrum[allowed])) / math.sqrt(math.log(2.0))
    strongest = float(spectrum[allowed].max())
    if noise <= 0 and strongest <= 0:
        return None
    if strongest < _LEAST_CONTRAST * noise:
        return None
    # the lowest order that is a peak of its own
    peaks = allowed & (spectrum > max(_FUNDAMENTAL * strongest, 0.5 * _LEAST_CONTRAST * noise))
    row, column = _lowest_peak(spectrum, peaks, radius)
    start = np.array([float(fy[row, 0]), float(fx[column])])
    y, x = np.arange(height)[:, None], np.arange(width)

    def negative_power(frequency: NDArray[np.float64]) -> float:
        wave_y = np.exp(-2j * np.pi * frequency[0] * y)
        wave_x = np.exp(-2j * np.pi * frequency[1] * x)
        return -float(np.abs((wave_y * windowed * wave_x).sum())) / strongest

    step = 0.3 / max(height, width)
    simplex = start + np.array([[0.0, 0.0], [step, 0.0], [0.0, step]])
    best = minimize(
        negative_power,
        start,
        method="Nelder-Mead",
        options={"initial_simplex": simplex, "xatol": 1e-8, "fatol": 1e-12},
    )
    frequency = np.asarray(best.x, dtype=np.float64)
    modulus = float(np.hypot(*frequency))
    amplitude = 2.0 * float(-best.fun) * strongest / float(window.sum())
    deviation = noise / math.sqrt(float((window**2).sum()))
    length = height * abs(frequency[0]) / modulus + width * abs(frequency[1]) / modulus
    variance = 6.0 * deviation**2 / (math.pi**2 * amplitude**2 * height * width * length**2)
    # the window leaves out half of the length at both ends, which costs a factor of about 2.5
    error = 2.5 * math.sqrt(variance) / modulus**2
    angle = math.atan2(frequency[0], frequency[1])
    if angle > math.pi / 2:
        angle -= math.pi
    elif angle <= -math.pi / 2:
        angle += math.pi
    return Measured(1.0 / modulus, error), angle


def _lowest_peak(
    spectrum: NDArray[np.float64], peaks: NDArray[np.bool_], radius: NDArray[np.float64]
) -> tuple[int, int]:
    """Place of the local maximum with the lowest frequency."""
    from scipy.ndimage import maximum_filter

    local = peaks & (spectrum >= maximum_filter(spectrum, 7, mode="wrap"))
    if not local.any():
        local = peaks
    flat = int(np.argmin(np.where(local, radius, np.inf)))
    row, column = np.unravel_index(flat, spectrum.shape)
    return int(row), int(column)
