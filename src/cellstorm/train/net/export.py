"""A trained network as a model file, and back."""

from pathlib import Path

import onnx
import torch
from onnx import numpy_helper

from cellstorm.errors import ConfigurationError
from cellstorm.localize.net.model_file import ModelFacts, load_model
from cellstorm.train.net.network import NetworkShape, StormNet
from cellstorm.train.onnx_export import export_module

__all__ = ["export_network", "network_of"]


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
    export_module(
        _Sequence(network.eval()),
        example,
        facts,
        path,
        map_axes={0: "windows", 2: "height", 3: "width"},
    )


def network_of(path: Path) -> StormNet:
    """The network in a model file, to be trained on.

    Parameters
    ----------
    path
        A model file made by `export_network`.

    Raises
    ------
    ConfigurationError
        It is no model of cellstorm's, or its weights are not those of its own description.
    """
    facts = load_model(path, path.stat().st_mtime_ns if path.exists() else 0).facts
    # what stands in a file has its normalisation worked into the weights
    shape = NetworkShape.model_validate({**facts.training.get("shape", {}), "batch_norm": False})
    network = StormNet(shape)
    stored = {
        tensor.name.removeprefix("network."): numpy_helper.to_array(tensor)
        for tensor in onnx.load(str(path)).graph.initializer
    }
    for name in network.state_dict():
        # a bias is kept as a 32-bit integer where the layer is run with eight bits
        if name not in stored and f"{name}_quantized" in stored:
            stored[name] = stored[f"{name}_quantized"] * stored[f"{name}_quantized_scale"]
    weights = {name: torch.tensor(stored[name]) for name in network.state_dict() if name in stored}
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ConfigurationError(
            "the weights in this model are not those of a network that can be trained on.",
            where=path,
        ) from error
    return network.eval()
