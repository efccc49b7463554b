"""The bent response of a phone's image processor, as measured pairs."""

from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from cellstorm.parameters import Parameters

__all__ = ["ToneCurve"]


class ToneCurve(Parameters):
    """Grey values and the linear ADU they stand for, both rising.

    Between the measured pairs the curve is a straight line; outside of them it goes on
    with the slope of the outermost pair, so that noise around black stays symmetric.
    """

    grey: tuple[float, ...] = Field(min_length=2, description="grey values as recorded, ADU")
    linear_adu: tuple[float, ...] = Field(
        min_length=2, description="value a linear camera would have given, ADU"
    )

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if len(self.grey) != len(self.linear_adu):
            raise ValueError("grey and linear_adu need the same number of values")
        for name, values in (("grey", self.grey), ("linear_adu", self.linear_adu)):
            if not all(np.isfinite(values)):
                raise ValueError(f"{name} holds a value that is not finite")
            if any(after <= before for before, after in pairwise(values)):
                raise ValueError(f"{name} must rise from each value to the next")
        return self

    def linearise(self, grey: NDArray[np.generic]) -> NDArray[np.float64]:
        """Linear ADU of recorded grey values, any shape."""
        return _interpolate(np.asarray(grey, dtype=np.float64), self.grey, self.linear_adu)

    def bend(self, linear_adu: NDArray[np.generic]) -> NDArray[np.float64]:
        """Grey values that the image processor records for linear ADU, any shape."""
        return _interpolate(np.asarray(linear_adu, dtype=np.float64), self.linear_adu, self.grey)

    def slope(self, linear_adu: NDArray[np.generic]) -> NDArray[np.float64]:
        """Linear ADU per grey value at the given linear ADU, any shape."""
        edges = np.asarray(self.linear_adu[1:-1], dtype=np.float64)
        slopes = np.diff(self.linear_adu) / np.diff(self.grey)
        steepness: NDArray[np.float64] = slopes[np.searchsorted(edges, linear_adu, side="right")]
        return steepness


def _interpolate(
    values: NDArray[np.float64], given: tuple[float, ...], wanted: tuple[float, ...]
) -> NDArray[np.float64]:
    """Piecewise linear through the pairs, continued with the outermost slopes."""
    inside: NDArray[np.float64] = np.interp(values, given, wanted)
    low = (wanted[1] - wanted[0]) / (given[1] - given[0])
    high = (wanted[-1] - wanted[-2]) / (given[-1] - given[-2])
    inside += low * np.minimum(values - given[0], 0.0)
    inside += high * np.maximum(values - given[-1], 0.0)
    return inside
