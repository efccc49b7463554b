"""How fine the details are, and how exact the positions."""

import math

from cellstorm.evaluate import Decorrelation
from cellstorm.report.drawings import draw_decorrelation, draw_frc, draw_frc_map, draw_nena
from cellstorm.report.measuring import Measurements
from cellstorm.report.parts import (
    Drawing,
    Number,
    Section,
    Untold,
    as_sentence,
    as_text,
    length,
    untold_number,
)

__all__ = ["precision_section", "resolution_section"]

_SMALL_MAP = 4


def resolution_section(told: Measurements, sharpness: Decorrelation | Untold) -> Section:
    readings, numbers, drawings = [], [], []
    frc, by_tile = told.frc, told.frc_map
    if isinstance(frc, Untold):
        numbers.append(untold_number("resolution (Fourier ring correlation)", frc))
    else:
        readings.append(as_sentence(frc.reading))
        numbers.append(
            length(
                "resolution (Fourier ring correlation)",
                frc.resolution_nm,
                f"threshold {frc.threshold}; halves of {frc.blocks} blocks of frames that share no"
                " molecule",
                frc.error_nm,
            )
        )
        if math.isfinite(frc.low_nm):
            numbers.append(
                Number(
                    "95 % interval",
                    f"{as_text(frc.low_nm)} to {as_text(frc.high_nm)}",
                    "nm",
                    "for other frames of the same sample",
                )
            )
        for name, value in frc.by_threshold_nm.items():
            if name != frc.threshold:
                numbers.append(length(f"by the {name} threshold", value, "depends on the field"))
        if math.isfinite(frc.four_times_the_molecules_nm):
            numbers += [
                length(
                    "with four times the molecules", frc.four_times_the_molecules_nm, "expected"
                ),
                length(
                    "with half the error", frc.half_the_error_nm, "expected; four times the light"
                ),
            ]
        drawings.append(draw_frc(frc))
    if not isinstance(by_tile, Untold):
        readings.append(as_sentence(by_tile.reading))
        numbers.append(length("in the middle tile of the field", by_tile.median_nm, "see the map"))
        numbers.append(
            Number(
                "best and worst tenth of the field",
                f"{as_text(by_tile.best_nm)} and {as_text(by_tile.worst_nm)}",
                "nm",
            )
        )
        if by_tile.resolution_nm.size >= _SMALL_MAP:
            drawings.append(draw_frc_map(by_tile))
    elif not isinstance(frc, Untold):
        numbers.append(untold_number("resolution over the field", by_tile))
    if isinstance(sharpness, Untold):
        numbers.append(untold_number("sharpness of the picture (decorrelation)", sharpness))
    else:
        readings.append(
            f"The picture as drawn is sharp down to {as_text(sharpness.resolution_nm, 2)} nm"
            " (decorrelation); it cannot know which of its spots are one molecule seen again."
        )
        numbers.append(
            length(
                "sharpness of the picture (decorrelation)",
                sharpness.resolution_nm,
                "of the picture as drawn",
            )
        )
        drawings.append(draw_decorrelation(sharpness))
    return Section(
        "resolution", "How fine are the details?", tuple(readings), tuple(numbers), tuple(drawings)
    )


def precision_section(told: Measurements) -> Section:
    readings, numbers = [], []
    drawings: list[Drawing] = []
    nena, bound, reported = told.nena, told.bound, told.reported_nm
    if reported is None:
        numbers.append(
            Number("reported uncertainty", "", "", untold="The table reports no uncertainties.")
        )
    else:
        numbers.append(
            length("reported uncertainty", reported, "median standard error along an axis")
        )
        readings.append(
            f"The table knows a typical position to {as_text(reported)} nm along an axis."
        )
    if isinstance(nena, Untold):
        numbers.append(untold_number("scatter from frame to frame (NeNA)", nena))
    else:
        numbers.append(
            length(
                "scatter from frame to frame (NeNA)",
                nena.precision_nm,
                f"{nena.pairs:,} steps{_over_frames(nena.frames_apart)}",
                nena.error_nm,
            )
        )
        readings.append(as_sentence(nena.reading))
        if nena.frames_apart > 1:
            readings.append(
                f"The network looks at {nena.frames_apart} frames at a time: its errors in"
                " frames nearer than that are alike, and steps between them would promise too"
                " much."
            )
        drawings.append(draw_nena(nena))
    if isinstance(bound, Untold):
        numbers.append(untold_number("best possible (Cramér-Rao)", bound))
    else:
        noise = [
            word
            for word, known in (
                ("light", True),
                ("camera", bound.with_camera),
                ("codec", bound.with_codec),
            )
            if known
        ]
        numbers.append(
            length(
                "best possible (Cramér-Rao)",
                bound.bound_nm,
                f"one molecule alone of {as_text(bound.photons)} photons on"
                f" {as_text(bound.background_photons)} per pixel, {as_text(bound.sigma_nm)} nm"
                f" wide; noise of {' and '.join(noise)}",
            )
        )
        readings.append(
            f"With this much light no method could know a typical molecule better than to"
            f" {as_text(bound.bound_nm)} nm in one frame."
        )
    return Section(
        "precision",
        "How exact are the positions?",
        tuple(readings),
        tuple(numbers),
        tuple(drawings),
    )


def _over_frames(frames: int) -> str:
    return f" over {frames} frames" if frames > 1 else ""
