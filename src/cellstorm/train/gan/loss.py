"""What generator and discriminator minimise (Diederich et al. 2019, section 5.4, eqs. 1-5)."""

from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from cellstorm.parameters import Parameters

__all__ = ["GeneratorLoss", "LossWeights", "PsfBlur", "discriminator_loss", "generator_loss"]


class LossWeights(Parameters):
    """The terms' weights and when they count (the paper's values)."""

    adversarial: float = Field(3.0, ge=0, description="lambda_cGAN, once it counts")
    l1: float = Field(100.0, ge=0, description="lambda_L1, of the blurred maps' difference")
    sparse: float = Field(100.0, ge=0, description="lambda_sparse, of the map's brightness")
    blur_sigma_fine_px: float = Field(4.0, gt=0, description="width of the PSF, fine px")
    blur_size_fine_px: int = Field(31, ge=3, description="edge of its kernel, fine px; odd")
    adversarial_from: int = Field(1000, ge=0, description="iterations before it counts")
    adversarial_every: int = Field(3, ge=1, description="iterations from one to the next")

    def adversarial_at(self, step: int) -> float:
        """Weight of the discriminator's verdict in an iteration, counted from 0."""
        return self.adversarial if step >= self.adversarial_from and self.judged(step) else 0.0

    def judged(self, step: int) -> bool:
        """Whether the discriminator learns in an iteration.

        It does from the first one on, so that its verdict is worth something when it begins
        to count.
        """
        return step % self.adversarial_every == 0


class PsfBlur(nn.Module):
    """Convolution with a Gaussian of height 1, zero outside the map.

    The height matters. With a kernel of unit *sum* a molecule drawn where there is one would
    lower the L1 term by as much as it raises the sparse one, and with the paper's equal
    weights a black map would cost no more than the truth. With unit *height*, the blurred
    maps count 2 pi sigma^2 times as much (100 times at 4 fine pixels).

    Parameters
    ----------
    weights
        Width and size of the kernel.
    """

    def __init__(self, weights: LossWeights) -> None:
        super().__init__()
        half = weights.blur_size_fine_px // 2
        steps = torch.arange(-half, half + 1, dtype=torch.float32)
        self.reach = half
        self._profile = torch.exp(-0.5 * (steps / weights.blur_sigma_fine_px) ** 2)

    def forward(self, maps: Tensor) -> Tensor:
        """``(n, 1, height, width)``, blurred."""
        height, width = maps.shape[2:]
        # as matrices: four times as fast on a processor as convolutions of one channel
        blurred: Tensor = self._spread(height, maps) @ maps @ self._spread(width, maps)
        return blurred

    def _spread(self, length: int, maps: Tensor) -> Tensor:
        """``(length, length)``: what a pixel of a line gets of each other."""
        places = torch.arange(length)
        apart = (places[:, None] - places[None, :]).abs()
        weights = self._profile[(self.reach + apart).clamp(max=2 * self.reach)]
        return torch.where(apart <= self.reach, weights, 0.0).to(maps)


@dataclass(frozen=True)
class GeneratorLoss:
    """The loss and what it is made of, not yet weighted; ``adversarial`` is 0 where unasked."""

    total: Tensor
    adversarial: Tensor
    l1: Tensor
    sparse: Tensor


def generator_loss(
    drawn: Tensor,
    drawn_blurred: Tensor,
    truth_blurred: Tensor,
    verdict: Tensor | None,
    weights: LossWeights,
    *,
    adversarial: float,
) -> GeneratorLoss:
    """Equation 5: the sum of the discriminator's verdict, equations 3 (L1) and 4 (sparsity).

    ``lambda_cGAN L_cGAN + lambda_L1 |y * PSF - G(x) * PSF|_1 + lambda_sparse |G(x)|_1`` with
    means over pixels for the norms. Of equation 2 the generator maximises ``log D(x, G(x))``
    rather than minimising ``log(1 - D(x, G(x)))``, as pix2pix does (Isola et al. 2017,
    section 3.3): same end, stronger gradient far from it.

    Parameters
    ----------
    drawn, drawn_blurred, truth_blurred
        ``(n, 1, height, width)`` G(x), G(x) * PSF and y * PSF.
    verdict
        Logits of the discriminator on what was drawn; None where it does not count.
    weights
        Of the terms.
    adversarial
        lambda_cGAN in this iteration.
    """
    l1 = (truth_blurred - drawn_blurred).abs().mean()
    sparse = drawn.abs().mean()
    total = weights.l1 * l1 + weights.sparse * sparse
    fooled = torch.zeros_like(l1)
    if verdict is not None and adversarial > 0.0:
        fooled = functional.softplus(-verdict).mean()
        total = total + adversarial * fooled
    return GeneratorLoss(total, fooled.detach(), l1.detach(), sparse.detach())


def discriminator_loss(true_verdict: Tensor, drawn_verdict: Tensor) -> Tensor:
    """Equation 2 with its sign turned: ``-(log D(x, y) + log(1 - D(x, G(x))))``, a mean.

    Parameters
    ----------
    true_verdict, drawn_verdict
        Logits on true maps and on drawn ones.
    """
    return functional.softplus(-true_verdict).mean() + functional.softplus(drawn_verdict).mean()
