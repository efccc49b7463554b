"""The base of every configuration model: frozen, strict about names, YAML in and out."""

import types
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from cellstorm.errors import ConfigurationError

__all__ = [
    "Named",
    "Parameters",
    "describe_validation_error",
    "describe_yaml_error",
    "is_optional",
    "kinds_of",
]


class Parameters(BaseModel):
    """A frozen, serialisable set of parameters; unknown names are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _parts_by_word(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        fields = cls.model_fields
        return {
            name: _part_by_word(fields[name], value) if name in fields else value
            for name, value in values.items()
        }

    def to_yaml(self) -> str:
        """The parameters as YAML text, in the order of their definition."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False)

    @classmethod
    def from_yaml(cls, text: str, *, where: str | Path | None = None) -> Self:
        """Parse YAML text.

        Raises
        ------
        ConfigurationError
            The text is not YAML, or a field is unknown or out of range; the
            message names the field and what is allowed.
        """
        try:
            values = yaml.safe_load(text)
        except (yaml.YAMLError, UnicodeError) as error:
            raise ConfigurationError(
                f"this is not YAML: {describe_yaml_error(error)}.", where=where
            ) from error
        if not isinstance(values, dict):
            raise ConfigurationError("expected a YAML mapping of names to values", where=where)
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise ConfigurationError(describe_validation_error(error, cls), where=where) from error


@dataclass(frozen=True)
class Named:
    """Marks a field of parameters, with `typing.Annotated`, as one whose value has names.

    Attributes
    ----------
    find
        What a name stands for; raises ValueError, saying which there are, for others.
    """

    find: Callable[[str], Parameters]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Validation as pydantic does it, after a name became what it stands for."""
        return core_schema.no_info_before_validator_function(
            lambda value: self.find(value) if isinstance(value, str) else value, handler(source)
        )


def _part_by_word(field: FieldInfo, value: object) -> object:
    """A part that is given by the name of its kind, or as on or off, as a mapping."""
    kinds = kinds_of(field.annotation)
    if not kinds or not isinstance(value, str | bool):
        return value
    if value in ("off", False) and is_optional(field.annotation):
        return None
    if value is True:
        return {} if None in kinds else value
    word = "off" if value is False else value
    if word not in kinds and (None in kinds or any(isinstance(m, Named) for m in field.metadata)):
        return word
    # where there is no such kind, validation says which there are
    return {"kind": word}


def describe_yaml_error(error: yaml.YAMLError | UnicodeError) -> str:
    """In one line where a text stops being YAML, counted from 1, and why."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        problem = " ".join((error.problem or "it cannot be understood").split())
        return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"
    if isinstance(error, yaml.reader.ReaderError | UnicodeError):
        return "it holds characters that are no text"
    return " ".join(str(error).split())


def describe_validation_error(error: ValidationError, model: type[BaseModel] | None = None) -> str:
    """One line that names each wrong field, its value and what is allowed.

    Parameters
    ----------
    error
        What validation raised.
    model
        What was validated; fields are then named as users do, without the kinds of the
        parts they are in.
    """
    parts = []
    for detail in error.errors(include_url=False):
        # what our own validators say comes with a prefix that tells the user nothing
        message = detail["msg"].removeprefix("Value error, ")
        message = message[:1].lower() + message[1:]
        context = detail.get("ctx", {})
        if detail["type"] == "union_tag_invalid":
            message = f"there is no kind {context['tag']!r}; it can be {context['expected_tags']}"
        where, owner = _way(detail["loc"], model)
        if not where:
            parts.append(message)
            continue
        is_told = detail["type"] in ("missing", "union_tag_invalid") or isinstance(
            detail["input"], dict | BaseModel
        )
        if detail["type"] == "extra_forbidden" and owner is not None:
            message, is_told = _no_such_field(where[-1], owner), True
        given = "" if is_told else f" (given: {detail['input']!r})"
        parts.append(f"{'.'.join(where)}: {message}{given}")
    return "; ".join(parts)


def _no_such_field(name: str, owner: type[BaseModel]) -> str:
    known = [field for field in owner.model_fields if field != "kind"]
    near = get_close_matches(name, known, n=3)
    if near:
        return f"there is no such setting; did you mean {' or '.join(near)}?"
    return f"there is no such setting; there are {', '.join(known)}"


def _way(
    place: tuple[int | str, ...], model: type[BaseModel] | None
) -> tuple[list[str], type[BaseModel] | None]:
    """The way to a field, and the model it is looked for in, where that is known.

    The kinds that choose a part's class stand between and are left out.
    """
    way: list[str] = []
    owner: type[BaseModel] | None = None
    items = list(place)
    while items:
        name = str(items.pop(0))
        way.append(name)
        owner = model
        field = None if model is None else model.model_fields.get(name)
        model = None
        if field is not None:
            kinds = kinds_of(field.annotation)
            if items and items[0] in kinds:
                model = kinds[str(items.pop(0))]
            elif len(kinds) == 1:
                (model,) = kinds.values()
    return way, owner


def is_optional(annotation: Any) -> bool:
    """Whether a field can be None."""
    if get_origin(annotation) is Annotated:
        return is_optional(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return any(is_optional(part) for part in get_args(annotation))
    return annotation is type(None)


def kinds_of(annotation: Any) -> dict[str | None, type[Parameters]]:
    """The models a field can hold, by their kind (None where they have none)."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return kinds_of(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        found: dict[str | None, type[Parameters]] = {}
        for part in get_args(annotation):
            found |= kinds_of(part)
        return found
    if isinstance(annotation, type) and issubclass(annotation, Parameters):
        kind = annotation.model_fields.get("kind")
        if kind is not None and get_origin(kind.annotation) is Literal:
            return {str(get_args(kind.annotation)[0]): annotation}
        return {None: annotation}
    return {}
