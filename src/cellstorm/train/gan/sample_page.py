"""A page to look at while a generator learns: its losses, and what it draws by now."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from cellstorm.simulate import Simulation
from cellstorm.simulate.codec import H264Codec
from cellstorm.train.gan.generator import Generator
from cellstorm.train.net.training_page import PROGRESS_FILE
from cellstorm.train.pairs import PairedRecording, PatchSettings, cut_pair, simulated_recording
from cellstorm.train.progress_page import (
    PAGE_FILE,
    embedded_picture,
    loss_curves,
    progress_rows,
    write_page,
)

__all__ = ["SamplePage"]

_LOSSES = ("l1", "sparse", "adversarial", "discriminator")
_SEED = 710
_SHOWN = 4


class SamplePage:
    """Writes ``progress.html`` into the folder of a run.

    Parameters
    ----------
    folder
        With its ``progress.jsonl``.
    patches
        What a pair looks like.
    recordings
        Real recordings of the run; a patch of the first is shown beside simulated ones.
    """

    def __init__(
        self, folder: Path, patches: PatchSettings, recordings: Sequence[PairedRecording] = ()
    ) -> None:
        self._folder = folder
        size_px = 16 * -(-patches.patch_px // 16)
        shown = [
            simulated_recording(
                Simulation(
                    width_px=size_px,
                    height_px=size_px,
                    frames=4,
                    seed=_SEED + number,
                    codec=H264Codec(quality_percent=85.0),
                ).changed({"photons": photons})
            )
            for number, photons in enumerate((1000, 300))
        ]
        shown += recordings[: _SHOWN - len(shown)]
        plain = patches.model_copy(update={"augmentation": None})
        random = np.random.default_rng(_SEED)
        self._pairs = [(one.name, *cut_pair(one, plain, random)) for one in shown]

    def write(self, generator: Generator) -> None:
        """Draw the losses so far and what this generator makes of some frames.

        Parameters
        ----------
        generator
            Is only looked at.
        """
        rows = progress_rows(self._folder / PROGRESS_FILE)
        last = rows[-1]
        facts = {
            "step": f"{last['step']} of {last['steps']}",
            "hours": f"{last['seconds'] / 3600:.2f}",
            "patches per second": f"{last['patches_per_s']:.1f}",
            "clips simulated": f"{last['clips']}",
        }
        pictures = [
            ("losses over steps", "", loss_curves(rows, _LOSSES)),
            (
                "frames, true pixels and drawn pixels",
                "Frame, truth, what is drawn by now (the square root of brightness).",
                self._drawn(generator),
            ),
        ]
        write_page(self._folder / PAGE_FILE, f"step {last['step']}", facts, pictures)

    def _drawn(self, generator: Generator) -> str:
        from matplotlib.figure import Figure

        was_training = generator.training
        generator.eval()
        figure = Figure(figsize=(12, 4 * len(self._pairs)), layout="tight")
        panels = figure.subplots(len(self._pairs), 3, squeeze=False)
        for row, (name, light, truth) in zip(panels, self._pairs, strict=True):
            device = next(generator.parameters()).device
            with torch.no_grad():
                drawn = generator(torch.from_numpy(light)[None, None].to(device))[0, 0]
            row[0].imshow(light, cmap="gray")
            row[0].set_title(name)
            for axis, fine, what in (
                (row[1], truth, "truth"),
                (row[2], drawn.cpu().numpy(), "drawn"),
            ):
                axis.imshow(np.sqrt(fine), cmap="inferno", vmin=0.0, vmax=1.0)
                axis.set_title(f"{what}, brightest {fine.max():.2f}")
            for axis in row:
                axis.set_axis_off()
        generator.train(was_training)
        return embedded_picture(figure)
