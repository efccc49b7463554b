"""``cellstorm filter``: rows taken out of a table by conditions."""

from pathlib import Path
from typing import Annotated, Any, TypeVar

from cyclopts import Parameter
from pydantic import ValidationError

from cellstorm.cli.refined_output import checked_output, named, refined_output
from cellstorm.cli.region_words import parse_region_nm
from cellstorm.errors import ConfigurationError
from cellstorm.parameters import Parameters, describe_validation_error
from cellstorm.refine import (
    Condition,
    Density,
    Duplicates,
    FilterStep,
    Percentiles,
    Polygon,
    Region,
    StepCount,
    filter_table,
    undo_table,
)

__all__ = ["filter"]

Step = TypeVar("Step", bound=Parameters)


def filter(  # the verb's name; nothing here needs the built-in
    table: Path,
    expression: str = "",
    /,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    region_nm: str | None = None,
    polygon_nm: str | None = None,
    percentiles: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    duplicates_nm: float | None = None,
    density: str | None = None,
    undo: bool = False,
    overwrite: Annotated[bool, Parameter(negative=())] = False,
    trust_units: bool = False,
    pixel_size_nm: float | None = None,
) -> None:
    """Keep the rows of a table that fulfil an expression, lie in a region, have neighbours.

    Writes a new table beside the one given, which stays as it is; what was done is in the
    new one's history. Several options are applied in the order below, each to the rows that
    the one before has left; for another order filter again.

    Parameters
    ----------
    table
        Parquet, ThunderSTORM CSV or Picasso HDF5.
    expression
        As after SQL's WHERE: "uncertainty_nm < 30 and photons > 200". Numbers are in the
        columns' units, or have one behind them: "x_nm between 3 um and 5 um".
    output
        Table to write; TABLE.filtered.parquet when not given.
    region_nm
        Rectangle to keep as X0:X1,Y0:Y1 in nm.
    polygon_nm
        Polygon to keep as "X,Y X,Y X,Y ..." in nm.
    percentiles
        Keep what lies between two percentiles of a column: photons:5:95.
    duplicates_nm
        Of molecules of one frame nearer than this keep the best.
    density
        Keep rows with at least so many others within a radius in nm, in all frames: 50:5.
    undo
        Go back to the table before the last filter, link or drift instead.
    overwrite
        Replace what is there even where it does not say that cellstorm wrote it.
    trust_units
        Do not ask whether the table is in nanometres.
    pixel_size_nm
        Pixel of the movie, when the table does not say.
    """
    if undo:
        _undo(table, output, expression)
        return
    steps = _steps(expression, region_nm, polygon_nm, percentiles, duplicates_nm, density)
    if not steps:
        raise ConfigurationError(
            "there is nothing to filter by.",
            todo='Give an expression: cellstorm filter TABLE "uncertainty_nm < 30".',
        )
    target = output if output is not None else refined_output(table, "filtered")
    replaced = checked_output(table, target, overwrite=overwrite)
    done = filter_table(table, target, steps, pixel_size_nm=pixel_size_nm, trust_units=trust_units)
    share = 100 * done.after / done.before
    shown = named(done.output, replaced=replaced)
    print(f"{shown}: {done.after} of {done.before} localizations ({share:.3g} %)")
    for step in done.steps:
        print(f"  {_gone(step):>{len(str(done.before))}} went by: {step.text}")
    for notice in done.notices:
        print(f"Note: {notice}")


def _gone(step: StepCount) -> str:
    return str(step.before - step.after)


def _undo(table: Path, output: Path | None, expression: str) -> None:
    if expression:
        raise ConfigurationError("--undo takes no expression.")
    found, rows, notices = undo_table(table, output)
    print(f"{found}: the table before the last step, {rows} rows")
    for notice in notices:
        print(f"Note: {notice}")


def _steps(
    expression: str,
    region_nm: str | None,
    polygon_nm: str | None,
    percentiles: tuple[str, ...],
    duplicates_nm: float | None,
    density: str | None,
) -> list[FilterStep]:
    steps: list[FilterStep] = []
    if region_nm is not None:
        steps.append(_region(region_nm))
    if polygon_nm is not None:
        steps.append(_polygon(polygon_nm))
    if expression.strip():
        steps.append(Condition(expression=expression))
    steps += [_percentiles(text) for text in percentiles]
    if duplicates_nm is not None:
        steps.append(_made(Duplicates, "--duplicates-nm", radius_nm=duplicates_nm))
    if density is not None:
        steps.append(_density(density))
    return steps


def _region(text: str) -> Region:
    x0, x1, y0, y1 = parse_region_nm(text)
    return _made(Region, "--region-nm", x0_nm=x0, x1_nm=x1, y0_nm=y0, y1_nm=y1)


def _polygon(text: str) -> Polygon:
    try:
        corners = [tuple(float(value) for value in word.split(",")) for word in text.split()]
    except ValueError as error:
        raise _unreadable("--polygon-nm", text, '"X,Y X,Y X,Y"') from error
    return _made(Polygon, "--polygon-nm", corners_nm=corners)


def _percentiles(text: str) -> Percentiles:
    try:
        column, low, high = text.rsplit(":", 2)
        limits = {"low": float(low), "high": float(high)}
    except ValueError as error:
        raise _unreadable("--percentiles", text, "COLUMN:LOW:HIGH") from error
    return _made(Percentiles, "--percentiles", column=column, **limits)


def _density(text: str) -> Density:
    try:
        radius, least = text.split(":")
        values = {"radius_nm": float(radius), "least": int(least)}
    except ValueError as error:
        raise _unreadable("--density", text, "RADIUS:NEIGHBOURS") from error
    return _made(Density, "--density", **values)


def _made(step: type[Step], option: str, **values: Any) -> Step:
    try:
        return step(**values)
    except ValidationError as error:
        raise ConfigurationError(f"{describe_validation_error(error)}.", where=option) from error


def _unreadable(option: str, text: str, form: str) -> ConfigurationError:
    return ConfigurationError(
        f"{text!r} cannot be understood.", where=option, todo=f"Write it as {form}."
    )
