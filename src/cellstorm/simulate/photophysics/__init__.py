"""When molecules shine: a `Photophysics` of some kind, a field of view and a number of
molecules in; `Activity`, the light of every molecule in every frame, out, block by block."""

from cellstorm.simulate.photophysics.activity import Activity
from cellstorm.simulate.photophysics.dyes import PHOTOPHYSICS_PRESETS, photophysics_by_name
from cellstorm.simulate.photophysics.kinds import Photophysics
from cellstorm.simulate.photophysics.steady import SteadyPhotophysics
from cellstorm.simulate.photophysics.switching import SwitchingPhotophysics

__all__ = [
    "PHOTOPHYSICS_PRESETS",
    "Activity",
    "Photophysics",
    "SteadyPhotophysics",
    "SwitchingPhotophysics",
    "photophysics_by_name",
]
