"""``cellstorm train``: a network from simulated movies."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.table import Table

from cellstorm.errors import ConfigurationError

__all__ = ["train"]


def train(
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    steps: Annotated[int, Parameter(validator=Number(gte=1))] = 16_000,
    seed: Annotated[int, Parameter(validator=Number(gte=0))] = 1,
    device: str = "cpu",
    threads: Annotated[int | None, Parameter(validator=Number(gte=1))] = None,
    name: str = "phone",
    minutes: Annotated[float | None, Parameter(validator=Number(gt=0))] = None,
) -> None:
    """Train a network on simulated phone movies; stopped, it goes on when called again.

    Needs the train extra: pip install "cellstorm[train]". Writes a checkpoint every few
    minutes, progress.jsonl, and at the end model.onnx for cellstorm localize --method net
    --model.

    Parameters
    ----------
    output
        Folder of the run.
    steps
        Batches of 24 windows; the learning rate falls to nothing at the last one.
    seed
        Of weights and clips.
    device
        torch's name: cpu, cuda, mps.
    threads
        Processor threads of torch; its own choice when not given.
    name
        What the model calls itself.
    minutes
        Stop after this time, with a checkpoint.
    """
    try:
        import torch
    except ImportError as error:
        raise ConfigurationError(
            "training needs torch, which is not installed.",
            todo='Install it with: pip install "cellstorm[train]"',
        ) from error
    from cellstorm.train.net.model_making import make_model
    from cellstorm.train.net.training import (
        TrainingProgress,
        TrainingSettings,
        train_network,
    )

    if threads is not None:
        torch.set_num_threads(threads)

    def show(progress: TrainingProgress) -> None:
        left_s = (progress.steps - progress.step) * progress.seconds / max(progress.step, 1)
        print(
            f"step {progress.step} of {progress.steps}, loss {progress.loss:.1f},"
            f" {progress.windows_per_s:.0f} windows/s, {left_s / 60:.0f} min left",
            file=sys.stderr,
            flush=True,
        )

    settings = TrainingSettings(steps=steps, seed=seed)
    stop_after_s = None if minutes is None else 60.0 * minutes
    done = train_network(settings, output, device=device, stop_after_s=stop_after_s, listener=show)
    if not done:
        print(f"Stopped; call the same command again to go on. Checkpoint: {output}")
        return
    facts = make_model(output / "checkpoint.pt", output / "model.onnx", name=name)
    table = Table("simulated movie", "efficiency", title=f"{name}: {output / 'model.onnx'}")
    for movie, efficiency in facts.figures.items():
        table.add_row(movie, f"{efficiency:.3f}")
    Console(width=None if sys.stdout.isatty() else 80).print(table)
