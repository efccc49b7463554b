"""A Gaussian of one width at every depth."""

from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.simulate._spot_kernel import add_spots
from cellstorm.simulate.psf.base import PointSpread

__all__ = ["GaussianPsf"]


class GaussianPsf(PointSpread):
    """A Gaussian integrated over the pixels (Smith et al. 2010, eq. 4); depth is ignored.

    Its second moment in the frame is ``sigma_px**2 + 1/12``: the pixel's own is added.
    """

    kind: Literal["gaussian"] = "gaussian"
    sigma_px: float = Field(1.3, gt=0.1, le=50, description="standard deviation, px")

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
        add_spots(frame, x_px, y_px, photons, self.sigma_px, images)

    def widths_px(
        self, z_nm: NDArray[np.float64], *, pixel_size_nm: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Standard deviations in x and y at depths ``z_nm``, each of its shape, px."""
        sigma = np.full(np.shape(z_nm), self.sigma_px)
        return sigma, sigma.copy()

    def scaled(self, factor: float) -> Self:
        """The same spot on pixels that are ``factor`` times smaller."""
        return self.model_copy(update={"sigma_px": self.sigma_px * factor})
