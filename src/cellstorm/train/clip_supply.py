"""A supply of clips in memory that a thread renews while they are learned from."""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np

__all__ = ["ClipSupply"]

_Clip = TypeVar("_Clip")


class ClipSupply(Generic[_Clip]):
    """Clips of ever new conditions, replaced one by one by a thread of its own.

    Parameters
    ----------
    make
        Makes a clip with what it draws from the generator given.
    size
        Clips kept at a time.
    first
        Clips that are waited for before any is given.
    uses_per_clip
        Samples that are cut for each new clip.
    seed
        Same seed, same clips in the same order (which samples are cut from which depends on
        how fast they are made).
    """

    def __init__(
        self,
        make: Callable[[np.random.Generator], _Clip],
        *,
        size: int,
        first: int,
        uses_per_clip: int,
        seed: int | Sequence[int],
    ) -> None:
        self.made = 0
        self._make_clip = make
        self._size = size
        self._first = min(first, size)
        self._uses_per_clip = uses_per_clip
        self._seed = seed
        self._clips: list[_Clip] = []
        self._used = 0
        self._stop = threading.Event()
        self._filled = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._make, name="clips", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop making clips."""
        self._stop.set()
        self._thread.join()

    def begin(self, samples: int) -> None:
        """Wait for the first clips, and count samples that are cut next.

        Raises
        ------
        BaseException
            What went wrong when clips were made.
        """
        self._filled.wait()
        if self._failure is not None:
            raise self._failure
        self._used += samples

    def drawn(self, random: np.random.Generator) -> _Clip:
        """Any of the clips; after `begin`."""
        return self._clips[random.integers(len(self._clips))]

    def _make(self) -> None:
        try:
            random = np.random.default_rng(self._seed)
            while not self._stop.is_set():
                if self.made > self._size + self._used / self._uses_per_clip:
                    self._stop.wait(0.05)
                    continue
                clip = self._make_clip(random)
                if len(self._clips) < self._size:
                    self._clips.append(clip)
                else:
                    self._clips[self.made % self._size] = clip
                self.made += 1
                if self.made >= self._first:
                    self._filled.set()
        except BaseException as error:  # raised where the clips are used
            self._failure = error
            self._filled.set()
