"""Fig 8: a dark series of the Huawei P9 through H.264: its fall, its dips, its clipping."""

from cellstorm.camera import DarkSeries, measure_dark
from cellstorm.camera.calibration_pictures import dark_figure
from cellstorm.movie import open_movie
from cellstorm.reproduce.figure_table import FigureTable, Value
from cellstorm.reproduce.p9_series import dark_p9
from cellstorm.reproduce.result import Drawn
from cellstorm.reproduce.workshop import Workshop

__all__ = ["make_fig8"]

_SEED = 1008
_PAPER_PERIOD_FRAMES, _PAPER_PERIOD_S = 31, 1.07
_GOP_FRAMES = 31
_CLIP_ADU = 6.0
_FALL_ADU = 1.0
_RATE_HZ = 29.0


def make_fig8(workshop: Workshop) -> Drawn:
    """Nothing but read noise and a falling black level, clipped and coded, then measured.

    Raises
    ------
    CellstormError
        The series cannot be made or measured.
    """
    request = workshop.request
    simulation = dark_p9(
        frames=request.length(full=8000, quick=1000),
        edge_px=96 if request.quick else 128,
        seed=_SEED,
        codec={"codec": "h264", "codec.crf": 17.0, "codec.gop": _GOP_FRAMES},
        clip_adu=_CLIP_ADU,
        fall_adu=_FALL_ADU,
    )
    made = workshop.movie(simulation, "the dark series")
    workshop.tell("measuring the dark series", 0, simulation.frames)
    with open_movie(made.path) as movie:
        dark = measure_dark(movie)
    return Drawn(
        title="Fig 8: a dark series of the simulated Huawei P9 through H.264",
        canvas=dark_figure(dark),
        tables=(_table(dark),),
        sentences=_sentences(dark),
    )


def _table(dark: DarkSeries) -> FigureTable:
    dips = dark.dips
    period_s = None if dips.period_frames is None else dips.period_frames / _RATE_HZ
    rows: tuple[tuple[Value, ...], ...] = (
        ("dips every, frames", _PAPER_PERIOD_FRAMES, _GOP_FRAMES, dips.period_frames, None),
        ("dips every, s", _PAPER_PERIOD_S, _GOP_FRAMES / _RATE_HZ, period_s, None),
        ("depth of a dip, ADU", None, None, dips.depth_adu, dips.depth_error_adu),
        (
            "dips on key frames, %",
            None,
            None,
            None if dips.share_on_key_frames is None else 100 * dips.share_on_key_frames,
            None,
        ),
        ("fall of the mean, ADU", "falls", None, dark.fall_adu.value, dark.fall_adu.error),
        ("clipped to 0 up to, ADU", "yes", _CLIP_ADU, dark.dark_clip_adu, None),
        ("pixels at 0, %", None, None, 100 * dark.share_clipped, None),
        ("frames", "about 8000", dark.frames, dark.frames, None),
    )
    columns = ("quantity", "paper", "simulated", "measured", "standard error")
    return FigureTable("What the dark series shows", columns, rows)


def _sentences(dark: DarkSeries) -> tuple[str, ...]:
    dips, fall = dark.dips, dark.fall_adu
    said = []
    if dips.period_frames is None:
        said.append(
            f"No dips are found in {dark.frames} frames; the paper has one every"
            f" {_PAPER_PERIOD_FRAMES} frames."
        )
    else:
        agrees = (
            "as in the paper"
            if dips.period_frames == _PAPER_PERIOD_FRAMES
            else (f"where the paper has {_PAPER_PERIOD_FRAMES}")
        )
        said.append(
            f"The mean dips every {dips.period_frames} frames, {agrees}, by"
            f" {dips.depth_adu:.3f} ± {dips.depth_error_adu:.3f} ADU: the key frames (one every"
            f" {_GOP_FRAMES} was put in, the dips were not)."
        )
    sure = fall.value > 3 * fall.error
    said.append(
        f"The mean {'falls' if sure else 'does not surely fall'} over the series"
        f" ({fall.value:.2f} ± {fall.error:.2f} ADU), {'as' if sure else 'unlike'} in the paper;"
        " the fall of the black level was put in."
    )
    clip = dark.dark_clip_adu
    said.append(
        "No clipping at black is found, unlike in the paper."
        if clip is None
        else f"Values up to {clip:g} ADU are clipped to 0 ({_CLIP_ADU:g} was put in), as the paper"
        " saw it."
    )
    return tuple(said)
