"""``cellstorm drift``: what the sample moved by, found and taken out."""

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from cyclopts import Parameter
from pydantic import ValidationError

from cellstorm.cli.drift_resolution import resolution_change
from cellstorm.cli.refined_output import refined_output
from cellstorm.cli.stages import shown_stages
from cellstorm.errors import ConfigurationError
from cellstorm.evaluate import FrcChange
from cellstorm.parameters import Parameters, describe_validation_error
from cellstorm.refine.drift import (
    Aim,
    Dme,
    DriftCurve,
    DriftMethod,
    DriftOutputs,
    Fiducials,
    RedundantCrossCorrelation,
    correct_table,
    read_curve,
)

__all__ = ["drift"]

_METHODS: dict[str, type[Parameters]] = {
    "aim": Aim,
    "dme": Dme,
    "rcc": RedundantCrossCorrelation,
    "fiducials": Fiducials,
}


def drift(
    table: Path,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    method: Literal["aim", "dme", "rcc", "fiducials"] | None = None,
    frames_per_block: int | None = None,
    cell_nm: float | None = None,
    search_nm: float | None = None,
    segments: int | None = None,
    seen_in: float | None = None,
    curve: Path | None = None,
    trust_units: bool = False,
    pixel_size_nm: float | None = None,
) -> None:
    """Find how the sample drifted and take it out of the positions.

    Writes a new table beside the one given, which stays as it is, the curve (.drift.csv)
    and a picture of it (.drift.png). The curve is tested on molecules that it was not found
    from; where the table does not carry it, nothing is written and you are told why. The
    resolution before and after is printed, with a warning where it became worse.

    Parameters
    ----------
    table
        Parquet, ThunderSTORM CSV or Picasso HDF5.
    output
        Table to write; TABLE.undrifted.parquet when not given.
    method
        aim (the default): blocks of frames put where most molecules meet; dme: least entropy
        of all molecules at once, finer and slower; rcc: pictures of blocks correlated, each
        with each; fiducials: beads, found by their staying on.
    frames_per_block
        Frames that are moved together; those of about 1000 (aim) or 200 (dme) molecules
        when not given.
    cell_nm
        aim: molecules this near meet, nm; by their precision when not given.
    search_nm
        Largest shift from block to block (aim and dme, 120) or in all (rcc, 600), nm.
    segments
        rcc: blocks that the movie is cut into, 20.
    seen_in
        fiducials: share of the frames that a bead is seen in, 0.7.
    curve
        Take out this curve, .drift.csv of another table, instead of finding one.
    trust_units
        Do not ask whether the table is in nanometres.
    pixel_size_nm
        Pixel of the movie, when the table does not say.
    """
    given = {
        "frames_per_block": frames_per_block,
        "cell_nm": cell_nm,
        "search_nm": search_nm,
        "segments": segments,
        "seen_in": seen_in,
    }
    options = {name: value for name, value in given.items() if value is not None}
    chosen = _chosen(method, curve, options)
    target = output if output is not None else refined_output(table, "undrifted")
    with shown_stages() as show:
        done = correct_table(
            table,
            target,
            chosen,
            pixel_size_nm=pixel_size_nm,
            trust_units=trust_units,
            listener=lambda share, rows: show("finding the drift", share, rows, "localizations"),
        )
        change = resolution_change(
            table,
            done.table,
            pixel_size_nm=pixel_size_nm,
            on_tile=lambda name, tile, tiles: show(
                f"resolution {name}", tile / tiles, tiles, "tiles"
            ),
        )
    _report(done, change)


def _chosen(
    method: str | None, curve: Path | None, options: dict[str, Any]
) -> DriftMethod | DriftCurve:
    if curve is not None:
        if method is not None or options:
            raise ConfigurationError("a curve that is given is not searched for.", where="--curve")
        return read_curve(curve)
    name = method or "aim"
    model = _METHODS[name]
    for option in options:
        if option not in model.model_fields:
            owners = [word for word, other in _METHODS.items() if option in other.model_fields]
            raise ConfigurationError(
                f"this is an option of --method {' and '.join(owners)}, not of {name}.",
                where=f"--{option.replace('_', '-')}",
            )
    try:
        chosen: Any = model(**options)
    except ValidationError as error:
        field, _, reason = describe_validation_error(error).partition(": ")
        raise ConfigurationError(f"{reason}.", where=f"--{field.replace('_', '-')}") from error
    found: DriftMethod = chosen
    return found


def _report(done: DriftOutputs, change: FrcChange) -> None:
    curve = done.drift
    first, after = curve.frames
    print(f"{done.table}: {done.rows} localizations, frames {first} to {after - 1}")
    errors = dict(curve.uncertainties())
    for name, values in curve.axes():
        error = float(np.sqrt(np.mean(errors[name] ** 2)))
        print(
            f"  {name}: from {values[0]:.1f} to {values[-1]:.1f} nm,"
            f" range {np.ptp(values):.1f} nm, known to +- {error:.1f} nm"
        )
    if done.found is None:
        print("  the curve was given and not tested on this table")
    else:
        test = done.found.held_out
        apart = ", ".join(f"{axis} {value:.1f} nm" for axis, value in test.disagreement_nm.items())
        print(f"  found by {curve.method}; two halves of the molecules differ by {apart} RMS")
        print(
            f"  held-out molecules of different times meet {test.sharpening:.3f}"
            f" +- {test.sharpening_error:.3f} times as often as before"
        )
    print(f"  {change.reading}")
    print(f"  curve: {done.curve}, picture: {done.picture}")
    if change.is_worse:
        print(
            "Warning: the correction made the resolution worse. Look at the curve, try another"
            f" --method, or go back: cellstorm filter {done.table} --undo"
        )
    for notice in done.notices:
        print(f"Note: {notice}")
