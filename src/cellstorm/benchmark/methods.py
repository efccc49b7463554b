"""The methods a grid can name, and how one is chosen."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, SerializeAsAny, ValidationError, model_serializer, model_validator

from cellstorm.localize import GanMethod, GaussianMethod, NetMethod
from cellstorm.parameters import Parameters, describe_validation_error

__all__ = ["METHOD_KINDS", "MethodChoice"]

METHOD_KINDS: dict[str, type[Parameters]] = {
    "gaussian": GaussianMethod,
    "net": NetMethod,
    "gan": GanMethod,
}
"""Localization methods by the name a grid calls them; each is a `cellstorm.localize.Method`."""


class MethodChoice(Parameters):
    """A method with its settings; in a file all stand side by side.

    ``{kind: gaussian, emitters: single}`` is the classical method with one setting
    changed; without a kind it is ``gaussian``.
    """

    kind: str = Field("gaussian", description="name of the method: " + ", ".join(METHOD_KINDS))
    camera_known: bool = Field(
        False, description="tell the method the camera; otherwise it gets nothing but the movie"
    )
    settings: SerializeAsAny[Parameters] = Field(
        default_factory=GaussianMethod, description="the method's own parameters"
    )

    @model_validator(mode="before")
    @classmethod
    def _gather_settings(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            raise ValueError("expected a mapping of the method's settings, {} for its defaults")
        if "settings" in values:
            return values
        own = dict(values)
        kind = own.pop("kind", "gaussian")
        camera_known = own.pop("camera_known", False)
        if kind not in METHOD_KINDS:
            raise ValueError(f"there is no method {kind!r}; there are {', '.join(METHOD_KINDS)}")
        try:
            settings = METHOD_KINDS[kind].model_validate(own)
        except ValidationError as error:
            raise ValueError(describe_validation_error(error)) from error
        return {"kind": kind, "camera_known": camera_known, "settings": settings}

    @model_serializer
    def _flat(self) -> dict[str, Any]:
        settings = self.settings.model_dump(mode="json", exclude_defaults=True)
        known = {"camera_known": True} if self.camera_known else {}
        return {"kind": self.kind, **known, **settings}
