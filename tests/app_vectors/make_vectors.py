"""What Python finds in a few small movies, kept for the app to find the same.

Frames lie as raw grey values in ``web/tests/vectors/NAME.bin`` and beside them
``NAME.json`` says what they are and what each method made of them. Run this again after a
change of a localizer::

    python tests/app_vectors/make_vectors.py            # what is found, anew
    python tests/app_vectors/make_vectors.py --frames   # the frames, too
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellstorm.camera import Camera
from cellstorm.localize.gaussian import GaussianMethod
from cellstorm.localize.localizer import MoleculeColumns
from cellstorm.localize.net import SHIPPED_MODEL, NetMethod, load_model
from cellstorm.localize.net.inputs import input_planes
from cellstorm.movie import ArrayMovie
from cellstorm.render.colour_maps import COLOUR_MAPS, colour_table
from cellstorm.simulate import SIMULATION_PRESETS, Simulation, make_clip

__all__ = [
    "FOLDER",
    "NAMES",
    "colours",
    "described",
    "found",
    "network_maps",
    "read_frames",
    "read_vector",
]

FOLDER = Path(__file__).parents[2] / "web" / "tests" / "vectors"

_SIMULATIONS = {
    # crowded 8-bit frames behind a codec
    "phone": SIMULATION_PRESETS["phone"].changed(
        {"width_px": 64, "height_px": 56, "frames": 24, "seed": 3, "crf": 18.0}
    ),
    # 16 bits, uncoded, bright
    "scmos": SIMULATION_PRESETS["scmos"].changed(
        {"width_px": 48, "height_px": 48, "frames": 16, "seed": 4}
    ),
    # few molecules in and out of focus: elliptical single fits
    "defocus": SIMULATION_PRESETS["scmos"].changed(
        {
            "width_px": 64,
            "height_px": 64,
            "frames": 40,
            "seed": 5,
            "psf": "astigmatic",
            "structure": "uniform",
            "structure.z_spread_nm": 900.0,
            "photons": 3000.0,
            "density_per_um2_frame": 0.04,
        }
    ),
    # mostly empty: the network is run in a few places only
    "sparse": SIMULATION_PRESETS["paper-fig5"].changed(
        {
            "width_px": 112,
            "height_px": 96,
            "frames": 16,
            "seed": 6,
            "structure": "uniform",
            "density_per_um2_frame": 0.02,
            "codec": "h264",
            "crf": 8.0,
        }
    ),
}
NAMES = tuple(_SIMULATIONS)
"""Names of the movies."""


_DECIDED = (
    "emitters",
    "sigma_px",
    "sigma_molecules",
    "fit_radius_px",
    "background_radius_px",
    "threshold",
    "least_snr",
    "noise_scale",
    "satellite_share",
)


def described(camera: Camera) -> dict[str, Any]:
    """The camera's numbers, as the app's files have them."""
    names = ("name", "offset_adu", "gain_e_per_adu", "read_noise_e", "excess_noise_factor")
    rest = ("saturation_adu", "dark_clip_adu", "bit_depth", "value_range")
    return {name: getattr(camera, name) for name in (*names, *rest)}


def read_vector(name: str) -> dict[str, Any]:
    """What is kept of a movie."""
    return dict(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))


def read_frames(name: str) -> NDArray[np.generic]:
    """The frames of a movie, ``(n, height, width)``."""
    vector = read_vector(name)
    values = np.fromfile(FOLDER / f"{name}.bin", dtype=np.dtype(vector["dtype"]))
    return values.reshape(vector["shape"])


def found(name: str) -> dict[str, Any]:
    """What the methods make of a movie, as the JSON has it."""
    frames = read_frames(name)
    camera = Camera.model_validate(read_vector(name)["camera"])
    count, height, width = frames.shape
    region = (0, width, 0, height)
    movie = ArrayMovie(frames)
    fit = GaussianMethod().prepare(movie, camera, (0, count), region)
    chunk = movie.read_chunk(0, count)
    result: dict[str, Any] = {
        "gaussian": {
            "decided": {key: getattr(fit, key) for key in _DECIDED},
            "molecules": _plain(fit.localize(chunk, first=0, last=count)),
        }
    }
    if name != "defocus":
        # the app does not refine
        net = NetMethod(codec_facts=False, refine=False).prepare(movie, camera, (0, count), region)
        result["net"] = {
            "decided": {"least_mass": net.least_mass},
            "molecules": _plain(net.localize(chunk, first=0, last=count)),
        }
    return result


def _plain(columns: MoleculeColumns) -> dict[str, list[float]]:
    return {
        name: [float(f"{value:.7g}") for value in values.tolist()]
        for name, values in columns.items()
    }


def _make_frames(name: str, simulation: Simulation) -> None:
    clip = make_clip(simulation)
    clip.frames.tofile(FOLDER / f"{name}.bin")
    facts = {
        "shape": list(clip.frames.shape),
        "dtype": str(clip.frames.dtype),
        "camera": described(clip.simulation.recorded_camera),
    }
    (FOLDER / f"{name}.json").write_text(json.dumps(facts), encoding="utf-8")


def colours() -> dict[str, list[int]]:
    """The colour maps, each ``256 x 3`` numbers."""
    return {name: colour_table(name).ravel().tolist() for name in COLOUR_MAPS}


def network_maps() -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Planes of a corner of ``phone``, and maps of them and of their light alone.

    Neither side is a multiple of what is computed at a time. What the codec did is made up.
    """
    height, width = 12, 20
    frames = read_frames("phone")[:6, :height, :width]
    camera = Camera.model_validate(read_vector("phone")["camera"])
    planes = input_planes(frames, camera, None, (0, width, 0, height))
    alone = planes.copy()
    planes[:, 1:] = np.random.default_rng(7).uniform(-1.0, 1.0, planes[:, 1:].shape)
    network = load_model(SHIPPED_MODEL)
    return planes, network.maps(planes), network.maps(alone)


def main() -> None:
    """Make the files."""
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "network_maps.bin").open("wb") as file:
        for part in network_maps():
            file.write(part.astype("<f4").tobytes())
    (FOLDER / "colours.json").write_text(json.dumps(colours()) + "\n", encoding="utf-8")
    for name, simulation in _SIMULATIONS.items():
        if "--frames" in sys.argv[1:]:
            _make_frames(name, simulation)
        vector = read_vector(name) | found(name)
        text = json.dumps(vector, indent=None, separators=(",", ":"))
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        for method in ("gaussian", "net"):
            if method in vector:
                rows = len(vector[method]["molecules"]["frame"])
                print(f"{name} {method}: {rows} molecules, {vector[method]['decided']}")


if __name__ == "__main__":
    main()
