"""How a run shows itself: a bar on a terminal, a few lines anywhere else."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.text import Text

from cellstorm.run import Progress, ProgressListener

__all__ = ["shown_frames", "shown_progress"]

_SECONDS_BETWEEN_LINES = 10.0
_STAGES = {
    "preparing": "looking at the movie",
    "localizing": "localizing",
    "finishing": "writing table and picture",
}


class _Rate(ProgressColumn):
    """Frames per second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.0f} frames/s")


@contextmanager
def shown_progress() -> Iterator[ProgressListener]:
    """A listener that draws on stderr as long as the context lasts."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines()
        return
    bar = Bar(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[molecules]} molecules"),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task(_STAGES["preparing"], total=None, start=False, molecules=0)
        seen = ""

        def show(progress: Progress) -> None:
            nonlocal seen
            if progress.stage == "localizing" and seen != "localizing":
                # only now, so that rate and time left do not count the preparation
                bar.start_task(task)
            seen = progress.stage
            bar.update(
                task,
                description=_STAGES[progress.stage],
                total=progress.frames_total,
                completed=progress.frames_done,
                molecules=progress.molecules,
            )

        yield show


@contextmanager
def shown_frames(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A listener for the number of frames done, drawn on stderr as long as the context lasts.

    Parameters
    ----------
    what
        What is being done to the frames.
    total
        Frames in all.
    """
    console = Console(stderr=True)
    began = last = time.monotonic()

    def line(done: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _SECONDS_BETWEEN_LINES or done >= total:
            return
        last = now
        rate = done / (now - began)
        left = (total - done) / rate if rate > 0 else float("inf")
        print(
            f"{what}: {done} of {total} frames, {rate:.0f} frames/s, {left:.0f} s left",
            file=sys.stderr,
            flush=True,
        )

    if not console.is_terminal:
        yield line
        return
    with Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


class _Lines:
    """A line at the beginning, then one every ten seconds with rate and time left."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._began: tuple[float, int] | None = None

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.stage == "preparing":
            print(_STAGES["preparing"], file=sys.stderr, flush=True)
        if progress.stage != "localizing":
            return
        if self._began is None:
            self._began, self._last = (now, progress.frames_done), now
            return
        if now - self._last < _SECONDS_BETWEEN_LINES:
            return
        self._last = now
        began, before = self._began
        rate = (progress.frames_done - before) / max(now - began, 1e-9)
        left = (progress.frames_total - progress.frames_done) / rate if rate > 0 else float("inf")
        print(
            f"{progress.frames_done} of {progress.frames_total} frames,"
            f" {progress.molecules} molecules, {rate:.0f} frames/s, {left:.0f} s left",
            file=sys.stderr,
            flush=True,
        )
