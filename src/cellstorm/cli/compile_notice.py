"""A word when kernels are compiled, which happens once after installing."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["said_when_compiling"]

_NOTICE = "compiling this step for this computer, once after installing: up to half a minute"


@contextmanager
def said_when_compiling() -> Iterator[None]:
    """Say once on stderr that kernels are compiled, if any is as long as the context lasts."""
    # what has not brought numba along has no kernels
    if "numba" not in sys.modules:
        yield
        return
    from numba.core import event

    class Notice(event.Listener):
        """Numba tells it of what it compiles, and not of what it finds compiled."""

        def __init__(self) -> None:
            self._lock = threading.Lock()
            self._said = False

        def on_start(self, event: Any) -> None:
            with self._lock:
                if self._said:
                    return
                self._said = True
            print(_NOTICE, file=sys.stderr, flush=True)

        def on_end(self, event: Any) -> None:
            """Nothing: how long it took is of no use any more."""

    with event.install_listener("numba:compile", Notice()):
        yield
