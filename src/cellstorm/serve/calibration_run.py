"""One calibration carried out: what ``cellstorm calibrate`` does, from a job's two clips."""

import contextlib
import dataclasses
import shlex
from collections.abc import Callable
from pathlib import Path

from cellstorm.camera import calibrate, open_stills
from cellstorm.camera.calibration_report import measured_quantities, write_calibration_report
from cellstorm.movie.outside_references import refuse_outside_references
from cellstorm.serve.job import CalibrationSummary, JobProgress, MeasuredQuantity
from cellstorm.serve.job_settings import CalibrationSettings
from cellstorm.serve.work import CAMERA_PAGE, Answer, Done, Order, Working, camera_path

__all__ = ["calibrate_clips"]


def calibrate_clips(order: Order, tell: Callable[[Answer], None]) -> Done:
    """Measure the camera and write it with its page.

    Parameters
    ----------
    order
        The job; its movie is the still clip.
    tell
        Told that it is at work.

    Raises
    ------
    CellstormError
        The clips cannot be used; the message says why.
    """
    settings = order.settings
    assert isinstance(settings, CalibrationSettings)
    clips = [order.movie] if order.dark is None else [order.movie, order.dark]
    for clip in clips:
        refuse_outside_references(clip)
    progress = JobProgress(stage="measuring", frames_done=0, frames_total=0, molecules=0)
    tell(Working(progress=progress))
    name = settings.name or Path(order.name).stem
    with contextlib.ExitStack() as files:
        still, *dark = [files.enter_context(open_stills((clip,))) for clip in clips]
        calibration = calibrate(still, dark[0] if dark else None, name=name)
    camera = calibration.camera
    pixel_size_nm = None
    if settings.optics is not None:
        pixel_size_nm = settings.optics.pixel_size_nm
        notes = f"{camera.notes}; pixel size {pixel_size_nm:.4g} nm (from the optics)"
        camera = camera.model_copy(update={"notes": notes})
    order.results.mkdir(parents=True, exist_ok=True)
    camera.save(camera_path(order.results, order.name))
    command = ["cellstorm", "calibrate", order.movie.name]
    if order.dark is not None:
        command += ["--dark", order.dark.name]
    write_calibration_report(
        calibration,
        order.results / CAMERA_PAGE,
        command=shlex.join([*command, "-o", "camera.yaml"]),
    )
    summary = CalibrationSummary(
        camera=camera.model_copy(update={"maps": None}).model_dump(mode="json"),
        has_maps=camera.maps is not None,
        quantities=[
            MeasuredQuantity(**dataclasses.asdict(row)) for row in measured_quantities(calibration)
        ],
        pixel_size_nm=pixel_size_nm,
    )
    return Done(summary=summary, notices=list(calibration.notices))
