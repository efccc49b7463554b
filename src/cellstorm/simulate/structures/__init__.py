"""Where molecules sit: a `Structure` of some kind and a field of view in, a table of label
positions in nanometres out."""

from cellstorm.simulate.structures.clusters import ClusterStructure
from cellstorm.simulate.structures.filaments import FilamentStructure
from cellstorm.simulate.structures.image import ImageStructure
from cellstorm.simulate.structures.kinds import Structure
from cellstorm.simulate.structures.line_pairs import LinePairStructure
from cellstorm.simulate.structures.positions import PositionStructure
from cellstorm.simulate.structures.rings import RingStructure
from cellstorm.simulate.structures.siemens_star import SiemensStarStructure
from cellstorm.simulate.structures.uniform import UniformStructure

__all__ = [
    "ClusterStructure",
    "FilamentStructure",
    "ImageStructure",
    "LinePairStructure",
    "PositionStructure",
    "RingStructure",
    "SiemensStarStructure",
    "Structure",
    "UniformStructure",
]
