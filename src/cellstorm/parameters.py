"""The base of every configuration model: frozen, strict about names, YAML in and out."""

import types
from pathlib import Path
from typing import Annotated, Any, Literal, Self, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from cellstorm.errors import ConfigurationError

__all__ = ["Parameters", "describe_validation_error", "describe_yaml_error", "kinds_of"]


class Parameters(BaseModel):
    """A frozen, serialisable set of parameters; unknown names are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

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


def describe_yaml_error(error: yaml.YAMLError | UnicodeError) -> str:
    """In one line where a text stops being YAML, counted from 1, and why."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        problem = " ".join((error.problem or "it cannot be understood").split())
        return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"
    if isinstance(error, yaml.reader.ReaderError | UnicodeError):
        return "it holds characters that are no text"
    return " ".join(str(error).split())


def describe_validation_error(
    error: ValidationError, model: type[BaseModel] | None = None
) -> str:
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
        where = _way(detail["loc"], model)
        if not where:
            parts.append(message)
            continue
        is_told = detail["type"] in ("missing", "union_tag_invalid") or isinstance(
            detail["input"], dict | BaseModel
        )
        given = "" if is_told else f" (given: {detail['input']!r})"
        parts.append(f"{'.'.join(where)}: {message}{given}")
    return "; ".join(parts)


def _way(place: tuple[int | str, ...], model: type[BaseModel] | None) -> list[str]:
    """The way to a field; the kinds that choose a part's class stand between and are left out."""
    way: list[str] = []
    items = list(place)
    while items:
        name = str(items.pop(0))
        way.append(name)
        field = None if model is None else model.model_fields.get(name)
        model = None
        if field is not None:
            kinds = kinds_of(field.annotation)
            if items and items[0] in kinds:
                model = kinds[str(items.pop(0))]
            elif len(kinds) == 1:
                (model,) = kinds.values()
    return way


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
