"""How far maps are from the truth: count, mixture and background (Speiser et al. 2021)."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from cellstorm.train.net.network import OUTPUTS

__all__ = ["LossParts", "Targets", "detection_loss"]

_REACH_PX = 2
_LEAST_LOG_SIGMA_PX = -4.0
_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)


@dataclass(frozen=True)
class Targets:
    """Molecules of a batch.

    Attributes
    ----------
    window
        ``(molecules,)`` int64, which window each is in.
    x_px, y_px
        ``(molecules,)`` from the window's outer corner.
    log_photons
        ``(molecules,)``.
    log_background
        ``(windows, height, width)``.
    weight
        ``(windows,)`` what each counts.
    """

    window: Tensor
    x_px: Tensor
    y_px: Tensor
    log_photons: Tensor
    log_background: Tensor
    weight: Tensor


@dataclass(frozen=True)
class LossParts:
    """The loss and what it is made of, weighted means per window."""

    total: Tensor
    count: Tensor
    mixture: Tensor
    background: Tensor


def detection_loss(
    maps: Tensor, targets: Targets, *, background_weight: float = 0.005
) -> LossParts:
    """Negative log likelihood of the truth under the maps.

    The number of molecules is a sum of Bernoulli variables, taken as normal with mean
    ``sum p`` and variance ``sum p (1 - p)``; each true molecule is a draw from the mixture
    of all pixels' Gaussians weighted by ``p / sum p`` (Speiser et al. 2021, Methods,
    eqs. 3-6). Only the 5 x 5 pixels around a molecule are summed: others contribute
    nothing but cost. Photons and background are compared on a logarithmic scale, where
    their errors are relative.

    Parameters
    ----------
    maps
        ``(windows, outputs, height, width)`` float32.
    targets
        The truth.
    background_weight
        Weight of a pixel's background against a molecule's place.
    """
    windows, _, height, width = maps.shape
    channel = {name: maps[:, index] for index, name in enumerate(OUTPUTS)}
    logit = channel["probability_logit"]
    probability = torch.sigmoid(logit)
    log_probability = functional.logsigmoid(logit)
    mean = probability.sum(dim=(1, 2))
    variance = (probability * (1.0 - probability)).sum(dim=(1, 2)) + 0.05
    number = torch.zeros(windows, device=maps.device, dtype=maps.dtype)
    number.index_add_(0, targets.window, torch.ones_like(targets.x_px))
    count = 0.5 * (number - mean) ** 2 / variance + 0.5 * variance.log() + _HALF_LOG_2PI
    count = (targets.weight * count).mean()

    mixture = torch.zeros((), device=maps.device)
    if targets.window.numel():
        steps = torch.arange(-_REACH_PX, _REACH_PX + 1, device=maps.device)
        step_y, step_x = (grid.reshape(-1) for grid in torch.meshgrid(steps, steps, indexing="ij"))
        column = targets.x_px.floor().long()[:, None] + step_x
        row = targets.y_px.floor().long()[:, None] + step_y
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        flat = targets.window[:, None] * (height * width)
        flat = flat + row.clamp(0, height - 1) * width + column.clamp(0, width - 1)

        def at(name: str) -> Tensor:
            return channel[name].reshape(-1)[flat]

        def log_normal(error: Tensor, log_sigma: Tensor) -> Tensor:
            log_sigma = log_sigma.clamp_min(_LEAST_LOG_SIGMA_PX)
            return -0.5 * (error * torch.exp(-log_sigma)) ** 2 - log_sigma - _HALF_LOG_2PI

        log_likelihood = (
            log_probability.reshape(-1)[flat]
            + log_normal(targets.x_px[:, None] - (column + 0.5 + at("x_px")), at("log_sigma_x_px"))
            + log_normal(targets.y_px[:, None] - (row + 0.5 + at("y_px")), at("log_sigma_y_px"))
            + log_normal(
                targets.log_photons[:, None] - at("log_photons"), at("log_sigma_log_photons")
            )
        )
        log_likelihood = log_likelihood.masked_fill(~inside, -math.inf)
        per_molecule = torch.logsumexp(log_likelihood, dim=1) - mean.log()[targets.window]
        mixture = -(targets.weight[targets.window] * per_molecule).sum() / windows

    log_sigma = channel["log_sigma_log_background"].clamp_min(-5.0)
    error = (channel["log_background"] - targets.log_background) * torch.exp(-log_sigma)
    background = (0.5 * error**2 + log_sigma).sum(dim=(1, 2)) * background_weight
    background = (targets.weight * background).mean()
    return LossParts(
        count + mixture + background, count.detach(), mixture.detach(), background.detach()
    )
