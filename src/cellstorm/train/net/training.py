"""The training loop: batches, optimiser, averaged weights, checkpoints, resume."""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from lightning_fabric import Fabric
from pydantic import Field
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from cellstorm.atomic_file import atomic_file
from cellstorm.errors import ConfigurationError
from cellstorm.parameters import Parameters
from cellstorm.train.checkpoint import freeze_norm, read_checkpoint
from cellstorm.train.conditions import Conditions
from cellstorm.train.net.examples import ClipPool
from cellstorm.train.net.growth import grown
from cellstorm.train.net.loss import Targets, detection_loss
from cellstorm.train.net.network import NetworkShape, StormNet
from cellstorm.train.net.training_page import PROGRESS_FILE, TrainingPage

__all__ = ["Device", "TrainingProgress", "TrainingSettings", "load_trained", "train_network"]

Device = Literal["cpu", "cuda", "mps"]
"""What to compute on."""

_CHECKPOINT = "checkpoint.pt"
_BEFORE_COOLING = "before-cooling.pt"
_WARM_UP_STEPS = 200
_STEPS_BETWEEN_LINES = 50


class TrainingSettings(Parameters):
    """Everything that a training run depends on."""

    shape: NetworkShape = Field(NetworkShape(), description="size of the network")
    first_shape: NetworkShape | None = Field(
        None, description="size that it begins with; None for the full one at once"
    )
    grown_at: int = Field(13_200, ge=1, description="batches after which it gets its full size")
    conditions: Conditions = Field(Conditions(), description="what recordings can be like")
    steps: int = Field(26_000, ge=1, description="batches")
    batch_windows: int = Field(32, ge=1, description="windows of a batch")
    window_px: int = Field(64, ge=16, multiple_of=4, description="edge of a window, px")
    learning_rate: float = Field(3e-3, gt=0, description="until it begins to cool")
    cooling_share: float = Field(
        0.25, ge=0, le=1, description="last steps, in which the learning rate falls to nothing"
    )
    weight_decay: float = Field(1e-4, ge=0, description="of AdamW")
    averaging: float = Field(0.999, ge=0, lt=1, description="decay of the averaged weights")
    pool_clips: int = Field(400, ge=32, description="clips held in memory")
    seed: int = Field(0, ge=0, description="of weights and clips")

    @property
    def cooling_begins(self) -> int:
        """Step from which the learning rate falls."""
        return round(self.steps * (1.0 - self.cooling_share))

    def has_grown(self, step: int) -> bool:
        """Whether the network has become larger before this step."""
        return self.first_shape is not None and step >= self.grown_at

    def shape_at(self, step: int) -> NetworkShape:
        """Size of the network in this step."""
        if self.first_shape is None or self.has_grown(step):
            return self.shape
        return self.first_shape

    def learning_rate_at(self, step: int) -> float:
        """A short rise, even for long, then a straight fall.

        A run that has not begun to cool can be made longer as if it had been so from the
        start, which a cosine does not allow (Haegele et al. 2024, arXiv 2405.18392).
        """
        since = step - self.grown_at if self.has_grown(step) else step
        rise = min(1.0, (since + 1) / _WARM_UP_STEPS)
        left = (self.steps - step) / max(self.steps - self.cooling_begins, 1)
        return self.learning_rate * rise * min(1.0, left)


@dataclass(frozen=True)
class TrainingProgress:
    """Where a run stands; losses are means since the last report."""

    step: int
    steps: int
    seconds: float
    windows_per_s: float
    clips: int
    loss: float
    count: float
    mixture: float
    background: float


def train_network(
    settings: TrainingSettings,
    folder: Path,
    *,
    device: Device = "cpu",
    devices: int = 1,
    threads: int | None = None,
    checkpoint_minutes: float = 5.0,
    stop_after_s: float | None = None,
    begin_with: dict[str, Tensor] | None = None,
    listener: Callable[[TrainingProgress], None] | None = None,
) -> bool:
    """Train, or go on where the last checkpoint in ``folder`` stands.

    Parameters
    ----------
    settings
        The run. A checkpoint of other settings (but for the number of steps) is refused;
        of more steps, it goes on from where the learning rate began to fall.
    folder
        Keeps ``checkpoint.pt``, ``before-cooling.pt``, ``progress.jsonl`` and
        ``progress.html``, which shows the losses and what is found by now.
    device
        What to compute on.
    devices
        How many of them: graphics cards, or processes that share the processors. Each
        takes its part of a batch.
    threads
        Processor threads of each; torch's own choice when None.
    checkpoint_minutes
        Time between checkpoints.
    stop_after_s
        Write a checkpoint and come back after this time.
    begin_with
        Weights to begin with, those of `StormNet.state_dict`.
    listener
        Told every 50 steps; must be possible to pickle when there are several devices.

    Returns
    -------
    bool
        Whether all steps are done; `load_trained` gives the network.

    Raises
    ------
    ConfigurationError
        The folder holds a run of other settings, or a batch cannot be shared evenly.
    """
    if settings.batch_windows % devices:
        raise ConfigurationError(
            f"batches of {settings.batch_windows} windows cannot be shared by {devices} devices.",
            todo="Change --devices.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    # a line about precision and one about processes, which say nothing to whoever trains
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    began = time.monotonic()
    grows = settings.first_shape is not None and settings.grown_at < settings.steps
    for end in [settings.grown_at, settings.steps] if grows else [settings.steps]:
        run = partial(
            _train,
            settings=settings,
            end=end,
            folder=folder,
            stored=_stored(settings, folder),
            threads=threads,
            checkpoint_minutes=checkpoint_minutes,
            stop_at=None if stop_after_s is None else began + stop_after_s,
            begin_with=begin_with,
            listener=listener,
        )
        fabric = Fabric(
            accelerator=device,
            devices=devices,
            strategy="auto" if devices == 1 else "ddp_spawn",
            precision="32-true" if device == "mps" else "bf16-mixed",
        )
        if not fabric.launch(run):
            return False
    return True


def _stored(settings: TrainingSettings, folder: Path) -> Path | None:
    """The checkpoint to go on from."""
    for name in (_CHECKPOINT, _BEFORE_COOLING):
        found = read_checkpoint(folder / name, settings)
        if found is None:
            continue
        before, state = found
        if before.steps == settings.steps or state["step"] <= before.cooling_begins:
            return folder / name
    return None


def _train(
    fabric: Fabric,
    *,
    settings: TrainingSettings,
    end: int,
    folder: Path,
    stored: Path | None,
    threads: int | None,
    checkpoint_minutes: float,
    stop_at: float | None,
    begin_with: dict[str, Tensor] | None,
    listener: Callable[[TrainingProgress], None] | None,
) -> bool:
    if threads is not None:
        torch.set_num_threads(threads)
    torch.manual_seed(settings.seed)
    state = None
    step = clips_before = 0
    seconds_before = 0.0
    if stored is not None:
        state = torch.load(stored, map_location=fabric.device, weights_only=True)
        step, clips_before = state["step"], state["clips"]
        seconds_before = state["seconds"]
    if step >= end:
        return True
    # a checkpoint holds the network of the last step that was done
    network = StormNet(settings.shape_at(max(step - 1, 0)))
    if begin_with is not None:
        network.load_state_dict(begin_with)
    if state is not None:
        network.load_state_dict(state["network"])
    if network.shape != settings.shape_at(step):
        network = grown(network, settings.shape_at(step))
        state = None
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    averaging = get_ema_multi_avg_fn(settings.averaging)  # type: ignore[no-untyped-call]
    averaged = AveragedModel(network.to(fabric.device), multi_avg_fn=averaging)
    if state is not None:
        averaged.load_state_dict(state["averaged"])
        optimiser.load_state_dict(state["optimiser"])
    trained, optimiser = fabric.setup(network, optimiser)
    pool = ClipPool(
        settings.conditions,
        size=settings.pool_clips,
        # going on with clips that were not seen before, and every device with its own
        seed=[settings.seed, 1, step, fabric.global_rank],
        context_frames=settings.shape.context_frames,
        window_px=settings.window_px,
    )
    random = np.random.default_rng([settings.seed, 2, step, fabric.global_rank])
    began = saved = time.monotonic()
    sums = np.zeros(4)
    since, since_time = 0, began
    windows = settings.batch_windows // fabric.world_size
    page = TrainingPage(folder) if fabric.is_global_zero else None

    def save(name: str) -> None:
        if not fabric.is_global_zero:
            return
        state: dict[str, Any] = {
            "settings": settings.model_dump_json(),
            "network": network.state_dict(),
            "averaged": averaged.state_dict(),
            "optimiser": optimiser.state_dict(),
            "step": step,
            "clips": clips_before + pool.made * fabric.world_size,
            "seconds": seconds_before + time.monotonic() - began,
        }
        with atomic_file(folder / name) as temporary:
            torch.save(state, temporary)
        if page is not None and name == _CHECKPOINT:
            shown = StormNet(network.shape)
            shown.load_state_dict(network.state_dict())
            page.write(shown.eval())

    trained.train()
    try:
        batches = pool.batches(windows, random)
        while step < end:
            if step == settings.cooling_begins:
                save(_BEFORE_COOLING)
            if step >= settings.cooling_begins:
                freeze_norm(network)
            batch = next(batches)
            for group in optimiser.param_groups:
                group["lr"] = settings.learning_rate_at(step)
            targets = Targets(**{k: v.to(fabric.device) for k, v in vars(batch.targets).items()})
            maps: Tensor = trained(batch.frames.to(fabric.device))
            parts = detection_loss(maps.float(), targets)
            optimiser.zero_grad(set_to_none=True)
            fabric.backward(parts.total)
            torch.nn.utils.clip_grad_norm_(network.parameters(), 20.0)
            optimiser.step()
            averaged.update_parameters(network)
            step += 1
            since += 1
            sums += [float(part.detach()) for part in vars(parts).values()]
            if step % _STEPS_BETWEEN_LINES and step != end:
                continue
            now = time.monotonic()
            progress = TrainingProgress(
                step,
                settings.steps,
                seconds_before + now - began,
                since * settings.batch_windows / (now - since_time),
                clips_before + pool.made * fabric.world_size,
                *(float(mean) for mean in sums / since),
            )
            if fabric.is_global_zero:
                with (folder / PROGRESS_FILE).open("a", encoding="utf-8") as log:
                    log.write(json.dumps(asdict(progress)) + "\n")
                if listener is not None:
                    listener(progress)
            sums[:] = 0.0
            since, since_time = 0, now
            if now - saved > 60.0 * checkpoint_minutes:
                save(_CHECKPOINT)
                saved = now
            out_of_time = stop_at is not None and now > stop_at
            # clocks differ a little; all devices have to stop at the same step
            if fabric.broadcast(out_of_time):
                break
    finally:
        pool.close()
    save(_CHECKPOINT)
    return step >= end


def load_trained(checkpoint: Path) -> tuple[TrainingSettings, StormNet]:
    """The settings and the averaged weights of a checkpoint."""
    stored = torch.load(checkpoint, map_location="cpu", weights_only=True)
    settings = TrainingSettings.model_validate_json(stored["settings"])
    shape = settings.shape_at(stored["step"] - 1)
    averaged = AveragedModel(StormNet(shape))
    averaged.load_state_dict(stored["averaged"])
    network = StormNet(shape)
    network.load_state_dict(averaged.module.state_dict())
    return settings, network.eval()
