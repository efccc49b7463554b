"""The method of ``cellstorm localize`` out of its options."""

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ValidationError

from cellstorm.errors import ConfigurationError
from cellstorm.localize import GaussianMethod, NetMethod
from cellstorm.parameters import describe_validation_error, describe_yaml_error

__all__ = ["MethodName", "gaussian_method", "net_method"]

MethodName = Literal["gaussian", "net"]


def gaussian_method(
    *,
    config: Path | None = None,
    fast: bool = False,
    filter: str | None = None,
    detector: str | None = None,
    assignments: tuple[str, ...] = (),
    **options: Any,
) -> GaussianMethod:
    """The method as file, flags and ``--set`` describe it, the later winning.

    Raises
    ------
    ConfigurationError
        An unknown name, a value out of range, or options that exclude each other.
    """
    values = {} if config is None else _read_config(config)
    if fast:
        values["emitters"] = "single"
    for name, kind in (("filter", filter), ("detector", detector)):
        if kind is not None:
            values[name] = {"kind": kind}
    values |= {name: value for name, value in options.items() if value is not None}
    for assignment in assignments:
        _assign(values, assignment)
    for name, kind in (("filter", "wavelet"), ("detector", "local-maximum")):
        if isinstance(values.get(name), dict):
            values[name].setdefault("kind", kind)
    try:
        return GaussianMethod.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(describe_validation_error(error), where=config) from error


def net_method(
    *,
    model: Path | None = None,
    refine: bool = False,
    config: Path | None = None,
    assignments: tuple[str, ...] = (),
    **options: Any,
) -> NetMethod:
    """The network as file, flags and ``--set`` describe it, the later winning.

    Raises
    ------
    ConfigurationError
        An unknown name, a value out of range, or an option that belongs to the classical fit.
    """
    foreign = [name for name, value in options.items() if value not in (None, False)]
    if foreign:
        flag = "--" + foreign[0].removesuffix("_frames").replace("_", "-")
        raise ConfigurationError(
            f"{flag} belongs to --method gaussian; the network has no such choice."
        )
    values = {} if config is None else _read_config(config)
    if model is not None:
        values["model"] = model
    if refine:
        values["refine"] = True
    for assignment in assignments:
        _assign(values, assignment)
    try:
        return NetMethod.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(describe_validation_error(error), where=config) from error


def _read_config(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"the configuration cannot be read ({error.strerror}).", where=path
        ) from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise ConfigurationError(
            f"this is not YAML: {describe_yaml_error(error)}.", where=path
        ) from error
    if not isinstance(values, dict):
        raise ConfigurationError("expected a YAML mapping of names to values.", where=path)
    return values


def _assign(values: dict[str, Any], assignment: str) -> None:
    path, equals, text = assignment.partition("=")
    *parents, name = path.strip().split(".")
    if not equals or not name or not all(parents):
        raise ConfigurationError(
            f"--set {assignment} is not an assignment.",
            todo="Give it as name=value, for instance --set filter.scale=2.",
        )
    inside = values
    for parent in parents:
        deeper = inside.setdefault(parent, {})
        if not isinstance(deeper, dict):
            raise ConfigurationError(f"--set {assignment}: {parent} has no parts.")
        inside = deeper
    try:
        inside[name] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"--set {assignment}: the value is not YAML.") from error
