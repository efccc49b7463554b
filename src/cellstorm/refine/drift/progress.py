"""How far the search for a drift is."""

from collections.abc import Callable
from threading import Lock

__all__ = ["DriftListener", "Steps", "shared_out"]

DriftListener = Callable[[float], None]
"""Is told the share of the work that is done, 0 to 1; several threads may tell."""

# of a search that takes longer than planned
_NEARLY = 0.99


class Steps:
    """Counts steps of a search and tells a listener.

    Parameters
    ----------
    listener
        Told after each step; None: nobody.
    planned
        How many steps are expected; more may follow.
    """

    def __init__(self, listener: DriftListener | None, planned: int) -> None:
        self._listener, self._planned, self._done = listener, max(planned, 1), 0

    def __call__(self) -> None:
        """One step is done."""
        self._done += 1
        if self._listener is not None:
            self._listener(min(self._done / self._planned, _NEARLY))


def shared_out(listener: DriftListener | None, parts: list[float]) -> list[DriftListener | None]:
    """Listeners for the parts of a work, whose shares of it are ``parts``."""
    if listener is None:
        return [None] * len(parts)
    done, lock = [0.0] * len(parts), Lock()
    told = listener

    def part(number: int) -> DriftListener:
        def tell(share: float) -> None:
            with lock:
                done[number] = max(done[number], share)
                told(sum(p * s for p, s in zip(parts, done, strict=True)))

        return tell

    return [part(number) for number in range(len(parts))]
