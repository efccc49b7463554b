"""What the maps of a trained network are worth: thresholds, uncertainties and figures."""

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cellstorm.evaluate import score
from cellstorm.evaluate.matching import match
from cellstorm.localize.localizer import MoleculeColumns
from cellstorm.localize.net import ModelFacts, NetLocalizer, load_model
from cellstorm.movie import FrameChunk
from cellstorm.simulate import Clip, Simulation, make_clip

__all__ = ["calibrated_facts", "efficiencies", "validation_movies"]

_MASSES = (0.3, 0.4, 0.5, 0.6, 0.7)
_JOINS_PX = (0.5, 0.7, 0.9, 1.2)
_RADIUS_PX = 2.5
# a pair farther apart than this many reported errors is two molecules that met by chance
_CHANCE = 6.0


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


def calibrated_facts(model: Path, facts: ModelFacts, movies: dict[str, Simulation]) -> ModelFacts:
    """The facts with thresholds, uncertainty factors and figures that were measured.

    The threshold and the joining distance are those of the best mean efficiency. A
    standard deviation's factor is the spread of error over reported error at that
    threshold, by the median, so that molecules which met by chance do not count.

    Parameters
    ----------
    model
        The exported network.
    facts
        Its facts so far.
    movies
        To measure on, by name.
    """
    clips = {name: make_clip(simulation) for name, simulation in movies.items()}
    marks: dict[tuple[float, float], dict[str, float]] = {}
    for mass in _MASSES:
        for join_px in _JOINS_PX:
            chosen = facts.model_copy(update={"least_mass": mass, "join_px": join_px})
            marks[mass, join_px] = {
                name: _efficiency(_found(model, chosen, clip), clip) for name, clip in clips.items()
            }
    best = max(marks, key=lambda key: float(np.mean(list(marks[key].values()))))
    chosen = facts.model_copy(update={"least_mass": best[0], "join_px": best[1]})
    z = [_standard_errors(_found(model, chosen, clip), clip) for clip in clips.values()]
    factors = [float(1.4826 * np.median(np.abs(values))) for values in np.concatenate(z, axis=1)]
    return chosen.model_copy(
        update={
            "sigma_factors": (factors[0], factors[1], factors[2]),
            "figures": {name: round(value, 4) for name, value in marks[best].items()},
        }
    )


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
    clips = {name: make_clip(simulation) for name, simulation in movies.items()}
    return {name: _efficiency(_found(model, facts, clip), clip) for name, clip in clips.items()}


def _found(model: Path, facts: ModelFacts, clip: Clip) -> MoleculeColumns:
    count, height, width = clip.frames.shape
    localizer = NetLocalizer(
        model=model,
        model_name=facts.name,
        camera=clip.simulation.recorded_camera,
        region=(0, width, 0, height),
        context_frames=load_model(model, model.stat().st_mtime_ns).facts.context_frames,
        least_mass=facts.least_mass,
        join_px=facts.join_px,
    )
    return localizer.localize(FrameChunk(0, clip.frames, clip.coding), first=0, last=count)


def _efficiency(found: MoleculeColumns, clip: Clip) -> float:
    size_nm = clip.simulation.pixel_size_nm
    table = pl.DataFrame(
        {
            "frame": found["frame"],
            "x_nm": found["x_px"] * size_nm,
            "y_nm": found["y_px"] * size_nm,
            "photons": found["photons"],
        }
    )
    mark = score(table, clip.truth, faintest_photons=clip.simulation.faintest_photons)
    return -1.0 if np.isnan(mark.efficiency) else mark.efficiency


def _standard_errors(found: MoleculeColumns, clip: Clip) -> NDArray[np.float64]:
    """Errors of x, y and log photons over what was reported, ``(3, pairs)``."""
    truth = clip.truth.filter(pl.col("photons") >= clip.simulation.faintest_photons)
    size_nm = clip.simulation.pixel_size_nm
    true_at = truth.select("frame", "x_nm", "y_nm").to_numpy().astype(np.float64)
    true_at[:, 1:] /= size_nm
    at = np.stack([found[name].astype(np.float64) for name in ("frame", "x_px", "y_px")], axis=1)
    rows, true_rows = match(at, true_at, _RADIUS_PX)
    reported = {name: found[name][rows].astype(np.float64) for name in found}
    light = truth["photons"].to_numpy()[true_rows]
    z = np.stack(
        [
            (at[rows, 1] - true_at[true_rows, 1]) / reported["uncertainty_x_px"],
            (at[rows, 2] - true_at[true_rows, 2]) / reported["uncertainty_y_px"],
            np.log(reported["photons"] / light)
            * reported["photons"]
            / reported["uncertainty_photons"],
        ]
    )
    return z[:, (np.abs(z[:2]) < _CHANCE).all(axis=0)]
