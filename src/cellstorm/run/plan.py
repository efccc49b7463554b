"""Everything decided about a run before its first frame: what a resumed run goes on with."""

import importlib
from itertools import pairwise
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cellstorm import __version__
from cellstorm.camera import Camera
from cellstorm.errors import OutputError
from cellstorm.localize.localizer import Blockwise, FrameRange, Localizer, Method, Region
from cellstorm.movie import Movie
from cellstorm.parameters import Parameters

__all__ = ["Plan", "Request", "frames_per_chunk"]

# A chunk of 4 Mpixel is 16 MB as float32. A localizer holds about six such arrays, so two
# workers and what waits for them stay under 400 MB whatever the size of the field.
_PIXELS_PER_CHUNK = 4_194_304
_MOST_FRAMES_PER_CHUNK = 256
# with a few chunks only, workers would wait for the one that has the last
_CHUNKS_OF_SHORT_MOVIE, _LEAST_FRAMES_PER_CHUNK = 24, 64


class Request(Parameters):
    """What the user asked for, open questions left open."""

    model_config = ConfigDict(ser_json_inf_nan="constants")

    movie_fingerprint: str = Field(description="tells this movie from another")
    method: dict[str, Any] = Field(description="the method's parameters")
    camera: dict[str, Any] | None = Field(description="the camera given; None: estimate it")
    pixel_size_nm: float | None = Field(description="the pixel size given, nm")
    frames: FrameRange = Field(description="first and last frame, the last exclusive")
    region: Region = Field(description="x0, x1, y0, y1, px")

    def differences(self, earlier: "Request") -> list[str]:
        """What differs from an earlier request, each in a few words."""
        mine, theirs = self._named_values(), earlier._named_values()
        if mine["camera"] != theirs["camera"]:
            mine = {name: value for name, value in mine.items() if not _in_camera(name)}
            theirs = {name: value for name, value in theirs.items() if not _in_camera(name)}
        names = dict.fromkeys([*theirs, *mine])
        return [
            f"{_spoken(name)} was {_short(theirs.get(name))} and is {_short(mine.get(name))}"
            for name in names
            if mine.get(name) != theirs.get(name)
        ]

    def _named_values(self) -> dict[str, Any]:
        values = self.model_dump(mode="json", exclude={"camera"})
        camera = self.camera
        name = None if camera is None else camera.get("name")
        return _flat({**values, "camera": name, "camera's": camera or {}})


class Plan(Parameters):
    """A run with every decision made; kept beside its unfinished result."""

    model_config = ConfigDict(ser_json_inf_nan="constants")

    software_version: str = Field(description="cellstorm that made the plan")
    request: Request
    movie_name: str
    chunk_starts: tuple[int, ...] = Field(min_length=1, description="first frame of each chunk")
    pixel_size_nm: float = Field(gt=0)
    pixel_size_assumed: bool = Field(False, description="neither given nor in the file")
    camera: Camera
    localizer_class: str = Field(description="module:name of the localizer")
    localizer: dict[str, Any] = Field(description="the localizer with all that it decided")
    notices: tuple[str, ...] = ()

    @classmethod
    def make(
        cls,
        movie: Movie,
        request: Request,
        *,
        camera: Camera,
        pixel_size_nm: float,
        pixel_size_assumed: bool,
        localizer: Localizer,
        notices: tuple[str, ...] = (),
    ) -> Self:
        """Cut the frames into chunks and write all decisions down."""
        kind = type(localizer)
        start, stop = request.frames
        length = frames_per_chunk(request.region, localizer.halo_frames, stop - start)
        block = localizer.block_frames if isinstance(localizer, Blockwise) else 1
        return cls(
            software_version=__version__,
            request=request,
            movie_name=movie.name,
            chunk_starts=tuple(
                movie.chunk_starts(start, stop, length)
                if block == 1
                else _block_starts(start, stop, length, block)
            ),
            pixel_size_nm=pixel_size_nm,
            pixel_size_assumed=pixel_size_assumed,
            camera=camera,
            localizer_class=f"{kind.__module__}:{kind.__qualname__}",
            localizer=localizer.model_dump(mode="json"),
            notices=notices,
        )

    @property
    def chunks(self) -> list[FrameRange]:
        """First and last (exclusive) frame of every chunk."""
        return list(pairwise((*self.chunk_starts, self.request.frames[1])))

    @property
    def frames_total(self) -> int:
        """Frames to localize."""
        start, stop = self.request.frames
        return stop - start

    def build_localizer(self) -> Localizer:
        """The localizer exactly as it was decided.

        Raises
        ------
        OutputError
            It cannot be rebuilt (another version, or one defined in a script).
        """
        module, _, name = self.localizer_class.partition(":")
        try:
            kind = getattr(importlib.import_module(module), name)
            if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
                raise TypeError(f"{name} is not a stored localizer")
            localizer = kind.model_validate(self.localizer)
            if not isinstance(localizer, Localizer):
                raise TypeError(f"{name} cannot localize")
        except (ImportError, AttributeError, TypeError, ValidationError) as error:
            raise OutputError(
                f"the unfinished run used {self.localizer_class}, which cannot be set up again"
                f" ({type(error).__name__}).",
                todo="Begin again with --restart.",
            ) from error
        return localizer


def frames_per_chunk(region: Region, halo_frames: int, count: int) -> int:
    """Frames that one worker takes at a time, of ``count``.

    Bounded by memory, by 256 so that a picture of what is there so far and a resumed
    run come in fine steps, and so that a short movie is shared out evenly. Where a
    localizer needs neighbours, a chunk is not much shorter than these, or most of the
    reading would be for them.
    """
    x0, x1, y0, y1 = region
    by_memory = _PIXELS_PER_CHUNK // ((x1 - x0) * (y1 - y0))
    evenly = max(count // _CHUNKS_OF_SHORT_MOVIE, _LEAST_FRAMES_PER_CHUNK)
    return max(1, min(by_memory, _MOST_FRAMES_PER_CHUNK, evenly), min(2 * halo_frames, 64))


def _block_starts(start: int, stop: int, length: int, block: int) -> list[int]:
    """Chunks of about ``length`` frames that begin at multiples of ``block``."""
    step = max(length // block, 1) * block
    return [start, *range((start // block) * block + step, stop, step)]


def request_of(
    movie: Movie,
    method: Method,
    camera: Camera | None,
    pixel_size_nm: float | None,
    frames: FrameRange,
    region: Region,
) -> Request:
    """Write down what the user asked for."""
    described = method.model_dump(mode="json") if isinstance(method, BaseModel) else {}
    return Request(
        movie_fingerprint=movie.fingerprint(),
        method={"class": type(method).__name__, **described},
        camera=None if camera is None else camera.model_dump(mode="json"),
        pixel_size_nm=pixel_size_nm,
        frames=frames,
        region=region,
    )


def _spoken(name: str) -> str:
    return name.removeprefix("method.").replace("'s.", "'s ")


def _in_camera(name: str) -> bool:
    return name.startswith("camera's.")


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _short(value: object) -> str:
    text = "not given" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
