"""How the sample moved under the microscope, from the molecules themselves.

In comes a table; out comes a `DriftCurve`, one shift a frame with its uncertainty, put to
the test on molecules that it was not found from, and the table with it taken out. What
does not stand the test is refused with the reason. Methods are `Aim` (the default),
`Dme`, `RedundantCrossCorrelation` and `Fiducials`.
"""

from cellstorm.refine.drift.aim import Aim
from cellstorm.refine.drift.curve import DriftCurve
from cellstorm.refine.drift.curve_files import read_curve, save_curve
from cellstorm.refine.drift.curve_picture import draw_curve
from cellstorm.refine.drift.dme import Dme
from cellstorm.refine.drift.fiducials import Fiducials
from cellstorm.refine.drift.finding import FoundDrift, correct_drift, find_drift, find_drift_of
from cellstorm.refine.drift.held_out import HeldOut
from cellstorm.refine.drift.method import DriftMethod
from cellstorm.refine.drift.molecules import Molecules, molecules_of
from cellstorm.refine.drift.rcc import RedundantCrossCorrelation
from cellstorm.refine.drift.refusal import DriftRefusedError
from cellstorm.refine.drift.table_files import DriftOutputs, correct_table

__all__ = [
    "Aim",
    "Dme",
    "DriftCurve",
    "DriftMethod",
    "DriftOutputs",
    "DriftRefusedError",
    "Fiducials",
    "FoundDrift",
    "HeldOut",
    "Molecules",
    "RedundantCrossCorrelation",
    "correct_drift",
    "correct_table",
    "draw_curve",
    "find_drift",
    "find_drift_of",
    "molecules_of",
    "read_curve",
    "save_curve",
]
