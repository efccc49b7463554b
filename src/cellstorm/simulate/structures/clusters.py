"""Clusters of molecules among single ones."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.simulate.field_of_view import FieldOfView
from cellstorm.simulate.structures.axial import AxialExtent
from cellstorm.simulate.structures.placing import inside, label_count, positions

__all__ = ["ClusterStructure"]


class ClusterStructure(AxialExtent):
    """Gaussian clusters at random places, and monomers evenly between them.

    Each cluster lies flat, at a height of its own in the slab.
    """

    kind: Literal["clusters"] = "clusters"
    clusters_per_um2: float = Field(1.0, gt=0, le=1e4, description="clusters per um2")
    labels_per_cluster: float = Field(
        30.0, gt=0, le=1e5, description="mean number of labels in a cluster (Poisson)"
    )
    sigma_nm: float = Field(
        40.0, ge=0, description="standard deviation of a cluster's labels in x and y, nm"
    )
    monomer_share: float = Field(
        0.3, ge=0, le=0.99, description="share of all labels that belong to no cluster"
    )

    def sites(self, view: FieldOfView, random: np.random.Generator) -> NDArray[np.float64]:
        edges = (view.width_nm, view.height_nm)
        clusters = label_count(self.clusters_per_um2, view.area_um2)
        centres = random.random((clusters, 2)) * edges
        cluster = np.repeat(np.arange(clusters), random.poisson(self.labels_per_cluster, clusters))
        clustered = centres[cluster] + self.sigma_nm * random.normal(size=(cluster.size, 2))
        monomers = round(cluster.size * self.monomer_share / (1.0 - self.monomer_share))
        plane = np.concatenate([clustered, random.random((monomers, 2)) * edges])
        height = np.concatenate(
            [self.heights_nm(clusters, random)[cluster], self.heights_nm(monomers, random)]
        )
        within = inside(plane[:, 0], plane[:, 1], view)
        if not within.any():
            return positions(centres[:1, 0], centres[:1, 1], self.heights_nm(1, random))
        return positions(plane[within, 0], plane[within, 1], height[within])
