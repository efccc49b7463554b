"""The base of every configuration model: frozen, strict about names, YAML in and out."""

from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from cellstorm.errors import ConfigurationError

__all__ = ["Parameters", "describe_validation_error", "describe_yaml_error"]


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
            raise ConfigurationError(describe_validation_error(error), where=where) from error


def describe_yaml_error(error: yaml.YAMLError | UnicodeError) -> str:
    """In one line where a text stops being YAML, counted from 1, and why."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        problem = " ".join((error.problem or "it cannot be understood").split())
        return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"
    if isinstance(error, yaml.reader.ReaderError | UnicodeError):
        return "it holds characters that are no text"
    return " ".join(str(error).split())


def describe_validation_error(error: ValidationError) -> str:
    """One line that names each wrong field, its value and what is allowed."""
    parts = []
    for detail in error.errors(include_url=False):
        # what our own validators say comes with a prefix that tells the user nothing
        message = detail["msg"].removeprefix("Value error, ")
        message = message[:1].lower() + message[1:]
        if not detail["loc"]:
            parts.append(message)
            continue
        field = ".".join(str(item) for item in detail["loc"])
        given = "" if detail["type"] == "missing" else f" (given: {detail['input']!r})"
        parts.append(f"{field}: {message}{given}")
    return "; ".join(parts)
