"""``cellstorm train --gan``: the paper's image-to-image network."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cellstorm.camera import load_camera
from cellstorm.cli.model_efficiencies import print_efficiencies
from cellstorm.errors import ConfigurationError
from cellstorm.localizations import read_table
from cellstorm.movie import open_movie

if TYPE_CHECKING:
    from cellstorm.train.gan.training import GanProgress
    from cellstorm.train.net.training import Device
    from cellstorm.train.pairs import PairConditions, PairedRecording

__all__ = ["train_paper_network"]

# of a real movie, so that a long one does not fill the memory
_MOST_FRAMES = 1000


def train_paper_network(
    preset: str,
    *,
    output: Path,
    real: Sequence[str],
    real_share: float,
    camera: str | None,
    pixel_size_nm: float | None,
    steps: int | None,
    minutes: float | None,
    seed: int,
    device: "Device",
    threads: int | None,
    name: str | None,
) -> None:
    """Train generator and discriminator, and write the model file.

    Parameters
    ----------
    preset
        ``phone`` or ``paper``.
    output
        Folder of the run.
    real
        ``MOVIE=TABLE`` each.
    real_share
        Share of pairs that are cut from these.
    camera, pixel_size_nm
        Of the real movies.
    steps, minutes, seed, device, threads, name
        As for ``cellstorm train``.

    Raises
    ------
    CellstormError
        A movie or table cannot be used, or the folder holds another run.
    """
    from cellstorm.train.gan.model_making import make_gan_model
    from cellstorm.train.gan.training import GAN_PRESETS, train_gan

    settings = GAN_PRESETS[preset].model_copy(update={"seed": seed, "real_share": real_share})
    if steps is not None:
        settings = settings.model_copy(update={"steps": steps})
    recordings = _recordings(real, settings.conditions, camera, pixel_size_nm, seed)
    done = train_gan(
        settings,
        output,
        recordings=recordings,
        device=device,
        threads=threads,
        stop_after_s=None if minutes is None else 60.0 * minutes,
        listener=_show,
    )
    if not done:
        print(f"Stopped; call the same command again to go on. Checkpoint: {output}")
        return
    name = f"{preset}-gan" if name is None else name
    facts = make_gan_model(output / "checkpoint.pt", output / "model.onnx", name=name)
    print_efficiencies(facts, output / "model.onnx")


def _recordings(
    real: Sequence[str],
    conditions: "PairConditions",
    camera: str | None,
    pixel_size_nm: float | None,
    seed: int,
) -> "list[PairedRecording]":
    from cellstorm.train.pairs import real_recordings

    if real and camera is None:
        raise ConfigurationError(
            "--real needs to know what grey values mean.", todo="Give --camera."
        )
    random = np.random.default_rng([seed, 3])
    made: list[PairedRecording] = []
    for pair in real:
        movie_name, equals, table_name = pair.partition("=")
        if not equals or not movie_name or not table_name:
            raise ConfigurationError(
                f"--real {pair} is not a pair.", todo="Give it as MOVIE=TABLE."
            )
        assert camera is not None
        with open_movie(Path(movie_name)) as movie:
            size_nm = pixel_size_nm or movie.pixel_size_nm
            made += real_recordings(
                movie,
                read_table(Path(table_name), pixel_size_nm=size_nm),
                load_camera(camera),
                conditions,
                frames=(0, min(movie.shape[0], _MOST_FRAMES)),
                pixel_size_nm=size_nm,
                random=random,
            )
    return made


def _show(progress: "GanProgress") -> None:
    left_s = (progress.steps - progress.step) * progress.seconds / max(progress.step, 1)
    print(
        f"step {progress.step} of {progress.steps}, L1 {progress.l1:.4f},"
        f" discriminator {progress.discriminator:.2f},"
        f" {progress.patches_per_s:.0f} patches/s, {left_s / 60:.0f} min left",
        file=sys.stderr,
        flush=True,
    )
