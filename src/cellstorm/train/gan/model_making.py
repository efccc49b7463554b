"""From a checkpoint to a generator's model file: exported, calibrated, its figures inside."""

import datetime
from pathlib import Path

from cellstorm import __version__
from cellstorm.localize.gan import GanFacts
from cellstorm.train.gan.calibration import calibrated_gan_facts
from cellstorm.train.gan.export import export_generator
from cellstorm.train.gan.training import load_generator
from cellstorm.train.net.calibration import empty_movies, validation_movies
from cellstorm.train.onnx_export import write_facts

__all__ = ["make_gan_model"]

# one molecule in a million pixels has to show
_EMPTY_TIMES = 4


def make_gan_model(
    checkpoint: Path, output: Path, *, name: str, validation_frames: int = 60
) -> GanFacts:
    """Write the model file of a checkpoint and give what it says of itself.

    Parameters
    ----------
    checkpoint
        ``checkpoint.pt`` of `train_gan`.
    output
        The ``.onnx`` file to write.
    name
        What the file calls itself.
    validation_frames
        Length of each of the movies that the floor is chosen by; the empty ones are four
        times as long.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    settings, generator = load_generator(checkpoint)
    shape = generator.shape
    facts = GanFacts(
        name=name,
        cellstorm_version=__version__,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        factor=shape.factor,
        halo_px=shape.halo_px,
        align_px=shape.align_px,
        brightness=settings.patches.brightness,
        training=settings.model_dump(mode="json", exclude={"conditions"}),
        conditions=settings.conditions.model_dump(mode="json"),
    )
    draft = output.with_name(f"{output.stem}.draft.onnx")
    try:
        export_generator(generator, facts, draft)
        facts = calibrated_gan_facts(
            draft,
            facts,
            validation_movies(frames=validation_frames),
            empty_movies(frames=_EMPTY_TIMES * validation_frames),
        )
        write_facts(draft, facts, output)
    finally:
        draft.unlink(missing_ok=True)
    return facts
