"""The whole way from a movie to its table."""

import contextlib
import time
from dataclasses import replace
from pathlib import Path

from cellstorm.camera import Camera
from cellstorm.earlier_result import check_output
from cellstorm.errors import ConfigurationError, MovieError
from cellstorm.localizations import Localizations
from cellstorm.localizations.formats import format_for_writing
from cellstorm.localize.localizer import Method, MoleculeColumns
from cellstorm.movie import Movie
from cellstorm.run.checks import OpenRange, OpenRegion
from cellstorm.run.molecule_table import molecule_table
from cellstorm.run.output_name import default_output
from cellstorm.run.partial import PartialRun
from cellstorm.run.pipeline import default_workers, localized_chunks
from cellstorm.run.preparation import opened, plan_for, resolve_request
from cellstorm.run.progress import ProgressListener, Reporter
from cellstorm.run.summary import LocalizationRun
from cellstorm.run.table_run import RunInterrupted, TableRun, finished_earlier, run_metadata

__all__ = ["localize_frames", "localize_movie"]


def localize_frames(
    movie: Movie | Path | str,
    *,
    method: Method,
    camera: Camera | None = None,
    pixel_size_nm: float | None = None,
    frames: OpenRange | None = None,
    region: OpenRegion | None = None,
    workers: int | None = None,
    progress: ProgressListener | None = None,
) -> Localizations:
    """Localize a movie into a table in memory.

    Parameters
    ----------
    movie
        A movie or the path of one.
    method
        How, for example ``NetMethod()``.
    camera
        What grey values mean; estimated from the movie when None.
    pixel_size_nm
        Edge of a pixel in the sample, nm; the file's own, or 100 nm, when None.
    frames
        ``(start, stop)``; either may be None for the movie's own end.
    region
        ``(x0, x1, y0, y1)`` in pixels; each may be None for the movie's own border.
    workers
        Threads that localize; one per processor when None.
    progress
        Told now and then how far it has come.

    Raises
    ------
    CellstormError
        The movie cannot be read or has nothing in it, or an option does not fit it.
    """
    with opened(movie) as film:
        request = resolve_request(film, method, camera, pixel_size_nm, frames, region)
        report = Reporter(progress, request.frames[1] - request.frames[0])
        report("preparing")
        plan, localizer = plan_for(film, method, camera, request)
        found: list[MoleculeColumns] = []
        with contextlib.closing(
            localized_chunks(
                film,
                localizer,
                plan.chunks,
                frames=request.frames,
                region=request.region,
                workers=workers or default_workers(),
            )
        ) as source:
            for result in source:
                found.append(result.columns)
                report.advance(result.last - result.first, len(result.columns["frame"]))
        report("finishing")
        rows = molecule_table(
            found, region=request.region, pixel_size_nm=plan.pixel_size_nm, first_id=0
        )
        return Localizations(rows, run_metadata(film, plan, rows.height))


def localize_movie(
    movie: Movie | Path | str,
    *,
    method: Method,
    camera: Camera | None = None,
    pixel_size_nm: float | None = None,
    frames: OpenRange | None = None,
    region: OpenRegion | None = None,
    output: Path | str | None = None,
    resume: bool = False,
    restart: bool = False,
    picture: bool = True,
    overwrite: bool = False,
    workers: int | None = None,
    progress: ProgressListener | None = None,
) -> LocalizationRun:
    """Localize a movie of any length into a table on disk.

    While it runs there is ``TABLE.partial/`` beside the table, with what is done and a
    picture of it; the table itself appears when it is whole. A killed run is continued
    with ``resume`` and gives the same table, row for row.

    Parameters
    ----------
    movie, method, camera, pixel_size_nm, frames, region, workers, progress
        As for `localize_frames`.
    output
        The table; the extension chooses the format. ``MOVIE.locs.parquet`` beside the
        movie when None.
    resume
        Continue an unfinished run; begin one where there is none.
    restart
        Throw an unfinished run away and begin again.
    picture
        Write a picture beside the table.
    overwrite
        Replace what is at the table's or picture's place even where it does not say that
        cellstorm wrote it.

    Raises
    ------
    CellstormError
        The movie cannot be read or has nothing in it, an option does not fit it, the
        table cannot be written, or an unfinished run or a foreign file is in the way.
    RunInterrupted
        Ctrl-C; what is done is kept for ``resume``.
    """
    began = time.monotonic()
    if resume and restart:
        raise ConfigurationError("--resume and --restart exclude each other.")
    with opened(movie) as film:
        table = Path(output) if output is not None else default_output(film)
        format_for_writing(table)
        outputs = [table, *([table.with_suffix(".png")] if picture else ())]
        replaced = [path for path in outputs if check_output(path, overwrite=overwrite)]
        request = resolve_request(film, method, camera, pixel_size_nm, frames, region)
        report = Reporter(progress, request.frames[1] - request.frames[0])
        partial = PartialRun(table)
        unfinished = partial.exists()
        if unfinished and not (resume or restart):
            raise partial.in_the_way()
        partial.open()
        try:
            if unfinished and resume:
                plan, localizer = partial.earlier_plan(request)
            else:
                partial.clear()
                report("preparing")
                plan, localizer = plan_for(film, method, camera, request)
                if resume and (earlier := finished_earlier(table, plan)) is not None:
                    return earlier
                partial.write_plan(plan)
            run = TableRun(film, plan, localizer, partial, report, workers or default_workers())
            with partial.kept_on_failure():
                speed = run.localize()
                report("finishing")
                result = run.finish(table.with_suffix(".png") if picture else None)
        except MovieError:
            # what cannot be read now will not be readable for --resume either
            partial.clear()
            raise
        except RunInterrupted:
            raise
        except KeyboardInterrupt:
            # while the movie was looked at, or the parts were joined
            done, total = partial.frames_done(), report.frames_total
            raise RunInterrupted(table, done, total) from None
        finally:
            partial.leave()
        return replace(
            result,
            frames_per_second=speed,
            seconds=time.monotonic() - began,
            replaced=tuple(replaced),
        )
