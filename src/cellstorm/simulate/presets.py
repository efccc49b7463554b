"""Simulations that are known by name, and reading one from a file."""

import json
from pathlib import Path

from pydantic import ValidationError

from cellstorm.camera import PRESETS as CAMERAS
from cellstorm.errors import ConfigurationError
from cellstorm.parameters import describe_validation_error
from cellstorm.simulate.background import Background, CellHaze
from cellstorm.simulate.codec import H264Codec, NoCodec
from cellstorm.simulate.isp import PRESETS as ISP_PRESETS
from cellstorm.simulate.photophysics import SteadyPhotophysics
from cellstorm.simulate.simulation import Simulation
from cellstorm.simulate.structures import FilamentStructure, ImageStructure

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
        "figure 5 of the paper: its camera, a logo and lines, 6 molecules per um2 of it",
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
        "a phone movie with eight times as many molecules: neighbours overlap",
        Simulation(
            frames=2000,
            structure=FilamentStructure(),
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

    A file names only what differs from the defaults; the JSON that a simulated movie
    leaves beside it makes the same movie again.

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
    if path.suffix.lower() != ".json":
        return Simulation.from_yaml(text, where=path)
    try:
        return Simulation.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"this is not JSON: line {error.lineno}, column {error.colno}: {error.msg}.",
            where=path,
        ) from error
    except ValidationError as error:
        raise ConfigurationError(describe_validation_error(error), where=path) from error
