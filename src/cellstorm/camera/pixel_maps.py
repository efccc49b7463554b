"""Offset, gain and variance of every pixel, for cameras whose pixels differ (sCMOS)."""

import base64
import hashlib
import zlib
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from cellstorm.atomic_file import atomic_file
from cellstorm.errors import CameraError
from cellstorm.parameters import Parameters, describe_validation_error

__all__ = ["PixelMaps"]


def _read_map(value: object) -> object:
    """Accept an array, nested lists, the path of a .npy file, or stored text."""
    if isinstance(value, (str, Path)):
        try:
            value = np.load(value, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise ValueError(f"cannot read the map ({error})") from error
    elif isinstance(value, dict):
        try:
            raw = zlib.decompress(base64.b64decode(value["zlib_base64"]))
            value = np.frombuffer(raw, dtype="<f4").reshape(value["shape"])
        except (KeyError, TypeError, ValueError, zlib.error) as error:
            raise ValueError(f"the stored map is damaged ({error!r})") from error
    try:
        array = np.array(value, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError("a map must be an array of numbers") from error
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"a map has two axes (y, x), this one has the shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError("the map holds values that are not finite")
    array.flags.writeable = False
    return array


def _store_map(array: NDArray[np.float32]) -> dict[str, object]:
    packed = zlib.compress(np.ascontiguousarray(array, dtype="<f4").tobytes(), 6)
    return {"shape": list(array.shape), "zlib_base64": base64.b64encode(packed).decode("ascii")}


PixelMap = Annotated[
    NDArray[np.float32],
    BeforeValidator(_read_map),
    PlainSerializer(_store_map, return_type=dict[str, Any]),
]


class PixelMaps(Parameters):
    """Per-pixel calibration; a map that is None leaves the camera's one number in force.

    Every map is ``(height, width)`` float32 of the whole sensor area that the movie
    shows. In YAML a map may be the path of a ``.npy`` file. The maps travel inside every
    saved configuration (compressed), so a result can be made again without the files.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    offset_adu: PixelMap | None = Field(None, description="dark level of each pixel, ADU")
    gain_e_per_adu: PixelMap | None = Field(
        None, description="photoelectrons per ADU of each pixel"
    )
    variance_adu2: PixelMap | None = Field(
        None, description="dark variance of each pixel, rounding included, ADU^2"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        shapes = {array.shape for array in self._arrays().values()}
        if not shapes:
            raise ValueError("give at least one of offset_adu, gain_e_per_adu, variance_adu2")
        if len(shapes) > 1:
            raise ValueError(f"the maps have different shapes: {sorted(shapes)}")
        if self.gain_e_per_adu is not None and (self.gain_e_per_adu <= 0).any():
            raise ValueError("gain_e_per_adu must be over zero in every pixel")
        if self.variance_adu2 is not None and (self.variance_adu2 < 0).any():
            raise ValueError("variance_adu2 must not be negative in any pixel")
        return self

    @property
    def shape(self) -> tuple[int, int]:
        """``(height, width)`` that the maps describe."""
        height, width = next(iter(self._arrays().values())).shape
        return int(height), int(width)

    @property
    def digest(self) -> str:
        """A short hash of all values."""
        total = hashlib.sha256()
        for name, array in self._arrays().items():
            total.update(name.encode())
            total.update(repr(array.shape).encode())
            total.update(np.ascontiguousarray(array, dtype="<f4").tobytes())
        return total.hexdigest()[:16]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PixelMaps) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def cut(self, region: tuple[int, int, int, int]) -> "PixelMaps":
        """The maps of a part of the field, ``(x0, x1, y0, y1)`` in pixels.

        Raises
        ------
        CameraError
            The region reaches outside the maps.
        """
        x0, x1, y0, y1 = region
        height, width = self.shape
        if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
            raise CameraError(
                f"the camera's maps are {width} x {height} px and do not cover"
                f" x {x0}:{x1}, y {y0}:{y1}."
            )
        return PixelMaps(**{key: array[y0:y1, x0:x1] for key, array in self._arrays().items()})

    def save(self, path: Path) -> None:
        """Write the maps as an ``.npz`` file.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        with atomic_file(path) as temporary:
            np.savez_compressed(temporary, allow_pickle=False, **self._arrays())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        CameraError
            The file is not there, not an ``.npz`` or its maps are unusable.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                return cls(**{name: stored[name] for name in stored.files})
        except ValidationError as error:
            raise CameraError(describe_validation_error(error), where=path) from error
        except (OSError, ValueError, AttributeError, TypeError, EOFError) as error:
            raise CameraError(f"cannot read the camera's maps ({error}).", where=path) from error

    def _arrays(self) -> dict[str, NDArray[np.float32]]:
        named = {
            "offset_adu": self.offset_adu,
            "gain_e_per_adu": self.gain_e_per_adu,
            "variance_adu2": self.variance_adu2,
        }
        return {name: array for name, array in named.items() if array is not None}
