"""A trained generator as a model file."""

from pathlib import Path

import torch

from cellstorm.atomic_file import atomic_file
from cellstorm.localize.gan import GanFacts
from cellstorm.train.gan.generator import Generator
from cellstorm.train.net.export import write_facts

__all__ = ["export_generator"]


def export_generator(generator: Generator, facts: GanFacts, path: Path) -> None:
    """Write an ONNX file that takes native frames, with the facts inside.

    Parameters
    ----------
    generator
        Its weights are taken as they are; normalisation is worked into them.
    facts
        What the file says of itself.
    path
        The file to write.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    with atomic_file(path) as temporary:
        torch.onnx.export(
            generator.eval(),
            (torch.zeros(2, 1, 32, 36),),
            str(temporary),
            dynamo=False,
            opset_version=17,
            input_names=["frames"],
            output_names=["maps"],
            dynamic_axes={
                "frames": {0: "frames", 2: "height", 3: "width"},
                "maps": {0: "frames", 2: "fine_height", 3: "fine_width"},
            },
        )
        write_facts(temporary, facts, temporary)
