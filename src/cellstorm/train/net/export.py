"""A trained network as a model file."""

import json
from pathlib import Path

import onnx
import torch

from cellstorm.atomic_file import atomic_file
from cellstorm.localize.net.model_file import ModelFacts
from cellstorm.train.net.network import StormNet

__all__ = ["export_network"]


class _Sequence(torch.nn.Module):
    def __init__(self, network: StormNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        return self.network.sequence(frames)


def export_network(network: StormNet, facts: ModelFacts, path: Path) -> None:
    """Write an ONNX file with the facts inside.

    Parameters
    ----------
    network
        Its weights are taken as they are.
    facts
        What the file says of itself.
    path
        The file to write.
    """
    shape = network.shape
    example = torch.zeros(shape.context_frames + 1, shape.input_planes, 64, 64)
    with atomic_file(path) as temporary:
        torch.onnx.export(
            _Sequence(network.eval()),
            (example,),
            str(temporary),
            dynamo=False,
            opset_version=17,
            input_names=["frames"],
            output_names=["maps"],
            dynamic_axes={
                "frames": {0: "frames", 2: "height", 3: "width"},
                "maps": {0: "windows", 2: "height", 3: "width"},
            },
        )
        model = onnx.load(str(temporary))
        entry = model.metadata_props.add()
        entry.key, entry.value = "cellstorm", json.dumps(facts.model_dump(mode="json"))
        onnx.save(model, str(temporary))
