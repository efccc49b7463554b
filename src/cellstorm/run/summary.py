"""What came out of a run, in a few numbers."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from cellstorm.camera import Camera
from cellstorm.localizations import Flag

__all__ = ["LocalizationRun", "doubts_about", "medians_of"]

# under half of the molecules, flags are a matter of taste; over, the model is wrong
_MOST_POOR = 0.5


@dataclass(frozen=True)
class LocalizationRun:
    """A finished run.

    Attributes
    ----------
    table, picture
        Where they were written; no picture when none was wanted.
    replaced
        Which of these were there before.
    sum_picture
        Where the sum of what the localizer drew was written, if it draws.
    frames
        Localized, those of an earlier resumed run included.
    molecules
        Rows of the table.
    median_photons, median_background_photons, median_uncertainty_nm, median_sigma_nm
        Over all molecules; None without molecules or without such a column.
    frames_per_second
        Reading, localizing and writing, without looking at the sample before; 0 when this
        call had nothing left to localize.
    seconds
        All in all.
    pixel_size_nm
        Used for all lengths.
    camera
        Used for all light.
    decisions
        What the localizer decided, for a person.
    notices
        What the user should know.
    """

    table: Path
    picture: Path | None
    frames: int
    molecules: int
    median_photons: float | None
    median_background_photons: float | None
    median_uncertainty_nm: float | None
    median_sigma_nm: float | None
    frames_per_second: float
    seconds: float
    pixel_size_nm: float
    camera: Camera
    decisions: dict[str, str]
    notices: tuple[str, ...]
    sum_picture: Path | None = None
    replaced: tuple[Path, ...] = ()


_SUMMARISED = ("photons", "background_photons", "uncertainty_nm", "sigma_nm")


def medians_of(rows: pl.LazyFrame) -> tuple[int, dict[str, float | None]]:
    """Number of rows, and the median of each summarised column (None where there is none)."""
    there = rows.collect_schema().names()
    count = int(rows.select(pl.len()).collect(engine="streaming").item())
    medians: dict[str, float | None] = dict.fromkeys(_SUMMARISED)
    for name in _SUMMARISED:
        if name in there and count:
            # one column at a time: a long movie's table need not fit in memory whole
            value = rows.select(pl.col(name).drop_nans().median()).collect().item()
            medians[name] = None if value is None else float(value)
    return count, medians


def doubts_about(rows: pl.LazyFrame) -> tuple[str, ...]:
    """A sentence when most molecules are not what the fit takes them for."""
    if "flags" not in rows.collect_schema().names():
        return ()
    poor = (pl.col("flags") & int(Flag.POOR_FIT)) > 0
    share = rows.select(poor.mean()).collect(engine="streaming").item()
    if share is None or share < _MOST_POOR:
        return ()
    return (
        f"{share:.0%} of the molecules fit poorly: these are not spots of one width on a smooth"
        " background (beads out of focus?), or the camera's gain is far off. Do not trust"
        " this table before you know which.",
    )
