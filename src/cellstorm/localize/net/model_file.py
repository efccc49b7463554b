"""The localization network's file: its maps, and what it says of itself."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.localize.model_file import FactsInside, open_model_file, open_session
from cellstorm.localize.model_names import SHIPPED_MODELS
from cellstorm.localize.net.block_pull import BlockPull
from cellstorm.localize.net.inputs import CELL_PX, PLANES
from cellstorm.localize.net.model_parts import MARGIN_CELLS, WINDOW_INPUTS, split_model
from cellstorm.parameters import Parameters

__all__ = [
    "SHIPPED_MODEL",
    "ErrorScale",
    "ModelFacts",
    "NetworkModel",
    "load_model",
]

SHIPPED_MODEL = SHIPPED_MODELS["net"]
"""The network that comes with the package."""

_FORMAT = 2
_PROCESSOR = "CPUExecutionProvider"


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


class ModelFacts(FactsInside):
    """What a model file says of itself."""

    METHOD: ClassVar[str] = "net"
    FORMAT: ClassVar[int] = _FORMAT

    format_version: int = Field(_FORMAT, description="version of the maps and of these facts")
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
    block_pull: BlockPull = Field(
        BlockPull(), description="what the codec's blocks do to positions, to be undone"
    )
    refined_block_pull: BlockPull = Field(
        BlockPull(), description="the same of positions that are fitted once more"
    )
    position_scale: ErrorScale = Field(
        default_factory=ErrorScale, description="calibration of the errors of x and y"
    )
    light_scale: ErrorScale = Field(
        default_factory=ErrorScale, description="calibration of the errors of log photons"
    )

    @property
    def is_understood(self) -> bool:
        """Its maps and what it sees of a frame are those that we read and give."""
        return super().is_understood and self.planes == PLANES[: len(self.planes)]


@dataclass(frozen=True)
class NetworkModel:
    """A loaded model: its facts and the sessions that run it.

    Attributes
    ----------
    facts
        What it says of itself.
    session
        Runs the whole of it.
    parts
        Sessions of its two halves, see `split_model`; None on an accelerator, and where its
        layers are not known.
    """

    facts: ModelFacts
    session: Any
    parts: tuple[Any, Any] | None = None

    @property
    def on_processor(self) -> bool:
        """It runs on no accelerator."""
        return bool(self.session.get_providers()[0] == _PROCESSOR)

    def maps(self, planes: Any) -> Any:
        """Maps ``(n, 9, height, width)`` of all but the outermost frames of ``planes``."""
        return self.session.run(None, {"frames": planes})[0]

    def features(self, planes: Any) -> Any:
        """What `maps_of` needs of each frame, ``(n, height / k, width / k, ...)``.

        Parameters
        ----------
        planes
            ``(n, planes, height, width)``; k is one or two.
        """
        if self.parts is None:
            return planes.transpose(0, 2, 3, 1)
        count, number, height, width = planes.shape
        pixels = planes.reshape(count, number, height // 2, 2, width // 2, 2)
        pixels = np.ascontiguousarray(pixels.transpose(0, 1, 3, 5, 2, 4))
        session = self.parts[0]
        halved = pixels.reshape(count, 4 * number, height // 2, width // 2)
        return session.run(None, {session.get_inputs()[0].name: halved})[0]

    def maps_of(self, features: Any, inside: tuple[slice, slice] | None = None) -> Any:
        """Maps of all but the outermost frames of ``features``.

        Parameters
        ----------
        features
            Of consecutive frames, the whole of them or a part.
        inside
            Rows and columns of 4 px that are wanted; None: all.
        """
        if self.parts is None:
            maps = self.maps(np.ascontiguousarray(features.transpose(0, 3, 1, 2)))
            if inside is None:
                return maps
            rows, columns = (slice(CELL_PX * of.start, CELL_PX * of.stop) for of in inside)
            return maps[:, :, rows, columns]
        begin, end, shown = [0, 0], [1 << 32, 1 << 32], (slice(None), slice(None))
        if inside is not None:
            begin = [max(of.start - MARGIN_CELLS, 0) for of in inside]
            end = [of.stop + MARGIN_CELLS for of in inside]
            rows, columns = (
                slice(CELL_PX * (of.start - low), CELL_PX * (of.stop - low))
                for of, low in zip(inside, begin, strict=True)
            )
            shown = (rows, columns)
        given = (np.ascontiguousarray(features), np.array(begin), np.array(end))
        maps = self.parts[1].run(None, dict(zip(WINDOW_INPUTS, given, strict=True)))[0]
        return maps[:, :, shown[0], shown[1]]


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
    session, facts = open_model_file(path, ModelFacts)
    whole = NetworkModel(facts, session)
    halves = split_model(path.read_bytes()) if whole.on_processor else None
    if halves is None:
        return whole
    one, other = (open_session(half, [_PROCESSOR]) for half in halves)
    return NetworkModel(facts, session, (one, other))
