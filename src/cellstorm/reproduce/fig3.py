"""Fig 3: events per area and frame, and a profile across a filament, beside an emCCD."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cellstorm.camera import PRESETS
from cellstorm.errors import CellstormError
from cellstorm.evaluate import EventRate, Profile, ProfileBox, event_rate, profile
from cellstorm.localizations import Localizations, Metadata, MovieFacts
from cellstorm.localize import NetMethod
from cellstorm.render import Contrast
from cellstorm.reproduce.drawing import COLOURS, drawn_molecules, plain, sheet, show_picture
from cellstorm.reproduce.fig2 import PAPER_EMCCD_FRC_NM, PAPER_PHONE_FRC_NM, resolution_nm
from cellstorm.reproduce.figure_table import FigureTable, Value
from cellstorm.reproduce.filament_box import box_across_a_filament
from cellstorm.reproduce.methods import CLASSICAL, GAN, NET, THUNDERSTORM, spoken
from cellstorm.reproduce.result import Drawn
from cellstorm.reproduce.workshop import Workshop
from cellstorm.simulate import SIMULATION_PRESETS, Simulation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["make_fig3"]

_SEED = 1003
_BOX_PX = 6.0
_BOX_LENGTH_NM = 1000.0
_EMCCD = f"emCCD, {CLASSICAL}"
_EMCCD_NET = "emCCD, net"
_TRUTH = "truth"
# Diederich et al. 2019: quantum efficiencies over 90 % and about 70 to 80 %
_EMCCD_LIGHT = 0.90 / 0.75
_CLOSE_RATIO = 1.25
_SHOWN_WIDTHS = 2.0
_BINS = 120


@dataclass(frozen=True, eq=False)
class _Row:
    """What is drawn and told of one recording and method; None where too little was found."""

    name: str
    table: Localizations
    rate: EventRate | None
    profile: Profile | None
    frc_nm: float | None


def make_fig3(workshop: Workshop) -> Drawn:
    """One sample, recorded by the phone and by an emCCD.

    Raises
    ------
    CellstormError
        A movie cannot be made or localized.
    """
    request = workshop.request
    edge = 64 if request.quick else 128
    phone = SIMULATION_PRESETS["phone"].changed(
        frames=request.length(full=4000, quick=400), width_px=edge, height_px=edge, seed=_SEED
    )
    emccd = _as_the_emccd_sees(phone)
    made = workshop.movie(phone, "the phone's movie")
    other = workshop.movie(emccd, "the emCCD's movie")
    size_nm = phone.pixel_size_nm
    truth = _truth_table(made.visible_truth, phone)
    box = box_across_a_filament(
        truth.column("x_nm"),
        truth.column("y_nm"),
        length_nm=min(_BOX_LENGTH_NM, 0.3 * edge * size_nm),
        width_nm=_BOX_PX * size_nm,
        field_nm=(edge * size_nm, edge * size_nm),
    )
    rows = [_row(_TRUTH, truth, box, with_frc=False)]
    recordings = (
        (phone, made.path, "phone", tuple(workshop.methods.items())),
        (emccd, other.path, "emCCD", ((_EMCCD, THUNDERSTORM), (_EMCCD_NET, NetMethod()))),
    )
    for simulation, movie, what, methods in recordings:
        for name, method in methods:
            found = workshop.localize(
                movie,
                name,
                method,
                pixel_size_nm=size_nm,
                camera=simulation.recorded_camera,
                what=what,
            )
            rows.append(_row(name, found.table, box))
    canvas = sheet(10.5, 8.4)
    (over_time, across), (left, right) = canvas.subplots(2, 2)
    _draw_rates(over_time, rows)
    _draw_profiles(across, rows)
    by_name = {row.name: row for row in rows}
    shown = GAN if GAN in by_name else NET
    for axes, name, title in (
        (left, shown, f"phone, {shown}, and the box"),
        (right, _EMCCD, _EMCCD),
    ):
        _draw_sample(axes, by_name[name].table, box, edge * size_nm, title)
    return Drawn(
        title="Fig 3: events per area and frame, and a profile across a filament",
        canvas=canvas,
        tables=(_table(rows),),
        sentences=_sentences(by_name),
    )


def _as_the_emccd_sees(phone: Simulation) -> Simulation:
    """The same molecules on an emCCD: more of their light, no image processor, no codec."""
    changes: dict[str, object] = {
        "camera": PRESETS["ixon-897"].model_dump(mode="json"),
        "isp": "off",
        "codec": "none",
        "background.photons": _EMCCD_LIGHT * phone.background.photons,
        "photons": _EMCCD_LIGHT * phone.photophysics.model_dump()["photons"],
    }
    haze = phone.background.haze
    if haze is not None:
        changes["background.haze.peak_photons"] = _EMCCD_LIGHT * haze.peak_photons
    return phone.changed(changes)


def _truth_table(truth: pl.DataFrame, simulation: Simulation) -> Localizations:
    shape = (simulation.frames, simulation.height_px, simulation.width_px)
    return Localizations(
        truth.select("frame", "x_nm", "y_nm", "photons"),
        Metadata(
            pixel_size_nm=simulation.pixel_size_nm,
            movie=MovieFacts(name="truth", shape=shape, frame_rate_hz=simulation.frame_rate_hz),
            frames=(0, simulation.frames),
            region=(0, simulation.width_px, 0, simulation.height_px),
        ),
    )


def _row(name: str, table: Localizations, box: ProfileBox, *, with_frc: bool = True) -> _Row:
    rate: EventRate | None = None
    across: Profile | None = None
    try:
        rate = event_rate(table)
        across = profile(table, box, bins=_BINS)
    except CellstormError:
        # too few molecules, which the table shows
        pass
    return _Row(name, table, rate, across, resolution_nm(table) if with_frc else None)


def _colour(name: str) -> str:
    if name == _EMCCD_NET:
        return "#e69f00"
    return COLOURS["emCCD" if name == _EMCCD else name]


def _draw_rates(axes: "Axes", rows: list[_Row]) -> None:
    for row in rows:
        if row.rate is None:
            continue
        middle = 0.5 * (row.rate.frame[1:] + row.rate.frame[:-1])
        axes.plot(
            middle,
            row.rate.rate_per_um2_frame,
            color=_colour(row.name),
            label=row.name,
            linestyle="--" if row.name == _TRUTH else "-",
        )
    axes.set(
        xlabel="frame",
        ylabel="events per µm² and frame",
        title="Events per area and frame",
        ylim=(0, None),
    )
    axes.legend(fontsize="x-small")
    plain(axes)


def _draw_profiles(axes: "Axes", rows: list[_Row]) -> None:
    for row in rows:
        if row.profile is None:
            continue
        top = float(row.profile.fitted.max())
        axes.step(
            row.profile.middle_nm,
            row.profile.counts / top,
            where="mid",
            color=_colour(row.name),
            linewidth=0.5,
            alpha=0.5,
        )
        axes.plot(
            row.profile.middle_nm,
            row.profile.fitted / top,
            color=_colour(row.name),
            linestyle="--" if row.name == _TRUTH else "-",
            label=f"{row.name}: {row.profile.fwhm_nm:.0f} nm",
        )
    axes.set(
        xlabel="across the filament, nm",
        xlim=_around(rows),
        ylabel="molecules (fit's peak = 1)",
        title=f"Box profile, {_BOX_PX:g} px: width at half maximum",
        ylim=(0, 1.6),
    )
    axes.legend(fontsize="x-small", loc="upper right")
    plain(axes)


def _around(rows: list[_Row]) -> tuple[float, float]:
    """The part of the profile in which there is something to see."""
    known = [row.profile for row in rows if row.profile is not None]
    if not known:
        return 0.0, _BOX_LENGTH_NM
    middles = [one.position_nm[0] for one in known]
    reach = _SHOWN_WIDTHS * max(one.fwhm_nm for one in known)
    return max(min(middles) - reach, 0.0), min(max(middles) + reach, known[0].length_nm)


def _draw_sample(
    axes: "Axes", table: Localizations, box: ProfileBox, edge_nm: float, title: str
) -> None:
    field = (0.0, edge_nm, 0.0, edge_nm)
    picture = drawn_molecules(table, pixel_nm=20.0, region_nm=field)
    show_picture(
        axes,
        picture,
        region_nm=field,
        colour_map="hot",
        contrast=Contrast(saturated_percent=0.5),
        title=title,
        scale_bar=True,
    )
    start, stop = np.array(box.start_nm), np.array(box.stop_nm)
    along = np.array([start[1] - stop[1], stop[0] - start[0]]) / box.length_nm
    half = 0.5 * box.width_nm * along
    corners = np.array([start - half, stop - half, stop + half, start + half, start - half])
    axes.plot(corners[:, 0], corners[:, 1], color="#56b4e9", linewidth=1.2)


def _table(rows: list[_Row]) -> FigureTable:
    paper: dict[str, float] = {GAN: PAPER_PHONE_FRC_NM, _EMCCD: PAPER_EMCCD_FRC_NM}
    values: list[tuple[Value, ...]] = []
    true = rows[0].profile
    for row in rows:
        off = None
        if true is not None and row.profile is not None:
            off = row.profile.position_nm[0] - true.position_nm[0]
        values.append(
            (
                row.name,
                len(row.table),
                None if row.rate is None else row.rate.per_um2_frame,
                None if row.profile is None else row.profile.localizations,
                None if row.profile is None else row.profile.fwhm_nm,
                None if row.profile is None else row.profile.fwhm_error_nm,
                off,
                row.frc_nm,
                paper.get(row.name),
            )
        )
    columns = (
        "recording and method",
        "molecules",
        "events per um2 and frame",
        "molecules in the box",
        "FWHM, nm",
        "its standard error, nm",
        "off the true line, nm",
        "FRC, nm",
        "paper's FRC (real cell), nm",
    )
    return FigureTable("Events, width of a filament, resolution", columns, tuple(values))


def _sentences(rows: dict[str, _Row]) -> tuple[str, ...]:
    emccd, truth = rows[_EMCCD], rows[_TRUTH]
    said = []
    for name in (GAN, NET):
        phone = rows.get(name)
        if phone is None:
            continue
        if phone.rate is not None and emccd.rate is not None and truth.rate is not None:
            ratio = phone.rate.per_um2_frame / emccd.rate.per_um2_frame
            close = "close to" if 1 / _CLOSE_RATIO < ratio < _CLOSE_RATIO else "not close to"
            said.append(
                f"Events: the phone with {spoken(name)} finds {phone.rate.per_um2_frame:.3f} per"
                f" µm² and frame, {ratio:.2f} times the emCCD's {emccd.rate.per_um2_frame:.3f}"
                f" (true: {truth.rate.per_um2_frame:.3f}): {close} it, where the paper has the"
                " phone close to the emCCD."
            )
        if phone.profile is not None and emccd.profile is not None and truth.profile is not None:
            ratio = phone.profile.fwhm_nm / emccd.profile.fwhm_nm
            agrees = ratio < _CLOSE_RATIO
            said.append(
                f"Width: {phone.profile.fwhm_nm:.0f} nm with the phone and {spoken(name)},"
                f" {emccd.profile.fwhm_nm:.0f} nm with the emCCD, {truth.profile.fwhm_nm:.0f} nm"
                f" in truth: {'in agreement with' if agrees else 'unlike'} the paper, whose phone"
                " comes close to the emCCD."
            )
        if phone.frc_nm is not None and emccd.frc_nm is not None:
            said.append(
                f"Fourier ring correlation: {phone.frc_nm:.0f} nm with the phone and"
                f" {spoken(name)}, {phone.frc_nm / emccd.frc_nm:.2f} times the emCCD's"
                f" {emccd.frc_nm:.0f} nm; in the paper {PAPER_PHONE_FRC_NM:g} and"
                f" {PAPER_EMCCD_FRC_NM:g} nm, {PAPER_PHONE_FRC_NM / PAPER_EMCCD_FRC_NM:.2f} times."
            )
    return tuple(said) or ("Too few molecules were found to compare anything with the paper.",)
