"""What to look at before the picture is believed, and what to do about it."""

import math
from collections.abc import Iterator

import polars as pl

from cellstorm.errors import CellstormError
from cellstorm.localizations import Flag
from cellstorm.localize.net.model_file import load_model
from cellstorm.localize.net.movie_threshold import MASSES
from cellstorm.report.measuring import Measurements
from cellstorm.report.movie_look import MovieLook
from cellstorm.report.network_used import network_of
from cellstorm.report.parts import Concern, Untold, as_sentence, as_text
from cellstorm.report.table_at_hand import TableAtHand

__all__ = ["concerns_about"]

_SURE = 0.001
_GRID_AMPLITUDE, _GRID_OVER_REST = 0.05, 3.0
_DRIFT_OF_RESOLUTION = 0.3
_SATURATED, _SATURATED_SPOTS = 1e-4, 0.01
_CLIPPED = 0.01
_DIP_ERRORS, _DIP_ADU = 5.0, 0.3
_KEY_FRAME_ERRORS, _KEY_FRAME_CHANGE = 4.0, 0.1
_PROMISES_TOO_MUCH = 1.25
_CROWDED = 0.2
_POOR = 0.5
# the limit is rough: it is worth a word where it is clearly coarser
_SPARSER = 1.3
# at two standard errors exp(-4 pi^2 / 4) of the correlation is left, at 2.35 (a full width at
# half maximum) nearly a thousandth: only the densest tables reach it
_FINER_THAN_ERROR, _FINEST_OF_ERROR = 2.0, 2.35
_BLEACHED = 0.5


def concerns_about(
    table: TableAtHand, told: Measurements, movie: MovieLook | None
) -> tuple[Concern, ...]:
    """Warnings first, then notes."""
    found = [
        *_of_the_table(table),
        *_of_resolution(told),
        *_of_drift(table, told),
        *_of_the_grid(table, told),
        *_of_precision(table, told),
        *_of_the_threshold(table),
        *_of_the_conditions(table),
        *_of_light(table, movie),
        *_of_key_frames(movie),
        *_of_blinks(told),
        *_of_the_rest(table, movie),
    ]
    return tuple(sorted(found, key=lambda concern: concern.level != "warning"))


def _of_the_table(table: TableAtHand) -> Iterator[Concern]:
    if table.left_out:
        yield Concern(
            "warning",
            "Rows without a position",
            f"{table.left_out:,} of {table.count + table.left_out:,} rows have no finite frame,"
            " x and y; they were left out.",
            "Look at how the table was made: a fit that does not converge should leave no row.",
        )
    if not table.metadata.complete:
        yield Concern(
            "warning",
            "An unfinished run",
            "The run that made this table did not come to its end.",
            "Continue it: cellstorm localize MOVIE --resume.",
        )


def _of_resolution(told: Measurements) -> Iterator[Concern]:
    found = told.frc
    if isinstance(found, Untold):
        yield Concern("warning", "No resolution", found.why, found.todo)
        return
    if found.limit == "molecules":
        yield Concern(
            "note",
            "More molecules would help",
            "The resolution is limited by the number of molecules:"
            f" {as_text(found.resolution_nm)} nm with these, about"
            f" {as_text(found.four_times_the_molecules_nm)} nm with four times as many.",
            "Film longer, or label more densely.",
        )
    density = told.density
    if not isinstance(density, Untold) and density.nyquist_nm > _SPARSER * found.resolution_nm:
        yield Concern(
            "warning",
            "Too few molecules for this resolution",
            f"The structure is sampled densely enough for {as_text(density.nyquist_nm)} nm only,"
            f" and the curve promises {as_text(found.resolution_nm)} nm: a line may break up into"
            " dots.",
            "Film longer, or label more densely; do not read dots along a line as structure.",
        )
    steps = told.nena
    scatter = max(told.reported_nm or 0.0, 0.0 if isinstance(steps, Untold) else steps.precision_nm)
    if found.resolution_nm < _FINER_THAN_ERROR * scatter:
        yield Concern(
            "warning",
            "Finer than its positions",
            f"Positions known to {as_text(scatter)} nm an axis hardly carry details of"
            f" {as_text(found.resolution_nm)} nm: the same molecules, seen again and again with the"
            " same error, flatter the curve.",
            f"Do not believe details finer than some {as_text(_FINEST_OF_ERROR * scatter, 2)} nm;"
            " a longer movie with other molecules tells more.",
        )
    if found.crossings > 1:
        yield Concern(
            "note",
            "The resolution is not clear-cut",
            f"The curve crosses its threshold {found.crossings} times; the first counts.",
        )


def _of_drift(table: TableAtHand, told: Measurements) -> Iterator[Concern]:
    resolution = told.resolution_nm
    todo = f"Take it out: cellstorm drift {table.path.name}, then report on the new table."
    if not isinstance(told.drift_left, Untold):
        spans = told.drift_left.curve.span_nm
        largest = max(spans["x"], spans["y"])
        text = ", ".join(f"{name} {as_text(span)} nm" for name, span in spans.items())
        small = resolution is not None and largest < _DRIFT_OF_RESOLUTION * resolution
        yield Concern(
            "note" if small else "warning",
            "A little drift is left" if small else "The sample drifts",
            f"From the smallest to the largest shift: {text}"
            f"{'; little beside the resolution' if small else ''}.",
            todo,
        )
    elif not isinstance(told.frc, Untold) and told.frc.late_over_early < 0.75:
        yield Concern(
            "warning",
            "The movie's beginning and end differ",
            "Parts of the movie far apart in time agree less than near ones"
            f" ({100 * max(told.frc.late_over_early, 0.0):.0f} % as well): drift, or molecules that"
            " come back for a while only.",
            "No drift could be found to take out: take the resolution as the best case, and fix"
            " the sample better (or add beads) next time.",
        )


def _of_the_grid(table: TableAtHand, told: Measurements) -> Iterator[Concern]:
    grid = told.grid
    if isinstance(grid, Untold) or not grid.p_value < _SURE:
        return
    sure = [one for one in grid.histograms if one.p_value < _SURE]
    if not sure:
        return
    worst = max(sure, key=lambda one: one.amplitude)
    small = (
        worst.amplitude < _GRID_AMPLITUDE
        or worst.amplitude < _GRID_OVER_REST * worst.amplitude_elsewhere
    )
    what = "pixels" if worst.period_px == 1 else f"the codec's blocks of {worst.period_px} px"
    configuration = table.metadata.configuration or {}
    if worst.period_px == 1:
        todo = "Check PSF width and pixel size; a wrong width pulls molecules to pixel centres."
    elif configuration.get("method") == "net":
        todo = (
            "Record with a higher bit rate; bright regular dots are the codec's, not the sample's."
        )
    else:
        todo = (
            "Localize with --method net, which knows the blocks, or record with a higher bit rate;"
            " regular dots are the codec's, not the sample's."
        )
    yield Concern(
        "note" if small else "warning",
        f"The grid of {what} shows{' a little' if small else ''}",
        f"Along {worst.axis} there are {100 * worst.amplitude:.2g} % more and fewer localizations"
        f" with its period ({100 * worst.amplitude_elsewhere:.2g} % at periods beside it).",
        todo,
    )


def _of_precision(table: TableAtHand, told: Measurements) -> Iterator[Concern]:
    found = told.nena
    if isinstance(found, Untold) or not math.isfinite(found.reported_nm):
        return
    if found.precision_nm > _PROMISES_TOO_MUCH * found.reported_nm:
        yield Concern(
            "warning",
            "The uncertainties promise too much",
            f"Positions scatter by {as_text(found.precision_nm)} nm from frame to frame; the table"
            f" says {as_text(found.reported_nm)} nm.",
            "Check the camera's gain (--camera): photons that are counted too high make"
            " uncertainties too small.",
        )


def _of_the_threshold(table: TableAtHand) -> Iterator[Concern]:
    network = network_of(table)
    if network is None:
        return
    try:
        usual = load_model(network.model, network.model.stat().st_mtime_ns).facts.least_mass
    except (CellstormError, OSError):
        return
    if network.least_mass <= usual + 1e-9:
        return
    top = network.least_mass >= MASSES[-1] - 1e-9
    yield Concern(
        "warning",
        "The threshold stands at its highest" if top else "The threshold was raised",
        f"Only molecules with a probability of {network.least_mass:g} or more were taken (usually"
        f" {usual:g}): a sample of the movie held hardly more than an empty movie would give.",
        "Look at a few frames. If they show molecules, localize with --set"
        f" least_mass={usual:g}; if not, there is nothing to see.",
    )


def _of_the_conditions(table: TableAtHand) -> Iterator[Concern]:
    network = network_of(table)
    if network is None:
        return
    try:
        outside = network.notices
    except (CellstormError, OSError):
        outside = ()
    for sentence in outside:
        what, _, todo = sentence.partition(": ")
        yield Concern(
            "warning",
            "Outside what the network was trained for",
            as_sentence(what),
            as_sentence(todo),
        )


def _of_light(table: TableAtHand, movie: MovieLook | None) -> Iterator[Concern]:
    if "flags" in table.columns:
        saturated, poor = _shares_of_flags(table)
        if saturated > _SATURATED_SPOTS:
            yield Concern(
                "warning",
                "Molecules are saturated",
                f"{100 * saturated:.2g} % of the molecules reach the white end of the scale: their"
                " photons are too low and their positions less certain.",
                "Film with a shorter exposure, a lower ISO or less laser light.",
            )
        if poor > _POOR:
            yield Concern(
                "warning",
                "Most molecules fit poorly",
                f"{100 * poor:.0f} % are not spots of one width on a smooth background.",
                "Check focus, PSF width and the camera's gain before you believe this table.",
            )
    if movie is None or isinstance(movie.description, Untold):
        return
    grey = movie.description.grey
    white = max(grey.share_at_maximum, grey.share_at_white or 0.0)
    if white > _SATURATED:
        yield Concern(
            "warning",
            "The movie is saturated",
            f"{100 * white:.2g} % of its pixels are at the white end of the scale.",
            "Film with a shorter exposure, a lower ISO or less laser light.",
        )
    black = max(grey.share_at_zero, grey.share_at_black or 0.0)
    if black > _CLIPPED:
        yield Concern(
            "warning",
            "Dark pixels are clipped",
            f"{100 * black:.2g} % of the movie's pixels are at the black end of the scale: dim"
            " molecules are lost there, and the background is counted too low.",
            "Film with more background light, a longer exposure or a higher ISO.",
        )


def _shares_of_flags(table: TableAtHand) -> tuple[float, float]:
    shares = (
        table.rows.select(
            ((pl.col("flags") & int(flag)) > 0).mean().alias(flag.name or "")
            for flag in (Flag.SATURATED, Flag.POOR_FIT)
        )
        .collect(engine="streaming")
        .row(0)
    )
    return float(shares[0] or 0.0), float(shares[1] or 0.0)


def _of_key_frames(movie: MovieLook | None) -> Iterator[Concern]:
    if movie is None:
        return
    rhythm = movie.rhythm
    if not isinstance(rhythm, Untold) and rhythm.key_frame_dip_adu is not None:
        dip, error = rhythm.key_frame_dip_adu, rhythm.key_frame_dip_error_adu or math.inf
        if abs(dip) > max(_DIP_ERRORS * error, _DIP_ADU):
            yield Concern(
                "warning",
                "Dips on key frames",
                f"The background lies {abs(dip):.2g} ± {error:.1g} ADU"
                f" {'lower' if dip < 0 else 'higher'} in key frames: the phone clips at black.",
                "Film with more background light; measure the camera with cellstorm calibrate"
                " --dark.",
            )
    counts = movie.key_frames
    if (
        not isinstance(counts, Untold)
        and abs(counts.change) > _KEY_FRAME_CHANGE
        and abs(counts.change) > _KEY_FRAME_ERRORS * counts.error
    ):
        word = "fewer" if counts.change < 0 else "more"
        yield Concern(
            "warning",
            "Key frames give other molecules",
            f"{100 * abs(counts.change):.0f} ± {100 * counts.error:.0f} % {word} localizations in"
            f" key frames than in the frames around them ({counts.key_frames} compared).",
            "Record with a higher bit rate. If they are more, look at key frames for false"
            " molecules.",
        )


def _of_blinks(told: Measurements) -> Iterator[Concern]:
    blinks = told.blinks
    if not isinstance(blinks, Untold) and blinks.chance_share > _CROWDED:
        yield Concern(
            "note",
            "Crowded",
            f"{100 * blinks.chance_share:.0f} % of the links from frame to frame are by chance:"
            " lengths of blinks and the density of blinks are rough.",
            "Use more laser light or less labelling, so that fewer molecules are on at a time.",
        )
    rate = told.rate
    if not isinstance(rate, Untold) and rate.first_fifth > 0:
        left = rate.last_fifth / rate.first_fifth
        if left < _BLEACHED:
            yield Concern(
                "note",
                "The sample bleaches",
                f"At the end there are {100 * (1 - left):.0f} % fewer localizations than at the"
                " beginning.",
                "Filming longer gains little; fresh imaging buffer or more activation may.",
            )


def _of_the_rest(table: TableAtHand, movie: MovieLook | None) -> Iterator[Concern]:
    """What the localizer and the movie's file said themselves."""
    network = network_of(table)
    said = set()
    if network is not None:
        try:
            said = set(network.notices)
        except (CellstormError, OSError):
            said = set()
    for notice in table.metadata.notices:
        if notice in said:
            continue
        if notice.startswith("The pixel size is not known"):
            yield Concern(
                "warning",
                "The pixel size is a guess",
                as_sentence(notice.partition(". ")[0]),
                "All lengths here are off by as much as it is. Measure it (cellstorm calibrate"
                " --grating) and localize with --pixel-size-nm.",
            )
        else:
            yield Concern("note", "Said when the table was made", as_sentence(notice))
    if movie is None:
        return
    if movie.is_another:
        yield Concern(
            "warning",
            "Another movie",
            f"The table was not made from {movie.name} as it is now.",
            "Give the movie that it was made from with --movie.",
        )
    if not isinstance(movie.description, Untold):
        for notice in movie.description.notices:
            if notice not in table.metadata.notices:
                yield Concern("note", "Said of the movie", as_sentence(notice))
