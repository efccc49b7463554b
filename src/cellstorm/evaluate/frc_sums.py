"""Ring sums of the spectra of a table's parts: all that a Fourier ring correlation needs.

The localizations are dealt into groups. Per ring of spatial frequency the sums
``Re sum F_i conj(F_j)`` of every two groups are kept; the correlation of any two halves made
of whole groups is then a matter of adding some of them.
"""

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len, rfft2
from scipy.signal.windows import tukey

from cellstorm.errors import TableError
from cellstorm.evaluate._ring_kernel import ring_products
from cellstorm.evaluate._tile_kernel import count_per_tile, draw_groups, rows_by_tile
from cellstorm.evaluate.table_field import FieldNm

__all__ = [
    "Groups",
    "RingSums",
    "TileListener",
    "Tiling",
    "localizations_of_tiles",
    "ring_sums",
    "sums_of_tiles",
]

Vector = NDArray[np.float64]
TileListener = Callable[[int, int], None]
"""Told how many tiles are done, and of how many."""

# 1/8 of either side is faded out, as by Nieuwenhuizen et al. 2013
_TAPER = 0.25
_FEWEST_IN_TILE = 2
# a count for each of them is held: 134 MB
_MOST_TILES = 2**24


@dataclass(frozen=True, eq=False)
class Groups:
    """Which group a localization belongs to.

    Attributes
    ----------
    key
        ``(n,)`` uint32: the frame, or the number of the blink.
    first_key
        The lowest.
    group_of_key
        int16, from the lowest key on; under 0 is left out.
    count
        Groups there are.
    """

    key: NDArray[np.uint32]
    first_key: int
    group_of_key: NDArray[np.int16]
    count: int


@dataclass(frozen=True)
class Tiling:
    """Tiles side by side over a field, all alike, and their rings.

    Attributes
    ----------
    corner_nm, edge_nm
        ``(x, y)`` of the first tile's corner, and of a tile's edges.
    columns, rows
        How many tiles.
    pixel_nm
        Of the histograms.
    """

    corner_nm: tuple[float, float]
    edge_nm: tuple[float, float]
    columns: int
    rows: int
    pixel_nm: float

    @classmethod
    def of(cls, field_nm: FieldNm, pixel_nm: float, largest_nm: float) -> "Tiling":
        """Nearly square tiles no larger than ``largest_nm`` that fill the field.

        Raises
        ------
        TableError
            There would be more than fit in memory.
        """
        x0, x1, y0, y1 = field_nm
        target = min(x1 - x0, y1 - y0, largest_nm)
        # an eighth more than a whole tile is better one large tile than two small ones
        columns = max(1, math.ceil((x1 - x0) / target - 0.125))
        rows = max(1, math.ceil((y1 - y0) / target - 0.125))
        if columns * rows > _MOST_TILES:
            raise TableError(
                f"the field is {(x1 - x0) / 1e3:.3g} by {(y1 - y0) / 1e3:.3g} um, too large for"
                f" tiles of {target / 1e3:.3g} um.",
                todo="Leave out what lies far away, or give the field; are its positions in nm?",
            )
        edge_nm = ((x1 - x0) / columns, (y1 - y0) / rows)
        return cls((x0, y0), edge_nm, columns, rows, pixel_nm)

    @property
    def shape_px(self) -> tuple[int, int]:
        """``(height, width)`` of a tile."""
        width, height = (max(1, math.ceil(edge / self.pixel_nm - 1e-6)) for edge in self.edge_nm)
        return height, width

    @property
    def padded_px(self) -> tuple[int, int]:
        """The same with zeros around, to a length whose transform is fast."""
        height, width = self.shape_px
        return next_fast_len(height, real=True), next_fast_len(width, real=True)

    @property
    def ring_per_nm(self) -> float:
        """Width of a ring."""
        return 1.0 / (min(self.padded_px) * self.pixel_nm)

    @property
    def rings(self) -> int:
        """Rings up to half the sampling frequency, the middle not counted."""
        return int(0.5 / self.pixel_nm / self.ring_per_nm)


@dataclass(frozen=True, eq=False)
class RingSums:
    """Products of spectra, ring by ring.

    Attributes
    ----------
    frequency_per_nm
        ``(rings,)`` middle of the rings; zero frequency is left out.
    pixels
        ``(rings,)`` independent values in a ring, both halves of the plane counted.
    products
        ``(rings, groups, groups)`` real parts.
    localizations
        How many were looked at.
    """

    frequency_per_nm: Vector
    pixels: Vector
    products: NDArray[np.float64]
    localizations: int


def localizations_of_tiles(x_nm: Vector, y_nm: Vector, tiling: Tiling) -> NDArray[np.int64]:
    """How many lie in each tile, ``(rows, columns)``, of columns of the table, ``(n,)``."""
    inside = np.zeros(tiling.columns * tiling.rows, np.int64)
    corner_nm, edge_nm = np.array(tiling.corner_nm), np.array(tiling.edge_nm)
    count_per_tile(x_nm, y_nm, corner_nm, edge_nm, tiling.columns, inside)
    return inside.reshape(tiling.rows, tiling.columns)


def sums_of_tiles(
    x_nm: Vector,
    y_nm: Vector,
    groups: Groups,
    tiling: Tiling,
    *,
    most: int | None = None,
    seed: int = 0,
    fewest: int = _FEWEST_IN_TILE,
    on_tile: TileListener | None = None,
) -> Iterator[tuple[int, int, RingSums]]:
    """Row and column of a tile, and its sums; tiles with few localizations are left out.

    Besides the table there are in memory 4 bytes a row and the spectra of one tile.

    Parameters
    ----------
    x_nm, y_nm
        ``(n,)`` columns of the table.
    groups
        Which group a localization belongs to.
    tiling
        Tiles and pixels.
    most, seed
        Where more tiles than this have localizations, so many are drawn at random.
    fewest
        Localizations that a tile must have.
    on_tile
        Called with the tiles done and those there are.
    """
    corner_nm, edge_nm = np.array(tiling.corner_nm), np.array(tiling.edge_nm)
    inside = localizations_of_tiles(x_nm, y_nm, tiling).ravel()
    stop = np.cumsum(inside)
    place = stop - inside
    order = np.empty(int(stop[-1]), np.uint32)
    rows_by_tile(x_nm, y_nm, corner_nm, edge_nm, tiling.columns, place, order)
    rings = _Rings.of(tiling)
    chosen = np.flatnonzero(inside >= fewest)
    if most is not None and chosen.size > most:
        chosen = np.sort(np.random.default_rng(seed).choice(chosen, most, replace=False))
    for done, tile in enumerate(chosen.tolist(), 1):
        row, column = divmod(tile, tiling.columns)
        counts = np.zeros((groups.count, *tiling.shape_px), np.float32)
        drawn = draw_groups(
            x_nm,
            y_nm,
            groups.key,
            groups.first_key,
            groups.group_of_key,
            order[stop[tile] - inside[tile] : stop[tile]],
            corner_nm + edge_nm * (column, row),
            tiling.pixel_nm,
            counts,
        )
        if drawn:
            yield row, column, rings.sums(counts, drawn)
        if on_tile is not None:
            on_tile(done, chosen.size)


def ring_sums(
    x_nm: Vector,
    y_nm: Vector,
    groups: Groups,
    tiling: Tiling,
    *,
    most: int,
    seed: int,
    on_tile: TileListener | None = None,
) -> RingSums:
    """The sums over all tiles, or as many as `most` of them, drawn at random."""
    rings = tiling.rings
    products = np.zeros((rings, groups.count, groups.count))
    pixels = np.zeros(rings)
    localizations = 0
    for _, _, sums in sums_of_tiles(
        x_nm, y_nm, groups, tiling, most=most, seed=seed, on_tile=on_tile
    ):
        products += sums.products
        pixels += sums.pixels
        localizations += sums.localizations
    frequency: Vector = np.arange(1.0, rings + 1.0) * tiling.ring_per_nm
    return RingSums(frequency, pixels, products, localizations)


@dataclass(frozen=True, eq=False)
class _Rings:
    """Values of a half plane by ring: ``order[edges[k]:edges[k + 1]]`` are those of ring k + 1."""

    padded_px: tuple[int, int]
    window: NDArray[np.float32]
    order: NDArray[np.int64]
    edges: NDArray[np.int64]
    frequency_per_nm: Vector
    pixels: Vector

    @classmethod
    def of(cls, tiling: Tiling) -> "_Rings":
        height, width = tiling.padded_px
        q_y = np.fft.fftfreq(height, tiling.pixel_nm)[:, None]
        q_x = np.fft.rfftfreq(width, tiling.pixel_nm)[None, :]
        # the shorter the numbers, the faster are they sorted
        ring = np.rint(np.hypot(q_x, q_y) / tiling.ring_per_nm).astype(np.uint16)
        # of the columns that are their own mirror image one half is the other's conjugate
        ring[height // 2 + 1 :, 0] = 0
        if width % 2 == 0:
            ring[:, -1] = 0
        ring[ring > tiling.rings] = 0
        order = np.argsort(ring, axis=None, kind="stable")
        order = order[np.count_nonzero(ring == 0) :]
        held = np.bincount(ring.ravel(), minlength=tiling.rings + 1)[1:]
        edges = np.concatenate([[0], np.cumsum(held)])
        rows, columns = tiling.shape_px
        window = np.outer(tukey(rows, _TAPER), tukey(columns, _TAPER)).astype(np.float32)
        # what is faded out and what is padded adds no independent values
        squared = np.square(window, dtype=np.float64)
        # a tile of two pixels is faded out whole
        spread = float(np.square(squared).mean()) or 1.0
        share = squared.mean() ** 2 / spread * window.size / (height * width)
        frequency: Vector = np.arange(1.0, tiling.rings + 1.0) * tiling.ring_per_nm
        return cls(tiling.padded_px, window, order, edges, frequency, 2.0 * share * np.diff(edges))

    def sums(self, counts: NDArray[np.float32], localizations: int) -> RingSums:
        # the window itself would be something that all have in common
        level = np.tensordot(counts, self.window, 2)
        level /= float(self.window.sum(dtype=np.float64)) or 1.0
        counts -= level.astype(np.float32)[:, None, None]
        counts *= self.window
        spectra = rfft2(counts, s=self.padded_px, workers=os.cpu_count() or 1)
        spectra = spectra.reshape(counts.shape[0], -1)
        in_rings = np.take(spectra, self.order, axis=1).view(np.float32)
        products = np.empty((self.edges.size - 1, counts.shape[0], counts.shape[0]))
        ring_products(in_rings, self.edges, products)
        return RingSums(self.frequency_per_nm, self.pixels, products, localizations)
