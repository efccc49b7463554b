"""Curved filaments, labelled by antibodies."""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import ndtr

from cellstorm.simulate.field_of_view import FieldOfView
from cellstorm.simulate.structures.axial import AxialExtent
from cellstorm.simulate.structures.placing import inside

__all__ = ["FilamentStructure"]

# fine enough that a filament of the shortest persistence length allowed still bends smoothly
_LONGEST_STEP_NM = 20.0
_Z_WAVES = 32


class FilamentStructure(AxialExtent):
    """Microtubule-like filaments with labels off their axis.

    Each filament is a planar worm-like chain that begins somewhere in the field and
    grows both ways until it leaves it: over a step ds the heading turns by a normal
    angle of variance ds / persistence length, so that the mean cosine between tangents
    a length s apart is exp(-s / (2 persistence length)) (Rubinstein & Colby 2003,
    *Polymer Physics*, sec. 2.3.2, in two dimensions). In a slab of some thickness
    filaments rise and fall smoothly: the height is a stationary Gaussian process of the
    length along the filament (sum of random waves, Shinozuka 1971) sent through its own
    distribution function, so that heights fill the slab evenly.
    """

    kind: Literal["filaments"] = "filaments"
    filament_um_per_um2: float = Field(
        0.55, gt=0, le=100, description="filament length per area, um per um2"
    )
    persistence_um: float = Field(
        20.0, ge=0.1, description="persistence length in the plane, um (2D)"
    )
    label_spacing_nm: float = Field(
        20.0, ge=1, description="from label to label along the axis, nm"
    )
    antibody_nm: float = Field(
        12.5,
        ge=0,
        description="length of the linker from the axis, in any direction, to the dye, nm",
    )
    z_wander_um: float = Field(
        3.0, gt=0, description="length of filament over which its height changes, um"
    )

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
            ``(n, 3)`` x, y, z in nm, inside the field in x and y; one at least. A label
            may stand out of the slab in z by the length of an antibody.
        """
        steps_per_label = math.ceil(self.label_spacing_nm / _LONGEST_STEP_NM)
        step_nm = self.label_spacing_nm / steps_per_label
        parts = [
            part[steps_per_label - 1 :: steps_per_label]
            for part in self._half_filaments(view, random, step_nm)
        ]
        axis = np.concatenate(parts)
        arm = random.normal(size=(axis.shape[0], 3))
        arm *= self.antibody_nm / np.linalg.norm(arm, axis=1, keepdims=True)
        sites: NDArray[np.float64] = axis + arm
        sites = sites[inside(sites[:, 0], sites[:, 1], view)]
        if sites.size:
            return sites
        return np.array([[view.width_nm / 2.0, view.height_nm / 2.0, self.z_centre_nm]])

    def _half_filaments(
        self, view: FieldOfView, random: np.random.Generator, step_nm: float
    ) -> list[NDArray[np.float64]]:
        """Axes from where a filament begins to where it leaves the field, ``(n, 3)`` nm each."""
        wanted = self.filament_um_per_um2 * view.area_um2 * 1e3 / step_nm
        turn = math.sqrt(step_nm / (self.persistence_um * 1e3))
        steps = math.ceil(2.0 * math.hypot(view.width_nm, view.height_nm) / step_nm)
        parts: list[NDArray[np.float64]] = []
        total = 0
        # a field of less than a step holds no filament: give up rather than try for ever
        for _ in range(math.ceil(wanted) + 100):
            start = random.random(2) * (view.width_nm, view.height_nm)
            heading = random.uniform(0.0, 2.0 * math.pi)
            waves = self._height_waves(random)
            for direction in (0.0, math.pi):
                angles = heading + direction + np.cumsum(random.normal(0.0, turn, steps))
                x_nm = start[0] + step_nm * np.cumsum(np.cos(angles))
                y_nm = start[1] + step_nm * np.cumsum(np.sin(angles))
                left = ~inside(x_nm, y_nm, view)
                length = int(np.argmax(left)) if left.any() else steps
                along_nm = step_nm * np.arange(1, length + 1, dtype=np.float64)
                if direction > 0:
                    along_nm = -along_nm
                z_nm = self._wander(along_nm, waves)
                parts.append(np.stack([x_nm[:length], y_nm[:length], z_nm], axis=1))
                total += length
            if total >= wanted:
                break
        return parts

    def _height_waves(self, random: np.random.Generator) -> NDArray[np.float64] | None:
        """Wave numbers (per nm) and phases of a filament's height, ``(2, waves)``."""
        if self.z_spread_nm == 0:
            return None
        numbers = random.normal(0.0, 1.0 / (self.z_wander_um * 1e3), _Z_WAVES)
        return np.stack([numbers, random.uniform(0.0, 2.0 * math.pi, _Z_WAVES)])

    def _wander(
        self, along_nm: NDArray[np.float64], waves: NDArray[np.float64] | None
    ) -> NDArray[np.float64]:
        if waves is None:
            return np.full(along_nm.shape, self.z_centre_nm)
        phases = along_nm[:, None] * waves[0] + waves[1]
        normal = math.sqrt(2.0 / _Z_WAVES) * np.cos(phases).sum(axis=1)
        heights: NDArray[np.float64] = self.z_centre_nm + self.z_spread_nm * (ndtr(normal) - 0.5)
        return heights
