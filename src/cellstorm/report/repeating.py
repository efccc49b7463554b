"""How a table and its report are made again: commands, settings, versions."""

import shlex
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from cellstorm.localize import GanMethod, GaussianMethod, NetMethod
from cellstorm.localize.net.model_file import SHIPPED_MODEL
from cellstorm.parameters import Parameters
from cellstorm.refine.provenance import Origin, read_origin
from cellstorm.report.table_at_hand import TableAtHand

__all__ = ["Repetition", "how_to_repeat", "versions"]

_METHODS: dict[str, type[Parameters]] = {
    "net": NetMethod,
    "gaussian": GaussianMethod,
    "gan": GanMethod,
}
_PACKAGES = ("cellstorm", "numpy", "scipy", "polars", "numba", "onnxruntime", "av", "matplotlib")


@dataclass(frozen=True)
class Repetition:
    """What it takes to make a table again.

    Attributes
    ----------
    commands
        Lines for a shell, in order, the report's own last.
    files
        Name and content of the files that these lines need.
    history
        What was done to the table, in words.
    """

    commands: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    history: tuple[str, ...]


def how_to_repeat(table: TableAtHand, command: str) -> Repetition:
    """The way of a table as its metadata tell it.

    Parameters
    ----------
    table
        The table.
    command
        Line that made the report.
    """
    metadata = table.metadata
    commands: list[str] = []
    files: list[tuple[str, str]] = []
    method = _method(metadata.configuration)
    if method is not None and metadata.movie is not None:
        words = ["cellstorm", "localize", metadata.movie.name, "--config", "method.yaml"]
        files.append(("method.yaml", method.to_yaml()))
        if metadata.camera is not None and not metadata.camera.get("maps"):
            words += ["--camera", "camera.yaml"]
            files.append(("camera.yaml", yaml.safe_dump(metadata.camera, sort_keys=False)))
        if metadata.pixel_size_nm is not None:
            words += ["--pixel-size-nm", f"{metadata.pixel_size_nm:g}"]
        shape = metadata.movie.shape
        if metadata.frames is not None and (shape is None or metadata.frames != (0, shape[0])):
            words += ["--frames", f"{metadata.frames[0]}:{metadata.frames[1]}"]
        region = metadata.region
        if region is not None and (shape is None or region != (0, shape[2], 0, shape[1])):
            words += ["--roi", f"{region[0]}:{region[1]},{region[2]}:{region[3]}"]
        commands.append(shlex.join(words))
    told = []
    for entry in metadata.history:
        step = read_origin(entry)
        told.append(entry.partition(' {"verb":')[0])
        if step is not None and (line := _refining(step)) is not None:
            commands.append(line)
    return Repetition((*commands, command), tuple(files), tuple(told))


def _method(configuration: dict[str, Any] | None) -> Parameters | None:
    """What the user would have to choose for the localizer to be the same."""
    if configuration is None:
        return None
    model = _METHODS.get(str(configuration.get("method")))
    if model is None:
        return None
    values = {name: value for name, value in configuration.items() if name in model.model_fields}
    if values.get("model") == str(SHIPPED_MODEL):
        values["model"] = None
    if configuration.get("method") == "net":
        # without a width nothing is refined, whatever was chosen
        known = configuration.get("psf_sigma_px") is not None
        values["refine"] = not known or configuration.get("refinement") is not None
    try:
        return model.model_validate(values)
    except ValidationError:
        # of another version
        return None


def _refining(step: Origin) -> str | None:
    """The command of a step; None where no single command does it."""
    source = Path(step.source).name
    if step.verb == "link":
        words = ["cellstorm", "link", source]
        given = step.parameters
        names = (
            ("radius_nm", "dark_frames")
            if given.get("radius_nm")
            else (
                "radius_sigmas",
                "dark_frames",
            )
        )
        for name in names:
            if given.get(name) is not None:
                words += [f"--{name.replace('_', '-')}", f"{given[name]:g}"]
        return shlex.join(words)
    if step.verb != "filter":
        return shlex.join(["cellstorm", step.verb, source])
    words = ["cellstorm", "filter", source]
    for one in step.parameters.get("steps", ()):
        options = _filter_options(one)
        if options is None:
            return None
        words += options
    return shlex.join(words)


def _filter_options(step: dict[str, Any]) -> list[str] | None:
    match step.get("kind"):
        case "condition":
            return [step["expression"]]
        case "region":
            ends = [f"{step[name]:g}" for name in ("x0_nm", "x1_nm", "y0_nm", "y1_nm")]
            return ["--region-nm", f"{ends[0]}:{ends[1]},{ends[2]}:{ends[3]}"]
        case "percentiles":
            return ["--percentiles", f"{step['column']}:{step['low']:g}:{step['high']:g}"]
        case "duplicates":
            return ["--duplicates-nm", f"{step['radius_nm']:g}"]
        case "density" if step.get("most") is None:
            return ["--density", f"{step['radius_nm']:g}:{step['least']}"]
        case "polygon":
            corners = " ".join(f"{x:g},{y:g}" for x, y in step["corners_nm"])
            return ["--polygon-nm", corners]
    return None


def versions() -> dict[str, str]:
    """Versions of Python and of all that the figures depend on."""
    told = {"Python": ".".join(map(str, sys.version_info[:3]))}
    for package in _PACKAGES:
        try:
            told[package] = version(package)
        except PackageNotFoundError:
            told[package] = "not installed as a package"
    return told
