"""A trained generator as a model file."""

from pathlib import Path

import torch

from cellstorm.localize.gan import GanFacts
from cellstorm.train.gan.generator import Generator
from cellstorm.train.onnx_export import export_module

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
    export_module(
        generator.eval(),
        torch.zeros(2, 1, 32, 36),
        facts,
        path,
        map_axes={0: "frames", 2: "fine_height", 3: "fine_width"},
    )
