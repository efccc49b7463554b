"""In a browser, the network's maps are those of ONNX Runtime in Python."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cellstorm.camera import load_camera
from cellstorm.localize.net import SHIPPED_MODEL, load_model
from cellstorm.localize.net.inputs import input_planes

Engine = Callable[..., Any]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["relaxed", "plain"])
def test_the_browser_has_pythons_maps(kind: str, engine: Engine, site_folder: Path) -> None:
    random = np.random.default_rng(11)
    grey = random.poisson(12.0, (8, 36, 52)).astype(np.uint8)
    grey[:, 10:13, 20:23] += 40
    planes = input_planes(grey, load_camera("generic-phone"), None, (0, 52, 0, 36))
    planes.tofile(site_folder / "planes.bin")
    found = engine("maps", kind, "planes.bin", list(planes.shape))
    if found is None:
        assert kind == "relaxed"
        pytest.skip("this processor does not multiply bytes exactly (AVX-VNNI, ARM's dot product)")
    wanted = load_model(SHIPPED_MODEL).maps(planes).ravel()
    assert np.abs(np.array(found) - wanted).max() < 1e-4
