"""How far a run has come, told to whoever asks."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

__all__ = ["Progress", "ProgressListener", "Reporter", "Stage"]

Stage = Literal["preparing", "localizing", "finishing"]


@dataclass(frozen=True)
class Progress:
    """A moment of a run.

    Attributes
    ----------
    stage
        ``preparing``: looking at a sample; ``finishing``: joining the parts.
    frames_done, frames_total
        Of the frames asked for; what an earlier, resumed run did counts as done.
    molecules
        Found so far.
    """

    stage: Stage
    frames_done: int
    frames_total: int
    molecules: int


ProgressListener = Callable[[Progress], None]
"""Called from the thread that called `localize_movie`, a few times a second at most."""

_SECONDS_BETWEEN_REPORTS = 0.1


class Reporter:
    """Counts frames and molecules and tells a listener, not too often."""

    def __init__(self, listener: ProgressListener | None, frames_total: int) -> None:
        self._listener = listener
        self._stage: Stage = "preparing"
        self._last = 0.0
        self.frames_total = frames_total
        self.frames_done = 0
        self.molecules = 0

    def __call__(self, stage: Stage) -> None:
        """Tell that another stage begins."""
        self._stage = stage
        self._tell()

    def advance(self, frames: int, molecules: int) -> None:
        """Count what has been done."""
        self.frames_done += frames
        self.molecules += molecules
        if time.monotonic() - self._last >= _SECONDS_BETWEEN_REPORTS:
            self._tell()

    def _tell(self) -> None:
        self._last = time.monotonic()
        if self._listener is not None:
            self._listener(
                Progress(self._stage, self.frames_done, self.frames_total, self.molecules)
            )
