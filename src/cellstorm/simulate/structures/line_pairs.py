"""Pairs of parallel lines at known gaps: a ruler for resolution."""

import math
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from cellstorm.simulate.field_of_view import FieldOfView
from cellstorm.simulate.structures.axial import AxialExtent
from cellstorm.simulate.structures.placing import inside, positions

__all__ = ["LinePairStructure"]


class LinePairStructure(AxialExtent):
    """Parallel pairs of straight lines across the field, each pair at the next gap of a list.

    The pairs lie side by side, centred on the field; the list begins again where there
    is room for more pairs. A slant makes the lines cross pixels at every phase.
    """

    kind: Literal["line_pairs"] = "line_pairs"
    gaps_nm: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (40.0, 60.0, 80.0, 100.0, 130.0, 160.0, 200.0),
        min_length=1,
        description="distances between the two lines of a pair, nm",
    )
    pair_distance_nm: float = Field(
        1500.0, ge=100, description="from the middle of a pair to that of the next, nm"
    )
    slant_deg: float = Field(
        10.0, ge=-90, le=90, description="angle of the lines against the vertical, degrees"
    )
    labels_per_um: float = Field(50.0, gt=0, le=1e4, description="labels per um of line")
    scatter_nm: float = Field(
        0.0, ge=0, description="standard deviation of labels about their line, nm"
    )

    @model_validator(mode="after")
    def _pairs_stay_apart(self) -> Self:
        if max(self.gaps_nm) >= self.pair_distance_nm:
            raise ValueError(
                "every one of gaps_nm must be under pair_distance_nm"
                f" ({self.pair_distance_nm:g} nm)"
            )
        return self

    def pairs_nm(self, view: FieldOfView) -> NDArray[np.float64]:
        """Where the pairs are.

        Parameters
        ----------
        view
            The field to fill.

        Returns
        -------
        NDArray[np.float64]
            ``(pairs, 2)``: distance of the pair's middle line from the centre of the
            field, across the lines (to the right positive), and the pair's gap, nm.
        """
        slant = math.radians(self.slant_deg)
        across = view.width_nm * math.cos(slant) + view.height_nm * abs(math.sin(slant))
        count = max(1, int(across / self.pair_distance_nm))
        middles = (np.arange(count) - (count - 1) / 2.0) * self.pair_distance_nm
        return np.stack([middles, np.resize(self.gaps_nm, count)], axis=1)

    def sites(self, view: FieldOfView, random: np.random.Generator) -> NDArray[np.float64]:
        middle, gap = self.pairs_nm(view).T
        lines = np.concatenate([middle - gap / 2.0, middle + gap / 2.0])
        length_nm = math.hypot(view.width_nm, view.height_nm)
        per_line = max(1, round(self.labels_per_um * length_nm / 1e3))
        across = np.repeat(lines, per_line)
        if self.scatter_nm > 0:
            across = across + random.normal(0.0, self.scatter_nm, across.size)
        along = random.uniform(-length_nm / 2.0, length_nm / 2.0, across.size)
        slant = math.radians(self.slant_deg)
        x_nm = view.width_nm / 2.0 + across * math.cos(slant) + along * math.sin(slant)
        y_nm = view.height_nm / 2.0 - across * math.sin(slant) + along * math.cos(slant)
        within = inside(x_nm, y_nm, view)
        if not within.any():
            x_nm, y_nm = np.array([view.width_nm / 2.0]), np.array([view.height_nm / 2.0])
            within = np.array([True])
        heights = self.heights_nm(int(within.sum()), random)
        return positions(x_nm[within], y_nm[within], heights)
