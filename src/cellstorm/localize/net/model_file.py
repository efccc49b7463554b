"""A network as one ONNX file with everything that must be known about it inside."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from cellstorm.errors import ConfigurationError
from cellstorm.localize.net.inputs import PLANES
from cellstorm.parameters import Parameters, describe_validation_error

__all__ = [
    "SHIPPED_MODEL",
    "ErrorScale",
    "ModelFacts",
    "NetworkModel",
    "load_model",
    "open_model_file",
]

SHIPPED_MODEL = Path(__file__).parent / "phone.onnx"
"""The network that comes with the package."""

_KEY = "cellstorm"
_FORMAT = 2
# in this order; others (TensorRT, Azure, ...) take minutes to start, or a server
_PROVIDERS = (
    "CUDAExecutionProvider",
    "CoreMLExecutionProvider",
    "DmlExecutionProvider",
    "CPUExecutionProvider",
)


class ErrorScale(Parameters):
    """What a reported standard deviation is multiplied by to be true.

    The logarithm of that factor is ``log_constant + per_probability p + per_log_error ln s``
    for a molecule of probability p (1 at most) and standard deviation s, px or of log
    photons.
    """

    log_constant: float = Field(0.0, description="of the factor's logarithm")
    per_probability: float = Field(0.0, description="change of it from probability 0 to 1")
    per_log_error: float = Field(0.0, description="change of it for e times the error")

    def scaled(
        self, error: NDArray[np.float64], probability: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """The errors as they truly are, of ``error``'s shape and unit."""
        log_error = np.log(np.maximum(error, 1e-6))
        log_factor = (
            self.log_constant + self.per_probability * probability + self.per_log_error * log_error
        )
        scaled: NDArray[np.float64] = error * np.exp(log_factor)
        return scaled


class ModelFacts(Parameters):
    """What a model file says of itself."""

    format_version: int = Field(_FORMAT, description="version of the maps and of these facts")
    name: str = Field(description="what to call it")
    cellstorm_version: str = Field(description="version that trained it")
    created: str = Field(description="when, ISO 8601")
    licence: str = Field("MIT", description="of the weights")
    planes: tuple[str, ...] = Field(description="what the network sees of a frame")
    context_frames: int = Field(ge=1, description="frames looked at for one")
    least_mass: float = Field(
        gt=0, lt=1, description="probability that makes a molecule where there are enough"
    )
    join_px: float = Field(gt=0, description="distance within which pixels mean one molecule")
    false_per_mpx: tuple[tuple[float, float, float], ...] = Field(
        (),
        description="thresholds, and molecules found in 10^6 px that hold none: mean and worst",
    )
    position_scale: ErrorScale = Field(
        default_factory=ErrorScale, description="calibration of the errors of x and y"
    )
    light_scale: ErrorScale = Field(
        default_factory=ErrorScale, description="calibration of the errors of log photons"
    )
    training: dict[str, Any] = Field({}, description="settings that it was trained with")
    conditions: dict[str, Any] = Field({}, description="conditions that it is valid for")
    figures: dict[str, float] = Field({}, description="efficiencies measured on simulations")


@dataclass(frozen=True)
class NetworkModel:
    """A loaded model: its facts and the session that runs it."""

    facts: ModelFacts
    session: Any

    @property
    def on_processor(self) -> bool:
        """It runs on no accelerator."""
        return bool(self.session.get_providers()[0] == _PROVIDERS[-1])

    def maps(self, planes: Any) -> Any:
        """Maps ``(n, 9, height, width)`` of all but the outermost frames of ``planes``."""
        return self.session.run(None, {"frames": planes})[0]


def preferred_providers(available: Sequence[str]) -> list[str]:
    """What the runtime shall try, the best first; the processor is always there."""
    return [name for name in _PROVIDERS if name in (*available, _PROVIDERS[-1])]


def open_model_file(path: Path) -> tuple[Any, dict[str, Any]]:
    """The session that runs a model file, and the facts in it as plain values.

    Parameters
    ----------
    path
        An ONNX file made by ``cellstorm``, for whichever method.

    Raises
    ------
    ConfigurationError
        The file is missing, no ONNX, or not made by cellstorm.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # chunks are computed side by side; a session's own threads would only get in the way
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if not path.exists():
        raise ConfigurationError("there is no such model file.", where=path)
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=preferred_providers(onnxruntime.get_available_providers())
        )
    except Exception as error:  # the runtime's own classes are not public
        raise ConfigurationError(
            "this is not an ONNX model that can be read.", where=path
        ) from error
    text = session.get_modelmeta().custom_metadata_map.get(_KEY)
    if text is None:
        raise ConfigurationError("this ONNX file is not a model of cellstorm's.", where=path)
    return session, dict(json.loads(text))


@lru_cache(maxsize=4)
def load_model(path: Path, modified_ns: int = 0) -> NetworkModel:
    """Open a model file.

    Parameters
    ----------
    path
        An ONNX file made by ``cellstorm``.
    modified_ns
        Its time of change, so that a new file under the old name is opened anew.

    Raises
    ------
    ConfigurationError
        The file is missing, no ONNX, or was not made by a cellstorm that we understand.
    """
    session, values = open_model_file(path)
    if values.get("method", "net") != "net":
        raise ConfigurationError(
            f"this is a model for --method {values['method']}, not for --method net.", where=path
        )
    try:
        facts = ModelFacts.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(
            f"the model's facts are not understood: {describe_validation_error(error)}.",
            where=path,
            todo="It may have been made by another version of cellstorm.",
        ) from error
    if facts.format_version != _FORMAT or facts.planes != PLANES:
        raise ConfigurationError(
            "this model was made for another version of cellstorm.",
            where=path,
            todo=f"It was made by {facts.cellstorm_version}.",
        )
    return NetworkModel(facts, session)
