"""A generator without weights, for figures that need one."""

import json
from pathlib import Path

import numpy as np
import pytest

from cellstorm.localize.gan import BrightnessScale, GanFacts, MeasuredLaw

_FACTOR = 4


@pytest.fixture(scope="session")
def toy_gan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is brighter than something, enlarged linearly: bright molecules are found."""
    onnx = pytest.importorskip("onnx")
    helper, value = onnx.helper, onnx.helper.make_tensor_value_info
    constants = {
        "scales": np.array([1, 1, _FACTOR, _FACTOR], np.float32),
        "least": np.array(0.5, np.float32),
        "gain": np.array(0.25, np.float32),
        "low": np.array(0.0, np.float32),
        "high": np.array(1.0, np.float32),
    }
    graph = helper.make_graph(
        [
            helper.make_node("Resize", ["frames", "", "scales"], ["fine"], mode="linear"),
            helper.make_node("Sub", ["fine", "least"], ["over"]),
            helper.make_node("Mul", ["over", "gain"], ["scaled"]),
            helper.make_node("Clip", ["scaled", "low", "high"], ["maps"]),
        ],
        "toy",
        [value("frames", onnx.TensorProto.FLOAT, ["n", 1, "h", "w"])],
        [value("maps", onnx.TensorProto.FLOAT, ["n", 1, "fh", "fw"])],
        [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    facts = GanFacts(
        name="toy",
        cellstorm_version="0",
        created="2026-01-01",
        factor=_FACTOR,
        halo_px=2,
        align_px=1,
        floor=0.1,
        reach_fine_px=6,
        brightness=BrightnessScale(full_photons=1000.0, exponent=1.0),
        intensity=MeasuredLaw(log_constant=float(np.log(0.05)), slope=1.0),
    )
    model.metadata_props.add(key="cellstorm", value=json.dumps(facts.model_dump(mode="json")))
    path = tmp_path_factory.mktemp("gan") / "toy.onnx"
    onnx.save(model, str(path))
    return path
