"""A sum over frames, kept on disk beside the parts that it goes with."""

import contextlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cellstorm.atomic_file import atomic_file

__all__ = ["KeptSum"]


class KeptSum:
    """A sum of pictures that grows while localizing and outlives a kill.

    It is saved under the number of chunks in it before their part is written, so that it
    never disagrees with the parts.

    Parameters
    ----------
    folder
        Of the unfinished run.
    name
        Of its files.
    shape
        ``(height, width)``.
    """

    def __init__(self, folder: Path, name: str, shape: tuple[int, int]) -> None:
        self._folder = folder
        self._name = name
        self.values: NDArray[np.float64] = np.zeros(shape)

    def add(self, values: NDArray[np.float64]) -> None:
        """Add what a chunk gave, ``(height, width)``."""
        self.values += values

    def save(self, chunks: int) -> None:
        """Keep the sum of the first ``chunks`` chunks.

        Raises
        ------
        OutputError
            It cannot be written.
        """
        with atomic_file(self._path(chunks)) as temporary:
            np.save(temporary, self.values, allow_pickle=False)

    def forget_all_but(self, chunks: int) -> None:
        """Remove earlier sums, once the part that goes with this one is there."""
        for path in self._folder.glob(f"{self._name}-*.npy"):
            if path != self._path(chunks):
                path.unlink(missing_ok=True)

    def restored(self, chunks: int) -> bool:
        """Go on from the sum of the first ``chunks`` chunks; False if that is lost."""
        with contextlib.suppress(OSError, ValueError, EOFError):
            stored = np.load(self._path(chunks), allow_pickle=False)
            if stored.shape == self.values.shape:
                self.values = stored.astype(np.float64)
                return True
        return False

    def _path(self, chunks: int) -> Path:
        return self._folder / f"{self._name}-{chunks:08d}.npy"
