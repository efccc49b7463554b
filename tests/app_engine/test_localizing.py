"""In a browser, with workers, the app finds what Python finds."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

VECTORS = Path(__file__).parents[2] / "web" / "tests" / "vectors"
PIXEL_NM = 100.0

Engine = Callable[..., Any]


def _settings(method: str, camera: dict[str, Any]) -> dict[str, Any]:
    return {
        "method": method,
        "camera": {
            "name": camera["name"],
            "offsetAdu": camera["offset_adu"],
            "gainEPerAdu": camera["gain_e_per_adu"],
            "readNoiseE": camera["read_noise_e"],
            "excessNoiseFactor": camera["excess_noise_factor"],
            "saturationAdu": camera["saturation_adu"],
            "darkClipAdu": camera["dark_clip_adu"],
            "toneCurve": None,
            "bitDepth": camera["bit_depth"],
            "valueRange": camera["value_range"],
        },
        "pixelSizeNm": PIXEL_NM,
        "region": None,
        "workers": 2,
        "leastSnr": None,
        "sigmaPx": None,
        "leastMass": None,
        "model": None,
    }


@pytest.mark.slow
@pytest.mark.parametrize("compression", [None, "lzw", "zlib"])
@pytest.mark.parametrize(("method", "tolerance_nm"), [("gaussian", 0.1), ("net", 0.5)])
def test_the_browser_finds_pythons_molecules(
    method: str, tolerance_nm: float, compression: str | None, engine: Engine, site_folder: Path
) -> None:
    vector = json.loads((VECTORS / "phone.json").read_text(encoding="utf-8"))
    frames = np.fromfile(VECTORS / "phone.bin", dtype=vector["dtype"]).reshape(vector["shape"])
    name = f"phone_{compression}.tif"
    tifffile.imwrite(site_folder / name, frames, photometric="minisblack", compression=compression)
    found = engine("localize", name, _settings(method, vector["camera"]))
    assert found["failure"] is None
    assert found["framesDone"] == frames.shape[0]
    there, here = vector[method]["molecules"], found["columns"]
    assert here["frame"] == there["frame"]
    # within a frame the order is the same, too
    for axis in "xy":
        distance_nm = np.array(here[f"{axis}Nm"]) - PIXEL_NM * np.array(there[f"{axis}_px"])
        assert np.abs(distance_nm).max() < tolerance_nm
