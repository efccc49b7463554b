"""How molecules become a picture: the four modes and their options."""

from typing import Annotated, Literal, get_args

from pydantic import Field, TypeAdapter, ValidationError

from cellstorm.errors import ConfigurationError
from cellstorm.parameters import Parameters, describe_validation_error

__all__ = [
    "MODE_NAMES",
    "GaussianMode",
    "HistogramMode",
    "JitteredMode",
    "RenderMode",
    "ShiftedHistogramMode",
    "mode_named",
]


class HistogramMode(Parameters):
    """Each pixel counts the molecules that lie in it."""

    kind: Literal["histogram"] = "histogram"


class GaussianMode(Parameters):
    """Each molecule is a Gaussian as wide as its position is uncertain."""

    kind: Literal["gaussian"] = "gaussian"
    width_nm: float | None = Field(
        None, gt=0, description="the same standard deviation for all; None: the uncertainties"
    )
    min_width_nm: float = Field(1.0, gt=0, description="narrowest standard deviation drawn, nm")
    max_width_nm: float = Field(100.0, gt=0, description="widest standard deviation drawn, nm")


class ShiftedHistogramMode(Parameters):
    """Averaged shifted histogram: the mean of histograms with moved bins (Scott 1985)."""

    kind: Literal["shifted-histogram"] = "shifted-histogram"
    shifts: int = Field(4, ge=1, le=64, description="shifts along x and y, and bin width, px")


class JitteredMode(Parameters):
    """A histogram of molecules put several times at random within their uncertainty."""

    kind: Literal["jittered"] = "jittered"
    jitters: int = Field(16, ge=1, le=10_000, description="times each molecule is put")
    seed: int = Field(0, ge=0, description="seed of the random places")
    width_nm: float | None = Field(
        None, gt=0, description="the same standard deviation for all; None: the uncertainties"
    )
    max_width_nm: float = Field(100.0, gt=0, description="widest standard deviation drawn, nm")


RenderMode = Annotated[
    HistogramMode | GaussianMode | ShiftedHistogramMode | JitteredMode,
    Field(discriminator="kind"),
]
ModeName = Literal["histogram", "gaussian", "shifted-histogram", "jittered"]
MODE_NAMES: tuple[str, ...] = get_args(ModeName)
_OPTIONS = {
    model.model_fields["kind"].default: tuple(
        field for field in model.model_fields if field != "kind"
    )
    for model in (HistogramMode, GaussianMode, ShiftedHistogramMode, JitteredMode)
}
_ADAPTER: TypeAdapter[RenderMode] = TypeAdapter(RenderMode)


def mode_named(name: str, **options: object) -> RenderMode:
    """The mode called ``name`` with its default or the given options.

    Raises
    ------
    ConfigurationError
        There is no such mode, it has no such option, or a value is out of range.
    """
    if name not in MODE_NAMES:
        raise ConfigurationError(
            f"there is no rendering mode {name!r}; there are {', '.join(MODE_NAMES)}."
        )
    known = _OPTIONS[name]
    unknown = [option for option in options if option not in known]
    if unknown:
        raise ConfigurationError(
            f"the mode {name} has no option {unknown[0]!r}; it has {', '.join(known) or 'none'}."
        )
    try:
        return _ADAPTER.validate_python({"kind": name, **options})
    except ValidationError as error:
        raise ConfigurationError(f"mode {name}: {describe_validation_error(error)}") from error
