"""A drift found, put to the test, and refused where it does not stand it."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from cellstorm.localizations import Localizations
from cellstorm.refine.drift.aim import Aim
from cellstorm.refine.drift.curve import DriftCurve
from cellstorm.refine.drift.held_out import HeldOut, compare_halves, sharpening
from cellstorm.refine.drift.method import DriftMethod
from cellstorm.refine.drift.molecules import Molecules, molecules_of
from cellstorm.refine.drift.progress import DriftListener, shared_out
from cellstorm.refine.drift.refusal import DriftRefusedError

__all__ = ["FoundDrift", "correct_drift", "find_drift", "find_drift_of"]

# a drift is told from its uncertainty when it is so many times larger
_CLEAR = 1.5
# of the work: the two halves, and all molecules
_SHARES = [0.3, 0.3, 0.4]


@dataclass(frozen=True)
class FoundDrift:
    """A drift that stood its test.

    Attributes
    ----------
    curve
        The drift; its uncertainties cover what two halves of the molecules disagree by.
    held_out
        The test.
    notices
        What the user should know.
    """

    curve: DriftCurve
    held_out: HeldOut
    notices: tuple[str, ...] = ()


def find_drift(localizations: Localizations, method: DriftMethod | None = None) -> FoundDrift:
    """Find the drift of a table and put it to the test.

    Parameters
    ----------
    localizations
        The table.
    method
        `Aim` if not given.

    Raises
    ------
    DriftRefusedError
        The table does not carry the drift; nothing was changed.
    """
    method = Aim() if method is None else method
    molecules = molecules_of(
        localizations.data.lazy(),
        localizations.metadata,
        with_uncertainties=method.uses_uncertainties,
    )
    return find_drift_of(molecules, method)


def correct_drift(
    localizations: Localizations, method: DriftMethod | None = None
) -> tuple[Localizations, FoundDrift]:
    """Find the drift of a table and take it out; the table's history says so.

    Raises
    ------
    DriftRefusedError
        As `find_drift`.
    """
    found = find_drift(localizations, method)
    corrected = found.curve.apply(localizations)
    return replace(corrected, metadata=corrected.metadata.with_notices(*found.notices)), found


def find_drift_of(
    molecules: Molecules,
    method: DriftMethod | None = None,
    *,
    listener: DriftListener | None = None,
) -> FoundDrift:
    """As `find_drift`, of molecules that were collected from a table of any size.

    Two halves of the molecules each give a curve. The mean of the two is where the search
    with all molecules begins. The uncertainties of its result are widened until they cover
    the difference of the halves, and each half's molecules have to become sharper by the
    curve of the other one.

    Parameters
    ----------
    molecules
        Of `molecules_of`.
    method
        `Aim` if not given.
    listener
        Told how far it is.

    Raises
    ------
    DriftRefusedError
        The molecules do not carry the drift.
    """
    settled: DriftMethod = (Aim() if method is None else method).settled(molecules)
    first, second, rest = settled.parts(molecules)
    *tells, tell = shared_out(listener, _SHARES)
    with ThreadPoolExecutor(2) as pool:
        searches = [
            pool.submit(_searched, settled, half, None, told)
            for half, told in zip((first, second), tells, strict=True)
        ]
        halves = [search.result() for search in searches]
    _refuse_the_unmeasured(halves)
    apart, factors = compare_halves(*halves)
    curve = _searched(settled, molecules, _mean(*halves), tell)
    curve = curve.with_uncertainties_scaled(factors)
    if rest is not None:
        tests = [(rest, curve)]
    else:
        tests = [(first, halves[1]), (second, halves[0])]
    gain, error = sharpening(tests)
    notices: tuple[str, ...] = ()
    if curve.z_nm is not None and _is_lost(curve, "z"):
        curve = curve.without_z()
        notices = ("no drift in z could be told from its uncertainty: z was left as it is",)
    _refuse_the_uncertain(curve, apart)
    if gain <= 1.0:
        raise DriftRefusedError(
            "the drift found would make the picture less sharp: molecules that it was not"
            f" found from meet {gain:.3f} times as often as before.",
            todo="Leave the table as it is, or try another method with --method.",
        )
    return FoundDrift(curve, HeldOut(apart, gain, error), notices)


def _searched(
    method: DriftMethod,
    molecules: Molecules,
    start: DriftCurve | None,
    listener: DriftListener | None,
) -> DriftCurve:
    curve = method(molecules, start=start, listener=listener)
    if listener is not None:
        listener(1.0)
    return curve


def _refuse_the_unmeasured(halves: list[DriftCurve]) -> None:
    flat = [errors for half in halves for name, errors in half.uncertainties() if name != "z"]
    if not all(np.isfinite(errors).all() for errors in flat):
        raise DriftRefusedError(
            "what is seen at different times has nothing in common: molecules do not come"
            " back to the same places, and there is no structure to go by.",
            todo="Longer blocks (--frames-per-block), a wider search (--search-nm) or"
            " fiducials may help; otherwise leave the table as it is.",
        )


def _refuse_the_uncertain(curve: DriftCurve, apart: dict[str, float]) -> None:
    if all(_is_lost(curve, name) for name in ("x", "y")):
        drift, error = (
            math.hypot(*(_rms(dict(values)[name]) for name in ("x", "y")))
            for values in (curve.axes(), curve.uncertainties())
        )
        raise DriftRefusedError(
            f"no drift can be told from its uncertainty: {drift:.1f} nm +- {error:.1f} nm RMS"
            f" (two halves of the molecules differ by {apart['x']:.1f} nm in x and"
            f" {apart['y']:.1f} nm in y).",
            todo="Leave the table as it is: it drifted less than this, or too few of its"
            " molecules come back.",
        )


def _is_lost(curve: DriftCurve, name: str) -> bool:
    return not _rms(dict(curve.axes())[name]) > _CLEAR * _rms(dict(curve.uncertainties())[name])


def _rms(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    return math.sqrt(float(np.mean(values**2)))


def _mean(first: DriftCurve, second: DriftCurve) -> DriftCurve:
    flat = replace(
        first,
        x_nm=0.5 * (first.x_nm + second.x_nm),
        y_nm=0.5 * (first.y_nm + second.y_nm),
    )
    if first.z_nm is None or second.z_nm is None:
        return flat
    return replace(flat, z_nm=0.5 * (first.z_nm + second.z_nm))
