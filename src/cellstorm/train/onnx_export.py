"""From a torch module to a model file with its facts inside."""

import json
from collections.abc import Mapping
from pathlib import Path

import onnx
import torch

from cellstorm.atomic_file import atomic_file
from cellstorm.localize.model_file import METADATA_KEY, FactsInside

__all__ = ["export_module", "write_facts"]

_OPSET = 17


def export_module(
    module: torch.nn.Module,
    example: torch.Tensor,
    facts: FactsInside,
    path: Path,
    *,
    map_axes: Mapping[int, str],
) -> None:
    """Write an ONNX file that takes ``frames`` and gives ``maps``.

    Parameters
    ----------
    module
        What is run; its weights are taken as they are.
    example
        ``(n, planes, height, width)``; any number of frames of any size may come later.
    facts
        What the file says of itself.
    path
        The file to write.
    map_axes
        Names of the axes of ``maps`` that may have any length.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    with atomic_file(path) as temporary:
        torch.onnx.export(
            module,
            (example,),
            str(temporary),
            dynamo=False,
            opset_version=_OPSET,
            input_names=["frames"],
            output_names=["maps"],
            dynamic_axes={
                "frames": {0: "frames", 2: "height", 3: "width"},
                "maps": dict(map_axes),
            },
        )
        _save(onnx.load(str(temporary)), facts, temporary)


def write_facts(model: Path, facts: FactsInside, output: Path) -> None:
    """Write a model file that says something else of itself.

    Parameters
    ----------
    model
        A file made by `export_module`.
    facts
        What it shall say.
    output
        The file to write.
    """
    with atomic_file(output) as temporary:
        _save(onnx.load(str(model)), facts, temporary)


def _save(model: onnx.ModelProto, facts: FactsInside, path: Path) -> None:
    others = [entry for entry in model.metadata_props if entry.key != METADATA_KEY]
    del model.metadata_props[:]
    model.metadata_props.extend(others)
    model.metadata_props.add(key=METADATA_KEY, value=json.dumps(facts.model_dump(mode="json")))
    onnx.save(model, str(path))
