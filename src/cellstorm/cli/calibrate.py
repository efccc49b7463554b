"""``cellstorm calibrate``: from a still clip and a dark series to a camera."""

import contextlib
import shlex
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cellstorm.camera import ToneCurve, load_camera
from cellstorm.camera.calibration import Calibration
from cellstorm.camera.calibration import calibrate as measure
from cellstorm.camera.calibration_report import measured_quantities, write_calibration_report
from cellstorm.camera.pixel_size import OpticalPath, measure_grating
from cellstorm.camera.raw_burst import open_stills
from cellstorm.camera.tone_measurement import measure_tone_curve
from cellstorm.earlier_result import check_output
from cellstorm.errors import CellstormError, ConfigurationError
from cellstorm.movie import open_movie

__all__ = ["calibrate"]

_SUFFIXES = (".yaml", ".yml")


def calibrate(
    clip: Path,
    /,
    *more: Path,
    dark: Annotated[tuple[Path, ...], Parameter(negative=(), consume_multiple=True)] = (),
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("camera.yaml"),
    name: str | None = None,
    tone: str | None = None,
    exposure: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    grating: Path | None = None,
    period_um: float | None = None,
    objective: float | None = None,
    eyepiece: float | None = None,
    phone_focal_mm: float | None = None,
    phone_pixel_um: float | None = None,
    overwrite: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Measure a camera: gain, offset, read noise, end of the linear range, what dark looks like.

    Writes camera.yaml, for `--camera` of the other verbs, and camera.html with the pictures.

    Parameters
    ----------
    clip
        A scene that stands still and is lit unevenly, from dark to bright, out of focus, with
        the settings of the movies to come. Ten frames or more; raw frames (TIFF) are best.
        A burst of raw stills (*.dng and the like), or the folder that they are in, is one clip.
    more
        The other stills of the burst.
    dark
        The same settings with the lens covered: tells offset, read noise, dips with the key
        frames, clipping and hot pixels. A burst of raw stills, too.
    output
        The camera file.
    name
        What to call the camera; the clip's name by default.
    tone
        A camera file whose tone curve makes the response straight first.
    exposure
        Clips of one still scene with their exposure times, FILE=TIME, two or more: the
        tone curve is measured from them (any unit of time).
    grating
        Video of a grating or stage micrometer; tells the pixel size with --period-um.
    period_um
        Its period, um.
    objective
        Magnification of the objective; with --eyepiece, --phone-focal-mm and
        --phone-pixel-um it tells the pixel size.
    eyepiece
        Magnification of the eyepiece that the phone looks through.
    phone_focal_mm
        Focal length of the phone's lens, mm (not the 35 mm equivalent).
    phone_pixel_um
        Edge of the sensor's part that makes one pixel of the video, um.
    overwrite
        Replace a camera file that is there already.
    """
    if output.suffix.lower() not in _SUFFIXES:
        raise ConfigurationError(
            "a camera is kept as YAML.", where=output, todo="Give a .yaml file with --output."
        )
    page = output.with_suffix(".html")
    for path in (output, page):
        if path.exists() and not overwrite:
            raise ConfigurationError(
                "is there already.", where=path, todo="Give another --output, or --overwrite."
            )
        check_output(path, overwrite=overwrite)
    pixel_size = _pixel_size(
        grating, period_um, objective, eyepiece, phone_focal_mm, phone_pixel_um
    )
    curve = _tone_curve(tone, exposure)
    with contextlib.ExitStack() as files:
        still = files.enter_context(open_stills((clip, *more)))
        series = files.enter_context(open_stills(dark)) if dark else None
        calibration = measure(still, series, name=name or clip.stem, tone_curve=curve)
    camera = calibration.camera
    if pixel_size is not None:
        camera = camera.model_copy(update={"notes": f"{camera.notes}; {pixel_size}"})
    camera.save(output)
    command = ["cellstorm", "calibrate", *map(str, (clip, *more))]
    if dark:
        command += ["--dark", *map(str, dark)]
    try:
        write_calibration_report(
            calibration, page, command=shlex.join([*command, "--output", str(output)])
        )
    except CellstormError:
        output.unlink(missing_ok=True)
        raise
    _show(calibration)
    if pixel_size is not None:
        print(pixel_size)
    print(f"{output}: the camera; use it with --camera {output}")
    print(f"{page}: the pictures")


def _show(calibration: Calibration) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("quantity")
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("error", justify="right", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    table.add_column("told by", style="dim")
    for row in measured_quantities(calibration):
        error = f"± {row.error}" if row.error else ""
        table.add_row(row.name, row.value, error, row.unit, row.source)
    console = Console(highlight=False)
    console.print(table)
    for notice in calibration.notices:
        console.print(Text(f"Note: {notice}", style="yellow"))


def _tone_curve(tone: str | None, exposures: tuple[str, ...]) -> ToneCurve | None:
    if tone is not None and exposures:
        raise ConfigurationError("give either --tone or --exposure.", where="--tone")
    if tone is not None:
        curve = load_camera(tone).tone_curve
        if curve is None:
            raise ConfigurationError("this camera has no tone curve.", where=tone)
        return curve
    if not exposures:
        return None
    with contextlib.ExitStack() as files:
        movies, times = [], []
        for word in exposures:
            file, equals, time = word.rpartition("=")
            try:
                times.append(float(time))
            except ValueError:
                equals = ""
            if not equals:
                raise ConfigurationError(
                    f"{word!r} is not an exposure.",
                    where="--exposure",
                    todo="Write each as FILE=TIME, for instance bright.mp4=0.02.",
                )
            movies.append(files.enter_context(open_movie(Path(file))))
        found = measure_tone_curve(movies, times)
    print(
        f"tone curve from {len(times)} exposures: they agree within"
        f" {100 * found.relative_rest:.1f} %"
    )
    return found.curve


def _pixel_size(
    grating: Path | None,
    period_um: float | None,
    objective: float | None,
    eyepiece: float | None,
    phone_focal_mm: float | None,
    phone_pixel_um: float | None,
) -> str | None:
    """The pixel size in words; None where nothing tells it."""
    optics = {
        "--objective": objective,
        "--eyepiece": eyepiece,
        "--phone-focal-mm": phone_focal_mm,
        "--phone-pixel-um": phone_pixel_um,
    }
    if grating is not None or period_um is not None:
        if grating is None or period_um is None:
            raise ConfigurationError("--grating and --period-um belong together.")
        if not 0 < period_um < float("inf"):
            raise ConfigurationError("the period must be over zero.", where="--period-um")
        with open_movie(grating) as movie:
            found = measure_grating(movie, period_um=period_um)
        return (
            f"pixel size {found.pixel_size_nm.value:.2f} +- {found.pixel_size_nm.error:.1g} nm"
            f" (period {found.period_px.value:.3f} px)"
        )
    missing = [option for option, value in optics.items() if value is None]
    if len(missing) == len(optics):
        return None
    if missing:
        raise ConfigurationError(
            f"the pixel size also needs {', '.join(missing)}.",
            todo="Give all four, or a --grating with its --period-um.",
        )
    try:
        path = OpticalPath(
            objective_magnification=objective,
            eyepiece_magnification=eyepiece,
            phone_focal_mm=phone_focal_mm,
            phone_pixel_um=phone_pixel_um,
        )
    except ValueError as error:
        raise ConfigurationError("magnifications and lengths must be over zero.") from error
    return f"pixel size {path.pixel_size_nm:.4g} nm (from the optics; a grating is more certain)"
