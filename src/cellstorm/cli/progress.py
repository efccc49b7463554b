"""How a run shows itself: a bar on a terminal, a few lines anywhere else."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

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

__all__ = ["Pace", "Rate", "frame_rate", "kept_when_stopped", "shown_frames", "shown_progress"]

_SECONDS_BETWEEN_LINES = 10.0
_STAGES = {
    "preparing": "looking at the movie",
    "localizing": "localizing",
    "finishing": "writing table and picture",
}


def frame_rate(per_s: float, many: str = "frames/s", each: str = "s per frame") -> str:
    """Frames per second in words; seconds per frame where it is less than one.

    Parameters
    ----------
    per_s
        Frames per second, over 0.
    many, each
        The units.
    """
    if per_s < 1.0:
        return f"{1 / per_s:.1f} {each}"
    return f"{per_s:.{0 if per_s >= 10 else 1}f} {many}"


class Rate(ProgressColumn):
    """Frames per second."""

    def render(self, task: Task) -> Text:
        """The speed, once it is known."""
        speed = task.finished_speed or task.speed
        return Text(frame_rate(speed) if speed else "")


class Pace:
    """When a line of progress is due where there is no terminal, and what it says is ahead."""

    def __init__(self, done: int = 0) -> None:
        self.begin(done)

    def begin(self, done: int) -> None:
        """Count time and frames from here on; the next line is due in ten seconds."""
        self._began = self._last = time.monotonic()
        self._first = done

    def is_due(self) -> bool:
        """Whether ten seconds have passed since the last line; then they begin again."""
        now = time.monotonic()
        if now - self._last < _SECONDS_BETWEEN_LINES:
            return False
        self._last = now
        return True

    def ahead(self, done: int, total: int) -> str:
        """``, 184 frames/s, 12 s left``; empty while nothing is known."""
        rate = (done - self._first) / max(time.monotonic() - self._began, 1e-9)
        return f", {frame_rate(rate)}, {(total - done) / rate:.0f} s left" if rate > 0 else ""


@contextmanager
def kept_when_stopped(folder: Path) -> Iterator[None]:
    """Say after Ctrl-C that the same command goes on with what is in ``folder``."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"Stopped; what is finished is kept in {folder}: the same command goes on from there."
        ) from None


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
        Rate(),
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
    pace = Pace()

    def line(done: int) -> None:
        if done < total and pace.is_due():
            ahead = pace.ahead(done, total)
            print(f"{what}: {done} of {total} frames{ahead}", file=sys.stderr, flush=True)

    if not console.is_terminal:
        yield line
        return
    with Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


class _Lines:
    """A line at the beginning, then one every ten seconds with rate and time left."""

    def __init__(self) -> None:
        self._pace: Pace | None = None

    def __call__(self, progress: Progress) -> None:
        done, total = progress.frames_done, progress.frames_total
        if progress.stage == "preparing":
            print(_STAGES["preparing"], file=sys.stderr, flush=True)
        if progress.stage != "localizing":
            return
        if self._pace is None:
            self._pace = Pace(done)
        elif done < total and self._pace.is_due():
            print(
                f"{done} of {total} frames, {progress.molecules} molecules"
                f"{self._pace.ahead(done, total)}",
                file=sys.stderr,
                flush=True,
            )
