"""What the app is compared with is what Python finds today."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

_SCRIPT = Path(__file__).with_name("make_vectors.py")


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_vectors", _SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("name", ["phone", "scmos", "defocus"])
def test_the_apps_vectors_are_what_python_finds(name: str) -> None:
    script = _script()
    kept, fresh = script.read_vector(name), script.found(name)
    # of eight bits a network's last digits depend on the processor
    for method, tolerance in (("gaussian", 1e-4), ("net", 5e-3)):
        if method not in fresh:
            continue
        old, new = kept[method]["molecules"], fresh[method]["molecules"]
        assert old["frame"] == new["frame"]
        for column in ("x_px", "y_px"):
            np.testing.assert_allclose(new[column], old[column], atol=tolerance)


def test_the_apps_vectors_cover_both_ways_of_fitting() -> None:
    script = _script()
    emitters = {script.read_vector(n)["gaussian"]["decided"]["emitters"] for n in script.NAMES}
    assert emitters == {"multi", "single"}


def test_the_apps_network_is_compared_with_todays_maps() -> None:
    script = _script()
    kept = np.fromfile(script.FOLDER / "network_maps.bin", "<f4")
    fresh = np.concatenate([part.ravel() for part in script.network_maps()])
    # a tie of rounding may fall the other way on another processor
    assert np.median(np.abs(kept - fresh)) < 1e-5
    assert np.abs(kept - fresh).max() < 0.2
