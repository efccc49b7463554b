"""A generator's file: its maps, and what it says of itself."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.localize.gan.brightness import BrightnessScale
from cellstorm.localize.model_file import FactsInside, open_model_file
from cellstorm.parameters import Parameters

__all__ = ["GanFacts", "GanModel", "MeasuredLaw", "load_gan"]

_FORMAT = 1


class MeasuredLaw(Parameters):
    """A power law that was measured: ``exp(log_constant) value ^ slope``."""

    log_constant: float = Field(0.0, allow_inf_nan=False, description="logarithm of its factor")
    slope: float = Field(1.0, allow_inf_nan=False, description="its exponent")

    def __call__(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """What the law gives, of the shape of ``values`` (over 0)."""
        logs = np.log(np.maximum(np.asarray(values, np.float64), 1e-12))
        given: NDArray[np.float64] = np.exp(self.log_constant + self.slope * logs)
        return given


class GanFacts(FactsInside):
    """What a generator's file says of itself."""

    METHOD: ClassVar[str] = "gan"
    FORMAT: ClassVar[int] = _FORMAT

    method: Literal["gan"] = Field("gan", description="tells it from other networks' files")
    format_version: int = Field(_FORMAT, description="version of the maps and of these facts")
    factor: int = Field(ge=1, description="fine pixels along one of the frame")
    halo_px: int = Field(ge=0, description="what it looks at around a pixel of the frame, px")
    align_px: int = Field(ge=1, description="tiles begin at multiples of it, px")
    brightness: BrightnessScale = Field(BrightnessScale(), description="light of a fine pixel")
    threshold_share: float = Field(
        0.3, gt=0, lt=1, description="least brightness of a molecule, of the frame's brightest"
    )
    floor: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="least brightness of a molecule in any frame, where there is much to find",
    )
    false_per_mpx: tuple[tuple[float, float, float], ...] = Field(
        (), description="floors, and molecules found in 10^6 px that hold none: mean and worst"
    )
    reach_fine_px: int = Field(2, ge=1, le=20, description="half edge of a molecule, fine px")
    shift_px: tuple[float, float] = Field(
        (0.0, 0.0), description="how far too large x and y are drawn, px; is undone"
    )
    intensity: MeasuredLaw = Field(
        MeasuredLaw(), description="brightness of a molecule by what was found of it"
    )
    position_error_px: MeasuredLaw | None = Field(
        None, description="standard error of x and y by photons, px"
    )


@dataclass(frozen=True)
class GanModel:
    """A loaded generator: its facts and the session that runs it."""

    facts: GanFacts
    session: Any

    def maps(self, light: NDArray[np.float32]) -> NDArray[np.float32]:
        """Brightness ``(n, 1, factor height, factor width)`` of ``(n, 1, height, width)``."""
        given: NDArray[np.float32] = self.session.run(None, {"frames": light})[0]
        return given


@lru_cache(maxsize=4)
def load_gan(path: Path, modified_ns: int = 0) -> GanModel:
    """Open a generator's file.

    Parameters
    ----------
    path
        An ONNX file made by ``cellstorm``.
    modified_ns
        Its time of change, so that a new file under the old name is opened anew.

    Raises
    ------
    ConfigurationError
        The file is missing, no ONNX, or no generator that we understand.
    """
    session, facts = open_model_file(path, GanFacts)
    return GanModel(facts, session)
