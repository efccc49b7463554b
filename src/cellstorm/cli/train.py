"""``cellstorm train``: a network from simulated movies."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Group, Parameter
from cyclopts.validators import Number

from cellstorm.cli.model_efficiencies import print_efficiencies
from cellstorm.cli.train_gan import train_paper_network
from cellstorm.cli.train_like import train_like
from cellstorm.errors import ConfigurationError

if TYPE_CHECKING:
    from cellstorm.train.net.training import TrainingProgress

__all__ = ["train"]

_LIKE = Group("For one's own phone", sort_key=1)
_GAN = Group("The paper's network", sort_key=2)


def train(
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    like: Annotated[Path | None, Parameter(group=_LIKE)] = None,
    camera: Annotated[str | None, Parameter(group=_LIKE)] = None,
    pixel_size_nm: Annotated[
        float | None, Parameter(name=["--pixel-size-nm", "--pixel-size"], group=_LIKE)
    ] = None,
    gan: Annotated[Literal["phone", "paper"] | None, Parameter(group=_GAN)] = None,
    real: Annotated[
        tuple[str, ...], Parameter(group=_GAN, negative=(), consume_multiple=False)
    ] = (),
    real_share: Annotated[
        float | None, Parameter(group=_GAN, validator=Number(gte=0, lte=1))
    ] = None,
    steps: Annotated[int | None, Parameter(validator=Number(gte=1))] = None,
    minutes: Annotated[float | None, Parameter(validator=Number(gt=0))] = None,
    seed: Annotated[int, Parameter(validator=Number(gte=0))] = 1,
    device: Literal["cpu", "cuda", "mps"] = "cpu",
    devices: Annotated[int, Parameter(validator=Number(gte=1))] = 1,
    threads: Annotated[int | None, Parameter(validator=Number(gte=1))] = None,
    name: str | None = None,
) -> None:
    """Train a network on simulated phone movies; stopped, it goes on when called again.

    Needs the train extra: pip install "cellstorm[train]". With --like, the network that comes
    along is trained on for some minutes on movies like the one given, compared with what it
    was, and written as MOVIE.onnx. Without, one is trained from nothing, which takes hours:
    the folder --output gets a checkpoint every few minutes, progress.jsonl, and at the end
    model.onnx. Either is used with cellstorm localize --method net --model. With --gan it is
    the image-to-image network of the cellSTORM paper, for cellstorm localize --method gan.

    Parameters
    ----------
    output
        Folder of the run; with --like, the model file (MOVIE.onnx beside the movie when not
        given).
    like
        A movie of one's own: PSF width, light, background, density, camera, codec and blink
        time are measured and simulated.
    gan
        phone: 4 levels, four times finer, some hours on a processor; paper: 8 levels, five
        times finer, for a graphics card.
    real
        MOVIE=TABLE, a real recording and its molecules to learn from beside the simulated
        ones; may be repeated. Of a movie without lossy coding, copies are made as phones would
        have recorded it.
    real_share
        Share of the pairs that are real (0.5 when not given).
    camera
        huawei-p9, ixon-897, scmos, generic-phone, or a YAML file; estimated when not given.
    pixel_size_nm
        Edge of a pixel in the sample, nm; only to tell densities.
    steps
        Batches of 32 windows (26000 when not given); the learning rate falls to nothing over
        the last quarter. The network becomes larger after 13200.
    minutes
        Stop after this time, with a checkpoint; with --like, what all of it takes (10 when
        not given).
    seed
        Of weights and clips.
    device
        What to compute on.
    devices
        How many of them: graphics cards, or processes that share the processors.
    threads
        Processor threads of each; torch's own choice when not given.
    name
        What the model calls itself; phone, or the movie's name.
    """
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise ConfigurationError(
            "training needs torch, which is not installed.",
            todo='Install it with: pip install "cellstorm[train]"',
        ) from error
    if gan is None and (real or real_share is not None):
        raise ConfigurationError("--real and --real-share need --gan.")
    if gan is not None:
        if like is not None or devices != 1:
            flag = "--devices" if like is None else "--like"
            raise ConfigurationError(f"{flag} does not go with --gan.")
        if output is None:
            raise _no_folder()
        train_paper_network(
            gan,
            output=output,
            real=real,
            real_share=0.5 if real_share is None else real_share,
            camera=camera,
            pixel_size_nm=pixel_size_nm,
            steps=steps,
            minutes=minutes,
            seed=seed,
            device=device,
            threads=threads,
            name=name,
        )
        return
    if like is not None:
        if steps is not None:
            raise ConfigurationError("--steps does not go with --like: give --minutes.")
        train_like(
            like,
            output=output,
            camera=camera,
            pixel_size_nm=pixel_size_nm,
            minutes=minutes,
            seed=seed,
            device=device,
            devices=devices,
            threads=threads,
            name=name,
        )
        return
    if camera is not None or pixel_size_nm is not None:
        flag = "--camera" if camera is not None else "--pixel-size-nm"
        raise ConfigurationError(f"{flag} needs --like MOVIE.")
    if output is None:
        raise _no_folder()
    from cellstorm.train.net.model_making import make_model
    from cellstorm.train.net.network import NetworkShape
    from cellstorm.train.net.training import TrainingSettings, train_network

    name = "phone" if name is None else name
    # the cheap first half needs a third of the time
    first = NetworkShape(frame_channels=48, channels=80, late_layers=1)
    settings = TrainingSettings(first_shape=first, seed=seed)
    done = train_network(
        settings if steps is None else settings.model_copy(update={"steps": steps}),
        output,
        device=device,
        devices=devices,
        threads=threads,
        stop_after_s=None if minutes is None else 60.0 * minutes,
        listener=_show,
    )
    if not done:
        print(f"Stopped; call the same command again to go on. Checkpoint: {output}")
        return
    facts = make_model(output / "checkpoint.pt", output / "model.onnx", name=name)
    print_efficiencies(facts, output / "model.onnx")


def _no_folder() -> ConfigurationError:
    return ConfigurationError(
        "the folder of the run is missing.",
        todo="Give it with --output, or train on for a movie of yours with --like MOVIE.",
    )


def _show(progress: "TrainingProgress") -> None:
    """At the top of the module, so that the processes of several devices can have it."""
    left_s = (progress.steps - progress.step) * progress.seconds / max(progress.step, 1)
    print(
        f"step {progress.step} of {progress.steps}, loss {progress.loss:.1f},"
        f" {progress.windows_per_s:.0f} windows/s, {left_s / 60:.0f} min left",
        file=sys.stderr,
        flush=True,
    )
