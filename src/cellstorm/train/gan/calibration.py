"""What the maps of a trained generator are worth: floor, photons, errors and figures."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cellstorm.evaluate.matching import match
from cellstorm.localize.gan import GanFacts, MeasuredLaw, load_gan
from cellstorm.localize.gan._peak_kernel import find_peaks
from cellstorm.localize.gan.tiling import cycled_maps
from cellstorm.localize.net.inputs import input_planes
from cellstorm.simulate import Clip, Simulation, make_clip
from cellstorm.train.clip_efficiency import clip_efficiency

__all__ = ["FLOORS", "calibrated_gan_facts"]

FLOORS = tuple(round(0.002 * 1.25**step, 4) for step in range(25))
"""Least brightnesses that are tried, 0.002 to 0.4."""

# brightness that is not gathered in one pixel yet has maxima of its own
_REACHES_FINE_PX = (2, 3, 4)
# so little is chance in these few movies
_TIE = 0.002
_RADIUS_PX = 2.5
_LEAST_PAIRS = 50
_BINS = 12
_FRAMES_PER_RUN = 8
_CORE_PX = 128
# of an empty movie a camera is mostly estimated, and makes noise brighter where its gain is over
_GAIN_ERRORS = (1.0, 1.3)


@dataclass(frozen=True)
class _Seen:
    """A clip and what the generator makes of it."""

    clip: Clip
    maps: NDArray[np.float32]

    def molecules(self, facts: GanFacts) -> NDArray[np.float64]:
        """Frame, x and y in px, mass: a row each."""
        brightest = self.maps.max(axis=(1, 2)).astype(np.float64)
        limits = np.maximum(facts.threshold_share * brightest, facts.floor)
        rows = find_peaks(self.maps, limits, facts.reach_fine_px)
        rows[:, 1:3] = rows[:, 1:3] / facts.factor - facts.shift_px
        return rows[:, :4]


def calibrated_gan_facts(
    model: Path,
    facts: GanFacts,
    movies: dict[str, Simulation],
    empty: list[Simulation],
) -> GanFacts:
    """The facts with floor, reach, intensity, errors and figures that were measured.

    Floor and reach are those of the best mean efficiency, or next to it at a higher floor,
    which draws less of nothing. How many molecules every floor finds in the empty movies
    (read with their own camera, and with a gain that is over) stands beside them, for
    `trusted_threshold`. The shift is the median error of position.
    Brightness and position errors are power laws through the pairs of all movies.

    Parameters
    ----------
    model
        The exported generator.
    facts
        Its facts so far; the threshold's share of the brightest is kept.
    movies
        To measure on, by name.
    empty
        Movies without molecules.
    """
    seen = {name: _seen(model, simulation) for name, simulation in movies.items()}
    nothing = _seen_nothing(model, empty)
    tried = [
        facts.model_copy(update={"floor": floor, "reach_fine_px": reach})
        for floor in FLOORS
        for reach in _REACHES_FINE_PX
    ]
    marked = [_marked(seen, one) for one in tried]
    most = max(_mean_figure(one) for one in marked)
    best = max(
        (one for one in marked if _mean_figure(one) > most - _TIE),
        key=lambda one: (one.floor, _mean_figure(one)),
    )
    best = best.model_copy(update={"false_per_mpx": _false_per_mpx(nothing, best)})
    pairs = _all_pairs(seen, best)
    if pairs.shape[0] < _LEAST_PAIRS:
        return best
    shift_px = tuple(round(float(np.median(errors)), 4) for errors in pairs[:, 2:].T)
    best = _marked(seen, best.model_copy(update={"shift_px": shift_px}))
    mass, photons, x_error_px, y_error_px = _all_pairs(seen, best).T
    scale = best.brightness
    # not cut at the full brightness: what shines more can be seen by its mass
    intensity = _through(mass, (photons / scale.full_photons) ** scale.exponent)
    found = scale.photons(intensity(mass))
    error = _error_law(found, x_error_px, y_error_px)
    return best.model_copy(update={"intensity": intensity, "position_error_px": error})


def _seen_nothing(model: Path, empty: list[Simulation]) -> list[_Seen]:
    """Movies without molecules, each read with its own camera and with one that is off."""
    return [_seen(model, simulation, error) for simulation in empty for error in _GAIN_ERRORS]


def _seen(model: Path, simulation: Simulation, gain_error: float = 1.0) -> _Seen:
    clip = make_clip(simulation)
    count, height, width = clip.frames.shape
    network = load_gan(model, model.stat().st_mtime_ns)
    camera = simulation.recorded_camera
    camera = camera.model_copy(update={"gain_e_per_adu": gain_error * camera.gain_e_per_adu})
    planes = input_planes(clip.frames, camera, None, (0, width, 0, height))
    maps = [
        cycled_maps(
            network.maps,
            planes[start : start + _FRAMES_PER_RUN, 0],
            first_frame=start,
            factor=network.facts.factor,
            core_px=_CORE_PX,
            halo_px=network.facts.halo_px,
            align_px=network.facts.align_px,
        )
        for start in range(0, count, _FRAMES_PER_RUN)
    ]
    return _Seen(clip, np.concatenate(maps))


def _marked(seen: dict[str, _Seen], facts: GanFacts) -> GanFacts:
    """With the efficiencies of all movies."""
    marks = {name: clip_efficiency(one.molecules(facts), one.clip) for name, one in seen.items()}
    figures = {name: round(value, 4) for name, value in marks.items()}
    return facts.model_copy(update={"figures": figures})


def _mean_figure(facts: GanFacts) -> float:
    return float(np.mean(list(facts.figures.values())))


def _false_per_mpx(empty: list[_Seen], facts: GanFacts) -> tuple[tuple[float, float, float], ...]:
    """For every floor, on average and of the movie in which most is found."""
    rates = []
    for floor in FLOORS:
        one = facts.model_copy(update={"floor": floor})
        each = [clip.molecules(one).shape[0] / (clip.clip.frames.size * 1e-6) for clip in empty]
        rates.append((floor, round(float(np.mean(each)), 3), round(max(each), 3)))
    return tuple(rates) if empty else ()


def _all_pairs(seen: dict[str, _Seen], facts: GanFacts) -> NDArray[np.float64]:
    return np.concatenate([_pairs(clip.molecules(facts), clip.clip) for clip in seen.values()])


def _pairs(found: NDArray[np.float64], clip: Clip) -> NDArray[np.float64]:
    """Mass, true photons, errors of x and y in px: a row for each molecule that was found."""
    size_nm = clip.simulation.pixel_size_nm
    truth = clip.truth.select("frame", "x_nm", "y_nm", "photons").to_numpy().astype(np.float64)
    truth[:, 1:3] /= size_nm
    rows, true_rows = match(found[:, :3], truth[:, :3], _RADIUS_PX)
    found, truth = found[rows], truth[true_rows]
    return np.column_stack([found[:, 3], truth[:, 3], found[:, 1:3] - truth[:, 1:3]])


def _through(values: NDArray[np.float64], given: NDArray[np.float64]) -> MeasuredLaw:
    """The power law through the medians of bins of ``values``."""
    order = np.argsort(values)
    bins = [part for part in np.array_split(order, _BINS) if part.size]
    x = np.log([np.median(values[part]) for part in bins])
    y = np.log([max(float(np.median(given[part])), 1e-9) for part in bins])
    if np.ptp(x) < 1e-6:
        return MeasuredLaw(log_constant=float((y - x).mean()))
    slope, constant = np.polyfit(x, y, 1)
    return MeasuredLaw(log_constant=float(constant), slope=float(slope))


def _error_law(
    photons: NDArray[np.float64], x_error_px: NDArray[np.float64], y_error_px: NDArray[np.float64]
) -> MeasuredLaw:
    """Standard error by photons; that of a normal error of the same median size."""
    # of a Rayleigh distance the median is sqrt(2 ln 2) standard errors
    error = np.hypot(x_error_px, y_error_px) / np.sqrt(2.0 * np.log(2.0))
    return _through(photons, error)
