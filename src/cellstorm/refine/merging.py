"""One row of many: sums that can be added up block by block, and what follows from them.

Positions are means weighted by 1 / uncertainty squared, the estimate of least variance
for independent errors; its standard error is 1 / sqrt(sum of the weights).
"""

from dataclasses import dataclass

import polars as pl

from cellstorm.localizations import COLUMNS

__all__ = ["Merging"]

_NUMBER = "__number"
# Of localizations without uncertainty or photons: counts only where no other has more.
_LEAST_WEIGHT = 1e-12

_SUMMED = ("photons", "significance")
_AVERAGED = (
    "background_photons",
    "background_std_photons",
    "sigma_nm",
    "sigma_x_nm",
    "sigma_y_nm",
    "chi2",
)
_COMBINED = (
    "uncertainty_nm",
    "uncertainty_x_nm",
    "uncertainty_y_nm",
    "uncertainty_z_nm",
    "mortensen_nm",
)
_IN_QUADRATURE = ("uncertainty_photons",)
_LARGEST = ("probability", "neighbours")
_AXES = {
    "x_nm": ("uncertainty_x_nm", "uncertainty_nm"),
    "y_nm": ("uncertainty_y_nm", "uncertainty_nm"),
    "z_nm": ("uncertainty_z_nm", "uncertainty_nm"),
}


@dataclass(frozen=True)
class Merging:
    """How the rows of a table with these columns become molecules.

    Attributes
    ----------
    schema
        The table's columns and types.
    frame_rate_hz
        For on-times; None where it is not known.
    """

    schema: pl.Schema
    frame_rate_hz: float | None = None

    def partial(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Sums of each molecule over some of its rows, which have its ``__number``."""
        one_row = [
            pl.len().cast(pl.UInt32).alias("n"),
            pl.col("frame").min().alias("first"),
            pl.col("frame").max().alias("last"),
        ]
        for axis in self._axes():
            place, weight = pl.col(axis).cast(pl.Float64), self._weight(axis)
            if axis == "z_nm":
                place = place.fill_nan(None)
                weight = pl.when(place.is_not_null()).then(weight)
            one_row += [
                weight.sum().alias(f"w {axis}"),
                (weight * place).sum().alias(f"wx {axis}"),
                (weight * place * place).sum().alias(f"wxx {axis}"),
            ]
        for name in self._there(_SUMMED):
            one_row.append(_valid(name).sum().alias(f"sum {name}"))
        for name in self._there(_AVERAGED):
            one_row += [
                _valid(name).sum().alias(f"sum {name}"),
                _valid(name).count().alias(f"count {name}"),
            ]
        for name in self._there(_COMBINED):
            one_row.append(_precision(name).sum().alias(f"sum {name}"))
        for name in self._there(_IN_QUADRATURE):
            one_row.append((_valid(name) ** 2).sum().alias(f"sum {name}"))
        for name in self._there(_LARGEST):
            value = pl.col(name).fill_nan(None) if self.schema[name].is_float() else pl.col(name)
            one_row.append(value.max().alias(f"max {name}"))
        if "flags" in self.schema:
            one_row.append(pl.col("flags").fill_null(0).bitwise_or().alias("flags"))
        if "detections" in self.schema:
            one_row.append(pl.col("detections").fill_null(1).sum().alias("detections"))
        one_row += [pl.col(name).first().alias(f"first {name}") for name in self._taken_over()]
        return rows.group_by(_NUMBER).agg(one_row)

    def together(self, parts: pl.DataFrame) -> pl.DataFrame:
        """Sums over all rows from those over some, earlier ones first."""
        names = [name for name in parts.columns if name != _NUMBER]
        how = []
        for name in names:
            column = pl.col(name)
            word = name.partition(" ")[0]
            if name == "flags":
                how.append(column.bitwise_or())
            elif name == "first":
                how.append(column.min())
            elif name == "last" or word == "max":
                how.append(column.max())
            elif word == "first":
                how.append(column.first())
            else:
                how.append(column.sum())
        return parts.group_by(_NUMBER).agg(how)

    def finished(self, sums: pl.DataFrame) -> pl.DataFrame:
        """Molecules in the columns of the registry, in the order of their numbers."""
        columns: dict[str, pl.Expr] = {
            "id": pl.col(_NUMBER),
            "frame": pl.col("first"),
            "detections": pl.col("detections" if "detections" in self.schema else "n"),
            "on_frames": pl.col("last") - pl.col("first") + 1,
        }
        if self.frame_rate_hz is not None:
            columns["on_s"] = columns["on_frames"] / self.frame_rate_hz
        for axis in self._axes():
            weight = pl.col(f"w {axis}")
            columns[axis] = pl.when(weight > 0).then(pl.col(f"wx {axis}") / weight)
        for name in self._there(_SUMMED):
            columns[name] = pl.col(f"sum {name}")
        for name in self._there(_AVERAGED):
            count = pl.col(f"count {name}")
            columns[name] = pl.when(count > 0).then(pl.col(f"sum {name}") / count)
        for name in self._there(_COMBINED):
            total = pl.col(f"sum {name}")
            columns[name] = pl.when(total > 0).then(1.0 / total.sqrt())
        for name in self._there(_IN_QUADRATURE):
            columns[name] = pl.col(f"sum {name}").sqrt()
        for name in self._there(_LARGEST):
            columns[name] = pl.col(f"max {name}")
        if "flags" in self.schema:
            columns["flags"] = pl.col("flags")
        for name in self._taken_over():
            columns[name] = pl.col(f"first {name}")
        order = [name for name in COLUMNS if name in columns]
        order += [name for name in columns if name not in COLUMNS]
        return sums.sort(_NUMBER).select(
            columns[name].cast(COLUMNS[name].dtype).alias(name)
            if name in COLUMNS
            else columns[name].alias(name)
            for name in order
        )

    def scatter(self, sums: pl.DataFrame) -> tuple[float, int]:
        """Chi-squared of the positions within molecules, and its degrees of freedom.

        Both zero where the table has no uncertainties.
        """
        if not self._there(("uncertainty_nm", "uncertainty_x_nm")):
            return 0.0, 0
        within = sums.filter((pl.col("n") > 1) & (pl.col("w x_nm") > pl.col("n") * _LEAST_WEIGHT))
        chi2 = sum(
            (
                pl.col(f"wxx {axis}") - pl.col(f"wx {axis}") ** 2 / pl.col(f"w {axis}")
                for axis in ("x_nm", "y_nm")
            ),
            start=pl.lit(0.0),
        )
        value, freedom = within.select(
            chi2.clip(lower_bound=0.0).sum().alias("chi2"),
            2 * (pl.col("n").cast(pl.Int64) - 1).sum().alias("freedom"),
        ).row(0)
        return float(value or 0.0), int(freedom or 0)

    def _axes(self) -> tuple[str, ...]:
        return self._there(tuple(_AXES))

    def _there(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if name in self.schema)

    def _taken_over(self) -> tuple[str, ...]:
        """Columns of which a molecule keeps that of its first localization."""
        made = {*_SUMMED, *_AVERAGED, *_COMBINED, *_IN_QUADRATURE, *_LARGEST, *_AXES}
        made |= {"id", "frame", "flags", "detections", "on_frames", "on_s", _NUMBER}
        return tuple(name for name in self.schema if name not in made)

    def _weight(self, axis: str) -> pl.Expr:
        for name in _AXES[axis]:
            if name in self.schema:
                return _precision(name).fill_null(_LEAST_WEIGHT)
        if "photons" in self.schema:
            # the variance of a position goes with 1 / photons (Thompson et al. 2002, eq. 17)
            photons = _valid("photons")
            return pl.when(photons > 0).then(photons).otherwise(_LEAST_WEIGHT)
        # of every row: a bare number would be summed once a molecule
        return pl.col("frame").is_not_null().cast(pl.Float64)


def _valid(name: str) -> pl.Expr:
    """Values in double precision; NaN and infinity are missing."""
    value = pl.col(name).cast(pl.Float64)
    return pl.when(value.is_finite()).then(value)


def _precision(name: str) -> pl.Expr:
    """``1 / uncertainty**2``, missing where there is no usable uncertainty."""
    value = _valid(name)
    return pl.when(value > 0).then(1.0 / (value * value))
