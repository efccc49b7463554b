"""``cellstorm demo``: a phone-like movie made, localized and scored, in one go."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from cellstorm.atomic_file import output_error
from cellstorm.cli.progress import shown_frames, shown_progress
from cellstorm.errors import OutputError
from cellstorm.evaluate import score
from cellstorm.localizations import read_table
from cellstorm.localize import NetMethod
from cellstorm.run import RunInterrupted, localize_movie
from cellstorm.simulate import Simulation

__all__ = ["demo"]

_ANEW = "A demo always begins anew"


def demo(
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("demo"),
    frames: Annotated[int, Parameter(validator=Number(gte=1))] = 2000,
    photons: Annotated[float, Parameter(validator=Number(gt=0))] = 1000.0,
    crf: Annotated[float, Parameter(validator=Number(gte=0, lte=51))] = 23.0,
    seed: Annotated[int, Parameter(validator=Number(gte=0))] = 1,
) -> None:
    """Make a small phone-like movie, localize it with no option at all, and score the result.

    Filaments labelled with blinking molecules, seen by the sensor of a Huawei P9 and
    coded with H.264. Writes movie, truth, table and a picture into one folder.

    Parameters
    ----------
    output
        Folder that everything is written to.
    frames
        Length of the movie.
    photons
        Mean light of a molecule in a frame.
    crf
        Quality of the H.264 video: 0 lossless, 23 usual, 51 worst.
    seed
        Another number, another movie.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(error, output) from error
    simulation = Simulation(frames=frames, seed=seed).changed(photons=photons, crf=crf)
    print(
        f"Making {frames} frames of {simulation.width_px} x {simulation.height_px} px: filaments, "
        f"{photons:g} photons a molecule and frame, Huawei P9 noise, H.264 at CRF {crf:g} ..."
    )
    began = time.monotonic()
    with shown_frames("simulating", frames) as listener:
        made = simulation.run(output / "phone.mp4", listener=listener)
    movie, truth = made.movie, made.read_truth()
    megabytes = movie.stat().st_size / 1e6
    print(f"  {movie}  {megabytes:.1f} MB, made in {time.monotonic() - began:.1f} s")

    print("Localizing it, nothing given but the video ...")
    with shown_progress() as progress, _beginning_anew():
        run = localize_movie(
            movie,
            method=NetMethod(),
            pixel_size_nm=simulation.pixel_size_nm,
            output=output / "phone.locs.parquet",
            restart=True,
            progress=progress,
        )
    print(
        f"  {run.table}  {run.molecules} molecules, {run.frames_per_second:.0f} frames per second"
    )
    for what, decision in run.decisions.items():
        print(f"  {what}: {decision}")

    result = score(read_table(run.table).data, truth, faintest_photons=simulation.faintest_photons)
    print("Against the truth (within 250 nm, SMLM Challenge's definitions):")
    print(f"  found             {result.recall:.0%} of the molecules that can be seen")
    print(f"  right             {result.precision:.0%} of what was found")
    print(f"  Jaccard           {result.jaccard:.2f}")
    print(f"  RMSE              {result.rmse_nm:.0f} nm")
    print(f"  efficiency        {result.efficiency:.2f} (1 is perfect)")
    if run.picture is not None:
        print(f"Look at {run.picture}: what the phone saw, and what cellstorm made of it.")


@contextlib.contextmanager
def _beginning_anew() -> Iterator[None]:
    """Take back the advice to resume, which a demo cannot."""
    try:
        yield
    except OutputError as error:
        todo = f"Put this right, or give another folder with --output. {_ANEW}."
        raise OutputError(error.what, where=error.where, todo=todo) from error
    except RunInterrupted as interruption:
        raise KeyboardInterrupt(
            f"Stopped after {interruption.frames_done} of {interruption.frames_total} frames."
            f" {_ANEW}; the film is in {interruption.output.parent}."
        ) from None
