"""A network as one ONNX file with everything that must be known about it inside."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import Field, ValidationError

from cellstorm.errors import ConfigurationError
from cellstorm.parameters import Parameters, describe_validation_error

__all__ = [
    "FIRST_METHOD",
    "METADATA_KEY",
    "FactsInside",
    "open_model_file",
    "open_session",
    "preferred_providers",
    "read_facts",
    "read_model_file",
]

METADATA_KEY = "cellstorm"
"""Where in an ONNX file's metadata the facts stand, as JSON."""

# in this order; others (TensorRT, Azure, ...) take minutes to start, or a server
_PROVIDERS = (
    "CUDAExecutionProvider",
    "CoreMLExecutionProvider",
    "DmlExecutionProvider",
    "CPUExecutionProvider",
)
FIRST_METHOD = "net"
"""What a file is for that does not say so: it was made when there was but one."""


class FactsInside(Parameters):
    """What every model file says of itself."""

    METHOD: ClassVar[str]
    FORMAT: ClassVar[int]

    name: str = Field(description="what to call it")
    cellstorm_version: str = Field(description="version that trained it")
    created: str = Field(description="when, ISO 8601")
    licence: str = Field("MIT", description="of the weights")
    training: dict[str, Any] = Field({}, description="settings that it was trained with")
    conditions: dict[str, Any] = Field({}, description="conditions that it is valid for")
    figures: dict[str, float] = Field({}, description="efficiencies measured on simulations")

    @property
    def is_understood(self) -> bool:
        """Its maps are of the version that we read."""
        return bool(getattr(self, "format_version", self.FORMAT) == self.FORMAT)


_Facts = TypeVar("_Facts", bound=FactsInside)


def preferred_providers(available: Sequence[str]) -> list[str]:
    """What the runtime shall try, the best first; the processor is always there."""
    return [name for name in _PROVIDERS if name in (*available, _PROVIDERS[-1])]


def open_model_file(path: Path, kind: type[_Facts]) -> tuple[Any, _Facts]:
    """The session that runs a model file, and the facts in it.

    Parameters
    ----------
    path
        An ONNX file made by ``cellstorm``.
    kind
        Facts of the method that it is to be used for.

    Raises
    ------
    ConfigurationError
        The file is missing, no ONNX, not made by cellstorm, made for another method, or by
        a cellstorm that we do not understand.
    """
    session, values = read_model_file(path)
    return session, read_facts(values, kind, path)


def read_model_file(path: Path) -> tuple[Any, dict[str, Any]]:
    """The session that runs a model file, for whichever method, and its facts as plain values.

    Raises
    ------
    ConfigurationError
        The file is missing, no ONNX, or not made by cellstorm.
    """
    import onnxruntime

    if not path.exists():
        raise ConfigurationError("there is no such model file.", where=path)
    try:
        session = open_session(
            str(path), preferred_providers(onnxruntime.get_available_providers())
        )
    except Exception as error:  # the runtime's own classes are not public
        raise ConfigurationError(
            "this is not an ONNX model that can be read.", where=path
        ) from error
    text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if text is None:
        raise ConfigurationError("this ONNX file is not a model of cellstorm's.", where=path)
    return session, dict(json.loads(text))


def open_session(model: str | bytes, providers: Sequence[str]) -> Any:
    """A session that runs a model, one thread for each call.

    Parameters
    ----------
    model
        The name of a file, or what would stand in it.
    providers
        What it may run on, the best first.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # chunks are computed side by side; a session's own threads would only get in the way
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=list(providers))


def read_facts(values: dict[str, Any], kind: type[_Facts], path: Path) -> _Facts:
    """The facts of a file out of plain values.

    Parameters
    ----------
    values
        As `read_model_file` gives them.
    kind
        Facts of the method that it is to be used for.
    path
        The file, for messages.

    Raises
    ------
    ConfigurationError
        It was made for another method, or by a cellstorm that we do not understand.
    """
    method = values.get("method", FIRST_METHOD)
    if method != kind.METHOD:
        raise ConfigurationError(
            f"this is a model for --method {method}, not for --method {kind.METHOD}.", where=path
        )
    try:
        facts = kind.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(
            f"the model's facts are not understood: {describe_validation_error(error)}.",
            where=path,
            todo="It may have been made by another version of cellstorm.",
        ) from error
    if not facts.is_understood:
        raise ConfigurationError(
            "this model was made for another version of cellstorm.",
            where=path,
            todo=f"It was made by {facts.cellstorm_version}.",
        )
    return facts
