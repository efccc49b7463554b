"""From a checkpoint to a model file: exported, calibrated, its figures inside."""

import datetime
from pathlib import Path

from cellstorm import __version__
from cellstorm.localize.net import ModelFacts
from cellstorm.localize.net.inputs import PLANES
from cellstorm.train.net.calibration import (
    calibrated_facts,
    coarse_movies,
    empty_movies,
    refined_block_pull,
    validation_movies,
)
from cellstorm.train.net.export import export_network
from cellstorm.train.net.network import without_norm
from cellstorm.train.net.quantisation import quantise, typical_inputs
from cellstorm.train.net.silent_layers import without_silent_layers
from cellstorm.train.net.training import load_trained
from cellstorm.train.onnx_export import write_facts

__all__ = ["make_model"]


def make_model(
    checkpoint: Path, output: Path, *, name: str, validation_frames: int = 100
) -> ModelFacts:
    """Write the model file of a checkpoint and give what it says of itself.

    Parameters
    ----------
    checkpoint
        ``checkpoint.pt`` of a training run.
    output
        The ``.onnx`` file to write.
    name
        What the file calls itself.
    validation_frames
        Length of each of the movies that thresholds are chosen by.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    settings, trained = load_trained(checkpoint)
    network = without_silent_layers(
        without_norm(trained), typical_inputs(settings.conditions, seed=settings.seed)
    )
    facts = ModelFacts(
        name=name,
        cellstorm_version=__version__,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        planes=PLANES,
        context_frames=settings.shape.context_frames,
        least_mass=0.5,
        join_px=0.7,
        training={
            **settings.model_dump(mode="json", exclude={"conditions", "shape"}),
            "shape": network.shape.model_dump(mode="json"),
        },
        conditions=settings.conditions.model_dump(mode="json"),
    )
    draft = output.with_name(f"{output.stem}.draft.onnx")
    try:
        export_network(network, facts, draft)
        quantise(draft, typical_inputs(settings.conditions, seed=settings.seed))
        facts = calibrated_facts(
            draft,
            facts,
            validation_movies(frames=validation_frames),
            empty_movies(),
            coarse_movies(),
        )
        write_facts(draft, facts, draft)
        pull = refined_block_pull(draft, coarse_movies())
        facts = facts.model_copy(update={"refined_block_pull": pull})
        write_facts(draft, facts, output)
    finally:
        draft.unlink(missing_ok=True)
    return facts
