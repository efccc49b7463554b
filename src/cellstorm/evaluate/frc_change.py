"""Did a correction make the picture finer? The resolution before and after."""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

from cellstorm.errors import TableError
from cellstorm.evaluate.frc import Frc, frc
from cellstorm.evaluate.frc_options import FrcOptions
from cellstorm.localizations import Localizations

__all__ = ["FrcChange", "frc_change"]


@dataclass(frozen=True, eq=False)
class FrcChange:
    """Resolution of the same molecules before and after something was done to them.

    Attributes
    ----------
    before, after
        None where it cannot be told.
    why
        Why not, of the first of the two that cannot; empty where both can.
    """

    before: Frc | None
    after: Frc | None
    why: str

    @property
    def is_worse(self) -> bool:
        """Coarser by more than the error of the difference, or not to be told any more."""
        if self.before is None or self.after is None:
            return self.before is not None
        errors = [error for error in (self.before.error_nm, self.after.error_nm) if error > 0]
        return self.after.resolution_nm - self.before.resolution_nm > math.hypot(*errors)

    @property
    def reading(self) -> str:
        """What it means, in a line."""
        if self.before is None and self.after is None:
            return f"resolution (FRC): cannot be told, before or after: {self.why}"
        told = " before, ".join(
            "not to be told" if item is None else _in_words(item)
            for item in (self.before, self.after)
        )
        return f"resolution (FRC): {told} after"


def frc_change(
    before: Localizations,
    after: Localizations,
    options: FrcOptions | None = None,
    *,
    on_tile: Callable[[str, int, int], None] | None = None,
) -> FrcChange:
    """Resolution of a table before and after, each by `frc` with the same options.

    Parameters
    ----------
    before, after
        The same localizations.
    options
        The defaults of `FrcOptions` when None.
    on_tile
        Called with ``"before"`` or ``"after"``, the tiles done and those there are.
    """
    found: list[Frc | None] = []
    reasons: list[str] = []
    for name, table in (("before", before), ("after", after)):
        listener = None if on_tile is None else functools.partial(on_tile, name)
        try:
            found.append(frc(table, options, on_tile=listener))
        except TableError as error:
            found.append(None)
            reasons.append(error.what)
    return FrcChange(found[0], found[1], reasons[0] if reasons else "")


def _in_words(found: Frc) -> str:
    error = f" +- {found.error_nm:.1f}" if math.isfinite(found.error_nm) else ""
    return f"{found.resolution_nm:.1f}{error} nm"
