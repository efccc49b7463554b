"""A drift: where the sample was in each frame, and how sure that is."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cellstorm.errors import TableError
from cellstorm.localizations import Localizations
from cellstorm.refine.drift.walk import Walk

__all__ = ["DriftCurve", "between", "curve_through"]


@dataclass(frozen=True, eq=False)
class DriftCurve:
    """Where the sample was in each frame, nm; a molecule was at its place plus this.

    The curve is zero on average over its frames, and so is what its uncertainties are of:
    a shift of the whole picture is no drift.

    Attributes
    ----------
    frame
        ``(n,)``, consecutive, counted from 0.
    x_nm, y_nm
        ``(n,)``, nm.
    z_nm
        ``(n,)``, nm, or None where the table has no height.
    uncertainty_x_nm, uncertainty_y_nm, uncertainty_z_nm
        Standard errors, ``(n,)``, nm.
    method
        How it was found.
    """

    frame: NDArray[np.int64]
    x_nm: NDArray[np.float64]
    y_nm: NDArray[np.float64]
    uncertainty_x_nm: NDArray[np.float64]
    uncertainty_y_nm: NDArray[np.float64]
    z_nm: NDArray[np.float64] | None = None
    uncertainty_z_nm: NDArray[np.float64] | None = None
    method: str = ""

    def __post_init__(self) -> None:
        given = [values for _, values in (*self.axes(), *self.uncertainties())]
        if any(values.shape != self.frame.shape for values in given):
            raise ValueError("a curve needs one value per frame.")
        if (self.z_nm is None) != (self.uncertainty_z_nm is None):
            raise ValueError("a curve has z and its uncertainty, or neither.")
        if self.frame.size == 0 or np.any(np.diff(self.frame) != 1):
            raise TableError("the frames of a drift curve must be consecutive.")

    def axes(self) -> tuple[tuple[str, NDArray[np.float64]], ...]:
        """Name and shifts of each axis there is."""
        flat = (("x", self.x_nm), ("y", self.y_nm))
        return flat if self.z_nm is None else (*flat, ("z", self.z_nm))

    def uncertainties(self) -> tuple[tuple[str, NDArray[np.float64]], ...]:
        """Name and standard errors of each axis there is."""
        flat = (("x", self.uncertainty_x_nm), ("y", self.uncertainty_y_nm))
        return flat if self.uncertainty_z_nm is None else (*flat, ("z", self.uncertainty_z_nm))

    @property
    def frames(self) -> tuple[int, int]:
        """First frame and the one after the last."""
        return int(self.frame[0]), int(self.frame[-1]) + 1

    @property
    def span_nm(self) -> dict[str, float]:
        """From the smallest to the largest shift, per axis, nm."""
        return {name: float(np.ptp(values)) for name, values in self.axes()}

    def at(self, frame: NDArray[np.integer]) -> dict[str, NDArray[np.float64]]:
        """Shifts in the given frames; outside the curve those of its nearest end."""
        first, after = self.frames
        index = np.clip(np.asarray(frame, dtype=np.int64), first, after - 1) - first
        return {name: values[index] for name, values in self.axes()}

    def with_uncertainties_scaled(self, factors: dict[str, float]) -> Self:
        """The same curve, standard errors of each axis times its factor."""
        scaled: dict[str, Any] = {
            f"uncertainty_{name}_nm": values * factors[name]
            for name, values in self.uncertainties()
        }
        return replace(self, **scaled)

    def without_z(self) -> Self:
        """The curve of x and y alone."""
        return replace(self, z_nm=None, uncertainty_z_nm=None)

    def with_z(self, z_nm: NDArray[np.float64], uncertainty_nm: NDArray[np.float64]) -> Self:
        """The same with heights and their standard errors, ``(n,)``, nm."""
        return replace(self, z_nm=z_nm - z_nm.mean(), uncertainty_z_nm=uncertainty_nm)

    def corrected_rows(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Rows with the drift taken out of their positions, whatever their number.

        Parameters
        ----------
        rows
            A table; rows of frames outside the curve get the shift of its nearest end.
        """
        first, after = self.frames
        index = pl.col("frame").cast(pl.Int64).clip(first, after - 1) - first
        schema = rows.collect_schema()
        moved = []
        for name, values in self.axes():
            column = f"{name}_nm"
            if column in schema:
                shift = pl.lit(pl.Series(values)).gather(index)
                moved.append((pl.col(column) - shift).cast(schema[column]).alias(column))
        return rows.with_columns(moved)

    def reversed(self) -> Self:
        """The curve that puts the drift back."""
        turned: dict[str, Any] = {f"{name}_nm": -values for name, values in self.axes()}
        return replace(self, **turned)

    def apply(self, localizations: Localizations) -> Localizations:
        """The table with the drift taken out of its positions; the history says so."""
        data = self.corrected_rows(localizations.data.lazy()).collect()
        return localizations.with_data(data, f"drift: {self.summary}")

    @property
    def summary(self) -> str:
        """How it was found, its frames and its range along each axis."""
        spans = ", ".join(f"{name} {span:.1f} nm" for name, span in self.span_nm.items())
        first, after = self.frames
        by = f" by {self.method}" if self.method else ""
        return f"corrected{by}, frames {first} to {after - 1}: {spans}"


def curve_through(
    frames: tuple[int, int], knots: NDArray[np.float64], walk: Walk, method: str
) -> DriftCurve:
    """The curve of all frames through the shifts of blocks: straight lines between them.

    Parameters
    ----------
    frames
        First frame and the one after the last.
    knots
        Frames that the shifts stand for, ``(knots,)``, rising.
    walk
        Their shifts in x and y.
    method
        How they were found.
    """
    frame = np.arange(*frames, dtype=np.int64)
    (x_nm, y_nm), (error_x_nm, error_y_nm) = (
        np.stack(values) for values in zip(*between(frame, knots, walk), strict=True)
    )
    return DriftCurve(
        frame=frame,
        x_nm=x_nm - x_nm.mean(),
        y_nm=y_nm - y_nm.mean(),
        uncertainty_x_nm=error_x_nm,
        uncertainty_y_nm=error_y_nm,
        method=method,
    )


def between(
    frame: NDArray[np.int64], knots: NDArray[np.float64], walk: Walk
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Of each axis of a walk its shifts in all frames and their standard errors, nm.

    Between two knots the walk is unknown, a Brownian bridge: it adds the variance of its
    step times s (1 - s) at the share s of the way, and within a block, which is seen as
    its mean, a twelfth of it.
    """
    gaps = np.diff(knots)
    usual = max(float(np.median(gaps)), 1.0) if gaps.size else 1.0
    index = np.clip(np.searchsorted(knots, frame, side="right") - 1, 0, max(gaps.size - 1, 0))
    wander = np.full(frame.size, 1.0 / 12.0)
    if gaps.size:
        share = (frame - knots[index]) / np.maximum(gaps[index], 1e-9)
        inside = (share > 0) & (share < 1)
        wander += np.where(inside, share * (1.0 - share), 0.0) * gaps[index] / usual
    curves = []
    for axis in range(walk.shift_nm.shape[1]):
        variance = np.interp(frame, knots, walk.variance_nm2[:, axis])
        errors = np.sqrt(variance + wander * walk.step_nm2[axis])
        curves.append((np.interp(frame, knots, walk.shift_nm[:, axis]), errors))
    return curves
