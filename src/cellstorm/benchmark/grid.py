"""A grid of simulations and the methods that are to be run over it."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from cellstorm.benchmark.methods import MethodChoice
from cellstorm.errors import CellstormError, ConfigurationError
from cellstorm.localize import NetMethod
from cellstorm.parameters import Parameters
from cellstorm.simulate import SIMULATION_PRESETS, Simulation

__all__ = ["FIRST_EVALUATION_SEED", "BenchmarkGrid", "Cell", "read_grid"]

FIRST_EVALUATION_SEED = 1000
"""Nothing in cellstorm is tuned on this seed and higher ones."""

_MOST_CELLS = 10_000
_UNITS = {
    "_per_um2_frame": "/µm²",
    "_per_um2": "/µm²",
    "_percent": "%",
    "_nm": "nm",
    "_px": "px",
    "_hz": "Hz",
    "_s": "s",
}


@dataclass(frozen=True)
class Cell:
    """One place of the grid.

    Attributes
    ----------
    number
        From 0, the last axis running fastest.
    settings
        Value on each axis.
    simulations
        The movies to make, one a seed.
    """

    number: int
    settings: dict[str, Any]
    simulations: tuple[Simulation, ...]

    @property
    def label(self) -> str:
        """For a person: ``photons 50, quality 70 %``."""
        return ", ".join(
            f"{axis_title(name)} {axis_value(name, value)}" for name, value in self.settings.items()
        )


class BenchmarkGrid(Parameters):
    """Movies to make and methods to run on each; every combination of the axes is a cell."""

    title: str = Field("benchmark", min_length=1, description="heading of the report")
    simulation: Simulation = Field(
        description="what all cells share: a preset's name, a mapping with `preset` and what"
        " differs from it, or a whole simulation"
    )
    axes: dict[str, tuple[Any, ...]] = Field(
        default_factory=dict,
        description="settings of the simulation by name (photons, codec.quality_percent), each"
        " with the values to try",
    )
    frames: int | None = Field(
        None, ge=1, description="length of each movie, frames; None: the simulation's own"
    )
    seeds: tuple[int, ...] = Field(
        (FIRST_EVALUATION_SEED,),
        min_length=1,
        description="one movie each, scored together; those under 1000 are for tuning",
    )
    methods: dict[str, MethodChoice] = Field(
        default_factory=lambda: {
            "net": MethodChoice(kind="net", settings=NetMethod()),
            "gaussian": MethodChoice(),
        },
        min_length=1,
        description="methods by the name the report calls them",
    )
    picasso: bool = Field(True, description="run Picasso beside them where it is installed")
    pictures: int = Field(4, ge=0, le=100, description="cells shown as pictures, corners first")

    @field_validator("simulation", mode="before")
    @classmethod
    def _start_from_a_preset(cls, value: Any) -> Any:
        if isinstance(value, str):
            return _preset(value)
        if isinstance(value, Mapping) and "preset" in value:
            changes = {name: change for name, change in value.items() if name != "preset"}
            try:
                return _preset(str(value["preset"])).changed(changes)
            except CellstormError as error:
                raise ValueError(_in_one_line(error)) from error
        return value

    @field_validator("axes")
    @classmethod
    def _axes_have_values(cls, value: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
        for name, values in value.items():
            if not values:
                raise ValueError(f"the axis {name} has no values")
            if len(set(map(repr, values))) < len(values):
                raise ValueError(f"the axis {name} has a value twice")
            if name in ("seed", "frames"):
                raise ValueError(f"{name} is no axis; give {name.rstrip('s')}s of the grid itself")
        cells = math.prod(len(values) for values in value.values())
        if cells > _MOST_CELLS:
            raise ValueError(f"the axes make {cells} cells; at most {_MOST_CELLS} are run")
        return value

    @field_validator("seeds")
    @classmethod
    def _seeds_differ(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if min(value) < 0:
            raise ValueError("a seed is 0 or greater")
        if len(set(value)) < len(value):
            raise ValueError("a seed is there twice; the same movie counts only once")
        return value

    @field_validator("methods", mode="before")
    @classmethod
    def _methods_are_named(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValueError(
                "expected a name and settings for each method, for instance"
                " {gaussian: {}, single emitter: {emitters: single}}"
            )
        return value

    @field_validator("methods")
    @classmethod
    def _picasso_is_reserved(cls, value: dict[str, MethodChoice]) -> dict[str, MethodChoice]:
        if any(name.lower().startswith("picasso") for name in value):
            raise ValueError("the name Picasso is taken; say picasso: false to leave it out")
        return value

    @model_validator(mode="after")
    def _every_cell_can_be_simulated(self) -> Self:
        try:
            self.cells()
        except CellstormError as error:
            raise ValueError(f"axes: {_in_one_line(error)}") from error
        return self

    def cells(self) -> list[Cell]:
        """All places of the grid, the last axis running fastest.

        Raises
        ------
        ConfigurationError
            An axis names no setting of the simulation, or a value is not allowed.
        """
        shared = self.simulation
        if self.frames is not None:
            shared = shared.changed(frames=self.frames)
        cells = []
        for number, values in enumerate(itertools.product(*self.axes.values())):
            settings = dict(zip(self.axes, values, strict=True))
            there = shared.changed(settings)
            simulations = tuple(there.changed(seed=seed) for seed in self.seeds)
            cells.append(Cell(number, settings, simulations))
        return cells


def read_grid(path: Path) -> BenchmarkGrid:
    """A grid from a YAML file.

    Raises
    ------
    ConfigurationError
        The file cannot be read, is not YAML, or has a field that is unknown or out of
        range; the message names it and what is allowed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"the grid cannot be read ({error.strerror}).", where=path
        ) from error
    except UnicodeError as error:
        raise ConfigurationError("this is not a text file.", where=path) from error
    return BenchmarkGrid.from_yaml(text, where=path)


def axis_title(name: str) -> str:
    """The setting's name as words without its unit: ``quality`` for ``codec.quality_percent``."""
    words = name.rpartition(".")[2]
    suffix, _ = _unit(words)
    return words.removesuffix(suffix).replace("_", " ")


def axis_heading(name: str) -> str:
    """The name as words with its unit: ``quality, %``."""
    _, unit = _unit(name)
    return f"{axis_title(name)}, {unit}" if unit else axis_title(name)


def axis_value(name: str, value: Any) -> str:
    """A value with the unit in the setting's name: ``70 %``."""
    _, unit = _unit(name)
    text = value_text(value)
    return f"{text} {unit}" if unit and text != "off" else text


def value_text(value: Any) -> str:
    """A value of an axis as short text."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return f"{value:g}"
    if isinstance(value, Mapping):
        named = value.get("kind")
        rest = ", ".join(
            f"{key} {value_text(item)}" for key, item in value.items() if key != "kind"
        )
        return f"{named} ({rest})" if named and rest else str(named or rest)
    return "off" if value is None else str(value)


def _unit(name: str) -> tuple[str, str]:
    """The end of a setting's name that is its unit, and how that is written."""
    return next(
        ((suffix, unit) for suffix, unit in _UNITS.items() if name.endswith(suffix)), ("", "")
    )


def _preset(name: str) -> Simulation:
    if name not in SIMULATION_PRESETS:
        raise ValueError(
            f"there is no preset {name!r}; there are {', '.join(sorted(SIMULATION_PRESETS))}"
        )
    return SIMULATION_PRESETS[name]


def _in_one_line(error: CellstormError) -> str:
    return " ".join(str(error).split())
