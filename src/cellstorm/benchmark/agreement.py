"""What a method found in the movies of a cell, compared with their truth."""

import math
from collections.abc import Sequence

import polars as pl

from cellstorm.benchmark.movies import MadeMovie
from cellstorm.evaluate import (
    BoundRatio,
    Score,
    ScoreOptions,
    coverage,
    grid_bias,
    molecule_bounds,
    nearest_truth_score,
    pair_up,
    rmse_over_bound,
    score_intervals,
    score_pairs,
)

__all__ = ["Agreement"]

_OPTIONS = ScoreOptions(radius_nm=250.0)
_SCORED = ("jaccard", "recall", "precision", "rmse_nm", "efficiency")


class Agreement:
    """The truth of a cell's movies, laid end to end so that they are scored as one.

    Parameters
    ----------
    movies
        Of one cell; only the seed differs.
    """

    def __init__(self, movies: Sequence[MadeMovie]) -> None:
        self._lengths = [movie.simulation.frames for movie in movies]
        self._simulation = movies[0].simulation
        self.truth = self.joined([movie.truth for movie in movies])
        """Every molecule in every frame, however faint."""
        self.visible = self.joined([movie.visible_truth for movie in movies])
        """Those that can be seen in a single frame."""

    def joined(self, tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
        """One table a movie as one, the frames of each counted on from the one before."""
        columns = [name for name in tables[0].columns if all(name in t.columns for t in tables)]
        shifted, before = [], 0
        for table, length in zip(tables, self._lengths, strict=True):
            frame = pl.col("frame").cast(pl.Int64) + before
            shifted.append(table.select(columns).with_columns(frame))
            before += length
        return pl.concat(shifted)

    def score(self, found: pl.DataFrame) -> Score:
        """The score of a joined table."""
        return score_pairs(pair_up(found, self.visible, _OPTIONS))

    def figures(
        self, found: pl.DataFrame
    ) -> tuple[dict[str, float | None], dict[str, tuple[float, float]]]:
        """Figures of a joined table, and the 95 % intervals of those that have one."""
        pairs = pair_up(found, self.visible, _OPTIONS)
        scored, ends = score_pairs(pairs), score_intervals(pairs)
        figures = {name: _known(getattr(scored, name)) for name in _SCORED}
        intervals = {
            name: (ends[name].low, ends[name].high)
            for name in _SCORED
            if math.isfinite(ends[name].low) and math.isfinite(ends[name].high)
        }
        ratio = self._over_bound(found)
        figures["rmse_over_bound"] = _known(ratio.rms)
        figures["error_over_bound"] = _known(ratio.median)
        bias = grid_bias(found, pixel_size_nm=self._simulation.pixel_size_nm, truth=self.visible)
        grid = bias.strongest
        figures["block_grid"] = (
            _known(grid.amplitude / grid.amplitude_elsewhere) if grid.amplitude_elsewhere else None
        )
        figures["grid_p_value"] = _known(bias.p_value)
        if {"uncertainty_x_nm", "uncertainty_nm"} & set(found.columns):
            within = coverage(found, self.visible, radius_nm=_OPTIONS.radius_nm).level(0.68)
            figures["coverage_68_percent"] = _known(100 * within.interval)
        # the paper counts every event, however faint
        nearest = nearest_truth_score(found, self.truth)
        figures["nearest_found"] = float(nearest.events_found)
        figures["nearest_share"] = _known(nearest.found_fraction)
        figures["nearest_distance_nm"] = _known(nearest.mean_distance_nm)
        return figures, intervals

    def _over_bound(self, found: pl.DataFrame) -> BoundRatio:
        made = self._simulation
        camera = made.recorded_camera
        truth = self.visible
        z_nm = truth["z_nm"].to_numpy()
        sigma_px, sigma_y_px = made.psf.widths_px(z_nm, pixel_size_nm=made.pixel_size_nm)
        bounds = molecule_bounds(
            truth,
            pixel_size_nm=made.pixel_size_nm,
            shape_px=(made.height_px, made.width_px),
            sigma_px=sigma_px,
            sigma_y_px=sigma_y_px,
            # rounding to whole grey values is uniform: a variance of 1/12
            extra_variance_e2=camera.read_noise_e**2 + camera.gain_e_per_adu**2 / 12,
            excess_noise_factor=camera.excess_noise_factor,
        )
        return rmse_over_bound(found, truth, bounds, radius_nm=_OPTIONS.radius_nm)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
