"""What a drift is estimated from: positions in the order of their frames."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cellstorm.localizations import Metadata
from cellstorm.refine.drift.refusal import DriftRefusedError

__all__ = ["Molecules", "molecules_of"]

_USUAL_PRECISION_NM = 15.0
# columns of the lateral standard error, the best first
_UNCERTAINTIES = ("uncertainty_nm", "uncertainty_x_nm", "mortensen_nm")
_FEWEST_MOLECULES = 200
_FEWEST_FRAMES = 20
# of a checkerboard that parts the field in two halves without a molecule in common
_TILE_NM = 1_000.0
_SMALLEST_SHARE = 0.25


@dataclass(frozen=True, eq=False)
class Molecules:
    """Positions sorted by frame.

    Attributes
    ----------
    frame
        ``(n,)``, counted from 0, in rising order.
    x_nm, y_nm
        ``(n,)``, nm, from the table's smallest x and y on: small enough for 32 bits, whose
        step is 0.02 nm in a field of 200 um.
    z_nm
        ``(n,)``, nm, or None where the table has no height.
    frames
        First frame and the one after the last that the curve is to cover.
    precision_nm
        Median lateral standard error of the localizations, nm.
    uncertainty_nm, uncertainty_z_nm
        Standard errors of the localizations, ``(n,)``, nm, lateral and along z; None where
        they were not asked for, or the table has none.
    """

    frame: NDArray[np.int64]
    x_nm: NDArray[np.float32]
    y_nm: NDArray[np.float32]
    z_nm: NDArray[np.float32] | None
    frames: tuple[int, int]
    precision_nm: float
    uncertainty_nm: NDArray[np.float32] | None = None
    uncertainty_z_nm: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return self.frame.size

    def subset(self, rows: NDArray[np.bool_]) -> "Molecules":
        """Those where ``rows``, ``(n,)``, is true."""
        # several times faster than by the mask itself
        index = np.flatnonzero(rows)
        return Molecules(
            frame=self.frame.take(index),
            x_nm=self.x_nm.take(index),
            y_nm=self.y_nm.take(index),
            z_nm=_taken(self.z_nm, index),
            frames=self.frames,
            precision_nm=self.precision_nm,
            uncertainty_nm=_taken(self.uncertainty_nm, index),
            uncertainty_z_nm=_taken(self.uncertainty_z_nm, index),
        )

    def halves(self) -> tuple["Molecules", "Molecules"]:
        """Two halves that share as little as the table allows.

        The squares of a checkerboard of 1 um, so that no molecule is in both; every other
        localization where all are in too few squares for that (beads, small cells).
        """
        squares = [
            (p * np.float32(1.0 / _TILE_NM)).astype(np.int32) for p in (self.x_nm, self.y_nm)
        ]
        first = (squares[0] ^ squares[1]) & 1 == 0
        share = float(first.mean())
        if not _SMALLEST_SHARE <= share <= 1.0 - _SMALLEST_SHARE:
            first = np.arange(len(self)) % 2 == 0
        return self.subset(first), self.subset(~first)


def _taken(
    values: NDArray[np.float32] | None, index: NDArray[np.int64]
) -> NDArray[np.float32] | None:
    return None if values is None else values.take(index)


def molecules_of(
    rows: pl.LazyFrame, metadata: Metadata, *, with_uncertainties: bool = False
) -> Molecules:
    """Collect what a drift is estimated from, 20 bytes a row, 8 more with uncertainties.

    Parameters
    ----------
    rows
        The table; only frame, positions and uncertainties are read.
    metadata
        The table's; says which frames were analysed.
    with_uncertainties
        Also collect the standard error of each localization.

    Raises
    ------
    DriftRefusedError
        There are too few molecules or too few frames for any drift.
    """
    schema = rows.collect_schema()
    wanted = [pl.col("frame").cast(pl.UInt32)]
    origin = rows.select(pl.col("x_nm", "y_nm").min()).collect(engine="streaming")
    left, top = (origin[name].item() or 0.0 for name in ("x_nm", "y_nm"))
    wanted += [
        (pl.col("x_nm") - left).cast(pl.Float32),
        (pl.col("y_nm") - top).cast(pl.Float32),
    ]
    has_z = "z_nm" in schema
    if has_z:
        wanted.append(pl.col("z_nm").cast(pl.Float32))
    flat_error = next((name for name in _UNCERTAINTIES if name in schema), None)
    errors = (("flat_error", flat_error), ("z_error", "uncertainty_z_nm"))
    if with_uncertainties:
        wanted += [
            pl.col(name).cast(pl.Float32).fill_null(float("nan")).alias(alias)
            for alias, name in errors
            if name is not None and name in schema
        ]
    data = rows.select(wanted).collect(engine="streaming")
    if data.height < _FEWEST_MOLECULES:
        raise DriftRefusedError(
            f"{data.height} localizations are too few to see a drift in"
            f" (at least {_FEWEST_MOLECULES} are needed).",
            todo="Use a lower threshold or a longer movie.",
        )
    if not data["frame"].is_sorted():
        data = data.sort("frame", maintain_order=True)
    frame = data["frame"].to_numpy().astype(np.int64)
    first, after = int(frame[0]), int(frame[-1]) + 1
    if metadata.frames is not None:
        first, after = min(first, metadata.frames[0]), max(after, metadata.frames[1])
    if after - first < _FEWEST_FRAMES:
        raise DriftRefusedError(
            f"{after - first} frames are too few to see a drift in"
            f" (at least {_FEWEST_FRAMES} are needed)."
        )
    z_nm = None
    if has_z:
        heights = data["z_nm"].to_numpy()
        # a column of nothing, or of one value, is a 2D table written by a 3D program
        if np.isfinite(heights).all() and np.ptp(heights) > 0:
            z_nm = heights
    return Molecules(
        frame=frame,
        x_nm=data["x_nm"].to_numpy(),
        y_nm=data["y_nm"].to_numpy(),
        z_nm=z_nm,
        frames=(first, after),
        precision_nm=_precision_nm(rows, schema),
        uncertainty_nm=data["flat_error"].to_numpy() if "flat_error" in data.columns else None,
        uncertainty_z_nm=data["z_error"].to_numpy() if "z_error" in data.columns else None,
    )


def _precision_nm(rows: pl.LazyFrame, schema: pl.Schema) -> float:
    for name in _UNCERTAINTIES:
        if name in schema:
            column = pl.col(name)
            value = (
                rows.select(column.filter(column.is_finite() & (column > 0)).median())
                .collect(engine="streaming")
                .item()
            )
            if value is not None:
                return float(value)
    return _USUAL_PRECISION_NM
