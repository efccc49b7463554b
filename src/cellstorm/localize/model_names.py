"""Which models there are, those that come along and the user's own, and how one is named."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from cellstorm.errors import CellstormError, ConfigurationError
from cellstorm.localize.model_file import FIRST_METHOD, read_model_file

__all__ = ["SHIPPED_MODELS", "find_model", "known_models", "model_files", "own_models"]

SHIPPED_MODELS = {
    "net": Path(__file__).parent / "net" / "phone.onnx",
    "gan": Path(__file__).parent / "gan" / "phone-gan.onnx",
}
"""The network that comes with the package for each method."""

_SUFFIX = ".onnx"
_FOLDER_VARIABLE = "CELLSTORM_MODELS"


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


def known_models() -> list[Path]:
    """The models that come along and those in the user's folder."""
    folder = own_models()
    return [*SHIPPED_MODELS.values(), *(model_files(folder) if folder.is_dir() else ())]


def find_model(model: Path | str | None, method: str | None = None) -> Path:
    """The file of a model.

    Parameters
    ----------
    model
        A file, or the name of a known model (what it calls itself, or its file's name
        without ending); None for the one that comes along.
    method
        What it is for: ``net``, ``gan``; None when any will do.

    Raises
    ------
    ConfigurationError
        There is no such model, or there are several of this name.
    """
    if model is None:
        return SHIPPED_MODELS[FIRST_METHOD if method is None else method]
    path = Path(model)
    if path.is_file():
        return path
    if path.suffix.lower() == _SUFFIX or len(path.parts) != 1:
        raise ConfigurationError("there is no such model file.", where=path)
    named = list(_named(known_models(), method))
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
    names = "".join(f", or {name}" for name in sorted({name for _, name in named}))
    raise ConfigurationError(
        f"there is no model called {model}, and no such file.",
        todo=f"Give a file{names}; other models can be put into {own_models()}.",
    )


def _named(paths: Iterable[Path], method: str | None) -> Iterator[tuple[Path, str]]:
    for path in paths:
        try:
            _, values = read_model_file(path)
        except (CellstormError, OSError):
            # what is no model has no name; `cellstorm models` says why
            continue
        if method in (None, values.get("method", FIRST_METHOD)):
            yield path, str(values.get("name"))
