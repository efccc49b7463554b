"""A PSF as planes of light on a fine grid: placed anywhere, measured for its width."""

from dataclasses import dataclass, field
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
    # widths of the planes that somebody asked for
    _sigmas_voxels: dict[int, tuple[float, float]] = field(default_factory=dict, init=False)

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
        steps = np.arange(self.planes.shape[0], dtype=np.float64) - self.focus_plane
        return steps * self.z_step_nm

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
        """Standard deviations in x and y at depths ``z_nm``, each of its shape, px.

        Those of the Gaussian nearest to a plane in the sense of least squares, integrated
        over the voxels, with amplitude and centre free; linear between planes. The second
        moment would not do: that of an Airy disk is infinite.
        """
        self._refuse_unknown_depths(z_nm)
        place = np.asarray(z_nm, np.float64) / self.z_step_nm + self.focus_plane
        near = np.minimum(place.astype(np.int64), self.planes.shape[0] - 2)
        needed = np.unique(np.concatenate([near.ravel(), near.ravel() + 1]))
        for plane in needed.tolist():
            if plane not in self._sigmas_voxels:
                self._sigmas_voxels[plane] = _nearest_gaussian(self.planes[plane])
        sigmas = np.array([self._sigmas_voxels[plane] for plane in needed.tolist()])
        x, y = (
            np.interp(place, needed, sigmas[:, axis]) * (self.voxel_nm / pixel_size_nm)
            for axis in (0, 1)
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
    edges_x, edges_y = np.arange(plane.shape[1] + 1.0), np.arange(plane.shape[0] + 1.0)
    target = plane / plane.max()

    def residuals(values: NDArray[np.float64]) -> NDArray[np.float64]:
        height, x, y, sigma_x, sigma_y = values
        across, down = _profile(edges_x, x, sigma_x)[0], _profile(edges_y, y, sigma_y)[0]
        return np.asarray(height * np.outer(down, across) - target).ravel()

    def slopes(values: NDArray[np.float64]) -> NDArray[np.float64]:
        height, x, y, sigma_x, sigma_y = values
        across, across_x, across_sigma = _profile(edges_x, x, sigma_x)
        down, down_y, down_sigma = _profile(edges_y, y, sigma_y)
        return np.stack(
            [
                np.outer(down, across).ravel(),
                height * np.outer(down, across_x).ravel(),
                height * np.outer(down_y, across).ravel(),
                height * np.outer(down, across_sigma).ravel(),
                height * np.outer(down_sigma, across).ravel(),
            ],
            axis=1,
        )

    row, column = np.unravel_index(int(np.argmax(plane)), plane.shape)
    # as wide as a Gaussian with the plane's peak
    sigma = float(np.sqrt(target.sum() / (2.0 * np.pi)))
    sigma = min(max(sigma, 0.5), 0.25 * min(plane.shape))
    start = [2.0 * np.pi * sigma**2, column + 0.5, row + 0.5, sigma, sigma]
    found = least_squares(residuals, start, slopes, method="lm")
    return abs(float(found.x[3])), abs(float(found.x[4]))


def _profile(
    edges: NDArray[np.float64], centre: float, sigma: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Share of a Gaussian between neighbouring edges, and its slopes by centre and sigma."""
    turns = (edges - centre) / sigma
    density = np.exp(-0.5 * turns**2) / (np.sqrt(2.0 * np.pi) * sigma)
    shares: NDArray[np.float64] = np.diff(0.5 * erf(turns / np.sqrt(2.0)))
    return shares, -np.diff(density), -np.diff(turns * density)
