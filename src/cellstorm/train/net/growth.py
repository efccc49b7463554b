"""A larger network that begins as what a smaller one has learned."""

from typing import cast

import torch
from torch import Tensor, nn

from cellstorm.errors import ConfigurationError
from cellstorm.train.net.network import NetworkShape, StormNet

__all__ = ["grown"]

# so small that nothing changes, and over zero so that a gradient passes
_BARELY_ON = 1e-3
_WIDTHS = ("frame_channels", "channels", "deep_channels", "late_layers", "deep_layers")


def grown(network: StormNet, shape: NetworkShape) -> StormNet:
    """A larger network that gives the maps of a smaller one.

    New channels come with weights drawn at random and nobody listens to them yet; new
    residual layers add next to nothing. Both learn from the first step on (Chen, Goodfellow
    & Shlens 2016, Net2Net, arXiv 1511.05641, with silent channels for copied ones).

    Parameters
    ----------
    network
        The smaller one.
    shape
        Size of the larger one, of the same inputs and context.

    Raises
    ------
    ConfigurationError
        It is not larger, or sees something else.
    """
    before = network.shape
    same = before.model_dump(exclude=set(_WIDTHS)) == shape.model_dump(exclude=set(_WIDTHS))
    if not same or any(getattr(before, width) > getattr(shape, width) for width in _WIDTHS):
        raise ConfigurationError("a network can only grow in channels and layers.")
    larger = StormNet(shape)
    small = dict(network.named_modules())
    with torch.no_grad():
        for name, module in larger.named_modules():
            known = small.get(name)
            if isinstance(module, nn.Conv2d):
                if known is not None:
                    _widen(module, cast("nn.Conv2d", known), _parts(name, before))
                elif not shape.batch_norm:
                    module.weight.zero_()
                    cast("Tensor", module.bias).fill_(_BARELY_ON)
            elif isinstance(module, nn.BatchNorm2d):
                if known is None:
                    module.weight.zero_()
                    module.bias.fill_(_BARELY_ON)
                else:
                    _widen_norm(module, cast("nn.BatchNorm2d", known))
    return larger


def _parts(name: str, shape: NetworkShape) -> int:
    """Of how many equal parts the inputs of a convolution are joined."""
    return {"join.0": shape.context_frames, "merge.0": 2}.get(name, 1)


def _widen(module: nn.Conv2d, known: nn.Conv2d, parts: int) -> None:
    outputs = known.out_channels
    old, new = known.in_channels // parts, module.in_channels // parts
    for part in range(parts):
        heard = module.weight[:outputs, part * new : (part + 1) * new]
        heard[:, :old] = known.weight[:, part * old : (part + 1) * old]
        heard[:, old:] = 0.0
    assert module.bias is not None
    assert known.bias is not None
    module.bias[:outputs] = known.bias


def _widen_norm(module: nn.BatchNorm2d, known: nn.BatchNorm2d) -> None:
    for name, value in known.state_dict().items():
        kept = module.state_dict()[name]
        if kept.dim():
            kept[: value.shape[0]] = value
        else:
            kept.copy_(value)
