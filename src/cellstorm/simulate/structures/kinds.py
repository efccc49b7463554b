"""Every kind of structure, as one type that ``kind`` chooses from."""

from typing import Annotated

from pydantic import Field

from cellstorm.simulate.structures.clusters import ClusterStructure
from cellstorm.simulate.structures.filaments import FilamentStructure
from cellstorm.simulate.structures.image import ImageStructure
from cellstorm.simulate.structures.line_pairs import LinePairStructure
from cellstorm.simulate.structures.positions import PositionStructure
from cellstorm.simulate.structures.rings import RingStructure
from cellstorm.simulate.structures.siemens_star import SiemensStarStructure
from cellstorm.simulate.structures.uniform import UniformStructure

__all__ = ["Structure"]

Structure = Annotated[
    UniformStructure
    | FilamentStructure
    | LinePairStructure
    | SiemensStarStructure
    | RingStructure
    | ClusterStructure
    | ImageStructure
    | PositionStructure,
    Field(discriminator="kind"),
]
