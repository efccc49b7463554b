"""Movies with known truth: a frozen `Simulation` in, a movie file and a table of every
molecule in every frame out; `isolated_spots` gives single windows to test fits on."""

from cellstorm.simulate.encode import encode_video, write_tiff
from cellstorm.simulate.simulation import Simulation
from cellstorm.simulate.spots import IsolatedSpots, isolated_spots
from cellstorm.simulate.truth import write_truth

__all__ = [
    "IsolatedSpots",
    "Simulation",
    "encode_video",
    "isolated_spots",
    "write_tiff",
    "write_truth",
]
