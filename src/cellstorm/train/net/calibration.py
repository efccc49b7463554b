"""What the maps of a trained network are worth: thresholds, uncertainties and figures."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import chi2

from cellstorm.evaluate.matching import match
from cellstorm.localize.gaussian.coding_noise import coding_variance_e2, electrons_per_grey
from cellstorm.localize.net import ErrorScale, ModelFacts, load_model
from cellstorm.localize.net._molecule_kernel import COLUMN_NAMES, collect_molecules
from cellstorm.localize.net.block_pull import BLOCK_PERIODS_PX, BlockPull, undo_block_pull
from cellstorm.localize.net.inputs import (
    CODING_NOISE,
    coding_noise_value,
    input_planes,
    with_ends,
)
from cellstorm.localize.net.localizer import LEAST_PROBABILITY, NetLocalizer
from cellstorm.localize.net.movie_threshold import MASSES
from cellstorm.localize.net.refinement import Refinement
from cellstorm.movie import FrameChunk
from cellstorm.simulate import Clip, Simulation, make_clip
from cellstorm.train.clip_efficiency import clip_efficiency

__all__ = [
    "calibrated_facts",
    "coarse_movies",
    "efficiencies",
    "empty_movies",
    "refined_block_pull",
    "validation_movies",
]

_JOINS_PX = (0.5, 0.7, 0.9, 1.2)
_RADIUS_PX = 2.5
# so little is chance in these few movies, and whoever wants fewer molecules can filter them
_TIE = 0.002
# a pair farther apart than this many reported errors is two molecules that met by chance
_CHANCE = 6.0
_REGION = 0.95
_FRAMES_PER_RUN = 8
_NO_PULL = BlockPull()
_PULL_BINS = 10
_LEAST_OF_A_BIN = 400

_PROBABILITY = COLUMN_NAMES.index("probability")
_VARIANCES = slice(
    COLUMN_NAMES.index("variance_x_px2"), COLUMN_NAMES.index("variance_log_photons") + 1
)


def validation_movies(*, frames: int = 100, first_seed: int = 600) -> dict[str, Simulation]:
    """Movies to choose thresholds by; never trained on, and not those of any benchmark.

    Parameters
    ----------
    frames
        Length of each.
    first_seed
        Under 1000: larger ones are kept for evaluation.
    """
    settings: dict[str, dict[str, object]] = {
        "1000 photons, CRF 0": {"crf": 0},
        "1000 photons, CRF 23": {"crf": 23},
        "1000 photons, CRF 30": {"crf": 30},
        "500 photons, CRF 23": {"crf": 23, "photons": 500},
        "100 photons, CRF 5": {"crf": 5, "photons": 100},
        "150 photons, CRF 12": {"crf": 12, "photons": 150},
        "1000 photons, HEVC 24": {"codec": "hevc", "crf": 24},
        "uniform 0.1 /um2": {"structure": "uniform", "density_per_um2_frame": 0.1, "crf": 20},
        "uniform 1.5 /um2": {"structure": "uniform", "density_per_um2_frame": 1.5, "crf": 20},
        "haze 90": {"background.haze": "structure", "background.haze.peak_photons": 90},
    }
    return {
        name: Simulation(frames=frames, seed=first_seed + number).changed(changes)
        for number, (name, changes) in enumerate(settings.items())
    }


def coarse_movies(*, frames: int = 60, first_seed: int = 670) -> list[Simulation]:
    """Movies coded finely to very coarsely, molecules apart, to see what blocks do to positions.

    Parameters
    ----------
    frames
        Length of each.
    first_seed
        Under 1000: larger ones are kept for evaluation.
    """
    sparse: dict[str, object] = {"structure": "uniform", "density_per_um2_frame": 0.3}
    settings: list[dict[str, object]] = [
        {"crf": crf, "photons": photons}
        for crf in (18, 22, 25, 28, 31, 34, 38)
        for photons in (600, 2000)
    ]
    return [
        Simulation(frames=frames, seed=first_seed + number).changed(sparse | changes)
        for number, changes in enumerate(settings)
    ]


def empty_movies(*, frames: int = 300, first_seed: int = 650) -> list[Simulation]:
    """Movies without any molecule: dark ones and bright ones, fine ones and coarse ones.

    Parameters
    ----------
    frames
        Length of each.
    first_seed
        Under 1000: larger ones are kept for evaluation.
    """
    settings: list[dict[str, object]] = [
        {"background.photons": 2, "crf": 5},
        {"background.photons": 20, "crf": 23},
        {"background.photons": 20, "crf": 30},
        {"background.photons": 60, "crf": 18},
        {"background.photons": 100, "crf": 0},
        {"background.photons": 100, "crf": 30},
        {"background.photons": 100, "crf": 38},
    ]
    return [
        Simulation(frames=frames, seed=first_seed + number).changed(
            {"density_per_um2_frame": 0.0, **changes}
        )
        for number, changes in enumerate(settings)
    ]


@dataclass(frozen=True)
class _Seen:
    """A clip and what the network says of it."""

    clip: Clip
    maps: list[NDArray[np.float32]]
    coding_noise: NDArray[np.float32]

    @property
    def corner_px(self) -> tuple[int, int]:
        """Of the frames in the codec's grid of blocks."""
        return (0, 0) if self.clip.coding is None else self.clip.coding.grid_offset_px

    def molecules(
        self, least_mass: float, join_px: float, pull: BlockPull = _NO_PULL
    ) -> NDArray[np.float64]:
        """Rows of `collect_molecules`, frames counted through, without what blocks did."""
        rows = []
        for number, maps in enumerate(self.maps):
            found = collect_molecules(maps, LEAST_PROBABILITY, least_mass, join_px)
            found[:, 0] += number * _FRAMES_PER_RUN
            rows.append(found)
        molecules = self._inside(np.concatenate(rows))
        undo_block_pull(molecules, pull, self.coding_noise, self.corner_px)
        return molecules

    def _inside(self, molecules: NDArray[np.float64]) -> NDArray[np.float64]:
        height, width = self.coding_noise.shape[1:]
        x_px, y_px = molecules[:, 1], molecules[:, 2]
        inside = (x_px >= 0) & (x_px < width) & (y_px >= 0) & (y_px < height)
        kept: NDArray[np.float64] = molecules[inside]
        return kept


def calibrated_facts(
    model: Path,
    facts: ModelFacts,
    movies: dict[str, Simulation],
    empty: list[Simulation] | None = None,
    coarse: list[Simulation] | None = None,
) -> ModelFacts:
    """The facts with thresholds, scales of the uncertainties and figures that were measured.

    The threshold and the joining distance are those of the best mean efficiency, or next to
    it at a lower threshold, which finds more. How many molecules every threshold finds in the
    empty movies stands beside them, for `movie_threshold`. What blocks do to positions is a
    regression on where they are found, `BlockPull`. The scales of the reported errors
    have the form under which the errors of all movies, each with the same weight, are most
    likely, and the size at which 95 % regions hold 95 of 100.

    Parameters
    ----------
    model
        The exported network.
    facts
        Its facts so far.
    movies
        To measure on, by name.
    empty
        Movies without molecules.
    coarse
        Movies of every coarseness, to see what blocks do to positions; what the facts say of
        that is kept without any.
    """
    seen = {name: _seen(model, simulation) for name, simulation in movies.items()}
    nothing = [_seen(model, simulation) for simulation in empty or ()]
    marks = {
        (mass, join_px): {
            name: clip_efficiency(one.molecules(mass, join_px), one.clip)
            for name, one in seen.items()
        }
        for mass in MASSES
        for join_px in _JOINS_PX
    }
    means = {key: float(np.mean(list(marks[key].values()))) for key in marks}
    most = max(means.values())
    # what joins farther gathers more of a faint molecule
    best = min(
        (key for key in means if means[key] > most - _TIE), key=lambda key: (key[0], -key[1])
    )
    pull = facts.block_pull
    if coarse:
        pull = _block_pull([_seen(model, simulation) for simulation in coarse], *best)
    found = {name: one.molecules(*best, pull) for name, one in seen.items()}
    errors = [_errors(found[name], one.clip) for name, one in seen.items()]
    figures = {name: clip_efficiency(found[name], one.clip) for name, one in seen.items()}
    return facts.model_copy(
        update={
            "least_mass": best[0],
            "join_px": best[1],
            "false_per_mpx": _false_per_mpx(nothing, best[1]) if nothing else (),
            "block_pull": pull,
            "position_scale": _error_scale(errors, (0, 1)),
            "light_scale": _error_scale(errors, (2,)),
            "figures": {name: round(value, 4) for name, value in figures.items()},
        }
    )


def refined_block_pull(model: Path, movies: list[Simulation]) -> BlockPull:
    """What blocks do to positions that are fitted once more, of a model file with its facts.

    Parameters
    ----------
    model
        The file.
    movies
        Of every coarseness, `coarse_movies`; each read with its own camera.
    """
    facts = load_model(model, model.stat().st_mtime_ns).facts
    columns = []
    for simulation in movies:
        clip = make_clip(simulation)
        count, height, width = clip.frames.shape
        coding, region = clip.coding, (0, width, 0, height)
        if coding is None or coding.qp is None:
            continue
        camera, sigma_px = simulation.recorded_camera, simulation.psf_sigma_px
        localizer = NetLocalizer(
            model=model,
            model_name=facts.name,
            camera=camera,
            region=region,
            context_frames=facts.context_frames,
            least_mass=facts.least_mass,
            join_px=facts.join_px,
            psf_sigma_px=sigma_px,
            refinement=Refinement.usual(sigma_px, region, BlockPull()),
        )
        found = localizer.localize(FrameChunk(0, clip.frames, coding), first=0, last=count)
        rows = np.column_stack([found[name] for name in ("frame", "x_px", "y_px")])
        truth = clip.truth.select("frame", "x_nm", "y_nm").to_numpy().astype(np.float64)
        truth[:, 1:] /= simulation.pixel_size_nm
        row, true_row = match(rows, truth, _RADIUS_PX)
        variance = coding_variance_e2(coding, (height, width), region, electrons_per_grey(camera))
        frame, x_px, y_px = (rows[row, column].astype(np.int64) for column in range(3))
        noise = coding_noise_value(variance[frame, y_px, x_px])
        error = rows[row, 1:] - truth[true_row, 1:]
        reported = np.column_stack([found["uncertainty_x_px"], found["uncertainty_y_px"]])[row]
        z = error / reported
        near = (np.abs(z) < _CHANCE).all(axis=1)
        for axis, corner_px in enumerate(coding.grid_offset_px):
            place = rows[row, 1 + axis] + corner_px
            columns.append(np.column_stack([noise, place, z[:, axis]])[near])
    return _pull_by_noise(columns)


def efficiencies(model: Path, movies: dict[str, Simulation]) -> dict[str, float]:
    """Efficiency of a model file, with its own thresholds, on each movie.

    Parameters
    ----------
    model
        The file.
    movies
        To measure on, by name; each read with its own camera.
    """
    facts = load_model(model, model.stat().st_mtime_ns).facts
    marks = {}
    for name, simulation in movies.items():
        seen = _seen(model, simulation)
        found = seen.molecules(facts.least_mass, facts.join_px, facts.block_pull)
        marks[name] = clip_efficiency(found, seen.clip)
    return marks


def _seen(model: Path, simulation: Simulation) -> _Seen:
    clip = make_clip(simulation)
    count, height, width = clip.frames.shape
    network = load_model(model, model.stat().st_mtime_ns)
    planes = with_ends(
        input_planes(
            clip.frames,
            simulation.recorded_camera,
            clip.coding,
            (0, width, 0, height),
            # where there is no molecule no width is measured either
            simulation.psf_sigma_px if clip.truth.height else None,
        )[:, : len(network.facts.planes)],
        begin=0,
        end=count,
        reach=network.facts.context_frames // 2,
    )
    maps = []
    for start in range(0, count, _FRAMES_PER_RUN):
        stop = min(start + _FRAMES_PER_RUN, count)
        part = network.maps(planes[start : stop + network.facts.context_frames - 1])
        maps.append(np.ascontiguousarray(part[:, :, :height, :width]))
    reach = network.facts.context_frames // 2
    noise = planes[reach : reach + count, CODING_NOISE, :height, :width]
    return _Seen(clip, maps, np.ascontiguousarray(noise))


def _false_per_mpx(empty: list[_Seen], join_px: float) -> tuple[tuple[float, float, float], ...]:
    """For every threshold, on average and of the movie in which most is found."""
    rates = []
    for mass in MASSES:
        each = [
            one.molecules(mass, join_px).shape[0] / (one.clip.frames.size * 1e-6) for one in empty
        ]
        rates.append((mass, round(float(np.mean(each)), 3), round(max(each), 3)))
    return tuple(rates)


@dataclass(frozen=True)
class _Errors:
    """Errors of x, y and log photons and what was reported, each ``(pairs, 3)``."""

    true: NDArray[np.float64]
    reported: NDArray[np.float64]
    found: NDArray[np.float64]

    @property
    def probability(self) -> NDArray[np.float64]:
        """Of the molecules that were found."""
        column: NDArray[np.float64] = self.found[:, _PROBABILITY]
        return column


def _errors(found: NDArray[np.float64], clip: Clip) -> _Errors:
    size_nm = clip.simulation.pixel_size_nm
    truth = clip.truth.select("frame", "x_nm", "y_nm", "photons").to_numpy().astype(np.float64)
    truth[:, 1:3] /= size_nm
    rows, true_rows = match(found[:, :3], truth[:, :3], _RADIUS_PX)
    found, truth = found[rows], truth[true_rows]
    true = found[:, 1:4] - np.column_stack([truth[:, 1:3], np.log(truth[:, 3])])
    reported = np.sqrt(found[:, _VARIANCES])
    near = (np.abs(true[:, :2]) < _CHANCE * reported[:, :2]).all(axis=1)
    return _Errors(true[near], reported[near], found[near])


def _block_pull(movies: list[_Seen], least_mass: float, join_px: float) -> BlockPull:
    """The pull by coding noise, of all movies together."""
    columns = []
    for one in movies:
        errors = _errors(one.molecules(least_mass, join_px), one.clip)
        frame, x_px, y_px = (errors.found[:, column].astype(np.int64) for column in range(3))
        noise = one.coding_noise[frame, y_px, x_px]
        for axis in (0, 1):
            place = errors.found[:, 1 + axis] + one.corner_px[axis]
            z = errors.true[:, axis] / errors.reported[:, axis]
            columns.append(np.column_stack([noise, place, z])[noise > 0.0])
    return _pull_by_noise(columns)


def _pull_by_noise(columns: list[NDArray[np.float64]]) -> BlockPull:
    """The pull out of coding noise, place in the grid of blocks and z, ``(pairs, 3)`` each."""
    noise, place, z = np.concatenate([np.empty((0, 3)), *columns]).T
    order = np.argsort(noise)
    bins = min(_PULL_BINS, order.size // _LEAST_OF_A_BIN)
    knots = []
    for part in np.array_split(order, bins) if bins else ():
        waves = np.column_stack([np.sin(2 * np.pi * place[part] / p) for p in BLOCK_PERIODS_PX])
        heights, *_ = np.linalg.lstsq(waves, z[part], rcond=None)
        variance = np.diag(np.linalg.inv(waves.T @ waves)) * np.var(z[part])
        # what may be chance counts less (James and Stein 1961)
        heights *= np.maximum(1.0 - variance / np.maximum(heights**2, 1e-12), 0.0)
        knots.append((float(np.median(noise[part])), *(float(height) for height in heights)))
    return BlockPull(by_noise=tuple((n, a, b) for n, a, b in knots))


def _error_scale(movies: list[_Errors], columns: tuple[int, ...]) -> ErrorScale:
    """The scale that makes the errors most likely, regions true, every movie counting alike."""
    z, features, weights = [], [], []
    for one in movies:
        for column in columns:
            reported = one.reported[:, column]
            z.append(one.true[:, column] / reported)
            features.append(
                np.column_stack([np.ones_like(reported), one.probability, np.log(reported)])
            )
            weights.append(np.full(reported.size, 1.0 / max(reported.size, 1)))
    z2 = np.concatenate(z) ** 2
    feature, weight = np.concatenate(features), np.concatenate(weights)
    if z2.size < 100:
        return ErrorScale()

    def cost(law: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        log_scale = feature @ law
        part = weight * z2 * np.exp(-2.0 * log_scale)
        value = float((0.5 * part + weight * log_scale).sum())
        return value, feature.T @ (weight - part)

    law = minimize(cost, np.zeros(3), jac=True, method="BFGS").x
    # tails are heavier than a normal distribution's: then both cannot be true, and regions are used
    pairs = np.split(z2 * np.exp(-2.0 * (feature @ law)), np.cumsum([p.size for p in z])[:-1])
    together = [
        np.sum(pairs[first : first + len(columns)], axis=0)
        for first in range(0, len(pairs), len(columns))
    ]
    squared = np.concatenate(together)
    order = np.argsort(squared)
    held = np.cumsum(
        np.concatenate([np.full(t.size, 1.0 / max(t.size, 1)) for t in together])[order]
    )
    limit = squared[order][np.searchsorted(held, _REGION * held[-1])]
    widened = 0.5 * np.log(limit / chi2.ppf(_REGION, len(columns)))
    return ErrorScale(
        log_constant=float(law[0] + widened),
        per_probability=float(law[1]),
        per_log_error=float(law[2]),
    )
