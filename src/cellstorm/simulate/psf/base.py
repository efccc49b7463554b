"""What every point spread function offers."""

from abc import ABC, abstractmethod
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from cellstorm.parameters import Parameters

__all__ = ["PointSpread"]


class PointSpread(Parameters, ABC):
    """How the microscope images a point, at any sub-pixel position and depth."""

    model_config = ConfigDict(allow_inf_nan=False)

    @abstractmethod
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
        """Add one molecule per row to ``images``, in place.

        Parameters
        ----------
        frame
            ``(n,)`` index into the first axis of ``images``.
        x_px, y_px
            ``(n,)`` positions, px, from the outer corner of pixel (0, 0).
        z_nm
            ``(n,)`` depths, nm.
        photons
            ``(n,)`` light of the whole spot.
        images
            ``(frames, height, width)`` expected photons per pixel.
        pixel_size_nm
            Edge of a pixel of ``images``, nm.

        Raises
        ------
        ConfigurationError
            A molecule lies deeper than the PSF is known, or its file cannot be read.
        """

    @abstractmethod
    def widths_px(
        self, z_nm: NDArray[np.float64], *, pixel_size_nm: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Standard deviations in x and y at depths ``z_nm``, each of its shape, px.

        Raises
        ------
        ConfigurationError
            As for `add_spots`.
        """

    @abstractmethod
    def scaled(self, factor: float) -> Self:
        """The same PSF on pixels that are ``factor`` times smaller."""
