"""A trained generator as a model file."""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from cellstorm.atomic_file import atomic_file
from cellstorm.localize.gan import GanFacts
from cellstorm.train.gan.generator import Generator
from cellstorm.train.onnx_export import export_module

__all__ = ["export_generator"]

# smaller ones are biases, which do not show in the file's size
_LEAST_HALVED = 256


def export_generator(generator: Generator, facts: GanFacts, path: Path) -> None:
    """Write an ONNX file that takes native frames, with the facts inside.

    Weights are kept in 16 bits (IEEE 754 binary16, relative error 2^-11 at most) and computed
    with in 32: half the file, the same speed.

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
    model = onnx.load(str(path))
    _halve(model.graph)
    with atomic_file(path) as temporary:
        onnx.save(model, str(temporary))


def _halve(graph: onnx.GraphProto) -> None:
    """Keep large weights in 16 bits; the runtime makes 32 of them once, when it loads."""
    casts = []
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < _LEAST_HALVED:
            continue
        name = weight.name
        halved = numpy_helper.from_array(values.astype(np.float16), f"{name}.half")
        weight.CopyFrom(halved)
        casts.append(
            onnx.helper.make_node("Cast", [halved.name], [name], to=onnx.TensorProto.FLOAT)
        )
    others = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *others])
