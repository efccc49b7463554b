"""``cellstorm models``: which trained networks there are, and what one is good for."""

import contextlib
import json as json_format
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cellstorm.errors import CellstormError, ConfigurationError
from cellstorm.localize.gan import GanFacts
from cellstorm.localize.model_library import ModelEntry, describe_model
from cellstorm.localize.model_names import find_model, known_models, model_files, own_models
from cellstorm.localize.net import ModelFacts

__all__ = ["models"]

_UNITS = {
    "sigma_px": ("PSF", "px"),
    "photons": ("light", "photons"),
    "background_photons": ("background", "photons/px"),
    "haze_photons": ("haze", "photons"),
    "density_per_um2_frame": ("density", "molecules/um2 and frame"),
    "on_frames": ("on-time", "frames"),
    "gain_e_per_adu": ("gain", "e/ADU"),
    "read_noise_e": ("read noise", "e"),
    "crf": ("CRF", ""),
}
_BRIEF = ("sigma_px", "photons", "background_photons", "density_per_um2_frame")
_CODECS = {"h264_share": "H.264", "hevc_share": "HEVC", "vp9_share": "VP9"}


def models(
    *places: Path,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """List the networks that can be localized with, or say all about one.

    Any name in the list can be given to cellstorm localize --model. Put model files of your
    own into the folder that is named under the list, or name another in the environment
    variable CELLSTORM_MODELS.

    Parameters
    ----------
    places
        Model files, names or folders; the model that comes along and your own when none is
        given. A single file or name is shown in full.
    json
        Print JSON instead: a list of all that the files say of themselves.
    """
    alone = len(places) == 1 and not _is_folder_of_models(places[0])
    entries: list[ModelEntry] = []
    failures: list[CellstormError] = []
    for path in _files(places):
        try:
            entries.append(describe_model(path))
        except CellstormError as error:
            failures.append(error)
    if failures and not entries:
        raise failures[0]
    for failure in failures:
        print(f"Note: {failure}", file=sys.stderr)
    if json:
        print(json_format.dumps([_as_json(entry) for entry in entries], indent=2))
        return
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 100)
    for number, entry in enumerate(entries):
        if number:
            console.print()
        console.print(Text(entry.facts.name, style="bold"))
        console.print(_grid(_in_full(entry) if alone else _in_brief(entry)))
    if not entries:
        print(f"There is no model in {', '.join(map(str, places))}.")
    if not places:
        console.print()
        console.print(Text(f"Your own models: {own_models()}"))


def _files(places: tuple[Path, ...]) -> list[Path]:
    if not places:
        return known_models()
    found = [
        path
        for place in places
        for path in (model_files(place) if _is_folder_of_models(place) else [find_model(place)])
    ]
    return list(dict.fromkeys(found))


def _is_folder_of_models(place: Path) -> bool:
    """A folder, unless it is an empty one that only happens to have the name of a model."""
    if not place.is_dir():
        return False
    if not model_files(place):
        with contextlib.suppress(ConfigurationError):
            find_model(place)
            return False
    return True


def _grid(rows: Iterator[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        # Text, so that brackets in file names are not taken for markup
        table.add_row(f"  {name}", Text(value))
    return table


def _in_brief(entry: ModelEntry) -> Iterator[tuple[str, str]]:
    yield from _of_the_file(entry)
    conditions = entry.facts.conditions
    told = [_range(name, conditions[name]) for name in _BRIEF if name in conditions]
    if codecs := _codecs(conditions):
        told.append(codecs)
    if told:
        yield "valid for", ", ".join(told)
    figures = entry.facts.figures
    if figures:
        mean = sum(figures.values()) / len(figures)
        yield "efficiency", f"{mean:.3f}, mean of {len(figures)} simulated movies"


def _in_full(entry: ModelEntry) -> Iterator[tuple[str, str]]:
    yield from _of_the_file(entry)
    conditions = entry.facts.conditions
    heading = "valid for"
    for name in (name for name in _UNITS if name in conditions):
        yield heading, _range(name, conditions[name])
        heading = ""
    if codecs := _codecs(conditions):
        yield heading, codecs
    heading = "conditions"
    for name, value in conditions.items():
        if name not in _UNITS and name not in _CODECS:
            yield heading, f"{name} {_plain(value)}"
            heading = ""
    heading = "efficiency"
    for name, figure in entry.facts.figures.items():
        yield heading, f"{figure:.3f}  {name}"
        heading = ""
    heading = "training"
    for name, value in entry.facts.training.items():
        yield heading, f"{name} {_plain(value)}"
        heading = ""
    heading = "calibration"
    scales = {}
    if isinstance(entry.facts, ModelFacts):
        scales = {"positions": entry.facts.position_scale, "log photons": entry.facts.light_scale}
    for name, scale in scales.items():
        yield (
            heading,
            f"errors s of {name} times exp({scale.log_constant:.3f}"
            f" {scale.per_probability:+.3f} p {scale.per_log_error:+.3f} ln s),"
            " p the probability",
        )
        heading = ""


def _of_the_file(entry: ModelEntry) -> Iterator[tuple[str, str]]:
    facts = entry.facts
    along = " (comes along)" if entry.comes_along else ""
    yield "file", f"{entry.path}{along}"
    yield (
        "size",
        f"{entry.weights / 1e6:.2f} million weights, {entry.size_bytes / 1e6:.1f} MB",
    )
    yield (
        "made",
        f"{facts.created[:10]} with cellstorm {facts.cellstorm_version}, licence {facts.licence}",
    )
    yield "used with", f"--method {facts.METHOD}"
    if isinstance(facts, ModelFacts):
        yield (
            "looks at",
            f"{facts.context_frames} frames at a time; a molecule is a probability over"
            f" {facts.least_mass:g} within {facts.join_px:g} px",
        )
    if isinstance(facts, GanFacts):
        yield (
            "looks at",
            f"one frame, drawn {facts.factor} times finer; a molecule is a brightness over"
            f" {facts.floor:g} and {facts.threshold_share:g} of the frame's brightest",
        )


def _range(name: str, ends: list[float]) -> str:
    what, unit = _UNITS[name]
    return f"{what} {_plain(ends)} {unit}".rstrip()


def _codecs(conditions: dict[str, Any]) -> str:
    """The codecs with a share in the training, uncoded movies if there were any."""
    shares = {spoken: conditions.get(name, 0.0) for name, spoken in _CODECS.items()}
    if not any(name in conditions for name in _CODECS):
        return ""
    named = [spoken for spoken, share in shares.items() if share > 0]
    if sum(shares.values()) < 1.0 - 1e-6:
        named.append("uncoded")
    return ", ".join(named)


def _plain(value: object) -> str:
    if isinstance(value, list | tuple) and len(value) == 2 and all(_is_number(v) for v in value):
        return f"{value[0]:g} to {value[1]:g}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(part)}" for name, part in value.items())
    return f"{value:g}" if _is_number(value) else str(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_json(entry: ModelEntry) -> dict[str, Any]:
    return {
        "file": str(entry.path),
        "comes_along": entry.comes_along,
        "size_bytes": entry.size_bytes,
        "weights": entry.weights,
        **entry.facts.model_dump(mode="json"),
    }
