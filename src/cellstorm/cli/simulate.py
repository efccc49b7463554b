"""``cellstorm simulate``: a movie with known truth."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cellstorm.atomic_file import output_error
from cellstorm.cli.progress import shown_frames
from cellstorm.errors import ConfigurationError, OutputError
from cellstorm.settings import parse_settings
from cellstorm.simulate import (
    SIMULATION_DESCRIPTIONS,
    SimulatedMovie,
    Simulation,
    load_simulation,
)
from cellstorm.simulate.codec import MOVIE_SUFFIXES

__all__ = ["simulate"]


def simulate(
    model: str = "",
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    settings: Annotated[tuple[str, ...], Parameter(name="--set", negative=())] = (),
    overwrite: bool = False,
    show: bool = False,
) -> None:
    """Make a movie of blinking molecules with known truth, recorded and coded as a phone does.

    Writes the movie, every molecule in every frame (movie.truth.parquet and .csv), and the
    model (movie.simulation.json), from which the same movie can be made again.

    Parameters
    ----------
    model
        phone, paper-fig5, emccd, scmos, dense, or a YAML or JSON file (see
        docs/simulate.md); without one the presets are listed.
    output
        Folder to write into; the preset's or file's name by default.
    settings
        Change a parameter: --set photons=500 --set codec.crf=28 --set structure=rings.
        See --show for their names, docs/simulation_settings.md for all.
    overwrite
        Replace a movie that is there already.
    show
        Print the model as YAML, with the settings, and make nothing.
    """
    if not model:
        width = max(map(len, SIMULATION_DESCRIPTIONS))
        for name, text in SIMULATION_DESCRIPTIONS.items():
            print(f"  {name:{width}}  {text}")
        print("Make one with: cellstorm simulate phone --output FOLDER")
        return
    simulation = load_simulation(model).changed(parse_settings(settings))
    if show:
        print(simulation.to_yaml(), end="")
        return
    folder = output if output is not None else Path(Path(model).stem)
    files = SimulatedMovie.beside(folder / f"movie{simulation.codec.written_suffixes[0]}")
    stale = [path for path in _earlier_files(files) if path.exists()]
    if stale and not overwrite:
        raise ConfigurationError(
            "there is a movie already." if stale[0] == files.movie else "another movie's is there.",
            where=stale[0],
            todo="Give another folder with --output, or --overwrite.",
        )
    simulation.check()
    with _folder(folder):
        print(_in_words(simulation))
        for note in simulation.notes:
            print(f"note: {note}")
        with shown_frames("simulating", simulation.frames) as listener:
            made = simulation.run(files.movie, listener=listener)
    for path in stale:
        if path.suffix in MOVIE_SUFFIXES and path != made.movie:
            path.unlink()
            print(f"{path}: removed, its truth was replaced")
    megabytes = made.movie.stat().st_size / 1e6
    print(f"{made.movie}: {simulation.frames} frames, {megabytes:.1f} MB")
    print(f"{made.truth} (and .csv): {made.rows} rows, one per molecule and frame")
    print(f"{made.model}: the model; the same movie comes from it again")


def _earlier_files(files: SimulatedMovie) -> list[Path]:
    """What a movie made before can have left; whatever its codec, all have the same truth."""
    movies = [files.movie.with_suffix(suffix) for suffix in MOVIE_SUFFIXES]
    return list(dict.fromkeys([files.movie, *movies, files.truth, files.truth_csv, files.model]))


@contextlib.contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """A folder to write into, taken away again if nothing came of it."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(
            "this is a file, not a folder.", where=folder, todo="Give a folder with --output."
        )
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(error, folder) from error
    try:
        yield
    except BaseException:
        if is_new:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


def _in_words(simulation: Simulation) -> str:
    return (
        f"{simulation.frames} frames of {simulation.width_px} x {simulation.height_px} px"
        f" ({simulation.pixel_size_nm:g} nm): {simulation.structure.kind},"
        f" {simulation.photophysics.kind} blinking, {simulation.psf.kind} PSF,"
        f" camera {simulation.camera.name}, codec {simulation.codec.kind}"
    )
