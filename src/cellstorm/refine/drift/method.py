"""What every way to find a drift can do."""

from typing import ClassVar, Protocol, Self

from cellstorm.refine.drift.curve import DriftCurve
from cellstorm.refine.drift.molecules import Molecules
from cellstorm.refine.drift.progress import DriftListener

__all__ = ["DriftMethod"]


class DriftMethod(Protocol):
    """Parameters of a method; calling them does the work.

    Attributes
    ----------
    uses_uncertainties
        Whether it looks at the standard error of each localization.
    """

    uses_uncertainties: ClassVar[bool]

    def settled(self, molecules: Molecules) -> Self:
        """The same with all that depends on the table decided."""

    def parts(self, molecules: Molecules) -> tuple[Molecules, Molecules, Molecules | None]:
        """What the curve is put to the test with.

        Returns
        -------
        tuple
            Two halves that each give a curve, as independent as the table allows, and
            molecules that have no part in the curve at all, if the method leaves any.
        """

    def __call__(
        self,
        molecules: Molecules,
        *,
        start: DriftCurve | None = None,
        listener: DriftListener | None = None,
    ) -> DriftCurve:
        """Find the drift, perhaps beginning with a curve that is nearly right."""
