"""``cellstorm render``: a table to a picture."""

from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
from cyclopts import Parameter
from pydantic import ValidationError

from cellstorm.cli.refined_output import named
from cellstorm.cli.region_words import parse_region_nm
from cellstorm.cli.units_question import refuse_other_units
from cellstorm.earlier_result import check_output
from cellstorm.errors import ConfigurationError, OutputError
from cellstorm.localizations import Localizations, read_table, scan_table
from cellstorm.localizations.engine_errors import engine_errors
from cellstorm.localizations.formats import format_for_reading
from cellstorm.movie import open_movie
from cellstorm.parameters import describe_validation_error
from cellstorm.render import (
    MOST_PIXELS_IN_MEMORY,
    WIDEFIELD_CONTRAST,
    Contrast,
    Grid,
    RegionNm,
    RenderMode,
    check_picture_path,
    grid_for,
    grid_of_rows,
    mode_named,
    molecules_inside,
    render_rows,
    render_to_file,
    save_picture,
    side_by_side,
    time_coloured,
    widefield_equivalent,
)
from cellstorm.render import render as render_table
from cellstorm.render.replacing import refuse_movie

__all__ = ["render"]

Mode = Literal["gaussian", "histogram", "shifted-histogram", "jittered"]
# of larger tables only the batch that is being drawn is held
_MOST_ROWS_HELD = 5_000_000
ColourMap = Literal["hot", "gray", "cyan-hot", "fire", "ember", "lagoon"]


def render(
    table: Path,
    /,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    mode: Mode = "gaussian",
    pixel_nm: float | None = None,
    magnification: float | None = None,
    region_nm: str | None = None,
    colour_by: Literal["density", "time"] = "density",
    weighting: Literal["molecules", "photons"] = "molecules",
    colour_map: ColourMap = "hot",
    saturated_percent: float | None = None,
    dark_percent: float | None = None,
    gamma: float | None = None,
    white: float | None = None,
    scale_bar: bool = True,
    bits: Literal[16, 32] | None = None,
    beside: Path | None = None,
    width_nm: float | None = None,
    shifts: int | None = None,
    jitters: int | None = None,
    seed: int | None = None,
    overwrite: Annotated[bool, Parameter(negative=())] = False,
    trust_units: bool = False,
    pixel_size_nm: float | None = None,
) -> None:
    """Draw a table of molecules.

    Parameters
    ----------
    table
        A table of cellstorm or of another program.
    output
        Picture to write: .png as seen on a screen; the values themselves as .tif for
        ImageJ, as .ome.tif or .ome.zarr with halved sizes (tile by tile where they do not
        fit in memory). Default: TABLE.MODE.png.
    mode
        Each molecule as a Gaussian as wide as it is uncertain; counted in its pixel;
        counted in the mean of shifted histograms; or put several times at random.
    pixel_nm
        Edge of a pixel of the picture, nm; 10 when neither it nor a magnification is given.
    magnification
        Pixels of the picture along one pixel of the movie.
    region_nm
        Part to draw as X0:X1,Y0:Y1 in nm.
    colour_by
        Brightness is density; the hue can be the time a molecule was seen.
    weighting
        Each molecule counts as one, or as its photons.
    colour_map
        For pictures coloured by density.
    saturated_percent
        Brightest share of the lit pixels shown as white, %; 0.3 when not given.
    dark_percent
        Darkest share shown as black, %; 0 is black when not given.
    gamma
        Exponent, 0.7 when not given; under 1 lifts what is faint.
    white
        Value shown as white, instead of a share; to compare pictures.
    scale_bar
        Draw one.
    bits
        Of the values in a file: 32 (floating point, the default) or 16.
    beside
        A movie: put its widefield-equivalent to the left, and a close-up below (.png).
    width_nm
        One width for all molecules (gaussian, jittered).
    shifts
        Number of shifts along x and y (shifted-histogram).
    jitters
        How often each molecule is put (jittered).
    seed
        Of the random places (jittered).
    overwrite
        Replace what is there even where it does not say that cellstorm wrote it.
    trust_units
        Do not ask whether the table is in nanometres.
    pixel_size_nm
        Pixel of the movie, when the table does not say.
    """
    given = {"width_nm": width_nm, "shifts": shifts, "jitters": jitters, "seed": seed}
    options = {name: value for name, value in given.items() if value is not None}
    chosen = mode_named(mode, **options)
    contrast = _contrast(
        saturated_percent=saturated_percent, dark_percent=dark_percent, gamma=gamma, white=white
    )
    region = parse_region_nm(region_nm) if region_nm is not None else None
    output = output if output is not None else table.with_suffix(f".{mode}.png")
    check_picture_path(output)
    if output.exists() and output.resolve() == table.resolve():
        raise OutputError("the picture would replace the table.", where=output)
    if beside is not None and output.suffix.lower() != ".png":
        raise ConfigurationError("--beside makes a .png.", where=output)
    format_for_reading(table)
    refuse_movie(output)
    shown = named(output, replaced=check_output(output, overwrite=overwrite))
    if not trust_units:
        refuse_other_units(table, pixel_size_nm=pixel_size_nm)
    if beside is None and colour_by == "density":
        rows, metadata = scan_table(table, pixel_size_nm=pixel_size_nm)
        place: dict[str, Any] = {
            "pixel_nm": pixel_nm,
            "magnification": magnification,
            "region_nm": region,
        }
        if _is_large(rows, table) and (
            output.suffix.lower() == ".png"
            or grid_of_rows(rows, metadata, **place).pixels <= MOST_PIXELS_IN_MEMORY
        ):
            streamed = render_rows(rows, metadata, mode=chosen, weighting=weighting, **place)
            save_picture(
                streamed.picture,
                output,
                colour_map=colour_map,
                contrast=contrast,
                scale_bar=scale_bar,
                bits=bits,
            )
            _say(shown, streamed.inside, streamed.molecules, streamed.grid)
            return
    localizations = read_table(table, pixel_size_nm=pixel_size_nm)

    if beside is not None or colour_by == "time":
        if weighting == "photons":
            raise ConfigurationError("--weighting photons is for a single picture by density.")
        grid, sheet = _draw_special(
            localizations,
            output,
            mode=chosen,
            pixel_nm=pixel_nm,
            magnification=magnification,
            region_nm=region,
            by_time=colour_by == "time",
            colour_map=colour_map,
            contrast=contrast,
            scale_bar=scale_bar,
            bits=bits,
            beside=beside,
        )
        _report(shown, localizations, grid, sheet)
        return
    grid = render_to_file(
        localizations,
        output,
        mode=chosen,
        pixel_nm=pixel_nm,
        magnification=magnification,
        region_nm=region,
        weighting=weighting,
        colour_map=colour_map,
        contrast=contrast,
        scale_bar=scale_bar,
        bits=bits,
    )
    _report(shown, localizations, grid)


def _report(
    output: str,
    localizations: Localizations,
    grid: Grid,
    sheet: tuple[int, int] | None = None,
) -> None:
    _say(output, molecules_inside(localizations, grid), len(localizations), grid, sheet)


def _is_large(rows: pl.LazyFrame, table: Path) -> bool:
    with engine_errors(table, reading=True):
        return int(rows.select(pl.len()).collect(engine="streaming").item()) > _MOST_ROWS_HELD


def _say(
    output: str,
    inside: int,
    molecules: int,
    grid: Grid,
    sheet: tuple[int, int] | None = None,
) -> None:
    count = f"{inside}" if inside == molecules else f"{inside} of {molecules}"
    around = "" if sheet is None else f", on a sheet of {sheet[0]} x {sheet[1]} pixels"
    print(
        f"{output}: {count} localizations,"
        f" {grid.width_px} x {grid.height_px} pixels of {grid.pixel_nm:g} nm{around}"
    )


def _contrast(**given: float | None) -> Contrast:
    try:
        return Contrast(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        field, _, reason = describe_validation_error(error).partition(": ")
        raise ConfigurationError(f"{reason}.", where=f"--{field.replace('_', '-')}") from error


def _draw_special(
    localizations: Localizations,
    output: Path,
    *,
    mode: RenderMode,
    pixel_nm: float | None,
    magnification: float | None,
    region_nm: RegionNm | None,
    by_time: bool,
    colour_map: str,
    contrast: Contrast,
    scale_bar: bool,
    bits: int | None,
    beside: Path | None,
) -> tuple[Grid, tuple[int, int] | None]:
    """Coloured by time, beside the movie, or both; gives the pixels and the sheet's size."""
    grid = grid_for(
        localizations, pixel_nm=pixel_nm, magnification=magnification, region_nm=region_nm
    )
    draw = time_coloured if by_time else render_table
    picture = draw(
        localizations,
        mode=mode,
        pixel_nm=pixel_nm,
        magnification=magnification,
        region_nm=region_nm,
    )
    if beside is None:
        save_picture(
            picture,
            output,
            colour_map=colour_map,
            contrast=contrast,
            scale_bar=scale_bar,
            bits=bits,
        )
        return grid, None
    with open_movie(beside) as movie:
        facts = localizations.metadata.movie
        if facts is not None and facts.fingerprint not in (None, movie.fingerprint()):
            print(
                f"Note: the table was made from {facts.name}, not from {movie.name} as it is now."
            )
        widefield = widefield_equivalent(
            movie,
            localizations.metadata.frames,
            pixel_size_nm=localizations.metadata.pixel_size_nm,
        )
    sheet = side_by_side(
        widefield,
        picture,
        output,
        colour_maps=("gray", colour_map),
        contrasts=(WIDEFIELD_CONTRAST, contrast),
    )
    return grid, sheet
