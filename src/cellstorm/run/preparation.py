"""From a request to a plan: camera, pixel size and localizer decided."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cellstorm.camera import PRESETS, Camera, estimate_camera
from cellstorm.localize.localizer import Cautious, Localizer, Method
from cellstorm.movie import Movie, open_movie
from cellstorm.movie.length import unusual_pixel_size
from cellstorm.run.checks import (
    OpenRange,
    OpenRegion,
    refuse_even_movie,
    resolve_frames,
    resolve_region,
)
from cellstorm.run.plan import Plan, Request, request_of

__all__ = ["ASSUMED_PIXEL_SIZE_NM", "opened", "plan_for", "resolve_request"]

ASSUMED_PIXEL_SIZE_NM = 100.0


@contextmanager
def opened(movie: Movie | Path | str) -> Iterator[Movie]:
    """The movie itself, or the file opened for as long as it is needed."""
    if isinstance(movie, Movie):
        yield movie
    else:
        with open_movie(Path(movie)) as from_file:
            yield from_file


def resolve_request(
    movie: Movie,
    method: Method,
    camera: Camera | None,
    pixel_size_nm: float | None,
    frames: OpenRange | None,
    region: OpenRegion | None,
) -> Request:
    """Check what was asked for against the movie.

    Raises
    ------
    ConfigurationError
        Frames or region reach outside the movie.
    CameraError
        The camera's maps do not fit it.
    """
    if camera is not None:
        camera.check_shape(movie.shape[1], movie.shape[2], where=movie.name)
    return request_of(
        movie,
        method,
        camera,
        pixel_size_nm,
        resolve_frames(movie, frames),
        resolve_region(movie, region),
    )


def plan_for(
    movie: Movie, method: Method, camera: Camera | None, request: Request
) -> tuple[Plan, Localizer]:
    """Look at a sample of the movie and decide everything.

    Raises
    ------
    MovieError
        There is nothing in the movie, or it cannot be read.
    """
    refuse_even_movie(movie, request.frames, request.region)
    used, notices = _camera_for(movie, camera, request)
    size_nm = request.pixel_size_nm or movie.pixel_size_nm
    assumed = size_nm is None
    if size_nm is None:
        size_nm = ASSUMED_PIXEL_SIZE_NM
        notices.append(
            f"The pixel size is not known: {size_nm:g} nm assumed."
            " Give it with --pixel-size-nm to get lengths right."
        )
    elif request.pixel_size_nm is None and (unusual := unusual_pixel_size(size_nm)) is not None:
        notices.append(unusual)
    localizer = method.prepare(movie, used, request.frames, request.region)
    if isinstance(localizer, Cautious):
        notices.extend(localizer.notices)
    plan = Plan.make(
        movie,
        request,
        camera=used,
        pixel_size_nm=size_nm,
        pixel_size_assumed=assumed,
        localizer=localizer,
        notices=(*movie.notices, *notices),
    )
    return plan, localizer


def _camera_for(movie: Movie, camera: Camera | None, request: Request) -> tuple[Camera, list[str]]:
    """The camera to use: given, fitted to the file's flags, or estimated."""
    if camera is None:
        found = estimate_camera(movie, request.frames)
        return found, [
            f"Camera estimated from the movie: offset {found.offset_adu:.1f} ADU,"
            f" gain {found.gain_e_per_adu:.3g} e/ADU ({found.notes})."
        ]
    codec = movie.codec
    if codec is None:
        return camera, []
    notices = []
    if codec.color_range == "limited" and camera.value_range == "full":
        if camera == PRESETS.get(camera.name):
            # a preset describes the sensor; the range is the file's
            camera = camera.model_copy(update={"value_range": "limited"})
        else:
            notices.append(
                "The video is flagged limited range but the camera is described for full range."
            )
    if camera.bit_depth != movie.bit_depth:
        notices.append(
            f"The camera is described for {camera.bit_depth} bits, the video has"
            f" {movie.bit_depth}: check offset and gain."
        )
    return camera, notices
