"""No codec: every grey value as it is, in a TIFF."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import tifffile
from pydantic import Field

from cellstorm.simulate.codec.base import MovieCodec
from cellstorm.simulate.codec.value_range import GreyValues
from cellstorm.simulate.field_of_view import FieldOfView

__all__ = ["NoCodec"]


class NoCodec(MovieCodec):
    """An uncompressed multi-page TIFF, as scientific cameras give it.

    The pixel size is kept as the resolution in pixels per centimetre.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".tif", ".tiff")

    kind: Literal["none"] = "none"
    bit_depth: int | None = Field(
        None,
        ge=8,
        le=16,
        description="bits of a grey value, the camera's own when not given; 8 are kept in"
        " bytes, more in 16-bit words",
    )

    def _write(
        self, destination: Path | BytesIO, blocks: Iterable[GreyValues], view: FieldOfView
    ) -> None:
        first, blocks = _peek(blocks)
        dtype: Any = first.dtype
        if self.bit_depth is not None and dtype != (np.uint8 if self.bit_depth == 8 else np.uint16):
            raise ValueError(f"{self.bit_depth}-bit frames cannot be {dtype}")

        def pages() -> Iterator[GreyValues]:
            for block in blocks:
                if block.dtype != dtype:
                    raise ValueError(f"the first frames are {dtype}, later ones {block.dtype}")
                yield from block

        per_cm = 1e7 / view.pixel_size_nm
        tifffile.imwrite(
            destination,
            pages(),
            shape=(view.frames, view.height_px, view.width_px),
            dtype=dtype,
            photometric="minisblack",
            resolution=(per_cm, per_cm),
            resolutionunit="CENTIMETER",
            metadata={"axes": "TYX"},
        )


def _peek(blocks: Iterable[GreyValues]) -> tuple[GreyValues, Iterator[GreyValues]]:
    """The first block, and all of them."""
    rest = iter(blocks)
    first = next(rest)
    return first, chain([first], rest)
