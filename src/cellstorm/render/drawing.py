"""Draws a table on a grid: whole, or window by window where the whole is too large."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from cellstorm.errors import ConfigurationError
from cellstorm.localizations import Localizations
from cellstorm.render._splat_kernel import (
    draw_gaussians,
    draw_jittered,
    draw_points,
    draw_shifted_histogram,
)
from cellstorm.render.grid import Grid
from cellstorm.render.modes import (
    GaussianMode,
    HistogramMode,
    JitteredMode,
    RenderMode,
    ShiftedHistogramMode,
)

__all__ = ["Drawing", "Weighting"]

Weighting = Literal["molecules", "photons"]

_FloatArray = NDArray[np.float32]

# Farther than this many standard deviations no kernel draws: the Gaussian is cut at 4, and
# the smallest uniform number of a jitter, 2**-53, makes 8.6.
_REACH_SIGMAS = 9.0
_LEAST_ROWS_PER_THREAD = 64


@dataclass(frozen=True, eq=False)
class Drawing:
    """Molecules ready to be drawn on a grid.

    Attributes
    ----------
    grid, mode
        Where and how.
    x_px, y_px
        ``(n,)`` float64 positions in pixels of the grid, from its corner.
    sigma_x_px, sigma_y_px
        ``(n,)`` float32 widths; zero for modes without.
    weights
        ``(n,)`` float32.
    numbers
        ``(n,)`` uint64 row of the molecule in the table.
    reach_px
        No molecule is drawn farther from its position than this.
    """

    grid: Grid
    mode: RenderMode
    x_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    sigma_x_px: _FloatArray
    sigma_y_px: _FloatArray
    weights: _FloatArray
    numbers: NDArray[np.uint64]
    reach_px: float

    @classmethod
    def of(
        cls,
        localizations: Localizations,
        grid: Grid,
        mode: RenderMode,
        *,
        weighting: Weighting = "molecules",
    ) -> Self:
        """Prepare the molecules of a table that can be seen on ``grid``.

        Raises
        ------
        ConfigurationError
            The mode needs uncertainties, or the weighting photons, and there are none.
        """
        x_px = (localizations.column("x_nm") - grid.origin_nm[0]) / grid.pixel_nm
        y_px = (localizations.column("y_nm") - grid.origin_nm[1]) / grid.pixel_nm
        sigma_x_px, sigma_y_px, reach_px = _widths(localizations, mode, grid.pixel_nm)
        seen = (
            (x_px > -reach_px)
            & (x_px < grid.width_px + reach_px)
            & (y_px > -reach_px)
            & (y_px < grid.height_px + reach_px)
        )
        drawing = cls(
            grid=grid,
            mode=mode,
            x_px=x_px,
            y_px=y_px,
            sigma_x_px=sigma_x_px,
            sigma_y_px=sigma_y_px,
            weights=_weights(localizations, weighting),
            numbers=np.arange(x_px.size, dtype=np.uint64),
            reach_px=reach_px,
        )
        return drawing if seen.all() else drawing.taken(np.flatnonzero(seen))

    def taken(self, rows: NDArray[np.intp] | slice) -> Self:
        """The same drawing of some of the molecules, in the order of ``rows``."""
        return replace(
            self,
            x_px=self.x_px[rows],
            y_px=self.y_px[rows],
            sigma_x_px=self.sigma_x_px[rows],
            sigma_y_px=self.sigma_y_px[rows],
            weights=self.weights[rows],
            numbers=self.numbers[rows],
        )

    def with_weights(self, weights: _FloatArray) -> Self:
        """The same drawing with other weights, ``(n,)`` float32."""
        return replace(self, weights=weights)

    def window(self, first_row: int, first_column: int, out: _FloatArray) -> None:
        """Add the molecules to ``out``, which lies at this row and column of the grid."""
        corner = (first_row, first_column)
        sigmas = (self.sigma_x_px, self.sigma_y_px)
        match self.mode:
            case HistogramMode():
                draw_points(self.x_px, self.y_px, self.weights, *corner, out)
            case GaussianMode():
                draw_gaussians(self.x_px, self.y_px, *sigmas, self.weights, *corner, out)
            case ShiftedHistogramMode(shifts=shifts):
                draw_shifted_histogram(self.x_px, self.y_px, self.weights, shifts, *corner, out)
            case JitteredMode(jitters=jitters, seed=seed):
                key = np.random.default_rng(seed).integers(2**64, dtype=np.uint64, endpoint=False)
                draw_jittered(
                    self.x_px,
                    self.y_px,
                    *sigmas,
                    self.weights,
                    self.numbers,
                    jitters,
                    key,
                    *corner,
                    out,
                )

    def whole(self, *, threads: int | None = None) -> _FloatArray:
        """All of the grid, ``(height, width)`` float32, drawn in bands side by side."""
        values = np.zeros((self.grid.height_px, self.grid.width_px), dtype=np.float32)
        self.add_to(values, threads=threads)
        return values

    def add_to(self, values: _FloatArray, *, threads: int | None = None) -> None:
        """Add all to ``values``, the whole grid, ``(height, width)`` float32."""
        height = self.grid.height_px
        threads = threads or os.cpu_count() or 1
        # Several bands a thread, as molecules crowd in some.
        bands = max(1, min(4 * threads, height // _LEAST_ROWS_PER_THREAD))
        edges = np.linspace(0, height, bands + 1).astype(int).tolist()
        ordered = self._ordered()

        def draw(band: int) -> None:
            ordered._draw_rows(edges[band], values[edges[band] : edges[band + 1]])

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(draw, range(bands)))

    def bands(self, height_px: int) -> Iterator[tuple[int, _FloatArray]]:
        """The grid from top to bottom, ``height_px`` rows at a time.

        Yields
        ------
        tuple[int, NDArray[np.float32]]
            First row and ``(rows, width)`` values; the last band may be lower.
        """
        ordered = self._ordered()
        for first in range(0, self.grid.height_px, height_px):
            rows = min(height_px, self.grid.height_px - first)
            values = np.zeros((rows, self.grid.width_px), dtype=np.float32)
            ordered._draw_rows(first, values)
            yield first, values

    def _ordered(self) -> Self:
        """From top to bottom: rows of the picture are then a slice, and near in memory."""
        return self.taken(np.argsort(self.y_px, kind="stable"))

    def _draw_rows(self, first: int, out: _FloatArray) -> None:
        reach = self.reach_px + 1
        low, high = np.searchsorted(self.y_px, (first - reach, first + out.shape[0] + reach))
        self.taken(slice(int(low), int(high))).window(first, 0, out)


def _weights(localizations: Localizations, weighting: Weighting) -> _FloatArray:
    if weighting == "molecules":
        return np.ones(len(localizations), dtype=np.float32)
    if "photons" not in localizations.columns:
        raise ConfigurationError(
            "the table has no photons to weight the molecules with.",
            todo="Leave the weighting out: each molecule then counts as one.",
        )
    photons = localizations.column("photons").astype(np.float32)
    return np.where(np.isfinite(photons), photons, np.float32(0))


def _widths(
    localizations: Localizations, mode: RenderMode, pixel_nm: float
) -> tuple[_FloatArray, _FloatArray, float]:
    """``sigma_x_px, sigma_y_px, reach_px``."""
    count = len(localizations)
    match mode:
        case HistogramMode():
            none = np.zeros(count, dtype=np.float32)
            return none, none, 1.0
        case ShiftedHistogramMode(shifts=shifts):
            none = np.zeros(count, dtype=np.float32)
            return none, none, float(shifts)
        case GaussianMode(width_nm=width_nm, min_width_nm=low, max_width_nm=high):
            pass
        case JitteredMode(width_nm=width_nm, max_width_nm=high):
            low = 0.0
    if width_nm is not None:
        same = np.full(count, width_nm / pixel_nm, dtype=np.float32)
        return same, same, _REACH_SIGMAS * width_nm / pixel_nm + 1.0
    if low > high:
        raise ConfigurationError(
            f"the narrowest width ({low:g} nm) is above the widest ({high:g} nm)."
        )
    x_nm, y_nm = _uncertainties(localizations, mode.kind)
    sigma_x_px = (np.clip(x_nm, low, high) / pixel_nm).astype(np.float32)
    sigma_y_px = (np.clip(y_nm, low, high) / pixel_nm).astype(np.float32)
    longest = max(float(sigma_x_px.max(initial=0)), float(sigma_y_px.max(initial=0)))
    return sigma_x_px, sigma_y_px, _REACH_SIGMAS * longest + 1.0


def _uncertainties(localizations: Localizations, mode: str) -> tuple[_FloatArray, _FloatArray]:
    names = localizations.columns
    if "uncertainty_x_nm" in names and "uncertainty_y_nm" in names:
        pair = ("uncertainty_x_nm", "uncertainty_y_nm")
    elif "uncertainty_nm" in names:
        pair = ("uncertainty_nm", "uncertainty_nm")
    else:
        raise ConfigurationError(
            f"the mode {mode} needs the molecules' uncertainty, which the table does not have.",
            todo="Give one width for all molecules, or take the mode histogram.",
        )
    first, second = (_sound(localizations.column(name)) for name in pair)
    return first, second


def _sound(uncertainty_nm: _FloatArray) -> _FloatArray:
    """Unusable uncertainties take the place of the median one."""
    sound = np.isfinite(uncertainty_nm) & (uncertainty_nm > 0)
    if uncertainty_nm.size and not sound.any():
        raise ConfigurationError(
            "no molecule of the table has a usable uncertainty.",
            todo="Give one width for all molecules, or take the mode histogram.",
        )
    if sound.all():
        return uncertainty_nm
    return np.where(sound, uncertainty_nm, np.median(uncertainty_nm[sound]))
