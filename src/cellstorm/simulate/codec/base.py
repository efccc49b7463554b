"""What every codec offers: a file or bytes out of blocks of grey frames."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from cellstorm.atomic_file import atomic_file
from cellstorm.errors import ConfigurationError
from cellstorm.parameters import Parameters
from cellstorm.simulate.codec.value_range import GreyValues
from cellstorm.simulate.field_of_view import FieldOfView

__all__ = ["MovieCodec"]


class MovieCodec(Parameters, ABC):
    """How a movie is written down; a codec and the file it is kept in.

    Attributes
    ----------
    kind
        Name of the codec.
    suffixes
        File name extensions it can be kept in, the usual one first.
    """

    kind: str
    suffixes: ClassVar[tuple[str, ...]]

    @property
    def last_generation(self) -> "MovieCodec":
        """The codec of the file that is written at last."""
        return self

    @property
    def written_suffixes(self) -> tuple[str, ...]:
        """Extensions of the file that is written at last, the usual one first."""
        return self.last_generation.suffixes

    def movie_path(self, path: Path) -> Path:
        """``path`` with the usual extension where it has none.

        Raises
        ------
        ConfigurationError
            It has one that does not suit the codec.
        """
        if not path.suffix:
            return path.with_suffix(self.written_suffixes[0])
        if path.suffix.lower() not in self.written_suffixes:
            raise ConfigurationError(
                f"{self.kind} is not kept in a {path.suffix} file.",
                where=path,
                todo=f"Use one of {', '.join(self.written_suffixes)}.",
            )
        return path

    def check_size(self, width_px: int, height_px: int) -> None:
        """Refuse frames that the codec cannot take.

        Raises
        ------
        ValueError
            Says which size is allowed.
        """

    def resolved(self, random: np.random.Generator) -> Self:
        """The same codec with everything random drawn; the rest of it stays."""
        return self

    def encode(self, path: Path, blocks: Iterable[GreyValues], view: FieldOfView) -> None:
        """Write a movie, frame by frame; ``path`` appears when it is whole.

        The same frames give the same bytes. What is random in the codec must be drawn
        before (`resolved`).

        Parameters
        ----------
        path
            File to write; its extension chooses the container.
        blocks
            Consecutive ``(n, height_px, width_px)`` blocks of full-range grey values,
            uint8 for 8 bits, uint16 for more.
        view
            Size, rate and length of the movie.

        Raises
        ------
        ConfigurationError
            The extension or the size of the frames does not suit the codec, or the
            installed PyAV lacks the encoder.
        OutputError
            The file cannot be written.
        """
        path = self.movie_path(path)
        self._refuse_size(view)
        with atomic_file(path) as temporary:
            self._write(temporary, blocks, view)

    def encode_to_memory(self, blocks: Iterable[GreyValues], view: FieldOfView) -> bytes:
        """The movie as the bytes of a file; see `encode`.

        Parameters
        ----------
        blocks
            Consecutive ``(n, height_px, width_px)`` blocks.
        view
            Size, rate and length of the movie.
        """
        self._refuse_size(view)
        memory = BytesIO()
        self._write(memory, blocks, view)
        return memory.getvalue()

    def _refuse_size(self, view: FieldOfView) -> None:
        try:
            self.check_size(view.width_px, view.height_px)
        except ValueError as error:
            raise ConfigurationError(f"{error}.") from error

    @abstractmethod
    def _write(
        self, destination: Path | BytesIO, blocks: Iterable[GreyValues], view: FieldOfView
    ) -> None:
        """Write to a file or into memory."""
