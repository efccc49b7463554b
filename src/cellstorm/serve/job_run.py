"""One job carried out: localized, converted, summarised. Done again, it does what is missing."""

import contextlib
import dataclasses
import json
import shlex
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from cellstorm import __version__
from cellstorm.atomic_file import atomic_file
from cellstorm.errors import CellstormError, OutputError
from cellstorm.localizations import convert_table
from cellstorm.localize import GaussianMethod, Method
from cellstorm.movie.outside_references import refuse_outside_references
from cellstorm.report import write_report
from cellstorm.run import LocalizationRun, Progress, localize_movie
from cellstorm.run.partial import PartialRun
from cellstorm.serve.calibration_run import calibrate_clips
from cellstorm.serve.job import JobError, JobProgress, JobSummary, summaries
from cellstorm.serve.job_camera import camera_of
from cellstorm.serve.job_settings import JobSettings
from cellstorm.serve.model_shelf import ModelShelf
from cellstorm.serve.work import (
    REPORT_FILE,
    SUMMARY_FILE,
    Answer,
    Done,
    Failed,
    Order,
    Working,
    table_path,
)

__all__ = ["carry_out"]

_SECONDS_BETWEEN_REPORTS = 0.25


def carry_out(order: Order, tell: Callable[[Answer], None]) -> None:
    """Do what is ordered, from wherever an earlier worker left it.

    Parameters
    ----------
    order
        The job.
    tell
        Told how far it has come, and at last whether it is done or failed.
    """
    try:
        do = _localize if isinstance(order.settings, JobSettings) else calibrate_clips
        done = _done_before(order)
        if done is None:
            done = do(order, tell)
            _keep(order, done)
        tell(done)
    except CellstormError as error:
        tell(Failed(error=_described(error, order)))


def _done_before(order: Order) -> Done | None:
    """What an earlier worker finished, if the server died before it could write that down."""
    try:
        kept = json.loads((order.results / SUMMARY_FILE).read_text(encoding="utf-8"))
        return Done(summary=summaries.validate_python(kept["summary"]), notices=kept["notices"])
    except (OSError, ValueError, KeyError):
        return None


def _localize(order: Order, tell: Callable[[Answer], None]) -> Done:
    order.results.mkdir(parents=True, exist_ok=True)
    refuse_outside_references(order.movie)
    settings = order.settings
    assert isinstance(settings, JobSettings)
    camera, told = camera_of(order)
    table = table_path(order.results, order.name)
    restart = _made_by_another_version(table)
    run = localize_movie(
        order.movie,
        method=_method(settings),
        camera=camera,
        pixel_size_nm=settings.pixel_size_nm,
        frames=settings.frames,
        region=settings.region,
        output=table,
        resume=not restart,
        restart=restart,
        workers=order.workers,
        progress=_Teller(tell),
    )
    notices = told + list(run.notices)
    _, lost = convert_table(table, order.results / "table.csv")
    notices += [f"table.csv: {notice}" for notice in lost if notice not in run.notices]
    if run.picture is not None:
        run.picture.replace(order.results / "picture.png")
    if settings.report:
        notices += _report(order, table)
    return Done(summary=_summary(run), notices=notices)


def _made_by_another_version(table: Path) -> bool:
    """Whether what is there cannot be gone on with, because cellstorm is another now."""
    partial = PartialRun(table)
    if not partial.exists():
        return False
    try:
        return partial.read_plan().software_version != __version__
    except OutputError:
        return True


def _method(settings: JobSettings) -> Method:
    """The method with its model's file in place of the model's name."""
    method = settings.method
    if isinstance(method, GaussianMethod) or method.model is None:
        return method
    model = ModelShelf().find(str(method.model), method.method)
    return method.model_copy(update={"model": model.path})


class _Teller:
    """Tells the server of a run's progress, with its speed, not too often."""

    def __init__(self, tell: Callable[[Answer], None]) -> None:
        self._tell = tell
        self._last = 0.0
        self._stage = ""
        self._began = 0.0
        self._frames_before = 0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.stage == self._stage and now - self._last < _SECONDS_BETWEEN_REPORTS:
            return
        if progress.stage == "localizing" != self._stage:
            self._began, self._frames_before = now, progress.frames_done
        self._stage, self._last = progress.stage, now
        frames, seconds = progress.frames_done - self._frames_before, now - self._began
        rate = frames / seconds if self._began and frames and seconds > 0 else None
        told = JobProgress(frames_per_second=rate, **dataclasses.asdict(progress))
        self._tell(Working(progress=told))


def _report(order: Order, table: Path) -> list[str]:
    """Write the report beside the table; a job is no worse without it."""
    page = order.results / REPORT_FILE
    if page.exists():
        return []
    try:
        write_report(
            table,
            page,
            movie=order.movie,
            command=f"cellstorm report {shlex.quote(table.name)}",
        )
    except CellstormError as error:
        return [f"There is no report: {error.what}"]
    except Exception:
        # whatever a strange table brings up there, the table itself is whole
        traceback.print_exc()
        return ["There is no report: making it failed; the server's worker log says why."]
    return []


def _summary(run: LocalizationRun) -> JobSummary:
    return JobSummary(
        frames=run.frames,
        molecules=run.molecules,
        median_photons=run.median_photons,
        median_background_photons=run.median_background_photons,
        median_uncertainty_nm=run.median_uncertainty_nm,
        median_sigma_nm=run.median_sigma_nm,
        frames_per_second=run.frames_per_second,
        seconds=run.seconds,
        pixel_size_nm=run.pixel_size_nm,
        camera=run.camera.model_dump(mode="json"),
        decisions=run.decisions,
    )


def _keep(order: Order, done: Done) -> None:
    """Write the summary, which says that all else is there."""
    content = {
        "name": order.name,
        "cellstorm_version": __version__,
        "settings": order.settings.model_dump(mode="json"),
        "summary": done.summary.model_dump(mode="json"),
        "notices": done.notices,
    }
    with atomic_file(order.results / SUMMARY_FILE) as temporary:
        temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")


def _described(error: CellstormError, order: Order) -> JobError:
    """An error without the server's own paths: the movie is known by its name."""
    where = None if error.where is None else Path(str(error.where))
    with contextlib.suppress(ValueError):
        if where is not None and where.is_relative_to(order.results):
            where = None
    name = None if where is None else order.name if where == order.movie else where.name
    return JobError(what=error.what, where=name, todo=error.todo)
