"""A PSF as planes of light on a fine grid: placed anywhere, measured for its width."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import spline_filter1d
from scipy.optimize import least_squares
from scipy.special import erf

from cellstorm.errors import ConfigurationError
from cellstorm.simulate.psf._volume_kernel import add_volume_spots

__all__ = ["IntegralVolume"]

# twice the margin of the kernel: where the spline ends it must have become flat
_PADDING = 8


@dataclass(frozen=True, eq=False)
class IntegralVolume:
    """Planes of light, kept as their integral images, to be summed over pixels of any size.

    Attributes
    ----------
    planes
        ``(planes, y, x)`` light per voxel; each plane sums to 1.
    coefficients
        B-spline coefficients of their integral images, as the kernel wants them.
    centre_x, centre_y
        Centroid of the plane in focus, in voxel edges of ``coefficients``.
    focus_plane
        Index of the plane at z = 0.
    voxel_nm, z_step_nm
        Edge of a voxel and distance of the planes, nm.
    """

    planes: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    centre_x: float
    centre_y: float
    focus_plane: int
    voxel_nm: float
    z_step_nm: float

    @classmethod
    def from_planes(
        cls,
        planes: NDArray[np.float64],
        *,
        voxel_nm: float,
        z_step_nm: float,
        focus_plane: int | None = None,
    ) -> Self:
        """Normalise every plane to 1 and centre all on the centroid of the one in focus.

        Parameters
        ----------
        planes
            ``(planes, y, x)`` light per voxel, not negative, some in each plane.
        voxel_nm, z_step_nm
            Edge of a voxel and distance of the planes, nm.
        focus_plane
            Index of the plane at z = 0; None: the sharpest, that is the one with the
            greatest sum of squares.
        """
        light = planes / planes.sum(axis=(1, 2), keepdims=True)
        if focus_plane is None:
            focus_plane = int(np.argmax(np.square(light).sum(axis=(1, 2))))
        sharp = light[focus_plane]
        integral = np.pad(light.cumsum(axis=1).cumsum(axis=2), ((0, 0), (1, 0), (1, 0)))
        integral = np.pad(
            integral, ((0, 0), (_PADDING, _PADDING), (_PADDING, _PADDING)), mode="edge"
        )
        for axis in (1, 2):
            integral = spline_filter1d(integral, 3, axis=axis, mode="mirror")
        return cls(
            planes=light,
            coefficients=np.ascontiguousarray(integral),
            centre_x=float(sharp.sum(axis=0) @ (np.arange(sharp.shape[1]) + 0.5)) + _PADDING,
            centre_y=float(sharp.sum(axis=1) @ (np.arange(sharp.shape[0]) + 0.5)) + _PADDING,
            focus_plane=focus_plane,
            voxel_nm=voxel_nm,
            z_step_nm=z_step_nm,
        )

    @property
    def depths_nm(self) -> NDArray[np.float64]:
        """``(planes,)`` distance of each plane from focus, nm."""
        return (np.arange(self.planes.shape[0]) - self.focus_plane) * self.z_step_nm

    @cached_property
    def sigmas_nm(self) -> NDArray[np.float64]:
        """``(planes, 2)`` widths in x and y of the Gaussian nearest to each plane, nm.

        Nearest in the sense of least squares, integrated over the voxels, with amplitude
        and centre free. The second moment would not do: that of an Airy disk is infinite.
        """
        sigmas: NDArray[np.float64] = self.voxel_nm * np.array(
            [_nearest_gaussian(plane) for plane in self.planes], np.float64
        )
        return sigmas

    def add_spots(
        self,
        frame: NDArray[np.int64],
        x_px: NDArray[np.float64],
        y_px: NDArray[np.float64],
        z_nm: NDArray[np.float64],
        photons: NDArray[np.float64],
        images: NDArray[np.float32],
        *,
        pixel_size_nm: float,
    ) -> None:
        """Add one molecule per row to ``images``, in place; see `PupilPsf.add_spots`."""
        self._refuse_unknown_depths(z_nm)
        add_volume_spots(
            frame,
            x_px,
            y_px,
            np.asarray(z_nm, np.float64) / self.z_step_nm + self.focus_plane,
            photons,
            self.coefficients,
            self.centre_x,
            self.centre_y,
            pixel_size_nm / self.voxel_nm,
            images,
        )

    def widths_px(
        self, z_nm: NDArray[np.float64], *, pixel_size_nm: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Standard deviations in x and y at depths ``z_nm``, each of its shape, px."""
        self._refuse_unknown_depths(z_nm)
        x, y = (
            np.interp(z_nm, self.depths_nm, sigmas) / pixel_size_nm for sigmas in self.sigmas_nm.T
        )
        return x, y

    def _refuse_unknown_depths(self, z_nm: NDArray[np.float64]) -> None:
        known = self.depths_nm
        if np.size(z_nm) == 0 or (np.min(z_nm) >= known[0] and np.max(z_nm) <= known[-1]):
            return
        outside = max((float(np.min(z_nm)), float(np.max(z_nm))), key=abs)
        raise ConfigurationError(
            f"a molecule lies at z = {outside:.0f} nm, but the PSF is known from "
            f"{known[0]:.0f} to {known[-1]:.0f} nm",
            todo="Use a PSF that reaches farther, or make the structure flatter"
            " or its drift smaller.",
        )


def _nearest_gaussian(plane: NDArray[np.float64]) -> tuple[float, float]:
    """Widths in x and y, in voxels, of the Gaussian with the least squared distance."""
    ny, nx = plane.shape
    edges_x, edges_y = np.arange(nx + 1.0), np.arange(ny + 1.0)

    def profile(edges: NDArray[np.float64], centre: float, sigma: float) -> NDArray[np.float64]:
        shares: NDArray[np.float64] = np.diff(0.5 * erf((edges - centre) / (np.sqrt(2.0) * sigma)))
        return shares

    def residuals(values: NDArray[np.float64]) -> NDArray[np.float64]:
        light, x, y, sigma_x, sigma_y = values
        model = light * np.outer(profile(edges_y, y, sigma_y), profile(edges_x, x, sigma_x))
        return np.asarray((model - plane) / plane.max()).ravel()

    row, column = np.unravel_index(int(np.argmax(plane)), plane.shape)
    # as wide as a Gaussian whose peak is the plane's
    sigma = min(max(np.sqrt(plane.sum() / (2.0 * np.pi * plane.max())), 0.5), nx / 2.0)
    found = least_squares(
        residuals,
        [1.0, column + 0.5, row + 0.5, sigma, sigma],
        bounds=([0.0, 0.0, 0.0, 0.1, 0.1], [10.0, nx, ny, 2.0 * nx, 2.0 * ny]),
        x_scale=[1.0, sigma, sigma, sigma, sigma],
    )
    return float(found.x[3]), float(found.x[4])
