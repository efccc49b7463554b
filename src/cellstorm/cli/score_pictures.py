"""What ``cellstorm score --pictures`` draws."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from cellstorm.atomic_file import atomic_file, output_error
from cellstorm.evaluate import coverage, draw_coverage, draw_grid_bias, grid_bias

__all__ = ["draw_score_pictures"]

_UNCERTAINTIES = {"uncertainty_nm", "uncertainty_x_nm", "uncertainty_y_nm"}


def draw_score_pictures(
    folder: Path,
    found: pl.DataFrame,
    truth: pl.DataFrame,
    *,
    pixel_size_nm: float | None,
    radius_nm: float,
    title: str,
) -> list[str]:
    """Draw grid bias and coverage into a folder, and write their figures beside.

    Parameters
    ----------
    folder
        Made where it does not exist.
    found, truth
        Positions from the corner of the movie.
    pixel_size_nm
        Of the movie; None leaves the grid out.
    radius_nm
        Farthest distance of a pair.
    title
        Written over the pictures.

    Returns
    -------
    list[str]
        What could not be drawn and why.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(error, folder) from error
    left_out = []
    if pixel_size_nm is None:
        left_out.append("grid_bias.png needs the pixel size; give it as --pixel-size-nm")
    else:
        bias = grid_bias(found, pixel_size_nm=pixel_size_nm, truth=truth, radius_nm=radius_nm)
        draw_grid_bias(bias, folder / "grid_bias.png", title=title)
        _write_json(bias.to_dict(), folder / "grid_bias.json")
    if _UNCERTAINTIES.isdisjoint(found.columns):
        left_out.append("coverage.png needs uncertainties; the table has none")
    else:
        covered = coverage(found, truth, radius_nm=radius_nm)
        draw_coverage(covered, folder / "coverage.png", title=title)
        _write_json(covered.to_dict(), folder / "coverage.json")
    return left_out


def _write_json(figures: dict[str, Any], path: Path) -> None:
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(figures, allow_nan=False) + "\n", encoding="utf-8")
