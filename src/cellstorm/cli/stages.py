"""How work in several stages shows itself: a bar on a terminal, a few lines anywhere else."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

__all__ = ["StageListener", "shown_stages"]

_SECONDS_BEFORE_RATE = 0.3
_SECONDS_BEFORE_LINES, _SECONDS_BETWEEN_LINES = 2.0, 10.0


class StageListener(Protocol):
    """Is told how far the work is."""

    def __call__(self, stage: str, share: float, count: int, unit: str) -> None:
        """Hear of it.

        Parameters
        ----------
        stage
            What is being done.
        share
            How much of it is done, 0 to 1.
        count, unit
            How many of what the whole stage is, for its rate.
        """


class _Stage:
    """The stage at hand and since when."""

    def __init__(self) -> None:
        self.name, self.began, self._before = "", 0.0, 0.0

    def is_new(self, stage: str, share: float) -> bool:
        """Whether it is another one, or begins anew."""
        new = stage != self.name or share < self._before
        self._before = share
        if new:
            self.name, self.began = stage, time.monotonic()
        return new

    def told(self, share: float, count: int, unit: str) -> str:
        """Rate; empty while it is not known."""
        if not self.is_known:
            return ""
        return f"{_round(share * count / (time.monotonic() - self.began))} {unit}/s"

    @property
    def is_known(self) -> bool:
        """Whether it has run for long enough to say how fast it is."""
        return time.monotonic() - self.began > _SECONDS_BEFORE_RATE


@contextmanager
def shown_stages() -> Iterator[StageListener]:
    """A listener that draws on stderr as long as the context lasts."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines()
        return
    with Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as bar:
        at = _Stage()
        task = bar.add_task("reading", total=None, rate="")

        def show(stage: str, share: float, count: int, unit: str) -> None:
            nonlocal task
            if at.is_new(stage, share):
                bar.remove_task(task)
                task = bar.add_task(stage, total=1.0, rate="")
            bar.update(task, completed=share, rate=at.told(share, count, unit))

        yield show


class _Lines:
    """A line after two seconds, then one every ten, with rate and time left."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _SECONDS_BEFORE_LINES
        self._at = _Stage()

    def __call__(self, stage: str, share: float, count: int, unit: str) -> None:
        self._at.is_new(stage, share)
        now = time.monotonic()
        if now < self._next or not 0.0 < share < 1.0 or not self._at.is_known:
            return
        self._next = now + _SECONDS_BETWEEN_LINES
        left = (1.0 - share) / share * (now - self._at.began)
        told = self._at.told(share, count, unit)
        print(
            f"{stage}: {100 * share:.0f} %, {told}, {left:.0f} s left", file=sys.stderr, flush=True
        )


def _round(rate: float) -> str:
    return f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}"
