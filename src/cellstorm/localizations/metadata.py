"""What is known about a table beside its rows: where it came from and how it was made."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field

from cellstorm.errors import TableError
from cellstorm.parameters import Parameters

__all__ = ["Metadata", "MovieFacts"]


class MovieFacts(Parameters):
    """Which movie the molecules were seen in."""

    name: str = Field(description="file name of the movie")
    fingerprint: str | None = Field(None, description="tells this movie from another")
    shape: tuple[int, int, int] | None = Field(None, description="(frames, height, width)")
    frame_rate_hz: float | None = Field(None, description="median frame rate, Hz")


class Metadata(Parameters):
    """Everything that is stored with a table; None where it is not known."""

    # Infinity may stand in a stored configuration; as null it would not come back.
    model_config = ConfigDict(ser_json_inf_nan="constants")

    format_version: int = Field(1, ge=1, description="version of these names and meanings")
    software: str | None = Field(None, description="program that made the table")
    software_version: str | None = Field(None, description="its version")
    created: str | None = Field(None, description="when, ISO 8601 with time zone")
    pixel_size_nm: float | None = Field(None, gt=0, description="pixel of the movie, nm")
    movie: MovieFacts | None = Field(None, description="the movie")
    frames: tuple[int, int] | None = Field(
        None, description="frames analysed, the last one exclusive, counted from 0"
    )
    region: tuple[int, int, int, int] | None = Field(
        None, description="region analysed, (x0, x1, y0, y1) in px, upper ends exclusive"
    )
    camera: dict[str, Any] | None = Field(None, description="the camera's parameters")
    configuration: dict[str, Any] | None = Field(
        None, description="the localizer with all that it decided"
    )
    origin: Literal["corner"] = Field(
        "corner", description="(0, 0) is the outer corner of the top-left pixel"
    )
    origin_in_file: str | None = Field(
        None, description="convention of the foreign file it was read from, as taken"
    )
    notices: tuple[str, ...] = Field((), description="what the user should know")
    history: tuple[str, ...] = Field((), description="what was done to the table, in order")
    complete: bool = Field(True, description="False while a run has not come to its end")

    def with_step(self, *steps: str) -> Self:
        """The same with ``steps`` added to the history."""
        return self.model_copy(update={"history": (*self.history, *steps)})

    def with_notices(self, *notices: str) -> Self:
        """The same with ``notices`` added, each only once."""
        new = tuple(notice for notice in dict.fromkeys(notices) if notice not in self.notices)
        return self.model_copy(update={"notices": (*self.notices, *new)})

    def with_pixel_size(self, pixel_size_nm: float | None, *, where: Path | None = None) -> Self:
        """Take the user's pixel size for a table that is in nanometres already.

        Raises
        ------
        TableError
            The table knows another pixel size: its positions were made with that one.
        """
        known = self.pixel_size_nm
        if pixel_size_nm is None or known == pixel_size_nm:
            return self
        if known is not None:
            raise TableError(
                f"its positions were made with pixels of {known:g} nm, not {pixel_size_nm:g} nm.",
                where=where,
                todo="Leave the pixel size out, or localize the movie again with the right one.",
            )
        return self.model_copy(update={"pixel_size_nm": pixel_size_nm})
