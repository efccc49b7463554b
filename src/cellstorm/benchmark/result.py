"""What one method achieved in one cell, and where it is kept."""

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

import cellstorm
from cellstorm import __version__
from cellstorm.atomic_file import atomic_file
from cellstorm.parameters import Parameters

__all__ = ["CellResult", "ResultCache", "content_key", "source_key"]

# a network that comes along is part of its method as much as the code is
_DECIDING = (".py", ".onnx")


class CellResult(Parameters):
    """Figures of one method in one cell."""

    method: str = Field(description="name in the report")
    settings: dict[str, Any] = Field(description="value on each axis")
    figures: dict[str, float | None] = Field(description="by name; None where there is no value")
    intervals: dict[str, tuple[float, float]] = Field(
        default_factory=dict, description="95 % confidence interval of some figures"
    )
    true_molecules: int = Field(description="molecules that can be seen")
    found_molecules: int = Field(description="rows of the method's table")
    bits_per_px: float = Field(description="size of the movie's file")
    threshold: float | None = Field(None, description="chosen with the truth in hand; rivals only")


class ResultCache:
    """Finished results, one small file each, under the hash of all that made them.

    Parameters
    ----------
    folder
        Made when the first result is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> CellResult | None:
        """A result kept earlier; None where there is none, or what is there cannot be used."""
        try:
            text = self._path(key).read_text(encoding="utf-8")
            return CellResult.model_validate_json(text)
        except (OSError, UnicodeError, ValidationError):
            return None

    def put(self, key: str, result: CellResult) -> None:
        """Keep a result.

        Raises
        ------
        OutputError
            It cannot be written.
        """
        with atomic_file(self._path(key)) as temporary:
            temporary.write_text(result.model_dump_json(indent=1), encoding="utf-8")

    def picture(self, key: str, name: str) -> Path:
        """Where a picture that belongs to a key lies, whether it is there or not."""
        return self.folder / f"{key}.{name}.png"

    def put_picture(self, key: str, name: str, content: bytes) -> None:
        """Keep a picture.

        Raises
        ------
        OutputError
            It cannot be written.
        """
        with atomic_file(self.picture(key, name)) as temporary:
            temporary.write_bytes(content)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"


def content_key(*parts: Any) -> str:
    """A name for whatever is made from these values; other values, another name."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


@cache
def source_key(rooms: Sequence[str]) -> str:
    """Version, sources and models of some rooms (or modules) of cellstorm, as a hash.

    Parameters
    ----------
    rooms
        Names inside the package, as ``("simulate", "benchmark/picasso.py")``.
    """
    package = Path(cellstorm.__file__).parent
    digest = hashlib.sha256(__version__.encode())
    for room in rooms:
        place = package / room
        inside = (path for path in place.rglob("*") if path.suffix in _DECIDING)
        for path in sorted(inside) if place.is_dir() else [place]:
            digest.update(path.relative_to(package).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:20]
