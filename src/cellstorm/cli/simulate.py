"""``cellstorm simulate``: a movie with known truth."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cellstorm.atomic_file import output_error
from cellstorm.cli.progress import shown_frames
from cellstorm.errors import ConfigurationError
from cellstorm.settings import parse_settings
from cellstorm.simulate import SIMULATION_DESCRIPTIONS, Simulation, load_simulation

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
        phone, paper-fig5, emccd, scmos, dense, or a YAML or JSON file; without one the
        presets are listed.
    output
        Folder to write into; the preset's or file's name by default.
    settings
        Change a parameter: --set photons=500 --set codec.crf=28 --set structure=rings.
        See --show for their names.
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
    path = folder / f"movie{simulation.codec.suffixes[0]}"
    if path.exists() and not overwrite:
        raise ConfigurationError(
            "there is a movie already.",
            where=path,
            todo="Give another folder with --output, or --overwrite.",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(error, folder) from error
    print(_in_words(simulation))
    with shown_frames("simulating", simulation.frames) as listener:
        made = simulation.run(path, listener=listener)
    megabytes = made.movie.stat().st_size / 1e6
    print(f"{made.movie}: {simulation.frames} frames, {megabytes:.1f} MB")
    print(f"{made.truth} (and .csv): {made.molecules} molecules, counted in every frame")
    print(f"{made.model}: the model; the same movie comes from it again")


def _in_words(simulation: Simulation) -> str:
    return (
        f"{simulation.frames} frames of {simulation.width_px} x {simulation.height_px} px"
        f" ({simulation.pixel_size_nm:g} nm): {simulation.structure.kind},"
        f" {simulation.photophysics.kind} blinking, {simulation.psf.kind} PSF,"
        f" camera {simulation.camera.name}, codec {simulation.codec.kind}"
    )
