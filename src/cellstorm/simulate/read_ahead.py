"""Make the next items of an iterator while the present one is being used."""

import contextlib
import threading
from collections.abc import Generator, Iterable
from queue import Empty, Full, Queue
from typing import TypeVar

__all__ = ["read_ahead"]

Item = TypeVar("Item")

_END = object()
_PATIENCE_S = 0.05


def read_ahead(items: Iterable[Item], *, ahead: int = 2) -> Generator[Item]:
    """Give the items in order; a thread of its own makes up to ``ahead`` of them early.

    Worth it where making and using them both leave the interpreter to others. An error of
    the maker is raised where its item would have come; closing the iterator stops the
    thread.

    Parameters
    ----------
    items
        Used by the thread alone.
    ahead
        Items that wait at most.
    """
    waiting: Queue[object] = Queue(maxsize=ahead)
    stopped = threading.Event()
    failures: list[BaseException] = []

    def put(item: object) -> None:
        while not stopped.is_set():
            with contextlib.suppress(Full):
                waiting.put(item, timeout=_PATIENCE_S)
                return

    def make() -> None:
        try:
            for item in items:
                put(item)
                if stopped.is_set():
                    return
        except BaseException as error:  # handed to the caller's thread
            failures.append(error)
        finally:
            put(_END)

    maker = threading.Thread(target=make, name="read-ahead", daemon=True)
    maker.start()
    try:
        while (item := waiting.get()) is not _END:
            yield item  # type: ignore[misc]
        if failures:
            raise failures[0]
    finally:
        stopped.set()
        with contextlib.suppress(Empty):
            while True:
                waiting.get_nowait()
        maker.join()
