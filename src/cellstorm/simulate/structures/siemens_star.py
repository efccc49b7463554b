"""A Siemens star: every resolution at once."""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.simulate.field_of_view import FieldOfView
from cellstorm.simulate.structures.axial import AxialExtent
from cellstorm.simulate.structures.placing import label_count, positions

__all__ = ["SiemensStarStructure"]


class SiemensStarStructure(AxialExtent):
    """Labelled spokes around the centre of the field, as wide as the gaps between them.

    At a distance r from the centre spokes follow each other every 2 pi r / spokes.
    """

    kind: Literal["siemens_star"] = "siemens_star"
    spokes: int = Field(24, ge=2, le=1000, description="labelled spokes")
    diameter_share: float = Field(
        0.9, gt=0, le=1, description="diameter as a share of the field's shorter edge"
    )
    labels_per_um2: float = Field(1000.0, gt=0, le=1e5, description="labels per um2 of spoke")

    def sites(self, view: FieldOfView, random: np.random.Generator) -> NDArray[np.float64]:
        radius_nm = self.diameter_share * min(view.width_nm, view.height_nm) / 2.0
        count = label_count(self.labels_per_um2, math.pi * radius_nm**2 / 2.0 / 1e6)
        # area grows with the square of the distance
        distance = radius_nm * np.sqrt(random.random(count))
        spoke = random.integers(self.spokes, size=count)
        angle = (spoke + random.random(count) / 2.0) * (2.0 * math.pi / self.spokes)
        return positions(
            view.width_nm / 2.0 + distance * np.cos(angle),
            view.height_nm / 2.0 + distance * np.sin(angle),
            self.heights_nm(count, random),
        )
