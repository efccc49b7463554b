"""Out-of-focus light that stands still: the structure's own, random, or a cell's."""

import math
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field
from scipy.ndimage import gaussian_filter, map_coordinates

from cellstorm.parameters import Parameters
from cellstorm.simulate.field_of_view import FieldOfView

__all__ = ["CellHaze", "Haze", "LowpassHaze", "StructureHaze"]

# outlines are drawn from this many waves around the cell
_OUTLINE_WAVES = 5
# grid steps per standard deviation of the Gaussian that makes a random field smooth
_STEPS_PER_SIGMA = 3.0
# the same for the structure's blur: 100 nm for the usual 0.8 um
_STEPS_PER_BLUR = 8.0


class StructureHaze(Parameters):
    """The structure itself, far out of focus: its sites blurred by a wide Gaussian.

    Beyond the field the structure goes on as it is at the edge.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    kind: Literal["structure"] = "structure"
    peak_photons: float = Field(40.0, gt=0, le=1e6, description="brightest pixel, photons/px")
    blur_um: float = Field(
        0.8, ge=0.2, le=100, description="standard deviation of the Gaussian blur, um"
    )

    def light(
        self, view: FieldOfView, sites_nm: NDArray[np.float64], random: np.random.Generator
    ) -> NDArray[np.float64]:
        """Expected light, ``(height, width)`` photons per pixel.

        Parameters
        ----------
        view
            What is looked at.
        sites_nm
            ``(n, 3)`` x, y, z of the structure's sites; at least one in the field.
        random
            Source of all randomness.
        """
        step_nm = self.blur_um * 1e3 / _STEPS_PER_BLUR
        rows = math.ceil(round(view.height_nm / step_nm, 6))
        columns = math.ceil(round(view.width_nm / step_nm, 6))
        haze, _, _ = np.histogram2d(
            sites_nm[:, 1],
            sites_nm[:, 0],
            bins=(rows, columns),
            range=((0.0, rows * step_nm), (0.0, columns * step_nm)),
        )
        haze = gaussian_filter(haze, _STEPS_PER_BLUR, mode="nearest")
        haze = _at_pixels(haze, view, step_nm)
        return _to_peak(haze, self.peak_photons)


class LowpassHaze(Parameters):
    """A random smooth field, from no light at its darkest to the peak at its brightest.

    White noise under a Gaussian: the field's autocorrelation is a Gaussian too and falls
    to 1/e at the correlation length.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    kind: Literal["lowpass"] = "lowpass"
    peak_photons: float = Field(40.0, gt=0, le=1e6, description="brightest pixel, photons/px")
    correlation_um: float = Field(2.0, ge=0.2, le=100, description="correlation length, um")

    def light(
        self, view: FieldOfView, sites_nm: NDArray[np.float64], random: np.random.Generator
    ) -> NDArray[np.float64]:
        """Expected light; parameters as for `StructureHaze.light`, the sites do not matter."""
        field = _smooth_field(view, self.correlation_um, random)
        return _to_peak(field - field.min(), self.peak_photons)


class CellHaze(Parameters):
    """Light of cells: random smooth outlines with soft edges, a nucleus, a fine texture."""

    model_config = ConfigDict(allow_inf_nan=False)

    kind: Literal["cell"] = "cell"
    peak_photons: float = Field(40.0, gt=0, le=1e6, description="brightest pixel, photons/px")
    cells: int = Field(1, ge=1, le=100, description="number of cells, each centred in the field")
    diameter_um: float = Field(12.0, gt=0.1, le=1000, description="mean diameter of a cell, um")
    irregularity: float = Field(
        0.15, ge=0, le=0.4, description="relative standard deviation of a cell's radius"
    )
    edge_um: float = Field(0.8, gt=0, le=100, description="width over which a cell fades, um")
    nucleus: float = Field(
        0.5, ge=0, le=10, description="light of the nucleus relative to the cell; 1: none seen"
    )
    nucleus_diameter: float = Field(
        0.4, gt=0, le=0.8, description="diameter of the nucleus relative to the cell's"
    )
    texture: float = Field(
        0.15, ge=0, le=1, description="relative standard deviation of the texture"
    )
    texture_um: float = Field(1.0, ge=0.2, le=100, description="its correlation length, um")

    def light(
        self, view: FieldOfView, sites_nm: NDArray[np.float64], random: np.random.Generator
    ) -> NDArray[np.float64]:
        """Expected light; parameters as for `StructureHaze.light`, the sites do not matter."""
        total = np.zeros((view.height_px, view.width_px))
        for _ in range(self.cells):
            total += self._cell(view, random)
        texture = _smooth_field(view, self.texture_um, random)
        total *= np.maximum(1.0 + self.texture * texture, 0.0)
        return _to_peak(total, self.peak_photons)

    def _cell(self, view: FieldOfView, random: np.random.Generator) -> NDArray[np.float64]:
        pixel_um = 1e-3 * view.pixel_size_nm
        centre_x = random.random() * view.width_nm * 1e-3
        centre_y = random.random() * view.height_nm * 1e-3
        columns = np.arange(view.width_px, dtype=np.float64)
        rows = np.arange(view.height_px, dtype=np.float64)[:, None]
        x = (columns + 0.5) * pixel_um - centre_x
        y = (rows + 0.5) * pixel_um - centre_y
        radius = 0.5 * self.diameter_um
        inside = _soft_disk(x, y, radius, self.irregularity, self.edge_um, random)
        # off the middle by up to half of the room there is
        room = 0.5 * radius * (1.0 - self.nucleus_diameter)
        reach, towards = room * math.sqrt(random.random()), random.uniform(0.0, 2.0 * math.pi)
        nucleus = _soft_disk(
            x - reach * math.cos(towards),
            y - reach * math.sin(towards),
            radius * self.nucleus_diameter,
            0.5 * self.irregularity,
            self.edge_um,
            random,
        )
        light: NDArray[np.float64] = inside * (1.0 + (self.nucleus - 1.0) * nucleus)
        return light


Haze = Annotated[StructureHaze | LowpassHaze | CellHaze, Field(discriminator="kind")]


def _to_peak(light: NDArray[np.float64], peak_photons: float) -> NDArray[np.float64]:
    """``light`` with ``peak_photons`` in its brightest pixel."""
    # interpolation can swing a little under zero
    light = np.maximum(light, 0.0)
    scaled: NDArray[np.float64] = peak_photons * light / max(light.max(), np.finfo(float).tiny)
    return scaled


def _soft_disk(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    radius: float,
    irregularity: float,
    edge: float,
    random: np.random.Generator,
) -> NDArray[np.float64]:
    """1 inside an uneven disk around (0, 0), 0 outside, a logistic step between."""
    angle = np.arctan2(y, x)
    outline = np.ones_like(angle)
    # slow waves are the strongest; together they have the variance asked for
    strengths = 1.0 / np.arange(2.0, _OUTLINE_WAVES + 2.0)
    strengths *= irregularity * math.sqrt(2.0) / np.linalg.norm(strengths)
    for wave, strength in enumerate(strengths, start=2):
        outline += strength * np.cos(wave * angle + random.uniform(0.0, 2.0 * math.pi))
    beyond = np.hypot(x, y) - radius * np.maximum(outline, 0.1)
    # an edge from 12 % to 88 % of the light is this wide
    return 1.0 / (1.0 + np.exp(np.clip(4.0 * beyond / edge, -50.0, 50.0)))


def _smooth_field(
    view: FieldOfView, correlation_um: float, random: np.random.Generator
) -> NDArray[np.float64]:
    """Normal noise of mean 0 and standard deviation 1, ``(height, width)``.

    Drawn in the sample's units, so that finer pixels show the same field more finely.
    """
    # white noise under a Gaussian of s has the autocorrelation exp(-d^2 / (4 s^2))
    step_nm = 0.5 * correlation_um * 1e3 / _STEPS_PER_SIGMA
    # as much noise around the field as the Gaussian reaches: the edge is like the middle
    margin = math.ceil(4.0 * _STEPS_PER_SIGMA) + 2
    size = [
        math.ceil(length_nm / step_nm) + 2 * margin for length_nm in (view.height_nm, view.width_nm)
    ]
    field = gaussian_filter(random.standard_normal(size), _STEPS_PER_SIGMA, truncate=4.0)
    # the sum of the squared weights of a Gaussian is 1 / (4 pi s^2)
    field *= math.sqrt(4.0 * math.pi) * _STEPS_PER_SIGMA
    return _at_pixels(field[margin:-margin, margin:-margin], view, step_nm)


def _at_pixels(
    light: NDArray[np.float64], view: FieldOfView, step_nm: float
) -> NDArray[np.float64]:
    """``light`` on a grid of ``step_nm`` from the field's corner, at the middle of each pixel."""
    ratio = view.pixel_size_nm / step_nm
    if math.isclose(ratio, 1.0) and light.shape == (view.height_px, view.width_px):
        return light
    places = np.meshgrid(
        (np.arange(view.height_px) + 0.5) * ratio - 0.5,
        (np.arange(view.width_px) + 0.5) * ratio - 0.5,
        indexing="ij",
    )
    interpolated: NDArray[np.float64] = map_coordinates(light, places, order=3, mode="nearest")
    return interpolated
