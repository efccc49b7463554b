"""Every setting of a simulation as a page of the documentation, made from the models."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from cellstorm.camera import PRESETS as CAMERAS
from cellstorm.parameters import Parameters, is_optional, kinds_of
from cellstorm.simulate.isp import PRESETS as ISP_PRESETS
from cellstorm.simulate.photophysics import PHOTOPHYSICS_PRESETS
from cellstorm.simulate.simulation import Simulation

__all__ = ["settings_as_markdown"]

_PRESETS: Mapping[str, Mapping[str, Parameters]] = {
    "camera": CAMERAS,
    "isp": ISP_PRESETS,
    "photophysics": PHOTOPHYSICS_PRESETS,
}
_SIGNS = {"gt": "&gt;", "ge": "≥", "lt": "&lt;", "le": "≤"}
_HEADER = ["| setting | default | allowed | meaning, unit |", "|---|---|---|---|"]


def settings_as_markdown() -> str:
    """Tables of all parts, their kinds and fields, with defaults, bounds and meanings."""
    lines = ["## The movie", "", *_table(Simulation, ""), ""]
    for name, field in Simulation.model_fields.items():
        if not kinds_of(field.annotation):
            continue
        lines += [f"## {name}", "", f"{_sentence(field.description or '')}", ""]
        lines += _part(name, field)
    return "\n".join(lines)


def _part(way: str, field: FieldInfo) -> Iterator[str]:
    """The tables of a part: one per kind, and those of the parts inside."""
    for kind, model in kinds_of(field.annotation).items():
        if kind is not None:
            yield from (f"### {way}={kind}", "")
        elif "." in way:
            yield from (f"### {way}", "")
        yield from (_first_paragraph(model), "")
        table = _table(model, f"{way}.")
        if table:
            yield from (*table, "")
        for name, inner in model.model_fields.items():
            # a second generation takes what the first does
            if kinds_of(inner.annotation) and name != "second_generation":
                yield from _part(f"{way}.{name}", inner)


def _table(model: type[Parameters], before: str) -> list[str]:
    rows = [
        f"| `{before}{name}` | {_default(field)} | {_allowed(name, field)} | {field.description} |"
        for name, field in model.model_fields.items()
        if name != "kind"
    ]
    return [*_HEADER, *rows] if rows else []


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "off" if kinds_of(field.annotation) else "none"
    if isinstance(value, Parameters):
        named = getattr(value, "kind", getattr(value, "name", None))
        return "as below" if named is None else f"`{named}`"
    return _text(value)


def _allowed(name: str, field: FieldInfo) -> str:
    kinds = [kind for kind in kinds_of(field.annotation) if kind is not None]
    if kinds or name in _PRESETS:
        allowed = ", ".join(f"`{word}`" for word in [*kinds, *_PRESETS.get(name, {})])
    elif kinds_of(field.annotation):
        allowed = "its settings"
    else:
        allowed = ", ".join([*_choices(field.annotation), *_bounds(field.metadata)])
    extra = "off" if kinds_of(field.annotation) else "none"
    return f"{allowed} or {extra}" if allowed and is_optional(field.annotation) else allowed


def _choices(annotation: Any) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield from (f"`{value}`" for value in get_args(annotation))
        return
    if get_origin(annotation) is tuple:
        yield "a list"
        return
    for part in get_args(annotation):
        yield from _choices(part)


def _bounds(metadata: list[Any]) -> Iterator[str]:
    for item in metadata:
        for name, sign in _SIGNS.items():
            bound = getattr(item, name, None)
            if bound is not None:
                yield f"{sign} {_text(bound)}"


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(_text(item) for item in value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:.7g}" if isinstance(value, float) else str(value)


def _first_paragraph(model: type[Parameters]) -> str:
    text = inspect.getdoc(model) or ""
    return " ".join(text.split("\n\n")[0].split())


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
