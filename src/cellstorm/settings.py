"""Change parameters inside a nested model by name: ``codec.crf=28``, ``photons=500``."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from cellstorm.errors import ConfigurationError
from cellstorm.parameters import Parameters, describe_validation_error, kinds_of

__all__ = ["change_settings", "parse_settings"]

Model = TypeVar("Model", bound=Parameters)

_OFF = (None, False, "off")


def parse_settings(words: Sequence[str]) -> dict[str, object]:
    """Words as given after ``--set``, each ``NAME=VALUE``; values are read as YAML.

    Raises
    ------
    ConfigurationError
        A word has no ``=``, or its value is not YAML.
    """
    settings: dict[str, object] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name.strip():
            raise ConfigurationError(
                f"{word!r} is not a setting.", where="--set", todo="Write it as NAME=VALUE."
            )
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ConfigurationError(
                f"the value {text!r} cannot be understood.", where=f"--set {name.strip()}"
            ) from error
        settings[name.strip()] = value
    return settings


def change_settings(
    model: Model, settings: Mapping[str, object], *, short_names: Mapping[str, str] | None = None
) -> Model:
    """A copy of a model with some parameters changed, validated as a whole.

    Parameters
    ----------
    model
        What to change.
    settings
        Names and values. A name is the way to a field with dots between
        (``codec.crf``), or the field's name alone where only one part of the model, the
        nearest to the top, has it. The value of a part can be another part, a mapping, or
        the name of its kind: fields that both kinds have then keep what was set. An
        optional part is switched on by ``True`` and off by ``False``, ``None`` or
        ``"off"``. Fields that exclude each other (``exclusive`` of the part's class) make
        way for the one given.
    short_names
        Names that stand for a way, where the name alone would be ambiguous.

    Raises
    ------
    ConfigurationError
        A name is unknown or ambiguous, or a value is not allowed; the message names the
        field and what is.
    """
    tree = _Tree(model)
    for name, value in settings.items():
        way = (short_names or {}).get(name) if "." not in name else None
        tree.set((way or name).split(".") if way or "." in name else tree.find(name), value)
    try:
        return type(model).model_validate(tree.values())
    except ValidationError as error:
        raise ConfigurationError(describe_validation_error(error, type(model))) from error


class _Tree:
    """A model taken apart as far as needed, so that several changes are validated together."""

    def __init__(self, model: Parameters) -> None:
        self._class = type(model)
        self._fields: dict[str, Any] = {
            name: getattr(model, name) for name in type(model).model_fields
        }
        self._default = {
            name
            for name, field in type(model).model_fields.items()
            if name not in model.model_fields_set and not field.is_required()
        }

    def values(self) -> dict[str, Any]:
        return {
            name: value.values() if isinstance(value, _Tree) else value
            for name, value in self._fields.items()
            # what nobody has set follows from the model's own defaults, as it did before
            if name == "kind" or name not in self._default
        }

    def find(self, name: str) -> list[str]:
        """The way to the only nearest field of this name."""
        for depth in _by_depth(self):
            ways = [way for way in depth if way[-1] == name]
            if len(ways) == 1:
                return ways[0]
            if ways:
                raise ConfigurationError(
                    f"{name} could be {' or '.join('.'.join(way) for way in ways)}.",
                    todo="Give the longer name.",
                )
        known = {way[-1] for depth in _by_depth(self) for way in depth}
        raise _unknown(name, name, known)

    def set(self, way: Sequence[str], value: object, *, before: str = "") -> None:
        name, *rest = way
        if name not in self._fields:
            raise _unknown(f"{before}{name}", name, set(self._fields))
        if not rest:
            self._put(name, value)
            return
        child = self._fields[name]
        if child is None:
            child = self._switched_on(name, before)
        if isinstance(child, Parameters):
            child = _Tree(child)
        if not isinstance(child, _Tree):
            raise ConfigurationError(f"{before}{name} has no parts, so no {rest[0]}.")
        child.set(rest, value, before=f"{before}{name}.")
        self._fields[name] = child
        self._default.discard(name)

    def _put(self, name: str, value: object) -> None:
        kinds = kinds_of(self._class.model_fields[name].annotation)
        if kinds and isinstance(value, str):
            chosen = kinds.get(value)
            if chosen is not None:
                value = self._other_kind(name, chosen)
            elif value == "off":
                value = None
            elif None not in kinds:
                # the model's own validation says which kinds there are
                value = {"kind": value}
        elif kinds and value is True:
            value = self._switched_on(name, "")
        elif kinds and value is False:
            value = None
        for group in getattr(self._class, "exclusive", ()):
            if name in group and value is not None:
                for other in group:
                    self._fields[other] = None
                    self._default.discard(other)
        self._fields[name] = value
        self._default.discard(name)

    def _other_kind(self, name: str, chosen: type[Parameters]) -> "Parameters | _Tree":
        now = self._fields[name]
        if isinstance(now, _Tree):
            if now._class is chosen:
                return now
            kept = {key: value for key, value in now.values().items() if key != "kind"}
        elif isinstance(now, Parameters):
            if type(now) is chosen:
                return now
            kept = {key: getattr(now, key) for key in now.model_fields_set if key != "kind"}
        else:
            kept = {}
        try:
            return chosen.model_validate(
                {key: value for key, value in kept.items() if key in chosen.model_fields}
            )
        except ValidationError:
            return chosen.model_validate({})

    def _switched_on(self, name: str, before: str) -> Parameters:
        kinds = kinds_of(self._class.model_fields[name].annotation)
        if not kinds:
            raise ConfigurationError(f"{before}{name} is not set and has no parts.")
        if len(kinds) > 1:
            names = ", ".join(str(kind) for kind in kinds)
            raise ConfigurationError(
                f"{before}{name} is off.",
                todo=f"Choose its kind first, for instance {before}{name}={next(iter(kinds))}"
                f" (there are {names}).",
            )
        (only,) = kinds.values()
        try:
            return only.model_validate({})
        except ValidationError as error:
            raise ConfigurationError(
                f"{before}{name}: {describe_validation_error(error)}"
            ) from error


def _by_depth(tree: _Tree) -> Iterator[list[list[str]]]:
    """The ways to all fields, those nearest to the top first."""
    level: list[tuple[list[str], Any]] = [([], tree)]
    while level:
        below: list[tuple[list[str], Any]] = []
        for way, node in level:
            fields = (
                node._fields
                if isinstance(node, _Tree)
                else {name: getattr(node, name) for name in type(node).model_fields}
            )
            below += [([*way, name], value) for name, value in fields.items()]
        if below:
            yield [way for way, _ in below]
        level = [(way, node) for way, node in below if isinstance(node, (_Tree, Parameters))]


def _unknown(shown: str, name: str, known: set[str]) -> ConfigurationError:
    near = get_close_matches(name, sorted(known), n=3)
    todo = (
        f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(sorted(known))}."
    )
    return ConfigurationError(f"there is no setting {shown}.", todo=todo)
