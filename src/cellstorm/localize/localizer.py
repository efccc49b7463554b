"""The socket that every localization method plugs into."""

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from cellstorm.camera import Camera
from cellstorm.movie import FrameChunk, Movie

__all__ = [
    "Blockwise",
    "Cautious",
    "Drawing",
    "FrameRange",
    "Localizer",
    "Method",
    "MoleculeColumns",
    "Region",
]

MoleculeColumns = dict[str, NDArray[Any]]
"""Columns of `cellstorm.localizations.COLUMNS` by name, one row a molecule, but with
lengths still in pixels of the movie (``x_px``, ``sigma_px``, ``uncertainty_x_px``)
where the table has nanometres: a localizer knows no pixel size."""

FrameRange = tuple[int, int]
Region = tuple[int, int, int, int]
"""``(x0, x1, y0, y1)`` in pixels, upper ends exclusive."""


@runtime_checkable
class Localizer(Protocol):
    """Everything about a movie decided: turns chunks into molecules.

    A localizer is frozen and serialisable (its ``model_dump`` is kept beside the
    result) and gives the same molecules for a frame whatever chunk it stands in,
    as long as ``halo_frames`` frames on either side are there.
    """

    @property
    def halo_frames(self) -> int:
        """Frames needed before and after a frame to localize it."""
        ...

    def localize(self, chunk: FrameChunk, *, first: int, last: int) -> MoleculeColumns:
        """Molecules of frames ``first`` to ``last`` (exclusive, counted in the movie).

        ``chunk`` may hold up to ``halo_frames`` more on each side. Rows come ordered
        by frame. Positions are relative to the chunk's own corner.
        """
        ...

    def summary(self) -> dict[str, str]:
        """What was decided, for a person: ``{"PSF width": "1.31 px (estimated)"}``."""
        ...

    def model_dump(self, *, mode: str = ...) -> dict[str, Any]:
        """The localizer as plain values, to be stored."""
        ...


@runtime_checkable
class Blockwise(Protocol):
    """A localizer that looks at fixed blocks of the movie as wholes."""

    @property
    def block_frames(self) -> int:
        """Chunks that begin and end at multiples of it cost least."""
        ...


@runtime_checkable
class Cautious(Protocol):
    """A localizer that may have to warn of the movie it was prepared for."""

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user should know, a sentence each."""
        ...


@runtime_checkable
class Drawing(Protocol):
    """A localizer that draws every frame anew; the sum of these belongs beside the table."""

    @property
    def factor(self) -> int:
        """Pixels of what it draws along one of the frame."""
        ...

    def localize_and_draw(
        self, chunk: FrameChunk, *, first: int, last: int
    ) -> tuple[MoleculeColumns, NDArray[np.float64]]:
        """As `Localizer.localize`, and the sum of what was drawn of these frames.

        The sum is ``(factor height, factor width)`` of the chunk's region.
        """
        ...


class Method(Protocol):
    """A localization method as the user configured it, open questions included."""

    def prepare(
        self, movie: Movie, camera: Camera, frames: FrameRange, region: Region
    ) -> Localizer:
        """Look at a sample of the movie and decide what was left open."""
        ...
