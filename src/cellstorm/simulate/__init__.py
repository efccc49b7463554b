"""Movies with known truth: a frozen `Simulation`, made of swappable parts, in; a movie file
and a table of every molecule in every frame out. Each part (`structures`, `drift`,
`photophysics`, `psf`, `background`, `sensing`, `isp`, `codec`) can be used alone;
`make_clip` makes a movie in memory and `cut_patches` cuts it for training;
`isolated_spots` gives single windows to test fits on."""

from cellstorm.simulate.clips import Clip, Patches, cut_patches, make_clip
from cellstorm.simulate.field_of_view import FieldOfView
from cellstorm.simulate.presets import (
    SIMULATION_DESCRIPTIONS,
    SIMULATION_PRESETS,
    load_simulation,
)
from cellstorm.simulate.simulation import SimulatedBlock, SimulatedMovie, Simulation
from cellstorm.simulate.spots import IsolatedSpots, isolated_spots
from cellstorm.simulate.truth import TRUTH_SCHEMA

__all__ = [
    "SIMULATION_DESCRIPTIONS",
    "SIMULATION_PRESETS",
    "TRUTH_SCHEMA",
    "Clip",
    "FieldOfView",
    "IsolatedSpots",
    "Patches",
    "SimulatedBlock",
    "SimulatedMovie",
    "Simulation",
    "cut_patches",
    "isolated_spots",
    "load_simulation",
    "make_clip",
]
