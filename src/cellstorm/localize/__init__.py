"""Frames in, molecules out: the methods and the socket they plug into.

A *method* is what the user configured (`GaussianMethod`, `NetMethod`, `GanMethod`); its
``prepare`` looks at the movie and gives a *localizer* with every number decided, which turns
chunks of frames into columns of molecules.
"""

from cellstorm.localize.gan import GanLocalizer, GanMethod
from cellstorm.localize.gaussian import GaussianLocalizer, GaussianMethod
from cellstorm.localize.localizer import (
    Drawing,
    FrameRange,
    Localizer,
    Method,
    MoleculeColumns,
    Region,
)
from cellstorm.localize.net import NetLocalizer, NetMethod

__all__ = [
    "Drawing",
    "FrameRange",
    "GanLocalizer",
    "GanMethod",
    "GaussianLocalizer",
    "GaussianMethod",
    "Localizer",
    "Method",
    "MoleculeColumns",
    "NetLocalizer",
    "NetMethod",
    "Region",
]
