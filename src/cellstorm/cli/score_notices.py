"""What ``cellstorm score`` says when the fault may lie with the files, not the localizer."""

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cellstorm.evaluate import Misalignment, Pairs, chance_pairs, find_misalignment
from cellstorm.localizations import Localizations

__all__ = ["last_frame", "score_notices"]

_MANY = 0.05
_LEAST_SHIFT_NM = 1.0


def last_frame(localizations: Localizations) -> int:
    """The last frame with a molecule, from 0; -1 without any."""
    return int(localizations.column("frame").max()) if len(localizations) else -1


def score_notices(
    found: Localizations,
    true: Localizations,
    found_rows: pl.DataFrame,
    true_rows: pl.DataFrame,
    pairs: Pairs,
) -> list[str]:
    """What the user should know of the two files.

    Parameters
    ----------
    found, true
        The files.
    found_rows, true_rows
        Their rows in the frames looked at.
    pairs
        Made of these.
    """
    notices = []
    for name, localizations in (("table", found), ("truth", true)):
        # of our own tables the notices are about the run; a simulation's truth is ours too
        if localizations.metadata.origin_in_file not in (None, "corner (assumed)"):
            notices += [f"the {name}: {notice}" for notice in localizations.metadata.notices]
    if _is_measured(true) and not _is_measured(found):
        notices.append(
            "the truth has uncertainties or a camera, the table has neither: are they exchanged?"
            " The table comes first, then the truth"
        )
    radius_nm = pairs.options.radius_nm
    counted = np.concatenate([pairs.true_row, pairs.missed_row])
    # the figures of the note are to be those of the table above it
    misalignment = find_misalignment(
        _table(pairs.found), _table(pairs.truth[counted]), radius_nm=radius_nm
    )
    if misalignment is not None:
        notices.append(_misaligned(misalignment, found.metadata.pixel_size_nm))
    else:
        chance = chance_pairs(found_rows, true_rows, radius_nm=radius_nm)
        if chance.is_no_more:
            notices.append(
                "these do not seem to belong together: no more pairs than between frames that"
                f" have nothing to do with each other ({chance.pairs} and {chance.by_chance} of"
                f" {chance.possible})"
            )
    return notices + _one_goes_on(found, true, found_rows, true_rows, pairs)


def _one_goes_on(
    found: Localizations,
    true: Localizations,
    found_rows: pl.DataFrame,
    true_rows: pl.DataFrame,
    pairs: Pairs,
) -> list[str]:
    """Frames that only one of them has, and molecules that only one counts in each frame."""
    notices = []
    last_found, last_true = last_frame(found), last_frame(true)
    later = true_rows.filter(pl.col("frame") > last_found).height
    if pairs.options.frames is None and len(found) and later > _MANY * true_rows.height:
        notices.append(
            f"{later} of {true_rows.height} true molecules come after the table's last frame:"
            f" if no more was localized, give --frames 0:{last_found + 1}"
        )
    later = found_rows.filter(pl.col("frame") > last_true).height
    if later > _MANY * found_rows.height:
        notices.append(
            f"the truth ends at frame {last_true}, and {later} of {found_rows.height} found"
            f" molecules come after it: is it this movie's? If so, give --frames 0:{last_true + 1}"
        )
    if "detections" in found.columns and (found_rows["detections"] > 1).any():
        notices.append(
            "the table has been merged over frames: what stayed on was found once and is"
            " missed ever after; score it before merging"
        )
    return notices


def _is_measured(localizations: Localizations) -> bool:
    """Whether it says what only a localizer can say."""
    has_uncertainties = any(name.startswith("uncertainty") for name in localizations.columns)
    return has_uncertainties or localizations.metadata.camera is not None


def _table(at: NDArray[np.float64]) -> pl.DataFrame:
    """Frame, x and y of ``(n, 4)`` as a table."""
    return pl.DataFrame({"frame": at[:, 0], "x_nm": at[:, 1], "y_nm": at[:, 2]})


def _misaligned(found: Misalignment, pixel_nm: float | None) -> str:
    """What is amiss, why that may be, and what putting it right would bring."""
    changes, reasons = [], []
    if found.swapped:
        changes.append("x and y exchanged")
    if found.scale != 1:
        changes.append(f"positions times {found.scale:.4g}")
        reasons.append("is the pixel size right?")
    if found.frames:
        changes.append(f"{found.frames:+d} frame")
        reasons.append("one of them may count frames from 1")
    shift_nm = (found.dx_nm, found.dy_nm)
    if math.hypot(*shift_nm) >= _LEAST_SHIFT_NM:
        changes.append(f"a shift by ({shift_nm[0]:.0f}, {shift_nm[1]:.0f}) nm")
        if pixel_nm and all(abs(abs(step) / pixel_nm - 0.5) < 0.1 for step in shift_nm):
            reasons.append("that is half a pixel: one of them may count from the pixel's centre")
    why = f" ({'; '.join(reasons)})" if reasons else ""
    recall, recall_now = f"{found.recall:.3f}", f"{found.recall_now:.3f}"
    gain = f"recall would be {recall} instead of {recall_now}, " if recall != recall_now else ""
    be = "" if gain else "would be "
    return (
        f"the table looks out of step with the truth{why}. With {' and '.join(changes)} {gain}"
        f"RMSE {be}{found.rmse_nm:.1f} nm instead of {found.rmse_now_nm:.1f} nm"
    )
