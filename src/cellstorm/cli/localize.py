"""``cellstorm localize``: from a movie to a table of molecules and a picture."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter

from cellstorm.camera import load_camera
from cellstorm.cli.method_options import MethodName, chosen_method, flag_of
from cellstorm.cli.progress import frame_rate, shown_progress
from cellstorm.cli.refined_output import named
from cellstorm.errors import ConfigurationError
from cellstorm.localize import GaussianMethod
from cellstorm.localize.gaussian.localizer import Fit, Width
from cellstorm.run import LocalizationRun, localize_movie

__all__ = ["localize"]

_SMALLEST_PIXEL_NM, _LARGEST_PIXEL_NM = 2.0, 5000.0
_RUN = Group("Run", sort_key=1)
_METHOD = Group("Method (decided from the movie when not given)", sort_key=2)

Filter = Literal[
    "wavelet",
    "gaussian",
    "lowered-gaussian",
    "difference-of-gaussians",
    "box",
    "difference-of-boxes",
    "median",
    "none",
]
Detector = Literal["local-maximum", "non-maximum-suppression", "centroid"]


def localize(
    movie: Path,
    /,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"], group=_RUN)] = None,
    camera: Annotated[str | None, Parameter(group=_RUN)] = None,
    pixel_size_nm: Annotated[float | None, Parameter(group=_RUN)] = None,
    frames: Annotated[str | None, Parameter(group=_RUN)] = None,
    roi: Annotated[str | None, Parameter(group=_RUN)] = None,
    resume: Annotated[bool, Parameter(group=_RUN, negative=())] = False,
    restart: Annotated[bool, Parameter(group=_RUN, negative=())] = False,
    picture: Annotated[bool, Parameter(group=_RUN)] = True,
    overwrite: Annotated[bool, Parameter(group=_RUN, negative=())] = False,
    workers: Annotated[int | None, Parameter(group=_RUN)] = None,
    method: Annotated[MethodName | None, Parameter(group=_METHOD)] = None,
    model: Annotated[Path | None, Parameter(group=_METHOD)] = None,
    refine: Annotated[bool | None, Parameter(group=_METHOD)] = None,
    fast: Annotated[bool, Parameter(group=_METHOD, negative=())] = False,
    filter: Annotated[Filter | None, Parameter(group=_METHOD)] = None,
    detector: Annotated[Detector | None, Parameter(group=_METHOD)] = None,
    threshold: Annotated[str | None, Parameter(group=_METHOD)] = None,
    fit: Annotated[Fit | None, Parameter(group=_METHOD)] = None,
    width: Annotated[Width | None, Parameter(group=_METHOD)] = None,
    sigma_px: Annotated[float | None, Parameter(group=_METHOD)] = None,
    fit_radius_px: Annotated[int | None, Parameter(group=_METHOD)] = None,
    temporal_median: Annotated[int | None, Parameter(group=_METHOD)] = None,
    config: Annotated[Path | None, Parameter(group=_METHOD)] = None,
    set_: Annotated[
        tuple[str, ...], Parameter(name="--set", group=_METHOD, negative=(), consume_multiple=False)
    ] = (),
) -> None:
    """Find the molecules of a movie.

    With no option at all, camera, PSF width and threshold are estimated from the movie.
    Writes the table and a picture beside it, and prints a summary. Stopped with Ctrl-C (or
    killed), it goes on where it was with --resume.

    Parameters
    ----------
    movie
        Any video, TIFF, Zarr or camera file.
    output
        The table: .parquet (native), .csv (ThunderSTORM) or .hdf5 (Picasso); MOVIE.locs.parquet
        beside the movie when not given.
    camera
        huawei-p9, ixon-897, scmos, generic-phone, or a YAML file; estimated when not given.
    pixel_size_nm
        Edge of a pixel in the sample, nm; the file's own, or 100, when not given.
    frames
        A:B, from frame A to before frame B, counted from 0; either may be left out.
    roi
        X0:X1,Y0:Y1 in pixels, upper ends not included; any may be left out.
    resume
        Continue an unfinished run.
    restart
        Throw an unfinished run away and begin again.
    picture
        Write a picture beside the table.
    overwrite
        Replace a table or picture even where it does not say that cellstorm wrote it.
    workers
        Threads that localize; one per processor when not given.
    method
        net: a trained network; gaussian: a fit of all molecules of a frame together, which is
        taken when one of its options is given (those below, but for --config and --set); gan:
        the image-to-image network of the cellSTORM paper.
    model
        The network's file, or its name (see cellstorm models); the one that comes along when
        not given.
    refine
        Fit one place to all frames of a molecule of the network's, which is done unless
        --no-refine says not to (or the PSF's width cannot be told).
    fast
        Single-emitter mode: several times faster, for sparse molecules.
    filter
        Filter before detection.
    detector
        What counts as a candidate.
    threshold
        Multiple of the noise, or a formula such as '2*std(Wave.F1)'.
    fit
        Estimator; all but mle need --fast.
    width
        Spot width: fixed, fitted (free), or fitted along x and y (elliptical); the last two
        need --fast.
    sigma_px
        Standard deviation of the PSF, px.
    fit_radius_px
        Half width of the window that is fitted, px.
    temporal_median
        Frames of the temporal median taken for the background; 0 for none.
    config
        YAML file with the method's parameters; other options win over it.
    set_
        Any parameter of the method by name, as in filter.scale=2; may be repeated.
    """
    options: dict[str, Any] = {
        "fast": fast,
        "filter": filter,
        "detector": detector,
        "threshold": threshold,
        "fit": fit,
        "width": width,
        "sigma_px": sigma_px,
        "fit_radius_px": fit_radius_px,
        "temporal_median_frames": temporal_median,
    }
    how = chosen_method(
        method, model=model, refine=refine, config=config, assignments=set_, **options
    )
    if method is None and isinstance(how, GaussianMethod) and config is None and not fast:
        words = [name for name, value in options.items() if value is not None and name != "fast"]
        word = flag_of(words[0]) if words else "--set"
        print(
            f"Note: {word} belongs to the fit, taken here instead of the network.", file=sys.stderr
        )
    if workers is not None and workers < 1:
        raise ConfigurationError("--workers must be at least 1.")
    if pixel_size_nm is not None and not 0 < pixel_size_nm < float("inf"):
        raise ConfigurationError("--pixel-size-nm must be over 0.")
    if pixel_size_nm is not None and not _SMALLEST_PIXEL_NM <= pixel_size_nm <= _LARGEST_PIXEL_NM:
        raise ConfigurationError(
            f"--pixel-size-nm {pixel_size_nm:g} is no pixel of a microscope:"
            " is it in micrometres, or the camera's own?",
            todo="Give the edge of a pixel in the sample in nm, usually 50 to 250.",
        )
    with shown_progress() as progress:
        run = localize_movie(
            movie,
            method=how,
            camera=None if camera is None else load_camera(camera),
            pixel_size_nm=pixel_size_nm,
            frames=None if frames is None else parse_frames(frames),
            region=None if roi is None else parse_region(roi),
            output=output,
            resume=resume,
            restart=restart,
            picture=picture,
            overwrite=overwrite,
            workers=workers,
            progress=progress,
        )
    print_summary(run)


def parse_frames(text: str) -> tuple[int | None, int | None]:
    """``A:B`` as numbers, None where left out.

    Raises
    ------
    ConfigurationError
        It is no such range.
    """
    bounds = _bounds(text)
    if bounds is None:
        raise ConfigurationError(
            f"--frames {text} is not a range.",
            todo="Give it as A:B, counted from 0, for instance --frames 0:500.",
        )
    return bounds


def parse_region(text: str) -> tuple[int | None, int | None, int | None, int | None]:
    """``X0:X1,Y0:Y1`` as numbers, None where left out.

    Raises
    ------
    ConfigurationError
        It is no such region.
    """
    x, comma, y = text.partition(",")
    x_bounds, y_bounds = _bounds(x), _bounds(y)
    if not comma or x_bounds is None or y_bounds is None:
        raise ConfigurationError(
            f"--roi {text} is not a region.",
            todo="Give it as X0:X1,Y0:Y1 in pixels, for instance --roi 10:138,0:128.",
        )
    return *x_bounds, *y_bounds


def print_summary(run: LocalizationRun) -> None:
    """What came out, for a person; notices go to stderr."""
    for notice in run.notices:
        print(f"Note: {notice}", file=sys.stderr)
    density = f" ({run.molecules / run.frames:.1f} per frame)" if run.frames else ""
    rows = {
        "frames": f"{run.frames}",
        "molecules": f"{run.molecules}{density}",
        "photons": _median(run.median_photons, "{:.0f}"),
        "background": _median(run.median_background_photons, "{:.1f} photons/px"),
        "uncertainty": _median(run.median_uncertainty_nm, "{:.1f} nm"),
        "spot width": _median(run.median_sigma_nm, "{:.0f} nm (standard deviation, measured)"),
    }
    for name, text in run.decisions.items():
        rows[name] = ", ".join(filter(None, (rows.get(name), text)))
    if run.frames_per_second:
        rate = frame_rate(run.frames_per_second, "frames per second", "s per frame")
        rows["speed"] = f"{rate}, {run.seconds:.1f} s in all"
    rows["table"] = named(run.table, replaced=run.table in run.replaced)
    if run.picture is not None:
        rows["picture"] = named(run.picture, replaced=run.picture in run.replaced)
    if run.sum_picture is not None:
        rows["sum of frames"] = str(run.sum_picture)
    widest = max(map(len, rows))
    for name, text in rows.items():
        if not text:
            continue
        print(f"{name:<{widest}}  {text}")


def _median(value: float | None, form: str) -> str:
    return "" if value is None else f"median {form.format(value)}"


def _bounds(text: str) -> tuple[int | None, int | None] | None:
    low, colon, high = text.partition(":")
    if not colon:
        return None
    try:
        return (int(low) if low.strip() else None, int(high) if high.strip() else None)
    except ValueError:
        return None
