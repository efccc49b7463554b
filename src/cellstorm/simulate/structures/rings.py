"""Rings of labelled corners: nuclear pores."""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.spatial import cKDTree

from cellstorm.errors import ConfigurationError
from cellstorm.simulate.field_of_view import FieldOfView
from cellstorm.simulate.structures.axial import AxialExtent
from cellstorm.simulate.structures.placing import label_count, positions

__all__ = ["RingStructure"]

_ROUNDS = 200


class RingStructure(AxialExtent):
    """Nuclear pores seen from above: rings of eight corners, turned and placed at random.

    The defaults are those of Nup96 (Thevathasan et al. 2019, Nat. Methods 16:1045): a
    diameter of 107 nm and 32 copies, which in projection are four at each of eight
    corners. Each ring lies flat, at a height of its own in the slab.
    """

    kind: Literal["rings"] = "rings"
    rings_per_um2: float = Field(4.0, gt=0, le=1e4, description="rings per um2")
    diameter_nm: float = Field(107.0, gt=0, description="diameter through the corners, nm")
    corners: int = Field(8, ge=1, le=100, description="corners of a ring")
    copies_per_corner: int = Field(4, ge=1, le=1000, description="places for a label at a corner")
    labelled: float = Field(1.0, gt=0, le=1, description="share of the places that carry a label")
    scatter_nm: float = Field(
        4.0, ge=0, description="standard deviation of places about their corner, in x and y, nm"
    )
    clearance_nm: float = Field(20.0, ge=0, description="least distance between two rings, nm")

    def centres_nm(self, view: FieldOfView, random: np.random.Generator) -> NDArray[np.float64]:
        """Draw where rings are, none touching another or the edge of the field.

        Random sequential adsorption (Feder 1980): places are tried at random and kept
        when they are free.

        Parameters
        ----------
        view
            The field to fill.
        random
            Source of all randomness.

        Returns
        -------
        NDArray[np.float64]
            ``(rings, 2)`` x, y in nm; one at least.

        Raises
        ------
        ConfigurationError
            There is not room for that many rings.
        """
        margin = self.diameter_nm / 2.0
        room = np.array([view.width_nm, view.height_nm]) - 2.0 * margin
        if (room < 0).any():
            raise ConfigurationError(
                f"diameter_nm: a ring of {self.diameter_nm:g} nm does not fit into a field of"
                f" {view.width_nm:g} x {view.height_nm:g} nm",
                todo="Take smaller rings or a larger field.",
            )
        wanted = label_count(self.rings_per_um2, view.area_um2)
        apart = self.diameter_nm + self.clearance_nm
        # twice as many as fit at the densest: more tries at a time only fill memory
        tries = min(wanted, 1 + math.ceil(2e6 * view.area_um2 / apart**2))
        centres = np.empty((0, 2))
        for _ in range(_ROUNDS):
            tried = margin + random.random((tries, 2)) * room
            if centres.size:
                tried = tried[cKDTree(centres).query(tried)[0] >= apart]
            centres = np.concatenate([centres, tried[_first_come(tried, apart)]])[:wanted]
            if centres.shape[0] == wanted:
                return centres
        raise ConfigurationError(
            f"rings_per_um2: {wanted} rings {apart:g} nm apart find no room in"
            f" {view.area_um2:.3g} um2 ({centres.shape[0]} did)",
            todo=f"Ask for at most {0.9 * centres.shape[0] / view.area_um2:.3g} per um2.",
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
            ``(n, 3)`` x, y, z in nm, inside the field; one at least.

        Raises
        ------
        ConfigurationError
            There is not room for that many rings.
        """
        centres = self.centres_nm(view, random)
        rings = len(centres)
        height = self.heights_nm(rings, random)
        turn = random.uniform(0.0, 2.0 * math.pi, rings)
        per_ring = self.corners * self.copies_per_corner
        corner = np.repeat(np.arange(self.corners), self.copies_per_corner)
        angle = (turn[:, None] + corner * (2.0 * math.pi / self.corners)).ravel()
        ring = np.repeat(np.arange(rings), per_ring)
        scatter = self.scatter_nm * random.normal(size=(ring.size, 2))
        radius = self.diameter_nm / 2.0
        x_nm = centres[ring, 0] + radius * np.cos(angle) + scatter[:, 0]
        y_nm = centres[ring, 1] + radius * np.sin(angle) + scatter[:, 1]
        # scatter may carry a label of a ring at the edge out of the field
        x_nm = np.clip(x_nm, 0.0, np.nextafter(view.width_nm, 0.0))
        y_nm = np.clip(y_nm, 0.0, np.nextafter(view.height_nm, 0.0))
        labelled = random.random(ring.size) < self.labelled
        labelled[0] |= not labelled.any()
        return positions(x_nm[labelled], y_nm[labelled], height[ring[labelled]])


def _first_come(tried: NDArray[np.float64], apart_nm: float) -> NDArray[np.bool_]:
    """Which of the tried places stay when those that come too near an earlier one go."""
    kept = np.ones(tried.shape[0], np.bool_)
    if not tried.size:
        return kept
    pairs = np.asarray(cKDTree(tried).query_pairs(apart_nm, output_type="ndarray"))
    for first, second in sorted(pairs.tolist()):
        if kept[first]:
            kept[second] = False
    return kept
