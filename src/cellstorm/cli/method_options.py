"""The method of ``cellstorm localize`` out of its options."""

from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import ValidationError

from cellstorm.errors import ConfigurationError
from cellstorm.localize import GanMethod, GaussianMethod, Method, NetMethod
from cellstorm.localize.gan.model_file import load_gan
from cellstorm.localize.model_names import find_model
from cellstorm.localize.net.model_file import load_model
from cellstorm.parameters import describe_validation_error, describe_yaml_error

__all__ = ["MethodName", "chosen_method", "flag_of"]

MethodName = Literal["gaussian", "net", "gan"]


def chosen_method(
    name: MethodName | None,
    *,
    model: Path | str | None = None,
    refine: bool | None = None,
    config: Path | None = None,
    assignments: tuple[str, ...] = (),
    **options: Any,
) -> Method:
    """The method that is meant: the network, unless something asks for the fit.

    Parameters
    ----------
    name
        What the user said; when None, an option or a file of the fit's asks for it.
    model
        The network's file or name.
    refine
        Fit one place to all frames of a molecule of the network's; None: as usual.
    config
        YAML file with the method's parameters; it may name the ``method`` itself.
    assignments
        Words of ``--set``.
    **options
        The fit's own, None or False where not given.

    Raises
    ------
    ConfigurationError
        An unknown name, a value out of range, or options that exclude each other.
    """
    values = {} if config is None else _read_config(config)
    if name is None:
        name = _meant(values, assignments, options)
    if refine is not None:
        if name != "net":
            raise ConfigurationError("--refine and --no-refine need --method net.")
        values["refine"] = refine
    if name != "gaussian":
        kind = NetMethod if name == "net" else GanMethod
        return _network_method(
            kind, values, model=model, config=config, assignments=assignments, **options
        )
    if model is not None:
        raise ConfigurationError("--model needs --method net or gan.")
    return _gaussian_method(values, config=config, assignments=assignments, **options)


def _meant(
    values: dict[str, Any], assignments: tuple[str, ...], options: dict[str, Any]
) -> MethodName:
    """The method that a file names, or that what is given belongs to."""
    if values.get("method") in get_args(MethodName):
        named: MethodName = values["method"]
        return named
    names = set(values) | {assignment.partition("=")[0].split(".")[0] for assignment in assignments}
    the_fits, the_networks = set(GaussianMethod.model_fields), set(NetMethod.model_fields)
    of_the_fit = names & the_fits - the_networks
    # a misspelt name belongs to the method that can say what was meant
    for unknown in names - the_fits - the_networks:
        near = get_close_matches(unknown, sorted(the_fits | the_networks), n=1)
        of_the_fit |= set(near) - the_networks
    return "gaussian" if of_the_fit or any(map(_given, options.values())) else "net"


def _given(value: object) -> bool:
    return value is not None and value is not False


def _gaussian_method(
    values: dict[str, Any],
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
        told = describe_validation_error(error, GaussianMethod)
        raise ConfigurationError(told, where=config) from error


def _network_method(
    kind: type[NetMethod] | type[GanMethod],
    values: dict[str, Any],
    *,
    model: Path | str | None = None,
    config: Path | None = None,
    assignments: tuple[str, ...] = (),
    **options: Any,
) -> Method:
    """The network as file, flags and ``--set`` describe it, the later winning.

    Raises
    ------
    ConfigurationError
        An unknown name, a value out of range, an option that belongs to the classical fit, or
        a model that cannot be used.
    """
    foreign = [name for name, value in options.items() if _given(value)]
    if foreign:
        raise ConfigurationError(
            f"{flag_of(foreign[0])} belongs to --method gaussian; the network has no such choice."
        )
    if model is not None:
        values["model"] = model
    for assignment in assignments:
        _assign(values, assignment)
    try:
        method = kind.model_validate(values)
    except ValidationError as error:
        told = describe_validation_error(error, kind)
        raise ConfigurationError(told, where=config) from error
    _open_model(method)
    return method


def _open_model(method: NetMethod | GanMethod) -> None:
    """Open the model file now, so that a wrong one is refused before the movie is read."""
    path = find_model(method.model, method.method)
    load = load_model if isinstance(method, NetMethod) else load_gan
    load(path, path.stat().st_mtime_ns)


def flag_of(option: str) -> str:
    """The word of the command line that sets an option of the fit."""
    return "--" + option.removesuffix("_frames").replace("_", "-")


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
