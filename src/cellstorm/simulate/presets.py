"""Simulations that are known by name, and reading one from a file."""

import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from cellstorm.camera import PRESETS as CAMERAS
from cellstorm.errors import ConfigurationError
from cellstorm.parameters import describe_validation_error, describe_yaml_error
from cellstorm.simulate.background import Background, CellHaze
from cellstorm.simulate.codec import H264Codec, NoCodec
from cellstorm.simulate.isp import PRESETS as ISP_PRESETS
from cellstorm.simulate.photophysics import SteadyPhotophysics
from cellstorm.simulate.simulation import Simulation
from cellstorm.simulate.structures import ImageStructure

__all__ = ["SIMULATION_DESCRIPTIONS", "SIMULATION_PRESETS", "load_simulation"]

_DESCRIBED: tuple[tuple[str, str, Simulation], ...] = (
    (
        "phone",
        "a typical phone movie: filaments in a hazy cell, image processor, H.264",
        Simulation(
            frames=2000,
            background=Background(haze=CellHaze(peak_photons=30.0)),
            isp=ISP_PRESETS["phone"],
        ),
    ),
    (
        "paper-fig5",
        "figure 5 of the paper: its camera, a logo, 0.31 molecules per um2 and frame, quality 90 %",
        Simulation(
            frames=2000,
            # the authors' code
            pixel_size_nm=80.0,
            structure=ImageStructure(path="logo"),
            # 65,489 molecules in 2000 frames (Diederich et al. 2019, section 2.2)
            photophysics=SteadyPhotophysics(density_per_um2_frame=65_489 / 2000 / 10.24**2),
            codec=H264Codec(quality_percent=90.0),
        ),
    ),
    (
        "emccd",
        "an electron-multiplying camera, uncoded TIFF",
        Simulation(
            frames=1000,
            camera=CAMERAS["ixon-897"],
            codec=NoCodec(),
        ),
    ),
    (
        "scmos",
        "a scientific CMOS camera, uncoded TIFF",
        Simulation(
            frames=1000,
            camera=CAMERAS["scmos"],
            codec=NoCodec(),
        ),
    ),
    (
        "dense",
        "eight times as many molecules as phone, no haze, no image processor: neighbours overlap",
        Simulation(
            frames=2000,
            photophysics=SteadyPhotophysics(density_per_um2_frame=2.5),
        ),
    ),
)

SIMULATION_PRESETS: dict[str, Simulation] = {name: model for name, _, model in _DESCRIBED}
"""Simulations by name."""

SIMULATION_DESCRIPTIONS: dict[str, str] = {name: text for name, text, _ in _DESCRIBED}
"""What each preset is, in a line."""

_SUFFIXES = (".yaml", ".yml", ".json")


def load_simulation(name_or_path: str | Path) -> Simulation:
    """A preset by name, or a simulation from a YAML or JSON file.

    A file names what differs from the defaults or, where it names a ``preset``, from that;
    then its names may be those of ``--set``. An empty file is all defaults. The JSON that a
    simulated movie leaves beside it makes the same movie again.

    Raises
    ------
    ConfigurationError
        Neither a preset nor a readable file; or a field that is unknown or out of range,
        named with what is allowed.
    """
    preset = SIMULATION_PRESETS.get(str(name_or_path))
    if preset is not None:
        return preset
    path = Path(name_or_path)
    if path.suffix.lower() not in _SUFFIXES:
        raise ConfigurationError(
            "this is neither a preset nor a .yaml or .json file.",
            where=name_or_path,
            todo=f"The presets are {', '.join(SIMULATION_PRESETS)}.",
        )
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ConfigurationError(f"this file cannot be read ({reason}).", where=path) from error
    try:
        return _from_values(_parsed(text, is_json=path.suffix.lower() == ".json"))
    except ConfigurationError as error:
        raise ConfigurationError(error.what, where=path, todo=error.todo) from error
    except ValidationError as error:
        reason = describe_validation_error(error, Simulation)
        raise ConfigurationError(reason, where=path) from error


def _parsed(text: str, *, is_json: bool) -> dict[str, Any]:
    try:
        values = json.loads(text) if is_json else yaml.safe_load(text)
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"this is not JSON: line {error.lineno}, column {error.colno}: {error.msg}."
        ) from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise ConfigurationError(f"this is not YAML: {describe_yaml_error(error)}.") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigurationError("expected a mapping of names to values.")
    return values


def _from_values(values: dict[str, Any]) -> Simulation:
    if "preset" not in values:
        return Simulation.model_validate(values)
    name = values.pop("preset")
    preset = SIMULATION_PRESETS.get(str(name))
    if preset is None:
        raise ConfigurationError(
            f"there is no preset {name!r}.", todo=f"There are {', '.join(SIMULATION_PRESETS)}."
        )
    return preset.changed({str(key): value for key, value in values.items()})
