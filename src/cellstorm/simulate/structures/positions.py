"""Molecules where a table says."""

from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.errors import ConfigurationError
from cellstorm.simulate.field_of_view import FieldOfView
from cellstorm.simulate.structures.axial import AxialExtent
from cellstorm.simulate.structures.placing import inside, positions

__all__ = ["PositionStructure"]

_WANTED = "structure.path takes a .csv or .parquet table with x_nm and y_nm."


class PositionStructure(AxialExtent):
    """Labels at the positions of a CSV or Parquet table.

    Columns ``x_nm`` and ``y_nm``, from the outer corner of the field's first pixel, and
    maybe ``z_nm``, to which the slab's heights are added; others are not looked at.
    Positions outside the field are left out.
    """

    kind: Literal["positions"] = "positions"
    path: str = Field(min_length=1, description="a .csv or .parquet file with x_nm, y_nm [, z_nm]")

    def sites(self, view: FieldOfView, random: np.random.Generator) -> NDArray[np.float64]:
        """Where labels sit.

        Parameters
        ----------
        view
            The field to fill.
        random
            Source of all randomness.

        Returns
        -------
        NDArray[np.float64]
            ``(n, 3)`` x, y, z in nm, inside the field, in the order of the table.

        Raises
        ------
        ConfigurationError
            The table cannot be read, lacks a column, holds what is no number, or has no
            position inside the field.
        """
        path = Path(self.path)
        table = _read(path)
        x_nm, y_nm = _numbers(table, "x_nm", path), _numbers(table, "y_nm", path)
        within = inside(x_nm, y_nm, view)
        if not within.any():
            raise ConfigurationError(
                f"none of the {x_nm.size} positions is inside the field of"
                f" {view.width_nm:g} x {view.height_nm:g} nm",
                where=path,
                todo="Positions are in nm from the outer corner of the top-left pixel.",
            )
        z_nm = self.heights_nm(int(within.sum()), random)
        if "z_nm" in table.columns:
            z_nm = z_nm + _numbers(table, "z_nm", path)[within]
        return positions(x_nm[within], y_nm[within], z_nm)


def _read(path: Path) -> pl.DataFrame:
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".parquet"):
        raise ConfigurationError(
            "positions are read from .csv and .parquet files only.", where=path, todo=_WANTED
        )
    try:
        return pl.read_csv(path) if suffix == ".csv" else pl.read_parquet(path)
    except FileNotFoundError as error:
        raise ConfigurationError("there is no such table.", where=path, todo=_WANTED) from error
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigurationError(
            f"this is not a {suffix[1:]} table ({reason}).", where=path, todo=_WANTED
        ) from error


def _numbers(table: pl.DataFrame, name: str, path: Path) -> NDArray[np.float64]:
    if name not in table.columns:
        raise ConfigurationError(
            f"the table has no column {name} (it has {', '.join(table.columns)})",
            where=path,
            todo="Positions need x_nm and y_nm, and may have z_nm.",
        )
    try:
        column = table[name].cast(pl.Float64, strict=False).fill_null(np.nan)
    except pl.exceptions.PolarsError as error:
        raise ConfigurationError(f"{name} holds no numbers", where=path) from error
    values = column.to_numpy()
    wrong = ~np.isfinite(values)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ConfigurationError(
            f"{name} is no number in row {row + 1} ({table[name][row]!r})", where=path
        )
    return values
