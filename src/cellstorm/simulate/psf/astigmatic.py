"""Depth from astigmatism: a Gaussian with its two axes in focus at two depths."""

from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from cellstorm.errors import ConfigurationError
from cellstorm.simulate.psf._elliptical_kernel import add_elliptical_spots
from cellstorm.simulate.psf.base import PointSpread

__all__ = ["AstigmaticPsf"]


class AstigmaticPsf(PointSpread):
    """An elliptical Gaussian: a cylindrical lens focuses x and y at different depths.

    Per axis ``sigma(z) = sigma sqrt(1 + u^2 + A u^3 + B u^4)`` with ``u = (z - focus) /
    depth`` (Huang et al. 2008, Science 319:810, supporting text; after Holtzer et al. 2007,
    Appl. Phys. Lett. 90:053902). Huang's w is two standard deviations. Integrated over the
    pixels. With the defaults the two widths cross at z = 0.
    """

    kind: Literal["astigmatic"] = "astigmatic"
    sigma_x_px: float = Field(1.3, gt=0.1, le=50, description="least standard deviation in x, px")
    sigma_y_px: float = Field(1.3, gt=0.1, le=50, description="least standard deviation in y, px")
    focus_x_nm: float = Field(250.0, description="depth at which x is narrowest, nm")
    focus_y_nm: float = Field(-250.0, description="depth at which y is narrowest, nm")
    depth_x_nm: float = Field(400.0, gt=1, le=1e5, description="focal depth d of x, nm")
    depth_y_nm: float = Field(400.0, gt=1, le=1e5, description="focal depth d of y, nm")
    cubic_x: float = Field(0.0, ge=-10, le=10, description="correction A of x, no unit")
    cubic_y: float = Field(0.0, ge=-10, le=10, description="correction A of y, no unit")
    quartic_x: float = Field(0.0, ge=-10, le=10, description="correction B of x, no unit")
    quartic_y: float = Field(0.0, ge=-10, le=10, description="correction B of y, no unit")
    range_nm: float = Field(
        1000.0, gt=0, le=1e5, description="the curves hold from minus to plus this depth, nm"
    )

    @model_validator(mode="after")
    def _widths_are_real(self) -> Self:
        z_nm = np.linspace(-self.range_nm, self.range_nm, 2001)
        for axis, squares in zip("xy", self._relative_squares(z_nm), strict=True):
            if squares.min() < 0.1:
                raise ValueError(
                    f"cubic_{axis} and quartic_{axis} bring the width to nothing at "
                    f"z = {z_nm[np.argmin(squares)]:.0f} nm; make range_nm smaller or check them"
                )
        return self

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
        """Standard deviations in x and y at depths ``z_nm``, each of its shape, px.

        Raises
        ------
        ConfigurationError
            A depth lies outside ``range_nm``.
        """
        farthest = float(np.max(np.abs(z_nm), initial=0.0))
        if farthest > self.range_nm:
            raise ConfigurationError(
                f"a molecule lies {farthest:.0f} nm deep, but the astigmatic PSF is known to "
                f"{self.range_nm:.0f} nm",
                todo="Raise psf.range_nm, or make the structure flatter or its drift smaller.",
            )
        square_x, square_y = self._relative_squares(np.asarray(z_nm, np.float64))
        return self.sigma_x_px * np.sqrt(square_x), self.sigma_y_px * np.sqrt(square_y)

    def scaled(self, factor: float) -> Self:
        """The same spot on pixels that are ``factor`` times smaller."""
        return self.model_copy(
            update={
                "sigma_x_px": self.sigma_x_px * factor,
                "sigma_y_px": self.sigma_y_px * factor,
            }
        )

    def _relative_squares(
        self, z_nm: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        u = (z_nm - self.focus_x_nm) / self.depth_x_nm
        v = (z_nm - self.focus_y_nm) / self.depth_y_nm
        return (
            1.0 + u**2 + self.cubic_x * u**3 + self.quartic_x * u**4,
            1.0 + v**2 + self.cubic_y * v**3 + self.quartic_y * v**4,
        )
