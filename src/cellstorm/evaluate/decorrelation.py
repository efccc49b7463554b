"""Resolution of a picture from the picture alone (image decorrelation analysis)."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.fft import rfft2
from scipy.signal.windows import tukey

from cellstorm.errors import TableError
from cellstorm.evaluate.plain_numbers import plain
from cellstorm.parameters import Parameters

__all__ = ["Decorrelation", "DecorrelationOptions", "decorrelation"]

Vector = NDArray[np.float64]

_LEAST_PX = 32
_TAPER = 0.1
# finest high-pass filter, as a share of half the sampling frequency
_FINEST = 0.15
# peaks that fall by less afterwards, and lower ones, are noise (Descloux et al. 2019)
_LEAST_FALL, _LEAST_PEAK = 0.0005, 0.05
# how far beyond the highest peak the next rounds look; the authors make the first of them
_REFINED_REACH = (0.4, 0.04)


class DecorrelationOptions(Parameters):
    """How finely frequencies and filters are tried."""

    radii: int = Field(50, ge=10, le=1000, description="cut-off frequencies")
    filters: int = Field(10, ge=3, le=100, description="high-pass filters, in each of three rounds")


@dataclass(frozen=True, eq=False)
class Decorrelation:
    """The outcome of a decorrelation analysis.

    Attributes
    ----------
    resolution_nm
        One over the highest frequency at which a filtered picture has a peak of correlation
        with its own phases.
    error_nm
        Half a step of the frequencies tried: how finely it could be told, no more.
    peak
        Height of the peak without a filter, 0 to 1: how much of the picture is signal.
    pixel_nm
        Of the picture.
    frequency_per_nm, curve
        ``(radii,)``: correlation up to each frequency, unfiltered.
    best_frequency_per_nm, best_curve
        The same for the filter that reached farthest.
    """

    resolution_nm: float
    error_nm: float
    peak: float
    pixel_nm: float
    frequency_per_nm: Vector
    curve: Vector
    best_frequency_per_nm: Vector
    best_curve: Vector

    @property
    def reading(self) -> str:
        """What it means, in a sentence."""
        sentence = f"the picture shows details down to {self.resolution_nm:.0f} nm"
        if self.resolution_nm < 2.5 * self.pixel_nm:
            return f"{sentence}, hardly more than two of its pixels: draw it with smaller ones"
        return f"{sentence}, the width that molecules were drawn with included"

    def to_dict(self) -> dict[str, Any]:
        """Numbers and lists only, for JSON; what has no value is None."""
        result: dict[str, Any] = plain({**asdict(self), "reading": self.reading})
        return result


def decorrelation(
    picture: NDArray[np.floating[Any]],
    *,
    pixel_nm: float,
    options: DecorrelationOptions | None = None,
) -> Decorrelation:
    """Highest frequency of a picture that is more than noise (Descloux et al. 2019).

    The spectrum I is compared with its phases alone, ``I / |I|``, up to a cut-off frequency r
    (eq. 1): ``d(r) = sum |I| / sqrt(sum_all |I|^2 * number up to r)``. With structure d rises,
    beyond it falls; high-pass filters (Gaussians) push the peak to higher frequencies until
    there is noise only. The highest peak is the resolution, looked for three times, each time
    closer around the one before.

    It judges the *picture*: one drawn with a width of 20 nm cannot be sharper than that,
    however exact the molecules, and molecules seen many times make it look sharper than the
    structure is known. For what the table shows see `frc`.

    Parameters
    ----------
    picture
        ``(y, x)``, grey values of any scale.
    pixel_nm
        Edge of a pixel.
    options
        The defaults of `DecorrelationOptions` when None.

    Raises
    ------
    TableError
        The picture is under 32 pixels wide, not finite, the same everywhere, or has no
        peak: nothing but noise.
    ValueError
        ``picture`` has not two axes, or ``pixel_nm`` is not over 0.
    """
    options = DecorrelationOptions() if options is None else options
    if picture.ndim != 2 or not (pixel_nm > 0 and math.isfinite(pixel_nm)):
        raise ValueError("needs a picture of two axes and pixels of over 0 nm")
    if min(picture.shape) < _LEAST_PX:
        raise TableError(
            f"the picture is only {min(picture.shape)} px wide; its resolution takes"
            f" {_LEAST_PX} or more.",
            todo="Take smaller pixels or a larger region.",
        )
    if not np.isfinite(picture).all() or np.ptp(picture) == 0:
        raise TableError("the picture is the same everywhere or has values that are not finite.")
    rings = _Rings.of(picture)
    radii = np.linspace(0.0, 1.0, options.radii)
    plain_curve = rings.curve(None, radii)
    place, height = _peak(plain_curve)
    first = float(radii[place])
    widest = 2.0 / first if first > 0 else max(picture.shape) / 2.0
    widths = [
        max(picture.shape) / 4.0,
        *np.exp(np.linspace(math.log(widest), math.log(_FINEST), options.filters)),
    ]
    best = (first, height, radii, plain_curve)
    slack = 0.0
    for beyond in (*_REFINED_REACH, 0.0):
        tried = []
        for width in widths:
            curve = rings.curve(width, radii)
            place, peak = _peak(curve)
            reach = float(radii[place]) if place and peak > _LEAST_PEAK else 0.0
            tried.append((reach, peak, radii, curve))
        reached = [one[0] for one in tried]
        # of filters that reach as far the finest, for the next round begins there
        farthest = len(reached) - 1 - int(np.argmax(reached[::-1]))
        # a finer look may bring a peak back by no more than the step it was found with
        if reached[farthest] > 0 and reached[farthest] >= best[0] - slack:
            best = tried[farthest]
        slack = float(radii[1] - radii[0])
        around = (widths[max(farthest - 1, 0)], widths[min(farthest + 1, len(widths) - 1)])
        widths = list(np.exp(np.linspace(math.log(around[0]), math.log(around[1]), len(widths))))
        step = radii[1] - radii[0]
        centre = best[0]
        radii = np.linspace(max(centre - step, 0.0), min(centre + beyond, 1.0), options.radii)
    reach, _, best_radii, best_curve = best
    if not reach > 0:
        raise TableError(
            "the picture has no peak of correlation: its noise hides what there may be.",
            todo="Localize more frames, or draw it with wider molecules.",
        )
    per_nm = 0.5 / pixel_nm
    step = float(best_radii[1] - best_radii[0])
    resolution = 1.0 / (reach * per_nm)
    return Decorrelation(
        resolution_nm=resolution,
        error_nm=0.5 * step / reach * resolution,
        peak=height,
        pixel_nm=pixel_nm,
        frequency_per_nm=np.linspace(0.0, per_nm, options.radii),
        curve=plain_curve,
        best_frequency_per_nm=best_radii * per_nm,
        best_curve=best_curve,
    )


@dataclass(frozen=True, eq=False)
class _Rings:
    """Sums over thin rings of the spectrum: all curves follow from them."""

    radius: Vector
    count: Vector
    modulus: Vector
    power: Vector

    @classmethod
    def of(cls, picture: NDArray[np.floating[Any]]) -> "_Rings":
        height, width = picture.shape
        values = np.asarray(picture, np.float32) - np.float32(picture.mean())
        values *= tukey(height, _TAPER)[:, None].astype(np.float32)
        values *= tukey(width, _TAPER)[None, :].astype(np.float32)
        modulus = np.abs(rfft2(values))
        y = 2.0 * np.fft.fftfreq(height)[:, None]
        x = 2.0 * np.fft.rfftfreq(width)[None, :]
        # twice as many as pixels along the picture: no cut-off falls between
        rings = 2 * max(height, width)
        ring = (np.hypot(x, y) * rings).astype(np.int64).ravel()
        twice = np.full((height, modulus.shape[1]), 2.0)
        twice[:, 0] = 1.0
        if width % 2 == 0:
            twice[:, -1] = 1.0
        inside = ring < rings
        sums = [
            np.bincount(ring[inside], (twice * value).ravel()[inside], rings)
            for value in (1.0, modulus, np.square(modulus, dtype=np.float64))
        ]
        count, modulus_sum, power = (np.asarray(value, np.float64) for value in sums)
        return cls((np.arange(rings) + 0.5) / rings, count, modulus_sum, power)

    def curve(self, width: float | None, radii: Vector) -> Vector:
        """Correlation up to each radius; ``width`` is that of the high-pass filter."""
        kept = np.ones(self.radius.size)
        if width is not None:
            kept = -np.expm1(-2.0 * np.square(width * self.radius))
        total = math.sqrt(float((np.square(kept) * self.power).sum()))
        upto = np.searchsorted(self.radius, radii, side="right")
        cross = np.concatenate([[0.0], np.cumsum(kept * self.modulus)])[upto]
        count = np.concatenate([[0.0], np.cumsum(self.count)])[upto]
        result: Vector = cross / np.maximum(total * np.sqrt(count), 1e-300)
        # rounded as by the authors, so that a flat end has no peak
        return np.floor(1000.0 * result) / 1000.0


def _peak(curve: Vector) -> tuple[int, float]:
    """The highest value after which the curve falls, and where; 0 and its value if none."""
    stop = curve.size
    while stop > 1:
        place = int(np.argmax(curve[:stop]))
        if place == 0:
            break
        if place < stop - 1 and curve[place] - curve[place:stop].min() >= _LEAST_FALL:
            return place, float(curve[place])
        stop -= 1
    return 0, float(curve[0])
