"""The application and what becomes of errors."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any

from cellstorm import __version__
from cellstorm.cli.compile_notice import said_when_compiling
from cellstorm.errors import CellstormError

if TYPE_CHECKING:
    from cyclopts import App

__all__ = ["main"]

_VERBS = {
    "demo": "Make a small phone-like movie, localize it and score the result.",
    "info": "What a movie or a table is: frames, codec, pixel size; format, columns.",
    "localize": "From a movie to a table of molecules and a picture.",
    "render": "From a table to a picture.",
    "filter": "Rows of a table by conditions, regions, density.",
    "link": "Molecules that stay on over frames become one row each.",
    "drift": "What the sample moved by, found and taken out of a table.",
    "convert": "From one table format to another.",
    "report": "One page about a table or movie: picture, figures, what to doubt.",
    "score": "A table of molecules against the truth.",
    "benchmark": "Methods over a grid of simulated movies: figures, curves and pictures.",
    "reproduce": "The figures of the cellSTORM paper, made again.",
    "calibrate": "Measure a camera from a still clip and a dark series.",
    "simulate": "Make a movie with known truth, recorded and coded as a phone does.",
    "models": "Which trained networks there are, and what each is good for.",
    "train": "Train a network on simulated phone movies.",
    "serve": "The app in the browser, and a queue of movies to localize.",
}

_USER_ERROR = 2
_INTERRUPTED = 130
_STOPPED = "\nStopped; nothing is left half-written."
_ctrl_c = threading.Event()


def main(tokens: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    Parameters
    ----------
    tokens
        Words after the program's name; those of the process when None.
    """
    if tokens is not None:
        sys.exit(_run(list(tokens)))
    signal.signal(signal.SIGINT, _note_ctrl_c)
    try:
        code = _run(sys.argv[1:])
    except Exception:
        # C extensions make an error of their own of an interrupt that comes as they are loaded
        if not _ctrl_c.is_set():
            raise
        print(_STOPPED, file=sys.stderr)
        code = _INTERRUPTED
    if code == _INTERRUPTED:
        _leave_at_once(code)
    # all is written: Ctrl-C while Python shuts down must not look like a run cut short
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)


def _note_ctrl_c(number: int, frame: FrameType | None) -> None:
    _ctrl_c.set()
    signal.default_int_handler(number, frame)


def _run(tokens: list[str]) -> int:
    try:
        code = _called(tokens)
        # None where the shell closed it (>&-): print() then prints nothing
        if sys.stdout is not None:
            sys.stdout.flush()
    except CellstormError as error:
        from cellstorm.cli.mistaken_files import explained

        print(f"Error: {explained(error, next(iter(tokens), ''))}", file=sys.stderr)
        return _USER_ERROR
    except KeyboardInterrupt as interruption:
        print(f"\n{interruption}".rstrip() or _STOPPED, file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        # the reader (head, less) has gone; Python would complain again when it exits
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _called(tokens: list[str]) -> int:
    """What the verb returns, or 0."""
    # here, so that Ctrl-C while it is loaded is no traceback
    from cyclopts import CycloptsError

    app = _application(tokens)
    try:
        call, words, _ = app.parse_args(
            tokens, exit_on_error=False, print_error=False, verbose=False
        )
    except CycloptsError as error:
        from cellstorm.cli.usage_errors import usage_error

        raise usage_error(error) from error
    with said_when_compiling():
        code = call(*words.args, **words.kwargs)
    return code if isinstance(code, int) else 0


def _leave_at_once(code: int) -> None:
    """End the process without waiting for threads that still compute."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def _application(tokens: list[str]) -> "App":
    from cyclopts import App

    app = App(
        name="cellstorm",
        help="Super-resolution microscopy from a phone video: a compressed movie of blinking"
        " molecules in, a table of molecules and a picture out.",
        version=__version__,
        # handled above, where a run can say how to resume
        suppress_keyboard_interrupt=False,
    )
    for number, (verb, summary) in enumerate(_VERBS.items()):
        # a one-line help given here would hide the full text of the verb that is asked for
        shown: dict[str, Any] = {} if verb in tokens[:1] else {"help": summary}
        app.command(f"cellstorm.cli.{verb}:{verb}", name=verb, sort_key=number, **shown)
    return app
