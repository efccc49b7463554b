"""Waking whoever waits for a change, from any thread."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Changes"]


class Changes:
    """A bell: those who watch are woken by every ring, and by the closing of the server.

    Attributes
    ----------
    closing
        Whether the server is about to end: whoever watches should go.
    """

    def __init__(self) -> None:
        self.closing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watchers: set[asyncio.Event] = set()

    def attach(self) -> None:
        """From now on, wake the tasks of the running event loop."""
        self._loop = asyncio.get_running_loop()

    def ring(self) -> None:
        """Something changed; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """The server is about to end; from any thread."""
        self.closing = True
        self.ring()

    @contextmanager
    def watch(self) -> Iterator[asyncio.Event]:
        """An event that is set by every ring; whoever waits clears it."""
        event = asyncio.Event()
        self._watchers.add(event)
        try:
            yield event
        finally:
            self._watchers.discard(event)

    def _wake(self) -> None:
        for event in self._watchers:
            event.set()
