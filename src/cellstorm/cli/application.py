"""The application and what becomes of errors."""

import os
import sys
from collections.abc import Sequence
from typing import Any

from cyclopts import App

from cellstorm import __version__
from cellstorm.errors import CellstormError

__all__ = ["main"]

_VERBS = {
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
    "demo": "Make a small phone-like movie, localize it and score the result.",
}

_USER_ERROR = 2
_INTERRUPTED = 130


def main(tokens: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    Parameters
    ----------
    tokens
        Words after the program's name; those of the process when None.
    """
    sys.exit(_run(list(sys.argv[1:] if tokens is None else tokens)))


def _run(tokens: list[str]) -> int:
    try:
        code = _application(tokens)(tokens, result_action="return_value")
        # None where the shell closed it (>&-): print() then prints nothing
        if sys.stdout is not None:
            sys.stdout.flush()
    except CellstormError as error:
        print(f"Error: {error}", file=sys.stderr)
        return _USER_ERROR
    except KeyboardInterrupt as interruption:
        print(f"\n{interruption}".rstrip() or "\nStopped.", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        # the reader (head, less) has gone; Python would complain again when it exits
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code if isinstance(code, int) else 0


def _application(tokens: list[str]) -> App:
    app = App(
        name="cellstorm",
        help="Super-resolution microscopy from a phone video: a compressed movie of blinking"
        " molecules in, a table of molecules and a picture out.",
        version=__version__,
        # handled above, where a run can say how to resume
        suppress_keyboard_interrupt=False,
    )
    for verb, summary in _VERBS.items():
        # a one-line help given here would hide the full text of the verb that is asked for
        shown: dict[str, Any] = {} if verb in tokens[:1] else {"help": summary}
        app.command(f"cellstorm.cli.{verb}:{verb}", name=verb, **shown)
    return app
