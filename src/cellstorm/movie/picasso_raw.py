"""Picasso's raw movies: bare numbers with a YAML file beside them."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cellstorm.errors import MovieError
from cellstorm.movie.plane_movie import PlaneMovie
from cellstorm.parameters import describe_validation_error, describe_yaml_error

__all__ = ["open_picasso_raw"]

_EXAMPLE_PX = 256


class _Description(BaseModel):
    """The part of Picasso's YAML that says how to read the numbers."""

    model_config = ConfigDict(extra="ignore")

    frames: int = Field(alias="Frames", ge=1)
    height: int = Field(alias="Height", ge=1)
    width: int = Field(alias="Width", ge=1)
    data_type: str = Field("uint16", alias="Data Type")
    byte_order: Literal["<", ">"] = Field("<", alias="Byte Order")
    pixel_size_nm: float | None = Field(None, alias="Pixelsize", gt=0)


def open_picasso_raw(path: Path) -> PlaneMovie:
    """Open ``movie.raw`` by the ``movie.yaml`` beside it.

    Raises
    ------
    MovieError
        The YAML is missing, is no YAML, or lacks what is needed; an empty movie.
    """
    source = next(
        (
            path.with_suffix(suffix)
            for suffix in (".yaml", ".yml")
            if path.with_suffix(suffix).is_file()
        ),
        None,
    )
    if source is None:
        frames = max(1, path.stat().st_size // (2 * _EXAMPLE_PX**2))
        raise MovieError(
            f"bare numbers need their description, {path.with_suffix('.yaml').name}, beside them.",
            where=path,
            todo="Write it with your movie's own numbers in lines like these:"
            f' "Frames: {frames}", "Height: {_EXAMPLE_PX}", "Width: {_EXAMPLE_PX}",'
            " \"Data Type: uint16\", \"Byte Order: '<'\" ('>' for big endian)"
            ' and, if known, "Pixelsize: 130" (nm).'
            f" ({frames} is what the file's size makes of frames of"
            f" {_EXAMPLE_PX} x {_EXAMPLE_PX} px.)",
        )
    try:
        with source.open(encoding="utf-8") as file:
            documents = [item for item in yaml.safe_load_all(file) if isinstance(item, dict)]
    except (yaml.YAMLError, UnicodeError) as error:
        raise MovieError(
            f"this is not YAML: {describe_yaml_error(error)}.", where=source
        ) from error
    values: dict[str, Any] = next(
        (item for item in documents if "Frames" in item), documents[0] if documents else {}
    )
    try:
        description = _Description.model_validate(values)
        dtype = np.dtype(description.data_type).newbyteorder(description.byte_order)
    except ValidationError as error:
        raise MovieError(
            f"the description is incomplete: {describe_validation_error(error)}.",
            where=source,
            todo="It needs Frames, Height, Width, and usually Data Type and Byte Order.",
        ) from error
    except TypeError as error:
        raise MovieError(
            f"Data Type {description.data_type!r} is unknown.",
            where=source,
            todo="Use a NumPy name such as uint16.",
        ) from error
    return PlaneMovie(
        path,
        (description.frames, description.height, description.width),
        dtype,
        kind=".raw file",
        format_name="Picasso raw",
        pixel_size_nm=description.pixel_size_nm,
        source=source,
    )
