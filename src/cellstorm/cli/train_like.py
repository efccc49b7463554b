"""``cellstorm train --like``: a network for the recordings of one's own phone."""

import contextlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from cellstorm.atomic_file import atomic_file, output_error
from cellstorm.camera import load_camera
from cellstorm.earlier_result import check_output
from cellstorm.errors import ConfigurationError, OutputError
from cellstorm.localize.net.recording_conditions import RecordingConditions
from cellstorm.movie import Movie, open_movie

if TYPE_CHECKING:
    from cellstorm.train.conditions import Conditions
    from cellstorm.train.net.fine_tuning import FineTuning, FineTuningReport
    from cellstorm.train.net.training import Device, TrainingProgress

__all__ = ["train_like"]

_DEFAULT_MINUTES = 10.0
_RUN = "run.json"


def train_like(
    movie: Path,
    *,
    output: Path | None,
    camera: str | None,
    pixel_size_nm: float | None,
    minutes: float | None,
    seed: int,
    device: "Device",
    devices: int,
    threads: int | None,
    name: str | None,
) -> None:
    """Measure a movie, train the network that comes along on around it, say what it gave.

    Parameters
    ----------
    movie
        The recording.
    output
        The model file; ``MOVIE.onnx`` beside the movie when None.
    camera, pixel_size_nm
        As for ``cellstorm localize``; the pixel size only tells densities.
    minutes
        All in all, about; ten when None.
    seed
        Of clips and held-back movies.
    device, devices, threads
        What to compute on.
    name
        What the model calls itself; the movie's name when None.

    Raises
    ------
    CellstormError
        The movie cannot be read or measured, or the file not be written.
    """
    from cellstorm.train.net.fine_tuning import finish_fine_tuning, train_on

    target = movie.with_suffix(".onnx") if output is None else output
    _refuse(target)
    folder = target.with_name(f"{target.name}.partial")
    with open_movie(movie) as film:
        pixel_size_nm = pixel_size_nm or film.pixel_size_nm
        run = _run(film, folder, camera, minutes, seed)
    console = Console(width=None if sys.stdout.isatty() else 100, highlight=False)
    console.print(_measured(run.recording, run.conditions, pixel_size_nm))
    print(f"Training for about {run.minutes:g} minutes.", file=sys.stderr, flush=True)
    train_on(run, folder, device=device, devices=devices, threads=threads, listener=_show)
    print("Checking it on held-back simulations.", file=sys.stderr, flush=True)
    report = finish_fine_tuning(run, folder, target, name=name or movie.stem)
    shutil.rmtree(folder, ignore_errors=True)
    console.print(_comparison(report))
    print(_verdict(report))
    if report.is_better:
        print(f"cellstorm localize {movie} --method net --model {target}")
    print(f"{target}: the model ({report.steps} batches)")


def _refuse(target: Path) -> None:
    if target.suffix.lower() != ".onnx":
        raise ConfigurationError(
            "a model file ends in .onnx.",
            where=target,
            todo="With --like, --output is the file to write.",
        )
    if target.exists():
        raise OutputError(
            "there is a model already.",
            where=target,
            todo="Give another name with --output, or remove it.",
        )
    check_output(target)


def _run(
    film: Movie, folder: Path, camera: str | None, minutes: float | None, seed: int
) -> "FineTuning":
    """The run that was begun there, or a new one."""
    from cellstorm.train.net.fine_tuning import FineTuning, plan_fine_tuning, shipped_facts

    path = folder / _RUN
    given = None if camera is None else load_camera(camera)
    if path.exists():
        with contextlib.suppress(ValueError, OSError):
            begun = FineTuning.model_validate_json(path.read_text(encoding="utf-8"))
            asked = (film.fingerprint(), given, minutes or begun.minutes, seed)
            same = asked == (begun.movie_fingerprint, begun.camera, begun.minutes, begun.seed)
            if same and begun.begins_with == shipped_facts().created:
                print(f"Going on with the run in {folder}.", file=sys.stderr, flush=True)
                return begun
        raise ConfigurationError(
            "an unfinished run with another movie, camera, time, seed or network is in the way.",
            where=folder,
            todo="Remove this folder, or give another name with --output.",
        )
    print("Looking at the movie.", file=sys.stderr, flush=True)
    run = plan_fine_tuning(
        film,
        given,
        minutes=_DEFAULT_MINUTES if minutes is None else minutes,
        seed=seed,
    )
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise output_error(error, folder) from error
    with atomic_file(path) as temporary:
        temporary.write_text(run.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return run


def _show(progress: "TrainingProgress") -> None:
    """A line now and then; at the top of the module, so that other processes can have it."""
    print(
        f"batch {progress.step}, loss {progress.loss:.1f},"
        f" {progress.windows_per_s:.0f} windows/s, {progress.seconds / 60:.1f} min",
        file=sys.stderr,
        flush=True,
    )


def _measured(
    recording: RecordingConditions, conditions: "Conditions", pixel_size_nm: float | None
) -> Table:
    table = Table("condition", "measured", "simulated")
    for row in _rows(recording, conditions, pixel_size_nm):
        table.add_row(*row)
    return table


def _rows(
    recording: RecordingConditions, conditions: "Conditions", pixel_size_nm: float | None
) -> Iterator[tuple[str, str, str]]:
    def ends(name: str, scale: float = 1.0) -> str:
        low, high = (scale * end for end in getattr(conditions, name))
        return f"{_told(low)} to {_told(high)}"

    light = recording.photons
    yield "PSF width, px", _told(recording.sigma_px), ends("sigma_px")
    yield "photons", "-" if light is None else f"{light[1]:.0f} (median)", ends("photons")
    low, _, high = recording.background_photons
    yield "background, photons/px", f"{low:.1f} to {high:.1f}", ends("background_photons")
    yield "haze, photons/px", f"{high - low:.1f}", ends("haze_photons")
    edge_um = conditions.pixel_size_nm / 1000.0
    yield (
        "molecules per 1000 px and frame",
        f"{1000 * recording.molecules_per_px_frame:.3g} (found)",
        ends("density_per_um2_frame", 1000 * edge_um**2),
    )
    if pixel_size_nm is not None:
        per_um2 = (1000.0 / pixel_size_nm) ** 2
        yield (
            "molecules per um2 and frame",
            f"{recording.molecules_per_px_frame * per_um2:.3g} (found)",
            ends("density_per_um2_frame", edge_um**2 * per_um2),
        )
    on = recording.on_frames
    yield "on-time, frames", "-" if on is None else f"{max(on - 1, 0.0):.2g}", ends("on_frames")
    how = " (estimated)" if recording.camera_estimated else ""
    yield "gain, e/ADU", f"{recording.gain_e_per_adu:.3g}{how}", ends("gain_e_per_adu")
    yield "read noise, e", f"{recording.read_noise_e:.3g}{how}", ends("read_noise_e")
    yield "offset, ADU", f"{recording.offset_adu:.3g}{how}", ends("offset_adu")
    if recording.codec is None:
        yield "codec", "none", "none"
        return
    gop = f"{recording.codec}, key frame every {recording.gop_frames}"
    quality = "vp9_crf" if conditions.vp9_share else "crf"
    seen = (
        f"QP {recording.median_qp:.0f} (median)"
        if recording.median_qp is not None
        else f"{recording.bits_per_pixel:.3g} bits/px"
    )
    yield "codec", gop, "the same"
    yield "quality", seen, f"CRF {ends(quality)}"


def _told(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _comparison(report: "FineTuningReport") -> Table:
    table = Table("held-back movie", "comes along", "fine-tuned", title="efficiency")
    for movie, value in report.tuned.items():
        table.add_row(movie, f"{report.shipped[movie]:.3f}", f"{value:.3f}")
    means = (sum(part.values()) / len(part) for part in (report.shipped, report.tuned))
    table.add_section()
    table.add_row("mean", *(f"{mean:.3f}" for mean in means))
    return table


def _verdict(report: "FineTuningReport") -> str:
    gain, error = report.gain
    difference = f"{gain:+.3f} ± {error:.3f}"
    if report.is_better:
        return f"The fine-tuned network is better for such movies by {difference} in efficiency."
    return (
        f"The fine-tuned network is not better than the one that comes along ({difference} in"
        " efficiency): use that one, without --model."
    )
