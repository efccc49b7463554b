"""A round Gaussian that widens away from focus."""

from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.simulate.psf._elliptical_kernel import add_elliptical_spots
from cellstorm.simulate.psf.base import PointSpread

__all__ = ["DefocusPsf"]


class DefocusPsf(PointSpread):
    """A round Gaussian whose width grows with the distance from focus.

    ``sigma(z) = sigma_px sqrt(1 + ((z - focus_nm) / depth_nm)^2)``: the defocusing curve of
    Huang et al. 2008 (Science 319:810, supporting text) with both axes in one focus and
    without the correction terms. Integrated over the pixels.
    """

    kind: Literal["defocus"] = "defocus"
    sigma_px: float = Field(1.3, gt=0.1, le=50, description="standard deviation in focus, px")
    focus_nm: float = Field(0.0, description="depth that is in focus, nm")
    depth_nm: float = Field(
        400.0, gt=1, le=1e5, description="distance from focus that widens the spot by sqrt(2), nm"
    )

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
        widths = self.widths_px(z_nm, pixel_size_nm=pixel_size_nm)
        add_elliptical_spots(frame, x_px, y_px, photons, *widths, images)

    def widths_px(
        self, z_nm: NDArray[np.float64], *, pixel_size_nm: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Standard deviations in x and y at depths ``z_nm``, each of its shape, px."""
        sigma = self.sigma_px * np.hypot(1.0, (np.asarray(z_nm) - self.focus_nm) / self.depth_nm)
        return sigma, sigma.copy()

    def scaled(self, factor: float) -> Self:
        """The same spot on pixels that are ``factor`` times smaller."""
        return self.model_copy(update={"sigma_px": self.sigma_px * factor})
