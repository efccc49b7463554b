"""The movies of a cell: made once, taken away when every method has seen them."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from cellstorm.atomic_file import atomic_file
from cellstorm.benchmark.result import content_key, source_key
from cellstorm.simulate import Simulation

__all__ = ["SIMULATION_ROOMS", "MadeMovie", "MovieStore", "simulation_key"]

SIMULATION_ROOMS = ("simulate", "camera", "movie", "parameters.py", "settings.py")
"""What a made movie depends on."""


@dataclass(frozen=True)
class MadeMovie:
    """A movie on disk and what is in it.

    Attributes
    ----------
    simulation
        That made it.
    path
        The file.
    truth
        Every molecule in every frame.
    """

    simulation: Simulation
    path: Path
    truth: pl.DataFrame

    @property
    def visible_truth(self) -> pl.DataFrame:
        """What can be seen in a single frame."""
        return self.truth.filter(pl.col("photons") >= self.simulation.faintest_photons)

    @property
    def bits_per_px(self) -> float:
        """Size of the file over that of its frames."""
        made = self.simulation
        return self.path.stat().st_size * 8 / (made.frames * made.width_px * made.height_px)


def simulation_key(simulation: Simulation) -> str:
    """A name for the movie a simulation makes with this version of cellstorm."""
    return content_key(simulation.model_dump(mode="json"), source_key(SIMULATION_ROOMS))


class MovieStore:
    """Made movies in a folder, each in one of its own.

    Parameters
    ----------
    folder
        Made when needed.
    keep
        Leave the movies there for another run; otherwise `discard` takes them away.
    """

    def __init__(self, folder: Path, *, keep: bool) -> None:
        self.folder = folder
        self.keep = keep

    def movies(
        self, simulations: tuple[Simulation, ...], made: Callable[[int], None]
    ) -> list[MadeMovie]:
        """Make the movies that are not there yet.

        Parameters
        ----------
        simulations
            What to make.
        made
            Told now and then how many frames are there.

        Raises
        ------
        CellstormError
            A movie cannot be made or written.
        """
        movies, before = [], 0
        for simulation in simulations:

            def more(done: int, before: int = before) -> None:
                made(before + done)

            movies.append(self._movie(simulation, more))
            before += simulation.frames
            made(before)
        return movies

    def discard(self, simulations: tuple[Simulation, ...]) -> None:
        """Take the movies away, unless they are kept."""
        if self.keep:
            return
        for simulation in simulations:
            shutil.rmtree(self._place(simulation), ignore_errors=True)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _place(self, simulation: Simulation) -> Path:
        return self.folder / simulation_key(simulation)

    def _movie(self, simulation: Simulation, made: Callable[[int], None]) -> MadeMovie:
        place = self._place(simulation)
        # written last: where it is, the movie and its truth are whole
        note = place / "whole.json"
        if note.exists():
            names = json.loads(note.read_text(encoding="utf-8"))
            return MadeMovie(
                simulation, place / names["movie"], pl.read_parquet(place / names["truth"])
            )
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        result = simulation.run(place / "movie", listener=made)
        with atomic_file(note) as temporary:
            names = {"movie": result.movie.name, "truth": result.truth.name}
            temporary.write_text(json.dumps(names), encoding="utf-8")
        return MadeMovie(simulation, result.movie, result.read_truth())
