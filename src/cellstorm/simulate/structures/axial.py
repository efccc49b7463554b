"""What every structure offers and shares: labels, and at which height they sit."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from cellstorm.parameters import Parameters
from cellstorm.simulate.field_of_view import FieldOfView

__all__ = ["AxialExtent"]


class AxialExtent(Parameters, ABC):
    """A slab that a structure fills evenly along the optical axis; flat by default."""

    model_config: ClassVar[ConfigDict] = ConfigDict(allow_inf_nan=False)

    z_centre_nm: float = Field(0.0, description="middle of the slab above the focal plane, nm")
    z_spread_nm: float = Field(0.0, ge=0, description="thickness of the slab, nm")

    @abstractmethod
    def sites(self, view: FieldOfView, random: np.random.Generator) -> NDArray[np.float64]:
        """Where labels sit.

        Parameters
        ----------
        view
            The field to fill.
        random
            Source of all randomness.

        Returns
        -------
        NDArray[np.float64]
            ``(n, 3)`` x, y, z in nm, inside the field; one at least.
        """

    def heights_nm(self, count: int, random: np.random.Generator) -> NDArray[np.float64]:
        """Draw heights evenly over the slab.

        Parameters
        ----------
        count
            How many.
        random
            Source of all randomness; left alone where the slab has no thickness.

        Returns
        -------
        NDArray[np.float64]
            ``(count,)`` z in nm.
        """
        if self.z_spread_nm == 0:
            return np.full(count, self.z_centre_nm)
        half = self.z_spread_nm / 2.0
        return random.uniform(self.z_centre_nm - half, self.z_centre_nm + half, count)
