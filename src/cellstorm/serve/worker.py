"""A worker process: orders come in on standard input, a line each; answers go out the same way.

It is a process of its own so that a movie that makes a decoder crash, or takes all memory,
harms nothing but its own job. It ends when its standard input does: with the server, however
that dies.
"""

import contextlib
import os
import queue
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import TextIO

from cellstorm.serve.job import JobError
from cellstorm.serve.job_run import carry_out
from cellstorm.serve.state_folder import HeldLock
from cellstorm.serve.work import Answer, Failed, Order

__all__: list[str] = []

_PATIENCE_S = 60.0
_NICENESS = 5


def main(lock: Path) -> None:
    """Work until standard input ends.

    Parameters
    ----------
    lock
        Held while it works: a worker of a server that was killed a moment ago may still be
        about to end.
    """
    # Ctrl-C goes to every process of the terminal; the server decides what becomes of this one
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(_NICENESS)
    # what libraries print must not come between the answers
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
    threading.Thread(target=_read_orders, args=(orders,), daemon=True).start()
    held = HeldLock(lock, _PATIENCE_S)
    while True:
        order = orders.get()
        try:
            carry_out(order, lambda answer: _tell(out, answer))
        except BaseException:
            traceback.print_exc()
            what = "the worker made a mistake; the server's worker.log says more."
            _tell(out, Failed(error=JobError(what=what)))
            held.close()
            raise


def _read_orders(orders: "queue.SimpleQueue[Order]") -> None:
    try:
        for line in sys.stdin:
            orders.put(Order.model_validate_json(line))
    finally:
        # at once, in the middle of whatever it does: what is done is on disk
        os._exit(0)


def _tell(out: TextIO, answer: Answer) -> None:
    try:
        out.write(answer.model_dump_json() + "\n")
        out.flush()
    except OSError:
        # nobody listens any more
        os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
