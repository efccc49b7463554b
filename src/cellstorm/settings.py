"""Change parameters inside a nested model by name: ``codec.crf=28``, ``photons=500``."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from cellstorm.errors import ConfigurationError
from cellstorm.parameters import (
    Named,
    Parameters,
    describe_validation_error,
    is_optional,
    kinds_of,
)

__all__ = ["change_settings", "parse_settings"]

Model = TypeVar("Model", bound=Parameters)


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
        nearest to the top, has it. The value of a part can be another part, or a mapping:
        one that is empty or names its ``kind`` makes a new part, any other changes the part
        that is there. Or it is the name of its kind: fields that both kinds have then keep
        what was set. Where a part has presets (`Named`), their names stand for them. An
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
    tree = _Tree.of(model)
    for name, value in settings.items():
        way = (short_names or {}).get(name) if "." not in name else None
        tree.set((way or name).split(".") if way or "." in name else tree.find(name), value)
    try:
        return type(model).model_validate(tree.values())
    except ValidationError as error:
        raise ConfigurationError(describe_validation_error(error, type(model))) from error


class _Tree:
    """A model taken apart as far as needed, so that several changes are validated together."""

    def __init__(self, model: type[Parameters], given: Mapping[str, Any]) -> None:
        self._class = model
        # what nobody has set follows from the model's own defaults, and is not handed on
        self._given = set(given)
        self._fields: dict[str, Any] = {
            name: given.get(name, None if field.is_required() else field.get_default())
            for name, field in model.model_fields.items()
        }

    @classmethod
    def of(cls, model: Parameters) -> "_Tree":
        tree = cls(type(model), {name: getattr(model, name) for name in model.model_fields_set})
        tree._fields = {name: getattr(model, name) for name in tree._fields}
        return tree

    def values(self) -> dict[str, Any]:
        return {
            name: value.values() if isinstance(value, _Tree) else value
            for name, value in self._fields.items()
            if name == "kind" or name in self._given
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
        for part in self._fields:
            if any(kind and name in of.model_fields for kind, of in self._kinds(part).items()):
                raise self._not_of_this_kind(part, name, "")
        raise _unknown(name, name, known)

    def set(self, way: Sequence[str], value: object, *, before: str = "") -> None:
        name, *rest = way
        if name not in self._fields:
            raise _unknown(f"{before}{name}", name, set(self._fields))
        if not rest:
            self._put(name, value, before)
            return
        child = self._fields[name] = self._part(name, before)
        self._given.add(name)
        if rest[0] not in child._fields:
            raise self._not_of_this_kind(name, rest[0], before)
        child.set(rest, value, before=f"{before}{name}.")

    def _kinds(self, name: str) -> dict[str | None, type[Parameters]]:
        return kinds_of(self._class.model_fields[name].annotation)

    def _part(self, name: str, before: str) -> "_Tree":
        child = self._fields[name]
        if child is None:
            child = self._switched_on(name, before)
        if isinstance(child, Parameters):
            return _Tree.of(child)
        if isinstance(child, Mapping):
            kinds = self._kinds(name)
            chosen = kinds.get(child.get("kind"))
            if chosen is not None:
                return _Tree(chosen, child)
        if not isinstance(child, _Tree):
            raise ConfigurationError(f"{before}{name} has no parts.")
        return child

    def _put(self, name: str, value: object, before: str) -> None:
        field, kinds = self._class.model_fields[name], self._kinds(name)
        if kinds and isinstance(value, Mapping) and value and "kind" not in value:
            child = self._fields[name] = self._part(name, before)
            for key, item in value.items():
                self.set([name, *str(key).split(".")], item, before=before)
            value = child
        if kinds and isinstance(value, str | bool):
            word = {True: "on", False: "off"}[value] if isinstance(value, bool) else value
            names = next((item for item in field.metadata if isinstance(item, Named)), None)
            if word in kinds:
                value = self._other_kind(name, kinds[word])
            elif word == "off" and is_optional(field.annotation):
                value = None
            elif word == "on":
                now = self._fields[name]
                value = self._switched_on(name, before) if now is None else now
            elif names is not None:
                try:
                    value = names.find(word)
                except ValueError as error:
                    raise ConfigurationError(f"{before}{name}: {error}.") from error
            elif None not in kinds:
                # the model's own validation says which kinds there are
                value = {"kind": word}
        for group in getattr(self._class, "exclusive", ()):
            if name in group and value is not None:
                for other in group:
                    self._fields[other] = None
                    self._given.discard(other)
        self._fields[name] = value
        self._given.add(name)

    def _other_kind(self, name: str, chosen: type[Parameters]) -> "_Tree":
        """A part of another kind, with what was set and both kinds have.

        What it still lacks may come with a later setting.
        """
        now = self._fields[name]
        if isinstance(now, Parameters):
            now = _Tree.of(now)
        kept: dict[str, Any] = {}
        if isinstance(now, _Tree):
            if now._class is chosen:
                return now
            kept = {
                key: now._fields[key]
                for key in now._given
                if key != "kind" and key in chosen.model_fields
            }
        tree = _Tree(chosen, kept)
        try:
            chosen.model_validate(tree.values())
        except ValidationError as error:
            if any(detail["type"] != "missing" for detail in error.errors()):
                return _Tree(chosen, {})
        return tree

    def _switched_on(self, name: str, before: str) -> "_Tree":
        kinds = self._kinds(name)
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
        return _Tree(only, {})

    def _not_of_this_kind(self, name: str, field: str, before: str) -> ConfigurationError:
        """A part has no such field; maybe it would have it were it of another kind."""
        way, kinds, now = f"{before}{name}", self._kinds(name), self._fields[name]
        fields = set(now._fields if isinstance(now, _Tree) else type(now).model_fields) - {"kind"}
        others = [
            f"{way}={kind}" for kind, model in kinds.items() if kind and field in model.model_fields
        ]
        if not others:
            return _unknown(f"{way}.{field}", field, fields)
        if now is None:
            return ConfigurationError(
                f"{way} is off and has no {field}.", todo=f"Choose {' or '.join(others)} first."
            )
        kind = now._fields["kind"] if isinstance(now, _Tree) else now.kind
        near = get_close_matches(field, sorted(fields), n=1)
        todo = f"Choose {' or '.join(others)} first."
        if near:
            todo = f"Did you mean {way}.{near[0]}? Else choose {' or '.join(others)} first."
        return ConfigurationError(f"{way} is {kind}, which has no {field}.", todo=todo)


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
