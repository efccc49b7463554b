"""Every column a localization table can have, once: name, dtype, unit, meaning."""

from dataclasses import dataclass
from enum import IntFlag

import polars as pl
from polars.datatypes import DataTypeClass

__all__ = ["COLUMNS", "REQUIRED_COLUMNS", "Column", "Flag", "columns_as_markdown"]


class Flag(IntFlag):
    """Bits of the ``flags`` column; 0 is a molecule with nothing against it."""

    NOT_CONVERGED = 1
    NEAR_EDGE = 2
    SATURATED = 4
    WIDE_OR_NARROW = 8
    POOR_FIT = 16
    CROWDED = 32


@dataclass(frozen=True)
class Column:
    """One column of the table."""

    name: str
    dtype: DataTypeClass
    unit: str
    meaning: str


_DEFINITIONS = (
    Column("id", pl.UInt64, "", "number of the molecule or localization"),
    Column("frame", pl.UInt32, "frame", "frame it was seen in, counted from 0"),
    Column("x_nm", pl.Float64, "nm", "position from the outer left edge of the movie"),
    Column("y_nm", pl.Float64, "nm", "position from the outer top edge of the movie"),
    Column("z_nm", pl.Float32, "nm", "height above the focal plane"),
    Column("photons", pl.Float32, "photon", "light of the molecule in this frame"),
    Column("background_photons", pl.Float32, "photon/px", "background under the molecule"),
    Column(
        "background_std_photons", pl.Float32, "photon", "standard deviation of a background pixel"
    ),
    Column("sigma_nm", pl.Float32, "nm", "standard deviation of the spot, mean of x and y"),
    Column("sigma_x_nm", pl.Float32, "nm", "standard deviation of the spot along x"),
    Column("sigma_y_nm", pl.Float32, "nm", "standard deviation of the spot along y"),
    Column("uncertainty_nm", pl.Float32, "nm", "lateral standard error, mean of x and y"),
    Column("uncertainty_x_nm", pl.Float32, "nm", "standard error of x_nm"),
    Column("uncertainty_y_nm", pl.Float32, "nm", "standard error of y_nm"),
    Column("uncertainty_z_nm", pl.Float32, "nm", "standard error of z_nm"),
    Column("uncertainty_photons", pl.Float32, "photon", "standard error of photons"),
    Column(
        "mortensen_nm",
        pl.Float32,
        "nm",
        "lateral precision by the formula of Mortensen et al. 2010",
    ),
    Column("chi2", pl.Float32, "", "sum of squared standardised residuals per degree of freedom"),
    Column(
        "significance",
        pl.Float32,
        "",
        "twice the log-likelihood gained over no molecule being here",
    ),
    Column("probability", pl.Float32, "", "probability that this molecule exists"),
    Column("neighbours", pl.UInt16, "", "molecules fitted together with this one"),
    Column("flags", pl.UInt8, "bits", "reasons for doubt, see Flag; 0 means none"),
    Column("detections", pl.UInt32, "", "localizations merged into this one"),
    Column("on_frames", pl.UInt32, "frame", "frames from the first to the last one it was seen in"),
    Column("on_s", pl.Float32, "s", "the same as a time"),
    Column("group", pl.Int32, "", "group, track or pick it belongs to"),
)

COLUMNS: dict[str, Column] = {column.name: column for column in _DEFINITIONS}
REQUIRED_COLUMNS = ("frame", "x_nm", "y_nm")


def columns_as_markdown() -> str:
    """The registry as the table of the documentation."""
    lines = ["| column | type | unit | meaning |", "|---|---|---|---|"]
    lines += [
        f"| `{column.name}` | {column.dtype} | {column.unit} | {column.meaning} |"
        for column in COLUMNS.values()
    ]
    return "\n".join(lines) + "\n"
