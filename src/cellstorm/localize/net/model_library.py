"""Which models there are: the one that comes along, the user's own, and given files."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cellstorm.errors import CellstormError, ConfigurationError
from cellstorm.localize.net.model_file import SHIPPED_MODEL, ModelFacts, load_model
from cellstorm.localize.net.onnx_weights import count_weights

__all__ = [
    "ModelEntry",
    "describe_model",
    "find_model",
    "known_models",
    "model_files",
    "own_models",
]

_SUFFIX = ".onnx"
_FOLDER_VARIABLE = "CELLSTORM_MODELS"


@dataclass(frozen=True)
class ModelEntry:
    """A model file.

    Attributes
    ----------
    path
        The file.
    facts
        What it says of itself.
    size_bytes
        Of the file.
    weights
        Numbers in it.
    """

    path: Path
    facts: ModelFacts
    size_bytes: int
    weights: int

    @property
    def comes_along(self) -> bool:
        """Whether it is part of the package."""
        return self.path == SHIPPED_MODEL


def own_models() -> Path:
    """The user's folder of models, whether it is there or not.

    ``.cellstorm/models`` in the home directory, the same on every system; another with the
    environment variable ``CELLSTORM_MODELS``.
    """
    chosen = os.environ.get(_FOLDER_VARIABLE)
    return Path(chosen) if chosen else Path.home() / ".cellstorm" / "models"


def model_files(place: Path) -> list[Path]:
    """A file itself, or the model files of a folder, by name.

    Raises
    ------
    ConfigurationError
        There is nothing, or the folder cannot be looked at.
    """
    if not place.is_dir():
        if not place.exists():
            raise ConfigurationError("there is no such model file or folder.", where=place)
        return [place]
    try:
        return sorted(path for path in place.iterdir() if path.suffix.lower() == _SUFFIX)
    except OSError as error:
        raise ConfigurationError(
            f"the folder cannot be read ({error.strerror}).", where=place
        ) from error


def describe_model(path: Path) -> ModelEntry:
    """Open a model file and say what it is.

    Raises
    ------
    ConfigurationError
        The file is missing or no model that can be used.
    """
    modified_ns = path.stat().st_mtime_ns if path.exists() else 0
    facts = load_model(path, modified_ns).facts
    content = path.read_bytes()
    return ModelEntry(path, facts, len(content), count_weights(content))


def known_models() -> list[Path]:
    """The model that comes along and those in the user's folder."""
    folder = own_models()
    return [SHIPPED_MODEL, *(model_files(folder) if folder.is_dir() else ())]


def find_model(model: Path | str | None) -> Path:
    """The file of a model.

    Parameters
    ----------
    model
        A file, or the name of a known model (what it calls itself, or its file's name
        without ending); None for the one that comes along.

    Raises
    ------
    ConfigurationError
        There is no such model, or there are several of this name.
    """
    if model is None:
        return SHIPPED_MODEL
    path = Path(model)
    if path.is_file():
        return path
    if path.suffix.lower() == _SUFFIX or len(path.parts) != 1:
        raise ConfigurationError("there is no such model file.", where=path)
    named = list(_named(known_models()))
    # files by their own name first: that is what a user can change
    found = dict.fromkeys([path for path, _ in named if path.stem == str(model)])
    found = found or dict.fromkeys([path for path, name in named if name == str(model)])
    if len(found) == 1:
        return next(iter(found))
    if found:
        raise ConfigurationError(
            f"there are {len(found)} models called {model}: {', '.join(map(str, found))}.",
            todo="Give the file.",
        )
    names = ", ".join(sorted({name for _, name in named}))
    raise ConfigurationError(
        f"there is no model called {model}, and no such file.",
        todo=f"Give a file, or one of {names}; other models can be put into {own_models()}.",
    )


def _named(paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    for path in paths:
        try:
            yield path, load_model(path, path.stat().st_mtime_ns).facts.name
        except (CellstormError, OSError):
            # what is no model has no name; `cellstorm models` says why
            continue
