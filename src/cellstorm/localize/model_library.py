"""What a model file says of itself, whichever method it is for."""

from dataclasses import dataclass
from pathlib import Path

from cellstorm.errors import ConfigurationError
from cellstorm.localize.gan.model_file import GanFacts
from cellstorm.localize.model_file import FIRST_METHOD, FactsInside, read_facts, read_model_file
from cellstorm.localize.model_names import SHIPPED_MODELS
from cellstorm.localize.net.model_file import ModelFacts
from cellstorm.localize.onnx_weights import count_weights

__all__ = ["ModelEntry", "describe_model"]

_KINDS: dict[str, type[FactsInside]] = {kind.METHOD: kind for kind in (ModelFacts, GanFacts)}


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
    facts: FactsInside
    size_bytes: int
    weights: int

    @property
    def comes_along(self) -> bool:
        """Whether it is part of the package."""
        return self.path in SHIPPED_MODELS.values()


def describe_model(path: Path) -> ModelEntry:
    """Open a model file and say what it is.

    Raises
    ------
    ConfigurationError
        The file is missing or no model that can be used.
    """
    _, values = read_model_file(path)
    kind = _KINDS.get(values.get("method", FIRST_METHOD))
    if kind is None:
        raise ConfigurationError("this model is for a method that is not known here.", where=path)
    content = path.read_bytes()
    return ModelEntry(path, read_facts(values, kind, path), len(content), count_weights(content))
