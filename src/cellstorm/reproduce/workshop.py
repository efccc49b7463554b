"""The folder in which movies are made and localized once, and who is told of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cellstorm.atomic_file import output_error
from cellstorm.benchmark.movies import MadeMovie, MovieStore
from cellstorm.benchmark.result import content_key, source_key
from cellstorm.camera import Camera
from cellstorm.localizations import Localizations, read_table
from cellstorm.localize import GanMethod, Method
from cellstorm.parameters import Parameters
from cellstorm.reproduce.methods import compared_methods, gan_method
from cellstorm.reproduce.request import Request
from cellstorm.run import Progress, localize_movie
from cellstorm.simulate import Simulation

__all__ = ["Found", "StepListener", "Workshop"]

StepListener = Callable[[str, int, int], None]
"""Told what is being done and how many frames of how many are done."""

_LOCALIZING_ROOMS = ("localize", "run", "localizations", "movie", "camera")


@dataclass(frozen=True, eq=False)
class Found:
    """What a method found in a movie.

    Attributes
    ----------
    table
        The molecules.
    sum_picture
        Sum of what the method drew of all frames, if it draws.
    """

    table: Localizations
    sum_picture: Path | None


class Workshop:
    """Makes movies and tables, each once, and keeps them.

    Parameters
    ----------
    folder
        Of the figures; what is kept lies in ``work``.
    request
        What is asked for.
    listener
        Told how far it is.

    Raises
    ------
    ConfigurationError
        There is no model of the name asked for, or it cannot be used.
    OutputError
        The folder cannot be written.
    """

    def __init__(self, folder: Path, request: Request, listener: StepListener | None) -> None:
        self.request = request
        self.work = folder / "work"
        self._listener = listener
        try:
            (self.work / "tables").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise output_error(error, folder) from error
        self.gan = gan_method(request.model, self.work / "models")
        self._store = MovieStore(self.work / "movies", keep=True)

    @property
    def methods(self) -> dict[str, Method]:
        """The methods of the paper's figures by name."""
        return compared_methods(self.gan)

    def tell(self, doing: str, done: int, total: int) -> None:
        """Tell whoever listens."""
        if self._listener is not None:
            self._listener(doing, done, total)

    def movie(self, simulation: Simulation, what: str) -> MadeMovie:
        """A simulated movie, made where it is not there yet.

        Parameters
        ----------
        simulation
            What to make.
        what
            What to call it: ``the cell``.

        Raises
        ------
        CellstormError
            It cannot be made or written.
        """

        def made(frames: int) -> None:
            self.tell(f"making {what}", frames, simulation.frames)

        return self._store.movies((simulation,), made)[0]

    def localize(
        self,
        movie: Path,
        name: str,
        method: Method,
        *,
        pixel_size_nm: float | None,
        camera: Camera | None = None,
        frames: tuple[int, int] | None = None,
        what: str = "the movie",
    ) -> Found:
        """Localize a movie, or take the table of an earlier run; an unfinished one goes on.

        Parameters
        ----------
        movie
            The file.
        name, method
            Whose, and how.
        pixel_size_nm, camera, frames
            As for `cellstorm.run.localize_movie`.
        what
            What to call the movie.

        Raises
        ------
        CellstormError
            The movie cannot be localized or the table not be written.
        """

        def told(progress: Progress) -> None:
            self.tell(f"{what}: {name}", progress.frames_done, progress.frames_total)

        key = self._key(movie, method, camera, pixel_size_nm, frames)
        table = self.work / "tables" / f"{key}.locs.parquet"
        run = localize_movie(
            movie,
            method=method,
            camera=camera,
            pixel_size_nm=pixel_size_nm,
            frames=frames,
            output=table,
            # what an interrupted run left behind of other options must not end this one
            resume=True,
            # the sum of what a method draws is written with the picture
            picture=isinstance(method, GanMethod),
            workers=self.request.workers,
            progress=told,
        )
        return Found(read_table(run.table), run.sum_picture)

    @staticmethod
    def _key(
        movie: Path,
        method: Method,
        camera: Camera | None,
        pixel_size_nm: float | None,
        frames: tuple[int, int] | None,
    ) -> str:
        options: Any = method.model_dump(mode="json") if isinstance(method, Parameters) else ""
        seen_as = None if camera is None else camera.model_dump(mode="json")
        stat = movie.stat()
        film = (str(movie.resolve()), stat.st_size, stat.st_mtime_ns)
        asked = (film, frames, options, seen_as, pixel_size_nm)
        return content_key(*asked, source_key(_LOCALIZING_ROOMS))
