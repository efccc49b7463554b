"""The training loop: batches, optimiser, averaged weights, checkpoints, resume."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from cellstorm.atomic_file import atomic_file
from cellstorm.errors import ConfigurationError
from cellstorm.parameters import Parameters
from cellstorm.train.conditions import Conditions
from cellstorm.train.net.examples import ClipPool
from cellstorm.train.net.loss import Targets, detection_loss
from cellstorm.train.net.network import NetworkShape, StormNet

__all__ = ["TrainingProgress", "TrainingSettings", "load_trained", "train_network"]

_WARM_UP_STEPS = 200
_STEPS_BETWEEN_LINES = 50


class TrainingSettings(Parameters):
    """Everything that a training run depends on."""

    shape: NetworkShape = Field(NetworkShape(), description="size of the network")
    conditions: Conditions = Field(Conditions(), description="what recordings can be like")
    steps: int = Field(20_000, ge=1, description="batches")
    batch_windows: int = Field(24, ge=1, description="windows of a batch")
    window_px: int = Field(64, ge=16, multiple_of=4, description="edge of a window, px")
    learning_rate: float = Field(8e-4, gt=0, description="at its highest; falls as a cosine")
    weight_decay: float = Field(1e-4, ge=0, description="of AdamW")
    averaging: float = Field(0.999, ge=0, lt=1, description="decay of the averaged weights")
    pool_clips: int = Field(400, ge=32, description="clips held in memory")
    seed: int = Field(0, ge=0, description="of weights and clips")


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
    device: str = "cpu",
    checkpoint_minutes: float = 5.0,
    stop_after_s: float | None = None,
    listener: Callable[[TrainingProgress], None] | None = None,
) -> bool:
    """Train, or go on where the last checkpoint in ``folder`` stands.

    Parameters
    ----------
    settings
        The run. A checkpoint of other settings (but for the number of steps) is refused.
    folder
        Keeps ``checkpoint.pt`` and ``progress.jsonl``.
    device
        torch's name of it.
    checkpoint_minutes
        Time between checkpoints.
    stop_after_s
        Write a checkpoint and come back after this time.
    listener
        Told every 50 steps.

    Returns
    -------
    bool
        Whether all steps are done; `load_trained` gives the network.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(settings.seed)
    network = StormNet(settings.shape).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaging = get_ema_multi_avg_fn(settings.averaging)  # type: ignore[no-untyped-call]
    averaged = AveragedModel(network, multi_avg_fn=averaging)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    checkpoint = folder / "checkpoint.pt"
    step = clips_before = 0
    seconds_before = 0.0
    if checkpoint.exists():
        stored = torch.load(checkpoint, map_location=device, weights_only=True)
        before = TrainingSettings.model_validate_json(stored["settings"])
        if before.model_copy(update={"steps": settings.steps}) != settings:
            raise ConfigurationError(
                "the checkpoint there was made with other settings.",
                where=checkpoint,
                todo="Give another folder, or the same settings.",
            )
        network.load_state_dict(stored["network"])
        averaged.load_state_dict(stored["averaged"])
        optimiser.load_state_dict(stored["optimiser"])
        step, clips_before = stored["step"], stored["clips"]
        seconds_before = stored["seconds"]
    pool = ClipPool(
        settings.conditions,
        size=settings.pool_clips,
        # going on with clips that were not seen before
        seed=settings.seed * 1000 + step,
        context_frames=settings.shape.context_frames,
        window_px=settings.window_px,
    )
    random = np.random.default_rng([settings.seed, 2, step])
    began = saved = time.monotonic()
    sums = np.zeros(4)
    since, since_time = 0, began

    def save() -> None:
        state = {
            "settings": settings.model_dump_json(),
            "network": network.state_dict(),
            "averaged": averaged.state_dict(),
            "optimiser": optimiser.state_dict(),
            "step": step,
            "clips": clips_before + pool.made,
            "seconds": seconds_before + time.monotonic() - began,
        }
        with atomic_file(checkpoint) as temporary:
            torch.save(state, temporary)

    network.train()
    try:
        batches = pool.batches(settings.batch_windows, random)
        while step < settings.steps:
            batch = next(batches)
            for group in optimiser.param_groups:
                group["lr"] = settings.learning_rate * _schedule(step, settings.steps)
            targets = Targets(**{k: v.to(device) for k, v in vars(batch.targets).items()})
            with torch.autocast(torch.device(device).type, dtype=torch.bfloat16):
                maps: Tensor = network(batch.frames.to(device))
            parts = detection_loss(maps.float(), targets)
            optimiser.zero_grad(set_to_none=True)
            parts.total.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 20.0)
            optimiser.step()
            averaged.update_parameters(network)
            step += 1
            since += 1
            sums += [float(part.detach()) for part in vars(parts).values()]
            now = time.monotonic()
            if step % _STEPS_BETWEEN_LINES == 0 or step == settings.steps:
                means = sums / since
                progress = TrainingProgress(
                    step,
                    settings.steps,
                    seconds_before + now - began,
                    since * settings.batch_windows / (now - since_time),
                    clips_before + pool.made,
                    *(float(mean) for mean in means),
                )
                with (folder / "progress.jsonl").open("a", encoding="utf-8") as log:
                    log.write(json.dumps(asdict(progress)) + "\n")
                if listener is not None:
                    listener(progress)
                sums[:] = 0.0
                since, since_time = 0, now
            if now - saved > 60.0 * checkpoint_minutes:
                save()
                saved = now
            if stop_after_s is not None and now - began > stop_after_s:
                break
    finally:
        pool.close()
    save()
    return step >= settings.steps


def load_trained(checkpoint: Path) -> tuple[TrainingSettings, StormNet]:
    """The settings and the averaged weights of a checkpoint."""
    stored = torch.load(checkpoint, map_location="cpu", weights_only=True)
    settings = TrainingSettings.model_validate_json(stored["settings"])
    averaged = AveragedModel(StormNet(settings.shape))
    averaged.load_state_dict(stored["averaged"])
    return settings, _averaged_network(settings, averaged)


def _averaged_network(settings: TrainingSettings, averaged: AveragedModel) -> StormNet:
    network = StormNet(settings.shape)
    network.load_state_dict(averaged.module.state_dict())
    return network.eval()


def _schedule(step: int, steps: int) -> float:
    """Share of the highest learning rate: a short rise, then half a cosine."""
    rise = min(1.0, (step + 1) / _WARM_UP_STEPS)
    return rise * 0.5 * (1.0 + math.cos(math.pi * step / steps)) + 1e-3
