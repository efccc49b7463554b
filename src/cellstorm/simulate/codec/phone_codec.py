"""The two codecs of phones, H.264 and HEVC: the same choices for both."""

from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, ValidationInfo, field_validator, model_validator

from cellstorm.simulate.codec.quality import qp_of_quality
from cellstorm.simulate.codec.video import LossyCodec

__all__ = ["GridShift", "PhoneCodec", "Preset"]

Preset = Literal[
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
    "placebo",
]
GridShift = tuple[int, int] | Literal["random"]

_DEFAULT_CRF = 23.0


class PhoneCodec(LossyCodec):
    """Rate, pictures and block grid of an H.264 or HEVC video.

    The rate is given in one of four ways; without any, ``crf`` becomes 23. A key frame comes
    exactly every ``gop`` frames, whatever the pictures show.

    With a grid shift the frame is padded on the left and on top by repeating its edge, and
    the stream's own cropping window tells decoders to leave the padding out: the picture
    stays where it is, and the blocks begin at ``-shift``. Only even shifts exist, because
    windows are counted in chroma samples, which are two pixels apart.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".mp4", ".mov", ".mkv")
    memory_format: ClassVar[str] = "mp4"
    exclusive: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("crf", "qp", "bit_rate_kbit_s", "quality_percent"),
    )

    qp: int | None = Field(
        None,
        ge=0,
        le=51,
        description="the same quantisation parameter for every block of every picture, on the"
        " scale of 8-bit video",
    )
    bit_rate_kbit_s: float | None = Field(None, gt=0, le=1e6, description="mean bit rate, kbit/s")
    quality_percent: float | None = Field(
        None, ge=0, le=100, description="video quality as MATLAB counts it, 0 to 100 %"
    )
    crf: float | None = Field(
        None, ge=0, le=51, description="constant rate factor; 23 if no other rate is given"
    )
    b_pictures: int = Field(
        0, ge=0, le=16, description="pictures between two others that refer to both"
    )
    preset: Preset = Field(
        "veryfast", description="how hard the encoder searches; a phone's searches little"
    )
    value_range: Literal["full", "limited"] = Field(
        "full", description="limited maps grey values to 16 to 235 (8 bits)"
    )
    bit_depth: Literal[8, 10] = Field(8, description="bits of a grey value")
    grid_shift_px: GridShift | None = Field(
        None, description="columns and rows by which the block grid is moved left and up, px"
    )

    @field_validator("crf")
    @classmethod
    def _is_the_rate_without_another(cls, crf: float | None, info: ValidationInfo) -> float | None:
        return cls._default_rate(crf, _DEFAULT_CRF, info)

    @field_validator("grid_shift_px")
    @classmethod
    def _is_even(cls, shift: GridShift | None) -> GridShift | None:
        if isinstance(shift, tuple) and any(
            part % 2 or not 0 <= part < cls.block_size_px for part in shift
        ):
            raise ValueError(f"two even numbers from 0 to {cls.block_size_px - 2}, or random")
        return shift

    @model_validator(mode="after")
    def _has_one_rate(self) -> Self:
        self._refuse_two_of_a_kind()
        if self.b_pictures > max(0, self.gop - 2):
            # between a key frame and the last picture before the next
            raise ValueError(f"b_pictures must be at most gop - 2 (given: {self.b_pictures})")
        return self

    def resolved(self, random: np.random.Generator) -> Self:
        """The same codec with a ``"random"`` grid shift drawn, in each generation.

        Parameters
        ----------
        random
            Each even shift is as likely as any other.
        """
        codec = super().resolved(random)
        if codec.grid_shift_px != "random":
            return codec
        x, y = 2 * random.integers(self.block_size_px // 2, size=2)
        return codec.model_copy(update={"grid_shift_px": (int(x), int(y))})

    @property
    def shift_px(self) -> tuple[int, int]:
        """Columns and rows of padding.

        Raises
        ------
        ValueError
            The shift is random and has not been drawn yet.
        """
        if self.grid_shift_px is None:
            return 0, 0
        if self.grid_shift_px == "random":
            raise ValueError("draw the random grid shift with resolved() before encoding")
        return self.grid_shift_px

    @property
    def constant_qp(self) -> int | None:
        """The quantisation parameter where it is constant, on the scale of 8-bit video."""
        if self.quality_percent is not None:
            return qp_of_quality(self.quality_percent)
        return self.qp

    @property
    def bit_rate_bits_per_s(self) -> int | None:
        """The mean bit rate that is asked for."""
        return None if self.bit_rate_kbit_s is None else round(1000 * self.bit_rate_kbit_s)

    @property
    def pixel_format(self) -> str:
        """ffmpeg's name of the pixel format."""
        return "yuv420p" if self.bit_depth == 8 else "yuv420p10le"
