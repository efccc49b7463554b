"""The training loop of generator and discriminator: checkpoints, resume, progress."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from cellstorm.atomic_file import atomic_file
from cellstorm.errors import ConfigurationError
from cellstorm.parameters import Parameters
from cellstorm.train.checkpoint import freeze_norm, read_checkpoint
from cellstorm.train.gan.discriminator import Discriminator, DiscriminatorShape
from cellstorm.train.gan.generator import Generator, GeneratorShape
from cellstorm.train.gan.loss import (
    GeneratorLoss,
    LossWeights,
    PsfBlur,
    discriminator_loss,
    generator_loss,
)
from cellstorm.train.gan.sample_page import SamplePage
from cellstorm.train.net.training import Device
from cellstorm.train.net.training_page import PROGRESS_FILE
from cellstorm.train.pairs import (
    PairBatch,
    PairConditions,
    PairedRecording,
    PairPool,
    PatchSettings,
)

__all__ = [
    "GAN_PRESETS",
    "GanProgress",
    "GanSettings",
    "GanTrainer",
    "load_generator",
    "train_gan",
]

_CHECKPOINT = "checkpoint.pt"
_STEPS_BETWEEN_LINES = 50
# how far over the usual a gradient may be, and how slowly the usual is forgotten
_MOST_GRADIENT, _USUAL_KEPT = 2.0, 0.98


class GanSettings(Parameters):
    """Everything that a training run depends on; defaults are what the paper did for its phone."""

    generator: GeneratorShape = Field(GeneratorShape(), description="size of the generator")
    discriminator: DiscriminatorShape = Field(
        DiscriminatorShape(), description="size of the discriminator"
    )
    weights: LossWeights = Field(LossWeights(), description="of the terms of the loss")
    conditions: PairConditions = Field(PairConditions(), description="of simulated pairs")
    patches: PatchSettings = Field(PatchSettings(), description="what a pair looks like")
    real_share: float = Field(
        0.5, ge=0, le=1, description="share of patches of real recordings where there are any"
    )
    steps: int = Field(37_500, ge=1, description="iterations: 10 epochs of 15,000 samples by 4")
    batch_patches: int = Field(4, ge=1, description="patches of a batch")
    learning_rate: float = Field(1e-4, gt=0, description="of Adam")
    beta1: float = Field(0.25, ge=0, lt=1, description="of Adam")
    cooling_share: float = Field(
        0.0, ge=0, le=1, description="last iterations, in which the learning rate falls to nothing"
    )
    frozen_share: float = Field(
        0.25, ge=0, le=1, description="last iterations, in which batch norm's statistics stand"
    )
    mixed_precision: bool = Field(True, description="compute with bfloat16 where it is enough")
    pool_clips: int = Field(200, ge=1, description="simulated clips held in memory")
    seed: int = Field(0, ge=0, description="of weights and clips")

    @property
    def frozen_from(self) -> int:
        """Step from which batch norm's statistics stand still."""
        return round(self.steps * (1.0 - self.frozen_share))

    def learning_rate_at(self, step: int) -> float:
        """Of an iteration, counted from 0."""
        cooling = self.steps * self.cooling_share
        return self.learning_rate * min(1.0, (self.steps - step) / max(cooling, 1.0))


GAN_PRESETS: dict[str, GanSettings] = {
    # With the paper's weights the discriminator's verdict is five times the rest of the loss:
    # mean efficiency on validation movies fell from 0.31 after 2,450 iterations to 0.26 after
    # 6,250. A PSF of 4 fine px says little of where in a pixel the brightness lies.
    "phone": GanSettings(
        weights=LossWeights(adversarial=0.1, blur_sigma_fine_px=2.5, blur_size_fine_px=21),
        learning_rate=4e-4,
        cooling_share=0.3,
        steps=20_000,
    ),
    "paper": GanSettings(
        generator=GeneratorShape(levels=8, factor=5),
        # 260 fine pixels; the paper's 256 are no whole number of pixels
        patches=PatchSettings(factor=5, patch_px=52),
    ),
}
"""The two networks of the paper: 4 levels and four times finer, 8 levels and five times."""


@dataclass(frozen=True)
class GanProgress:
    """Where a run stands; losses are means since the last report, not weighted."""

    step: int
    steps: int
    seconds: float
    patches_per_s: float
    clips: int
    l1: float
    sparse: float
    adversarial: float
    discriminator: float


@dataclass(frozen=True)
class StepLosses:
    """What one iteration gave; None where the discriminator was not asked."""

    generator: GeneratorLoss
    discriminator: Tensor | None


class _GradientLimit:
    """Gradients cut at twice their usual norm (as AutoClip; Seetharaman et al. 2020).

    Adam expects what it has seen. A frame as crowded as few are, or the discriminator's first
    word, moved the weights so far that the maps were white for a hundred iterations.
    """

    def __init__(self) -> None:
        self._usual: dict[str, float] = {}

    def state_dict(self) -> dict[str, float]:
        return dict(self._usual)

    def load_state_dict(self, state: dict[str, float]) -> None:
        self._usual = dict(state)

    def apply(self, network: nn.Module, kind: str) -> None:
        """Scale the gradients of a network; ``kind`` says what they are of."""
        slopes = [weights.grad for weights in network.parameters() if weights.grad is not None]
        norm = float(nn.utils.get_total_norm(slopes))
        if norm == 0.0:
            return
        usual = self._usual.get(kind, norm)
        most = _MOST_GRADIENT * usual
        if norm > most:
            nn.utils.clip_grads_with_norm_(network.parameters(), most, torch.tensor(norm))
        self._usual[kind] = usual * (min(norm, most) / usual) ** (1.0 - _USUAL_KEPT)


class GanTrainer:
    """Both networks with their optimisers; `step` does one iteration.

    Parameters
    ----------
    settings
        Of the run.
    device
        What to compute on.

    Raises
    ------
    ConfigurationError
        Generator and patches have grids of different fineness.
    """

    def __init__(self, settings: GanSettings, device: Device = "cpu") -> None:
        if settings.generator.factor != settings.patches.factor:
            raise ConfigurationError(
                f"the generator draws {settings.generator.factor} times finer and the pairs are"
                f" {settings.patches.factor} times finer.",
                todo="Set generator.factor and patches.factor to the same number.",
            )
        self.settings = settings
        self.device = torch.device(device)
        torch.manual_seed(settings.seed)
        # channels last: a third less time on a processor
        self.generator = Generator(settings.generator).to(self.device)
        self.discriminator = Discriminator(settings.discriminator).to(self.device)
        for network in (self.generator, self.discriminator):
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._blur = PsfBlur(settings.weights).to(self.device)
        adam = {"lr": settings.learning_rate, "betas": (settings.beta1, 0.999)}
        self._generator_steps = torch.optim.Adam(self.generator.parameters(), **adam)  # type: ignore[arg-type]
        self._discriminator_steps = torch.optim.Adam(
            self.discriminator.parameters(),
            **adam,  # type: ignore[arg-type]
        )
        self._limit = _GradientLimit()

    def state(self) -> dict[str, Any]:
        """All that changes, to be stored."""
        return {name: part.state_dict() for name, part in self._parts().items()}

    def take_up(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        for name, part in self._parts().items():
            part.load_state_dict(state[name])

    def _parts(self) -> dict[str, Any]:
        return {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "generator_steps": self._generator_steps,
            "discriminator_steps": self._discriminator_steps,
            "limit": self._limit,
        }

    def step(self, batch: PairBatch, number: int) -> StepLosses:
        """One iteration, counted from 0: the discriminator in its turn, then the generator.

        Parameters
        ----------
        batch
            Pairs.
        number
            Of the iteration, for the schedule of the weights.
        """
        settings, weights = self.settings, self.settings.weights
        self.generator.train()
        if number >= settings.frozen_from:
            freeze_norm(self.generator)
        for optimiser in (self._generator_steps, self._discriminator_steps):
            for group in optimiser.param_groups:
                group["lr"] = settings.learning_rate_at(number)
        light = torch.from_numpy(batch.light).to(self.device)
        truth_blurred = self._blur(torch.from_numpy(batch.truth).to(self.device))
        with self._fewer_digits():
            drawn = self.generator(light)
            enlarged = self.generator.enlarged(light)
        # sums of a thousand faint pixels need all digits
        drawn_blurred = self._blur(drawn)
        loss_of_discriminator = None
        if weights.judged(number):
            loss_of_discriminator = self._judge(enlarged, truth_blurred, drawn_blurred.detach())
        adversarial = weights.adversarial_at(number)
        verdict = None
        if adversarial > 0.0:
            self.discriminator.requires_grad_(False)
            with self._fewer_digits():
                verdict = self.discriminator(enlarged, drawn_blurred)
        losses = generator_loss(
            drawn, drawn_blurred, truth_blurred, verdict, weights, adversarial=adversarial
        )
        self._generator_steps.zero_grad(set_to_none=True)
        losses.total.backward()  # type: ignore[no-untyped-call]
        self._limit.apply(self.generator, "alone" if verdict is None else "judged")
        self._generator_steps.step()
        self.discriminator.requires_grad_(True)
        return StepLosses(losses, loss_of_discriminator)

    def _judge(self, enlarged: Tensor, truth_blurred: Tensor, drawn_blurred: Tensor) -> Tensor:
        with self._fewer_digits():
            true_verdict = self.discriminator(enlarged, truth_blurred)
            drawn_verdict = self.discriminator(enlarged, drawn_blurred)
        loss = discriminator_loss(true_verdict, drawn_verdict)
        self._discriminator_steps.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._limit.apply(self.discriminator, "discriminator")
        self._discriminator_steps.step()
        return loss.detach()

    def _fewer_digits(self) -> torch.autocast:
        return torch.autocast(
            self.device.type, torch.bfloat16, enabled=self.settings.mixed_precision
        )


def train_gan(
    settings: GanSettings,
    folder: Path,
    *,
    recordings: Sequence[PairedRecording] = (),
    device: Device = "cpu",
    threads: int | None = None,
    checkpoint_minutes: float = 5.0,
    stop_after_s: float | None = None,
    listener: Callable[[GanProgress], None] | None = None,
) -> bool:
    """Train, or go on where the checkpoint in ``folder`` stands.

    Parameters
    ----------
    settings
        The run. A checkpoint of other settings (but for the number of steps) is refused.
    folder
        Keeps ``checkpoint.pt``, ``progress.jsonl`` and ``progress.html``.
    recordings
        Real pairs, to be given again when going on.
    device
        What to compute on.
    threads
        Processor threads; torch's own choice when None.
    checkpoint_minutes
        Time between checkpoints.
    stop_after_s
        Write a checkpoint and come back after this time.
    listener
        Told every 50 steps.

    Returns
    -------
    bool
        Whether all steps are done; `load_generator` gives the network.

    Raises
    ------
    ConfigurationError
        The folder holds a run of other settings, or the settings contradict each other.
    MisalignedPairs
        The molecules of a recording do not lie where its frames show light.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if threads is not None:
        torch.set_num_threads(threads)
    trainer = GanTrainer(settings, device)
    found = read_checkpoint(folder / _CHECKPOINT, settings)
    step, clips_before, seconds_before = 0, 0, 0.0
    if found is not None:
        _, stored = found
        trainer.take_up(stored)
        step, clips_before, seconds_before = stored["step"], stored["clips"], stored["seconds"]
    if step >= settings.steps:
        return True
    began = saved = time.monotonic()
    page = SamplePage(folder, settings.patches, recordings)
    # going on with clips and places that were not seen before
    random = np.random.default_rng([settings.seed, 2, step])
    with PairPool(
        settings.conditions,
        settings.patches,
        recordings=recordings,
        real_share=settings.real_share,
        clips=settings.pool_clips,
        seed=[settings.seed, 1, step],
    ) as pool:

        def save() -> None:
            values = {
                "settings": settings.model_dump_json(),
                "step": step,
                "clips": clips_before + pool.made,
                "seconds": seconds_before + time.monotonic() - began,
                **trainer.state(),
            }
            with atomic_file(folder / _CHECKPOINT) as temporary:
                torch.save(values, temporary)
            page.write(trainer.generator)

        batches = pool.batches(settings.batch_patches, random)
        while step < settings.steps:
            since = time.monotonic()
            end = min(settings.steps, step - step % _STEPS_BETWEEN_LINES + _STEPS_BETWEEN_LINES)
            means = _means(trainer, batches, step, end)
            now = time.monotonic()
            progress = GanProgress(
                step=end,
                steps=settings.steps,
                seconds=seconds_before + now - began,
                patches_per_s=(end - step) * settings.batch_patches / (now - since),
                clips=clips_before + pool.made,
                **means,
            )
            step = end
            with (folder / PROGRESS_FILE).open("a", encoding="utf-8") as log:
                log.write(json.dumps(asdict(progress)) + "\n")
            if listener is not None:
                listener(progress)
            if stop_after_s is not None and now - began > stop_after_s:
                break
            if now - saved > 60.0 * checkpoint_minutes and step < settings.steps:
                save()
                saved = now
        save()
    return step >= settings.steps


def _means(
    trainer: GanTrainer, batches: Iterator[PairBatch], first: int, last: int
) -> dict[str, float]:
    """Do iterations ``first`` to ``last`` and give the mean of each loss where it was asked."""
    asked: dict[str, list[float]] = {
        name: [] for name in ("l1", "sparse", "adversarial", "discriminator")
    }
    for number in range(first, last):
        losses = trainer.step(next(batches), number)
        asked["l1"].append(float(losses.generator.l1))
        asked["sparse"].append(float(losses.generator.sparse))
        if trainer.settings.weights.adversarial_at(number) > 0.0:
            asked["adversarial"].append(float(losses.generator.adversarial))
        if losses.discriminator is not None:
            asked["discriminator"].append(float(losses.discriminator))
    return {name: float(np.mean(values)) if values else 0.0 for name, values in asked.items()}


def load_generator(checkpoint: Path) -> tuple[GanSettings, Generator]:
    """The settings of a checkpoint and its generator, as it is run.

    Parameters
    ----------
    checkpoint
        ``checkpoint.pt`` of a run.
    """
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    settings = GanSettings.model_validate_json(state["settings"])
    generator = Generator(settings.generator)
    generator.load_state_dict(state["generator"])
    return settings, generator.eval()
