"""A page to look at while a network learns: its losses, and what it finds by now."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from cellstorm.localize.net._molecule_kernel import collect_molecules
from cellstorm.localize.net.inputs import input_planes
from cellstorm.simulate import Clip, Simulation, make_clip
from cellstorm.train.net.network import StormNet, without_norm
from cellstorm.train.progress_page import (
    PAGE_FILE,
    embedded_picture,
    loss_curves,
    progress_rows,
    write_page,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PROGRESS_FILE", "TrainingPage"]

PROGRESS_FILE = "progress.jsonl"
"""One line of JSON for every report of a run."""

_SHOWN_FRAMES = (6, 12, 18, 24)
_LOSSES = ("mixture", "count", "background")
_LEAST_PROBABILITY, _LEAST_MASS, _JOIN_PX = 0.03, 0.5, 0.8


class TrainingPage:
    """Writes ``progress.html``, which a browser loads anew every minute.

    Parameters
    ----------
    folder
        That of the run, with its ``progress.jsonl``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._clips = [
            make_clip(simulation)
            for simulation in (
                Simulation(width_px=64, height_px=64, frames=32, seed=700),
                Simulation(width_px=64, height_px=64, frames=32, seed=701).changed(
                    {"photons": 500, "crf": 30, "density_per_um2_frame": 1.0}
                ),
            )
        ]

    def write(self, network: StormNet) -> None:
        """Draw the losses so far and what this network finds in two clips.

        Parameters
        ----------
        network
            Is only looked at.
        """
        rows = progress_rows(self._folder / PROGRESS_FILE)
        last = rows[-1]
        plain = without_norm(network).float().to("cpu")
        facts = {
            "step": f"{last['step']} of {last['steps']}",
            "hours": f"{last['seconds'] / 3600:.2f}",
            "windows per second": f"{last['windows_per_s']:.0f}",
            "clips simulated": f"{last['clips']}",
            "loss": f"{last['loss']:.2f}",
        }
        pictures = [
            ("losses over steps", "", loss_curves(rows, _LOSSES)),
            (
                "frames with true and found molecules",
                "Circles: true molecules that stand out; crosses: found by now.",
                self._look(plain),
            ),
        ]
        write_page(self._folder / PAGE_FILE, f"step {last['step']}", facts, pictures)

    def _look(self, network: StormNet) -> str:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(3 * len(_SHOWN_FRAMES), 3 * len(self._clips)), layout="tight")
        axes = figure.subplots(len(self._clips), len(_SHOWN_FRAMES), squeeze=False)
        for row, clip in zip(axes, self._clips, strict=True):
            for axis, frame in zip(row, _SHOWN_FRAMES, strict=True):
                _show(axis, clip, frame, _found(network, clip, frame))
        return embedded_picture(figure)


def _found(network: StormNet, clip: Clip, frame: int) -> NDArray[np.float64]:
    _, height, width = clip.frames.shape
    reach = network.shape.context_frames // 2
    planes = input_planes(
        clip.frames,
        clip.simulation.recorded_camera,
        clip.coding,
        (0, width, 0, height),
        clip.simulation.psf_sigma_px,
    )[frame - reach : frame + reach + 1]
    with torch.no_grad():
        maps = network.sequence(torch.from_numpy(planes)).numpy()
    found: NDArray[np.float64] = collect_molecules(
        np.ascontiguousarray(maps), _LEAST_PROBABILITY, _LEAST_MASS, _JOIN_PX
    )
    return found


def _show(axis: "Axes", clip: Clip, frame: int, found: NDArray[np.float64]) -> None:
    size_nm = clip.simulation.pixel_size_nm
    truth = clip.truth.filter(
        (clip.truth["frame"] == frame) & (clip.truth["photons"] >= clip.simulation.faintest_photons)
    )
    axis.imshow(clip.frames[frame], cmap="gray", extent=(0, *clip.frames.shape[:0:-1], 0))
    axis.scatter(
        truth["x_nm"] / size_nm, truth["y_nm"] / size_nm, s=60, facecolors="none", edgecolors="c"
    )
    axis.scatter(found[:, 1], found[:, 2], s=30, marker="+", color="orange")
    axis.set_axis_off()
