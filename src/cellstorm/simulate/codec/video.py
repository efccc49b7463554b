"""What the video codecs have in common: generations, ranges, rates."""

import contextlib
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, ClassVar, Self
from uuid import uuid4

import numpy as np
from pydantic import Field, ValidationInfo

from cellstorm.simulate.codec.base import MovieCodec
from cellstorm.simulate.codec.decoding import decode_blocks
from cellstorm.simulate.codec.encoder import Destination, EncoderSettings, encode_pictures
from cellstorm.simulate.codec.value_range import GreyValues, to_bit_depth, to_full_range
from cellstorm.simulate.field_of_view import FieldOfView

if TYPE_CHECKING:
    from cellstorm.simulate.codec.union import VideoCodecChoice

__all__ = ["LossyCodec", "VideoCodec", "intermediate"]


class VideoCodec(MovieCodec):
    """A codec that is one of ffmpeg's encoders.

    Attributes
    ----------
    memory_format
        ffmpeg's name of the container that is used in memory.
    block_size_px
        Edge of the largest unit that is coded as one, the period of the block grid.
    needs_even_size
        Whether chroma of half the size asks for an even width and height.
    """

    memory_format: ClassVar[str]
    block_size_px: ClassVar[int]
    needs_even_size: ClassVar[bool] = True

    def check_size(self, width_px: int, height_px: int) -> None:
        """Refuse odd sizes where the codec keeps chroma at half the size."""
        if self.needs_even_size:
            for name, size in (("width_px", width_px), ("height_px", height_px)):
                if size % 2:
                    raise ValueError(f"{name}: {self.kind} needs an even number (given: {size})")

    @property
    def shift_px(self) -> tuple[int, int]:
        """How far left of and above the corner of the picture the block grid begins."""
        return 0, 0

    @abstractmethod
    def encoder_settings(self) -> EncoderSettings:
        """What ffmpeg is told."""

    def _write(
        self, destination: Destination, blocks: Iterable[GreyValues], view: FieldOfView
    ) -> None:
        encode_pictures(destination, self.memory_format, blocks, self.encoder_settings(), view)


class LossyCodec(VideoCodec):
    """A codec that loses something, and may be followed by another generation.

    A messenger decodes the clip that a phone made and codes it again with its own
    settings; ``second_generation`` is that. The first is written beside the result, read
    back as it is decoded, and removed, whatever happens.
    """

    exclusive: ClassVar[tuple[tuple[str, ...], ...]] = ()

    gop: int = Field(31, ge=1, le=10_000, description="frames from key frame to key frame, frames")
    second_generation: "VideoCodecChoice | None" = Field(
        None, description="codec that the decoded movie is coded with again"
    )

    @classmethod
    def _default_rate(cls, crf: float | None, default: float, info: ValidationInfo) -> float | None:
        """A rate that is there to be seen, in the model and the file that keeps it."""
        others = [info.data.get(name) for names in cls.exclusive for name in names]
        return default if crf is None and all(other is None for other in others) else crf

    def _refuse_two_of_a_kind(self) -> None:
        for names in self.exclusive:
            given = [name for name in names if getattr(self, name) is not None]
            if len(given) > 1:
                raise ValueError(
                    f"only one of {', '.join(names)} can be given, not {' and '.join(given)}"
                )

    @property
    def last_generation(self) -> MovieCodec:
        """The codec of the file that is written at last."""
        after = self.second_generation
        return self if after is None else after.last_generation

    def check_size(self, width_px: int, height_px: int) -> None:
        """Refuse what any of the generations cannot take."""
        super().check_size(width_px, height_px)
        if self.second_generation is not None:
            self.second_generation.check_size(width_px, height_px)

    def resolved(self, random: np.random.Generator) -> Self:
        """The same codec with everything random drawn, in each generation."""
        if self.second_generation is None:
            return self
        after = self.second_generation.resolved(random)
        return self.model_copy(update={"second_generation": after})

    def _write(
        self, destination: Destination, blocks: Iterable[GreyValues], view: FieldOfView
    ) -> None:
        after = self.second_generation
        if after is None:
            self._write_once(destination, blocks, view)
            return
        with intermediate(destination, self.suffixes[0]) as first:
            self._write_once(first, blocks, view)
            after._write(destination, self._decoded(first, after), view)

    def _write_once(
        self, destination: Destination, blocks: Iterable[GreyValues], view: FieldOfView
    ) -> None:
        """Write this generation alone."""
        super()._write(destination, blocks, view)

    def _decoded(self, source: Destination, after: VideoCodec) -> Iterator[GreyValues]:
        settings, wanted = self.encoder_settings(), after.encoder_settings()
        for block in decode_blocks(source):
            grey: GreyValues = block.frames
            if not settings.is_full_range:
                grey = to_full_range(grey, settings.bit_depth)
            yield to_bit_depth(grey, settings.bit_depth, wanted.bit_depth)


@contextlib.contextmanager
def intermediate(destination: Destination, suffix: str) -> Iterator[Destination]:
    """Memory beside memory, or a hidden file beside a file that goes in the end."""
    if isinstance(destination, BytesIO):
        yield BytesIO()
        return
    name = f".{destination.stem.lstrip('.')}.{uuid4().hex[:8]}.first{suffix}"
    beside = destination.with_name(name)
    try:
        yield beside
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
