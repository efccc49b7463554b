"""``cellstorm link``: molecules that stay on over frames become one row."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from pydantic import ValidationError

from cellstorm.cli.progress import shown_frames
from cellstorm.cli.refined_output import checked_output, named, refined_output
from cellstorm.errors import ConfigurationError
from cellstorm.parameters import describe_validation_error
from cellstorm.refine import Linking, LinkSummary, link_table

__all__ = ["link"]

# at 3 standard errors a quarter more scatter leaves 6 % of true pairs out, not 1 %
_LARGE_SCATTER = 1.25


def link(
    table: Path,
    /,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    radius_sigmas: float | None = None,
    radius_nm: float | None = None,
    dark_frames: int | None = None,
    overwrite: Annotated[bool, Parameter(negative=())] = False,
    trust_units: bool = False,
    pixel_size_nm: float | None = None,
) -> None:
    """Merge molecules that stay on over frames into one row each.

    Positions are weighted by their uncertainties, photons summed, the time from first to
    last frame recorded. Writes a new table beside the one given, which stays as it is.

    Parameters
    ----------
    table
        Parquet, ThunderSTORM CSV or Picasso HDF5.
    output
        Table to write; TABLE.linked.parquet when not given.
    radius_sigmas
        Two localizations are the same molecule within so many standard errors of their
        distance; 3 when not given.
    radius_nm
        One radius for all instead, nm; for tables without uncertainties.
    dark_frames
        Frames in which a molecule may be unseen in between; estimated when not given.
    overwrite
        Replace what is there even where it does not say that cellstorm wrote it.
    trust_units
        Do not ask whether the table is in nanometres.
    pixel_size_nm
        Pixel of the movie, when the table does not say.
    """
    if radius_nm is not None and radius_sigmas is not None:
        raise ConfigurationError("give --radius-nm or --radius-sigmas, not both.")
    given = {"radius_sigmas": radius_sigmas, "radius_nm": radius_nm, "dark_frames": dark_frames}
    try:
        linking = Linking.model_validate(
            {name: value for name, value in given.items() if value is not None}
        )
    except ValidationError as error:
        field, _, reason = describe_validation_error(error).partition(": ")
        raise ConfigurationError(f"{reason}.", where=f"--{field.replace('_', '-')}") from error
    target = output if output is not None else refined_output(table, "linked")
    replaced = checked_output(table, target, overwrite=overwrite)
    with ExitStack() as stack:
        bar: Callable[[int], None] | None = None

        def show(done: int, total: int) -> None:
            nonlocal bar
            if bar is None:  # how many frames there are is known only now
                bar = stack.enter_context(shown_frames("linking", total))
            bar(done)

        made = link_table(
            table,
            target,
            linking,
            pixel_size_nm=pixel_size_nm,
            trust_units=trust_units,
            listener=show,
        )
    print(f"{named(made.output, replaced=replaced)}: {_in_words(made.summary)}")
    for notice in (*made.notices, *_advice(made.summary, linking)):
        print(f"Note: {notice}")


def _advice(summary: LinkSummary, linking: Linking) -> list[str]:
    if linking.radius_nm is not None or (summary.scatter or 0.0) < _LARGE_SCATTER:
        return []
    wider = linking.radius_sigmas * (summary.scatter or 1.0)
    return [
        "the uncertainties seem too small, and pairs farther apart than they allow were not"
        f" joined: try --radius-sigmas {wider:.2g}"
    ]


def _in_words(summary: LinkSummary) -> str:
    each = summary.localizations / summary.molecules
    frames = "frame" if summary.dark_frames == 1 else "frames"
    how = f" ({summary.dark_time.text})" if summary.dark_time is not None else ""
    lines = [
        f"{summary.molecules} molecules from {summary.localizations} localizations,"
        f" {each:.3g} each",
        f"  on for {summary.mean_on_frames:.3g} frames in the mean;"
        f" {100 * summary.single / summary.molecules:.3g} % seen once only",
        f"  dark for up to {summary.dark_frames} {frames}{how}",
    ]
    if summary.scatter is not None:
        lines.append(
            f"  positions of a molecule scatter {summary.scatter:.2f} times as much as their"
            " uncertainties say"
        )
    return "\n".join(lines)
