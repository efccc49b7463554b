"""What point spread functions share that are known as a volume in nanometres."""

from abc import abstractmethod
from typing import Self

import numpy as np
from numpy.typing import NDArray

from cellstorm.simulate.psf.base import PointSpread
from cellstorm.simulate.psf.integral_volume import IntegralVolume

__all__ = ["TabulatedPointSpread"]


class TabulatedPointSpread(PointSpread):
    """A point spread function that is computed or read once and looked up from then on."""

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
        self._volume().add_spots(
            frame, x_px, y_px, z_nm, photons, images, pixel_size_nm=pixel_size_nm
        )

    def widths_px(
        self, z_nm: NDArray[np.float64], *, pixel_size_nm: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Standard deviations in x and y at depths ``z_nm``, each of its shape, px.

        Those of the Gaussian nearest to each plane (`IntegralVolume.widths_px`).

        Raises
        ------
        ConfigurationError
            As for `add_spots`.
        """
        return self._volume().widths_px(z_nm, pixel_size_nm=pixel_size_nm)

    def scaled(self, factor: float) -> Self:
        """The same PSF: it is known in nanometres."""
        return self

    @abstractmethod
    def _volume(self) -> IntegralVolume:
        """The volume, kept from call to call."""
