"""Freeing of decoded pictures whose side data was read."""

import gc
import threading

__all__ = ["count_picture"]

# PyAV's side data and its picture refer to each other, so that they wait for the garbage
# collector, which counts objects and not bytes: 170 pictures on average, half a gigabyte
# for HD. The young generation is collected when pictures hold this much ...
_YOUNG_BYTES = 1 << 23
# ... and older ones after so many collections of the next younger, because each collection
# lets those survive that a decoder or another thread has in its hands.
_YOUNG_PER_MIDDLE = 8
_MIDDLE_PER_FULL = 16

_lock = threading.Lock()
_uncollected_bytes = 0
_collections = 0


def count_picture(byte_count: int) -> None:
    """Say that a picture of ``byte_count`` bytes was dropped; collect when it is time."""
    global _uncollected_bytes, _collections
    with _lock:
        _uncollected_bytes += byte_count
        if _uncollected_bytes < _YOUNG_BYTES:
            return
        _uncollected_bytes = 0
        _collections += 1
        count = _collections
    if count % (_YOUNG_PER_MIDDLE * _MIDDLE_PER_FULL) == 0:
        gc.collect()
    elif count % _YOUNG_PER_MIDDLE == 0:
        gc.collect(1)
    else:
        gc.collect(0)
