"""A drift curve in a file: CSV or Parquet, one row a frame."""

from pathlib import Path

import numpy as np
import polars as pl

from cellstorm.atomic_file import atomic_file
from cellstorm.errors import OutputError, TableError
from cellstorm.localizations.engine_errors import engine_errors
from cellstorm.refine.drift.curve import DriftCurve
from cellstorm.refine.provenance import Origin, find_unchanged

__all__ = ["curve_of_step", "read_curve", "save_curve"]

_FLAT = ("x_nm", "y_nm", "uncertainty_x_nm", "uncertainty_y_nm")
_HEIGHT = ("z_nm", "uncertainty_z_nm")
_METHOD = "method"


def save_curve(curve: DriftCurve, path: Path | str) -> None:
    """Write a curve; what was at ``path`` is replaced only when the new one is whole.

    Parameters
    ----------
    curve
        The curve.
    path
        ``.csv`` or ``.parquet``.

    Raises
    ------
    OutputError
        The extension is another one, or the file cannot be written.
    """
    path = Path(path)
    names = (*_FLAT, *_HEIGHT) if curve.z_nm is not None else _FLAT
    data = pl.DataFrame(
        {"frame": curve.frame, **{name: getattr(curve, name) for name in names}}
    ).with_columns(pl.lit(curve.method).alias(_METHOD))
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".parquet"):
        raise OutputError("a drift curve is written as .csv or .parquet.", where=path)
    with atomic_file(path) as temporary:
        if suffix == ".csv":
            data.write_csv(temporary, float_precision=4)
        else:
            data.write_parquet(temporary)


def read_curve(path: Path | str) -> DriftCurve:
    """Read a curve that `save_curve` wrote, or any file with its columns.

    Raises
    ------
    TableError
        Not such a file: a column is missing, or a value is no number, or frames are left
        out.
    """
    path = Path(path)
    with engine_errors(path, reading=True):
        is_parquet = path.suffix.lower() == ".parquet"
        data = pl.read_parquet(path) if is_parquet else pl.read_csv(path)
    missing = [name for name in ("frame", *_FLAT) if name not in data.columns]
    if missing:
        raise TableError(
            f"this is no drift curve: it has no {', '.join(missing)}.",
            where=path,
            todo="A curve has the columns frame, x_nm, y_nm and their uncertainties.",
        )
    names = (*_FLAT, *_HEIGHT) if all(name in data.columns for name in _HEIGHT) else _FLAT
    try:
        columns = {name: data[name].cast(pl.Float64).to_numpy() for name in names}
        frame = data["frame"].cast(pl.Int64).to_numpy()
    except pl.exceptions.PolarsError as error:
        raise TableError("a value of the curve is no number.", where=path) from error
    if data.height == 0 or not all(np.isfinite(values).all() for values in columns.values()):
        raise TableError("a value of the curve is missing.", where=path)
    has_method = _METHOD in data.columns and data[_METHOD].dtype == pl.String
    method = (data[_METHOD][0] or "") if has_method else ""
    try:
        return DriftCurve(frame=frame, method=method, **columns)
    except TableError as error:
        raise TableError(error.what, where=path) from error


def curve_of_step(step: Origin, folder: Path) -> DriftCurve | None:
    """The curve that a drift correction in a history took out; None where it is gone.

    Parameters
    ----------
    step
        What the history says.
    folder
        That of the corrected table, where the curve lies beside it.
    """
    name, fingerprint = (step.parameters.get(word) for word in ("curve", "curve_fingerprint"))
    if not isinstance(name, str) or not isinstance(fingerprint, str):
        return None
    path = find_unchanged(folder, name, fingerprint)
    return None if path is None else read_curve(path)
