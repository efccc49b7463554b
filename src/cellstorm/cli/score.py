"""``cellstorm score``: a table of molecules against the truth."""

from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
from cyclopts import Group, Parameter
from cyclopts.validators import Number
from pydantic import ValidationError

from cellstorm.cli.localize import parse_frames
from cellstorm.cli.score_notices import last_frame, score_notices
from cellstorm.cli.score_pictures import draw_score_pictures
from cellstorm.cli.score_report import ScoreReport
from cellstorm.errors import ConfigurationError, TableError
from cellstorm.evaluate import (
    ScoreOptions,
    nearest_truth_score,
    pair_up,
    score_intervals,
    score_pairs,
    split_by_neighbours,
    split_by_photons,
)
from cellstorm.localizations import Localizations, Metadata, read_table
from cellstorm.parameters import describe_validation_error

__all__ = ["score"]

_COUNTS = Group("What counts", sort_key=1)
_REPORT = Group("Report", sort_key=2)


def score(
    table: Path,
    truth: Path,
    /,
    *,
    radius_nm: Annotated[float, Parameter(group=_COUNTS)] = 250.0,
    axial_radius_nm: Annotated[float, Parameter(group=_COUNTS)] = 500.0,
    in_plane: Annotated[bool, Parameter(group=_COUNTS, negative=())] = False,
    border_nm: Annotated[float, Parameter(group=_COUNTS)] = 0.0,
    field_nm: Annotated[str | None, Parameter(group=_COUNTS)] = None,
    faintest_photons: Annotated[float, Parameter(group=_COUNTS)] = 0.0,
    faintest_quantile: Annotated[float, Parameter(group=_COUNTS)] = 0.0,
    faint: Annotated[Literal["false", "ignored"], Parameter(group=_COUNTS)] = "false",
    frames: Annotated[str | None, Parameter(group=_COUNTS)] = None,
    pixel_size_nm: Annotated[float | None, Parameter(group=_COUNTS)] = None,
    json_: Annotated[bool, Parameter(name="--json", group=_REPORT, negative=())] = False,
    pictures: Annotated[Path | None, Parameter(group=_REPORT)] = None,
    bootstrap: Annotated[
        int, Parameter(group=_REPORT, validator=Number(gte=0, lte=100_000))
    ] = 1000,
    block_frames: Annotated[int | None, Parameter(group=_REPORT, validator=Number(gte=1))] = None,
    seed: Annotated[int, Parameter(group=_REPORT, validator=Number(gte=0))] = 0,
) -> None:
    """Compare a table of molecules with the truth.

    Found and true molecules are paired frame by frame, as many as possible and the nearest;
    the figures are those of the SMLM Challenge 2016. Each comes with its 95 % interval.

    Parameters
    ----------
    table
        The molecules found: Parquet, CSV of ThunderSTORM, Picasso HDF5.
    truth
        The true ones: a simulation's Parquet or CSV, a list of the SMLM Challenge, or any
        other table.
    radius_nm
        Farthest lateral distance of a pair.
    axial_radius_nm
        Farthest axial distance, where both tables have heights that vary.
    in_plane
        Leave heights out of it.
    border_nm
        Molecules nearer to the edge than this count neither way; 450 in the challenge.
    field_nm
        Width and height of the movie as W,H; the table's own when not given.
    faintest_photons
        True molecules with less light are not looked for.
    faintest_quantile
        Nor are those under this quantile of the true photons; 0.25 in the challenge.
    faint
        Whether such a molecule found nevertheless is false, or ignored as in the challenge.
    frames
        A:B, from frame A to before frame B, counted from 0; those the table was made from
        when not given.
    pixel_size_nm
        Pixel of the movie, for tables in pixels that do not say.
    json_
        Print one JSON object; figures without a value are null.
    pictures
        Folder to draw into: does the grid of pixels or of coding blocks show in the positions
        (grid_bias.png), are the uncertainties true (coverage.png); the figures as JSON beside.
    bootstrap
        How often frames are drawn anew for the intervals; 0 for none.
    block_frames
        Consecutive frames drawn together, longer than a molecule is on; about 10 when not
        given.
    seed
        Of the drawing.
    """
    if bootstrap == 1:
        raise ConfigurationError("--bootstrap must be 0 or at least 2.")
    found = read_table(table, pixel_size_nm=pixel_size_nm)
    true = read_table(truth, pixel_size_nm=pixel_size_nm)
    corner_nm, options = _options(
        found,
        true,
        table,
        field_nm,
        frames,
        radius_nm=radius_nm,
        axial_radius_nm=None if in_plane else axial_radius_nm,
        border_nm=border_nm,
        faintest_photons=faintest_photons,
        faintest_quantile=faintest_quantile,
        faint=faint,
    )
    found_rows = _rows(found, options.frames, corner_nm)
    true_rows = _rows(true, options.frames, corner_nm)
    if true_rows.is_empty():
        raise TableError(_no_truth(true, options.frames), where=truth)
    pairs = pair_up(found_rows, true_rows, options)
    notices = score_notices(found, true, found_rows, true_rows, pairs)
    if pictures is not None:
        # block grids begin at the corner of the movie, not of what was localized
        notices += draw_score_pictures(
            pictures,
            _rows(found, options.frames, (0.0, 0.0)),
            _rows(true, options.frames, (0.0, 0.0)),
            pixel_size_nm=found.metadata.pixel_size_nm,
            radius_nm=radius_nm,
            title=table.name,
        )
    report = ScoreReport(
        table=table,
        truth=truth,
        options=options,
        score=score_pairs(pairs),
        intervals=(
            score_intervals(pairs, resamples=bootstrap, block_frames=block_frames, seed=seed)
            if bootstrap
            else {}
        ),
        nearest=nearest_truth_score(found_rows, true_rows),
        by_photons=split_by_photons(pairs),
        by_neighbours=split_by_neighbours(pairs),
        notices=notices,
    )
    if json_:
        print(report.as_json())
    else:
        report.show()


def _options(
    found: Localizations,
    true: Localizations,
    table: Path,
    field_nm: str | None,
    frames: str | None,
    **others: Any,
) -> tuple[tuple[float, float], ScoreOptions]:
    """The corner of what was localized in nm, and the options with all that was not given."""
    field = _parse_field(field_nm) if field_nm is not None else None
    corner_nm = 0.0, 0.0
    if field is None:
        corner_nm, field, partly = _field_of(found.metadata)
        if not partly and others["border_nm"] <= 0:
            # what is found beyond the edge of a whole movie is false
            field = None
    if field is None and others["border_nm"] > 0:
        raise ConfigurationError(
            "--border-nm needs to know how large the movie is, and the table does not say.",
            where=table,
            todo="Give its width and height as --field-nm W,H.",
        )
    chosen = found.metadata.frames
    if frames is not None:
        first, end = parse_frames(frames)
        chosen = first or 0, 1 + max(map(last_frame, (found, true))) if end is None else end
    try:
        return corner_nm, ScoreOptions(field_nm=field, frames=chosen, **others)
    except ValidationError as error:
        name, _, reason = describe_validation_error(error).partition(": ")
        if not reason:
            raise ConfigurationError(f"{name}.") from error
        raise ConfigurationError(f"{reason}.", where=f"--{name.replace('_', '-')}") from error


def _parse_field(text: str) -> tuple[float, float]:
    try:
        width, height = (float(side) for side in text.split(","))
    except ValueError as error:
        raise ConfigurationError(
            f"--field-nm {text} is not a width and a height.",
            todo="Give them as W,H in nm, for instance --field-nm 12800,12800.",
        ) from error
    return width, height


def _field_of(
    metadata: Metadata,
) -> tuple[tuple[float, float], tuple[float, float] | None, bool]:
    """Corner and size in nm of what was localized, and whether it is a part of the movie."""
    pixel_nm, movie, region = metadata.pixel_size_nm, metadata.movie, metadata.region
    if pixel_nm is None or movie is None or movie.shape is None:
        return (0.0, 0.0), None, False
    _, height, width = movie.shape
    x0, x1, y0, y1 = (0, width, 0, height) if region is None else region
    size_nm = (x1 - x0) * pixel_nm, (y1 - y0) * pixel_nm
    return (x0 * pixel_nm, y0 * pixel_nm), size_nm, (x1 - x0, y1 - y0) != (width, height)


def _rows(
    localizations: Localizations,
    frames: tuple[int, int] | None,
    corner_nm: tuple[float, float],
) -> pl.DataFrame:
    """The rows of the frames, with positions from the corner of what was localized."""
    rows = localizations.data.with_columns(
        pl.col("x_nm") - corner_nm[0], pl.col("y_nm") - corner_nm[1]
    )
    return rows if frames is None else rows.filter(pl.col("frame").is_between(*frames, "left"))


def _no_truth(true: Localizations, frames: tuple[int, int] | None) -> str:
    if not len(true) or frames is None:
        return "there is no molecule in it."
    first = int(true.column("frame").min())
    return (
        f"it has no molecule in frames {frames[0]} to {frames[1] - 1};"
        f" its own are {first} to {last_frame(true)}, counted from 0."
    )
