"""The discriminator: whether a map belongs to a frame, judged patch by patch."""

import torch
from pydantic import Field
from torch import Tensor, nn

from cellstorm.parameters import Parameters

__all__ = ["Discriminator", "DiscriminatorShape"]

_SLOPE = 0.2


class DiscriminatorShape(Parameters):
    """How large the discriminator is."""

    layers: int = Field(3, ge=1, le=6, description="layers that halve the map")
    width: int = Field(32, ge=1, description="channels of the first; doubled by each next")


class Discriminator(nn.Module):
    """PatchGAN (Isola et al. 2017) on the enlarged frame and a map blurred by the PSF.

    Single pixels would be told from a generator's at once, whatever they show; blurred, only
    where they lie and how bright they are can tell.

    Parameters
    ----------
    shape
        Its size.
    """

    def __init__(self, shape: DiscriminatorShape) -> None:
        super().__init__()
        widths = [shape.width << layer for layer in range(shape.layers + 1)]
        parts: list[nn.Module] = [nn.Conv2d(2, widths[0], 4, stride=2, padding=1)]
        for layer in range(1, len(widths)):
            stride = 2 if layer < shape.layers else 1
            parts += [
                nn.LeakyReLU(_SLOPE),
                nn.Conv2d(widths[layer - 1], widths[layer], 4, stride=stride, padding=1),
                nn.BatchNorm2d(widths[layer]),
            ]
        parts += [nn.LeakyReLU(_SLOPE), nn.Conv2d(widths[-1], 1, 4, padding=1)]
        self.layers = nn.Sequential(*parts)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                # as pix2pix begins
                nn.init.normal_(module.weight, 0.0, 0.02)
                assert module.bias is not None
                nn.init.zeros_(module.bias)

    def forward(self, enlarged: Tensor, blurred: Tensor) -> Tensor:
        """Logits of "this map belongs to this frame", one a patch.

        Parameters
        ----------
        enlarged
            ``(n, 1, height, width)`` frames on the fine grid.
        blurred
            ``(n, 1, height, width)`` maps blurred by the PSF.

        Returns
        -------
        Tensor
            ``(n, 1, patches, patches)``.
        """
        logits: Tensor = self.layers(torch.cat([enlarged, blurred], dim=1))
        return logits.float()
