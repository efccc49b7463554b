"""A network for one's own recordings: the shipped one, trained on around their conditions."""

import datetime
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from pydantic import Field

from cellstorm import __version__
from cellstorm.camera import Camera, estimate_camera
from cellstorm.localize.net import SHIPPED_MODEL, ModelFacts, NetMethod, load_model
from cellstorm.localize.net.inputs import PLANES
from cellstorm.localize.net.recording_conditions import RecordingConditions
from cellstorm.localize.net.recording_measurement import measure_recording
from cellstorm.movie import Movie
from cellstorm.parameters import Parameters
from cellstorm.simulate import Simulation
from cellstorm.train.conditions import Conditions
from cellstorm.train.narrowing import conditions_like, with_quality_like
from cellstorm.train.net.calibration import calibrated_facts, efficiencies
from cellstorm.train.net.export import export_network, network_of
from cellstorm.train.net.network import NetworkShape, without_norm
from cellstorm.train.net.quantisation import quantise, typical_inputs
from cellstorm.train.net.training import (
    Device,
    TrainingProgress,
    TrainingSettings,
    load_trained,
    train_network,
)
from cellstorm.train.onnx_export import write_facts

__all__ = [
    "FineTuning",
    "FineTuningReport",
    "finish_fine_tuning",
    "held_back_movies",
    "plan_fine_tuning",
    "shipped_facts",
    "train_on",
]

# more than any run comes to: it is ended by the clock
_ENDLESS = 10_000_000
_COOLING_SHARE = 0.3
_LEAST_STEPS = 50
_CHECKPOINT = "checkpoint.pt"
_EMPTY_MOVIES, _EMPTY_FRAMES = 3, 100
# the rest goes to looking at the movie before and to the checking after
_SHARE_OF_TRAINING = 0.85


class FineTuning(Parameters):
    """Everything that a run depends on; kept in its folder, so that it can be gone on with."""

    movie: str = Field(description="name of the movie that is to be localized")
    movie_fingerprint: str = Field(description="tells it from another")
    begins_with: str = Field(description="date of the network that it begins with")
    camera: Camera | None = Field(None, description="the camera given; None: estimated")
    recording: RecordingConditions = Field(description="what the movie is like")
    conditions: Conditions = Field(description="what is simulated")
    minutes: float = Field(10.0, gt=0, le=100_000, description="all in all, about")
    learning_rate: float = Field(5e-4, gt=0, description="until it cools")
    batch_windows: int = Field(16, ge=1, description="windows of a batch")
    pool_clips: int = Field(160, ge=32, description="clips held in memory")
    check_movies: int = Field(8, ge=2, description="held back to choose by, and to judge by")
    check_frames: int = Field(40, ge=4, description="length of each of them")
    seed: int = Field(1, ge=0, description="of clips and held-back movies")

    def settings(self, shape: NetworkShape, steps: int) -> TrainingSettings:
        """The training of so many steps that goes with it."""
        return TrainingSettings(
            shape=shape,
            conditions=self.conditions,
            steps=steps,
            batch_windows=self.batch_windows,
            learning_rate=self.learning_rate,
            cooling_share=_COOLING_SHARE,
            averaging=0.99,
            pool_clips=self.pool_clips,
            seed=self.seed,
        )


@dataclass(frozen=True)
class FineTuningReport:
    """What a fine-tuned network is worth.

    Attributes
    ----------
    facts
        Of the file that was written.
    shipped, tuned
        Efficiency on each held-back movie, of the network it began with and of the new one.
    steps
        Batches it was trained for.
    """

    facts: ModelFacts
    shipped: dict[str, float]
    tuned: dict[str, float]
    steps: int

    @property
    def gain(self) -> tuple[float, float]:
        """Mean difference of the efficiencies, and its standard error."""
        difference = np.array([self.tuned[name] - self.shipped[name] for name in self.tuned])
        error = difference.std(ddof=1) / math.sqrt(difference.size)
        return float(difference.mean()), float(error)

    @property
    def is_better(self) -> bool:
        """Whether the new network gained more than chance makes likely."""
        mean, error = self.gain
        return mean > 2.0 * error


def plan_fine_tuning(
    movie: Movie, camera: Camera | None, *, minutes: float = 10.0, seed: int = 1
) -> FineTuning:
    """Measure a movie's conditions and put ranges around them.

    Parameters
    ----------
    movie
        The recording that the network is meant for.
    camera
        What its grey values mean; estimated when None.
    minutes
        All that the run may take, about.
    seed
        Of clips and held-back movies.

    Raises
    ------
    ConfigurationError
        Too few molecules were found.
    MovieError
        The movie cannot be read.
    """
    frames, height, width = movie.shape
    used = estimate_camera(movie) if camera is None else camera
    localizer = NetMethod().prepare(movie, used, (0, frames), (0, width, 0, height))
    recording = measure_recording(movie, localizer, frames=(0, frames))
    conditions = conditions_like(recording)
    return FineTuning(
        movie=movie.name,
        movie_fingerprint=movie.fingerprint(),
        camera=camera,
        begins_with=shipped_facts().created,
        recording=recording,
        conditions=with_quality_like(conditions, recording, seed=seed),
        minutes=minutes,
        seed=seed,
    )


def held_back_movies(run: FineTuning, *, part: int) -> dict[str, Simulation]:
    """Movies of the run's conditions that nothing was trained on.

    Parameters
    ----------
    run
        Whose.
    part
        0: to choose thresholds by; 1: to judge by.
    """
    random = np.random.default_rng([run.seed, 4, part])
    drawn = run.conditions.changed(frames=run.check_frames, empty_share=0.0)
    movies = (drawn.draw(random) for _ in range(run.check_movies))
    return {_name(number, movie): movie for number, movie in enumerate(movies, start=1)}


def train_on(
    run: FineTuning,
    folder: Path,
    *,
    device: Device = "cpu",
    devices: int = 1,
    threads: int | None = None,
    listener: Callable[[TrainingProgress], None] | None = None,
) -> int:
    """Train for most of the time that the run may take, or go on where it stopped.

    The learning rate stays up until most of the time is over; how many more steps it then
    takes to cool follows from how many there were, whatever the computer.

    Parameters
    ----------
    run
        What to do.
    folder
        Keeps the checkpoint.
    device, devices, threads, listener
        As for `train_network`.

    Returns
    -------
    int
        Batches in all.

    Raises
    ------
    ConfigurationError
        The checkpoint there is of other settings.
    """
    budget_s = 60.0 * run.minutes * _SHARE_OF_TRAINING
    step, planned, seconds = _standing(folder)
    begin_with = network_of(SHIPPED_MODEL)

    def go(steps: int, stop_after_s: float | None) -> None:
        train_network(
            run.settings(begin_with.shape, steps),
            folder,
            device=device,
            devices=devices,
            threads=threads,
            checkpoint_minutes=1.0,
            stop_after_s=stop_after_s,
            begin_with=begin_with.state_dict(),
            listener=listener,
        )

    if planned in (0, _ENDLESS):
        go(_ENDLESS, max(budget_s * (1.0 - _COOLING_SHARE) - seconds, 0.0))
        step, _, _ = _standing(folder)
        planned = max(math.ceil(step / (1.0 - _COOLING_SHARE)), _LEAST_STEPS)
    if step < planned:
        go(planned, None)
    return planned


def finish_fine_tuning(
    run: FineTuning, folder: Path, output: Path, *, name: str
) -> FineTuningReport:
    """Choose thresholds, compare with the network that comes along, write the model file.

    Parameters
    ----------
    run
        As for `train_on`, which has come to its end.
    folder
        Its folder.
    output
        The ``.onnx`` file to write; it appears when it is whole.
    name
        What it calls itself.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    settings, trained = load_trained(folder / _CHECKPOINT)
    network = without_norm(trained)
    before = shipped_facts()
    facts = ModelFacts(
        name=name,
        cellstorm_version=__version__,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        planes=PLANES,
        context_frames=network.shape.context_frames,
        least_mass=before.least_mass,
        join_px=before.join_px,
        block_pull=before.block_pull,
        refined_block_pull=before.refined_block_pull,
        training={
            **settings.model_dump(mode="json", exclude={"conditions", "shape"}),
            "shape": network.shape.model_dump(mode="json"),
        },
        conditions=settings.conditions.model_dump(mode="json"),
    )
    draft = folder / "draft.onnx"
    export_network(network, facts, draft)
    quantise(draft, typical_inputs(run.conditions, seed=run.seed))
    facts = calibrated_facts(draft, facts, held_back_movies(run, part=0), _empty_movies(run))
    write_facts(draft, facts, draft)
    judges = held_back_movies(run, part=1)
    shipped, tuned = efficiencies(SHIPPED_MODEL, judges), efficiencies(draft, judges)
    like = {
        "movie": run.movie,
        "recording": run.recording.model_dump(mode="json"),
        "begun_with": f"{before.name} of {before.created}",
        "efficiency_of_that": {name: round(value, 4) for name, value in shipped.items()},
    }
    facts = facts.model_copy(
        update={
            "training": {**facts.training, "like": like},
            "figures": {name: round(value, 4) for name, value in tuned.items()},
        }
    )
    write_facts(draft, facts, output)
    return FineTuningReport(facts, shipped, tuned, settings.steps)


def _empty_movies(run: FineTuning) -> list[Simulation]:
    random = np.random.default_rng([run.seed, 6])
    drawn = run.conditions.changed(frames=_EMPTY_FRAMES, empty_share=1.0)
    return [drawn.draw(random) for _ in range(_EMPTY_MOVIES)]


def shipped_facts() -> ModelFacts:
    """What the network that comes along says of itself."""
    return load_model(SHIPPED_MODEL, SHIPPED_MODEL.stat().st_mtime_ns).facts


def _standing(folder: Path) -> tuple[int, int, float]:
    """Steps done, steps planned and seconds taken; zeros where nothing was begun."""
    path = folder / _CHECKPOINT
    if not path.exists():
        return 0, 0, 0.0
    stored = torch.load(path, map_location="cpu", weights_only=True)
    settings = TrainingSettings.model_validate_json(stored["settings"])
    return int(stored["step"]), settings.steps, float(stored["seconds"])


def _name(number: int, movie: Simulation) -> str:
    light = movie.photophysics
    photons = f"{light.photons:.0f} photons" if hasattr(light, "photons") else light.kind
    return f"{number}: {photons}, background {movie.background.photons:.0f}"
