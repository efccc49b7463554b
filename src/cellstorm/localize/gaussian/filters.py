"""Filters that bring out what has the size of a molecule's image.

Names, defaults and the variables that threshold formulas can use are those of
ThunderSTORM (Ovesny et al. 2014, supplement section 2).
"""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.interpolate import BSpline
from scipy.ndimage import median_filter

from cellstorm.localize.gaussian._convolution_kernel import convolve_stack
from cellstorm.parameters import Parameters

__all__ = [
    "FILTERS_BY_PREFIX",
    "BoxFilter",
    "DifferenceOfBoxes",
    "DifferenceOfGaussians",
    "Filter",
    "FilteredStack",
    "GaussianFilter",
    "LoweredGaussianFilter",
    "MedianFilter",
    "NoFilter",
    "WaveletFilter",
]

FrameStack = NDArray[np.float32]
"""``(n, height, width)`` float32, photoelectrons."""


@dataclass(frozen=True)
class FilteredStack:
    """A filtered stack and the intermediate stacks that formulas can name.

    Attributes
    ----------
    image
        ``(n, height, width)`` float32: where molecules are looked for.
    variables
        Stacks by ThunderSTORM's name, e.g. ``"Wave.F1"``; always holds ``"I1"``, the
        unfiltered frames.
    """

    image: FrameStack
    variables: dict[str, FrameStack]


def _convolve(frames: FrameStack, kernel: NDArray[np.float64]) -> FrameStack:
    out = np.empty_like(frames)
    convolve_stack(frames, kernel.astype(np.float32), out)
    return out


def _gaussian(sigma_px: float) -> NDArray[np.float64]:
    radius = max(1, math.ceil(3.5 * sigma_px))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma_px) ** 2)
    return np.asarray(kernel / kernel.sum(), dtype=np.float64)


def _box(size_px: int) -> NDArray[np.float64]:
    return np.full(size_px, 1.0 / size_px)


def _odd(size_px: int) -> int:
    if size_px % 2 == 0:
        raise ValueError("must be odd, so that the filter has a centre")
    return size_px


class WaveletFilter(Parameters):
    """Band-pass by two undecimated B-spline planes (Izeddin et al. 2012, eq. 2).

    Keeps what is about the size of the PSF: the difference of the first two smoothed
    planes. The standard deviation of the first plane is the noise scale that thresholds
    are given in (Ovesny et al. 2014, ``std(Wave.F1)``).
    """

    kind: Literal["wavelet"] = "wavelet"
    scale: float = Field(2.0, gt=0.5, le=10, description="B-spline scale, px")
    order: int = Field(3, ge=1, le=5, description="B-spline order (degree + 1)")
    prefix: ClassVar[str] = "Wave"

    def kernel(self) -> NDArray[np.float64]:
        """The B-spline of this order sampled at ``i / scale``, sum 1."""
        half = max(1, math.ceil(self.order * self.scale / 2) - 1)
        knots = np.arange(self.order + 1) - self.order / 2
        spline = BSpline.basis_element(knots, extrapolate=False)
        samples = np.nan_to_num(spline(np.arange(-half, half + 1) / self.scale))
        return np.asarray(samples / samples.sum(), dtype=np.float64)

    def __call__(self, frames: FrameStack) -> FilteredStack:
        """Filter ``(n, height, width)`` frames; variables ``Wave.F1`` and ``Wave.F2``."""
        kernel = self.kernel()
        holed = np.zeros(2 * kernel.size - 1)
        holed[::2] = kernel
        first = _convolve(frames, kernel)
        second = _convolve(first, holed)
        noise = frames - first
        np.subtract(first, second, out=second)
        return FilteredStack(second, {"I1": frames, "Wave.F1": noise, "Wave.F2": second})


class GaussianFilter(Parameters):
    """Gaussian smoothing."""

    kind: Literal["gaussian"] = "gaussian"
    sigma_px: float = Field(1.6, gt=0, le=20, description="standard deviation, px")
    prefix: ClassVar[str] = "Gauss"

    def __call__(self, frames: FrameStack) -> FilteredStack:
        """Filter ``(n, height, width)`` frames; variable ``Gauss.F``."""
        image = _convolve(frames, _gaussian(self.sigma_px))
        return FilteredStack(image, {"I1": frames, "Gauss.F": image})


class LoweredGaussianFilter(Parameters):
    """Gaussian minus its mean over the kernel: blind to a constant background."""

    kind: Literal["lowered-gaussian"] = "lowered-gaussian"
    sigma_px: float = Field(1.6, gt=0, le=20, description="standard deviation, px")
    prefix: ClassVar[str] = "LowGauss"

    def __call__(self, frames: FrameStack) -> FilteredStack:
        """Filter ``(n, height, width)`` frames; variable ``LowGauss.F``."""
        kernel = _gaussian(self.sigma_px)
        image = _convolve(frames, kernel) - _convolve(frames, _box(kernel.size))
        return FilteredStack(image, {"I1": frames, "LowGauss.F": image})


class DifferenceOfGaussians(Parameters):
    """Narrow minus wide Gaussian."""

    kind: Literal["difference-of-gaussians"] = "difference-of-gaussians"
    narrow_sigma_px: float = Field(1.0, gt=0, le=20, description="px")
    wide_sigma_px: float = Field(1.6, gt=0, le=40, description="px")
    prefix: ClassVar[str] = "DoG"

    @model_validator(mode="after")
    def _in_order(self) -> "DifferenceOfGaussians":
        if self.wide_sigma_px <= self.narrow_sigma_px:
            raise ValueError("wide_sigma_px must be larger than narrow_sigma_px")
        return self

    def __call__(self, frames: FrameStack) -> FilteredStack:
        """Filter ``(n, height, width)`` frames; variables ``DoG.G1``, ``DoG.G2``, ``DoG.F``."""
        narrow = _convolve(frames, _gaussian(self.narrow_sigma_px))
        wide = _convolve(frames, _gaussian(self.wide_sigma_px))
        image = narrow - wide
        return FilteredStack(
            image, {"I1": frames, "DoG.G1": narrow, "DoG.G2": wide, "DoG.F": image}
        )


class BoxFilter(Parameters):
    """Running mean over a square."""

    kind: Literal["box"] = "box"
    size_px: int = Field(3, ge=3, le=101, description="edge of the square, px, odd")
    prefix: ClassVar[str] = "Box"

    @model_validator(mode="after")
    def _has_a_centre(self) -> "BoxFilter":
        _odd(self.size_px)
        return self

    def __call__(self, frames: FrameStack) -> FilteredStack:
        """Filter ``(n, height, width)`` frames; variable ``Box.F``."""
        image = _convolve(frames, _box(self.size_px))
        return FilteredStack(image, {"I1": frames, "Box.F": image})


class DifferenceOfBoxes(Parameters):
    """Small minus large running mean (Huang et al. 2011)."""

    kind: Literal["difference-of-boxes"] = "difference-of-boxes"
    small_px: int = Field(3, ge=1, le=99, description="edge of the small square, px, odd")
    large_px: int = Field(5, ge=3, le=101, description="edge of the large square, px, odd")
    prefix: ClassVar[str] = "DoB"

    @model_validator(mode="after")
    def _in_order(self) -> "DifferenceOfBoxes":
        if _odd(self.large_px) <= _odd(self.small_px):
            raise ValueError("large_px must be larger than small_px")
        return self

    def __call__(self, frames: FrameStack) -> FilteredStack:
        """Filter ``(n, height, width)`` frames; variables ``DoB.B1``, ``DoB.B2``, ``DoB.F``."""
        small = _convolve(frames, _box(self.small_px))
        large = _convolve(frames, _box(self.large_px))
        image = small - large
        return FilteredStack(
            image, {"I1": frames, "DoB.B1": small, "DoB.B2": large, "DoB.F": image}
        )


class MedianFilter(Parameters):
    """Median over a cross or a square."""

    kind: Literal["median"] = "median"
    size_px: int = Field(3, ge=3, le=15, description="edge, px, odd")
    pattern: Literal["cross", "box"] = Field("box", description="which neighbours count")
    prefix: ClassVar[str] = "Med"

    @model_validator(mode="after")
    def _has_a_centre(self) -> "MedianFilter":
        _odd(self.size_px)
        return self

    def __call__(self, frames: FrameStack) -> FilteredStack:
        """Filter ``(n, height, width)`` frames; variable ``Med.F``."""
        footprint = np.ones((1, self.size_px, self.size_px), dtype=bool)
        if self.pattern == "cross":
            footprint[:] = False
            footprint[0, self.size_px // 2, :] = True
            footprint[0, :, self.size_px // 2] = True
        image = median_filter(frames, footprint=footprint, mode="nearest")
        return FilteredStack(image, {"I1": frames, "Med.F": image})


class NoFilter(Parameters):
    """The frames as they are."""

    kind: Literal["none"] = "none"
    prefix: ClassVar[str] = "No"

    def __call__(self, frames: FrameStack) -> FilteredStack:
        """Give the frames back; variable ``No.F``."""
        return FilteredStack(frames, {"I1": frames, "No.F": frames})


Filter = Annotated[
    WaveletFilter
    | GaussianFilter
    | LoweredGaussianFilter
    | DifferenceOfGaussians
    | BoxFilter
    | DifferenceOfBoxes
    | MedianFilter
    | NoFilter,
    Field(discriminator="kind"),
]

FILTERS_BY_PREFIX = {
    kind.prefix: kind
    for kind in (
        WaveletFilter,
        GaussianFilter,
        LoweredGaussianFilter,
        DifferenceOfGaussians,
        BoxFilter,
        DifferenceOfBoxes,
        MedianFilter,
        NoFilter,
    )
}
