"""Molecules anywhere in the field."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.simulate.field_of_view import FieldOfView
from cellstorm.simulate.structures.axial import AxialExtent
from cellstorm.simulate.structures.placing import label_count, positions

__all__ = ["UniformStructure"]


class UniformStructure(AxialExtent):
    """Labels scattered evenly and independently over the field."""

    kind: Literal["uniform"] = "uniform"
    labels_per_um2: float = Field(
        2000.0,
        gt=0,
        le=1e5,
        description="labels per um2; with many of them nearly every blink has a place of its own",
    )

    def sites(self, view: FieldOfView, random: np.random.Generator) -> NDArray[np.float64]:
        count = label_count(self.labels_per_um2, view.area_um2)
        plane = random.random((count, 2)) * (view.width_nm, view.height_nm)
        return positions(plane[:, 0], plane[:, 1], self.heights_nm(count, random))
