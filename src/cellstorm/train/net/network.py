"""The network: features per frame, neighbours in time joined, a body at half size."""

from typing import cast

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from cellstorm.localize.net.inputs import PLANES
from cellstorm.parameters import Parameters

__all__ = ["OUTPUTS", "NetworkShape", "StormNet", "without_norm"]

OUTPUTS = (
    "probability_logit",
    "x_px",
    "y_px",
    "log_photons",
    "log_background",
    "log_sigma_x_px",
    "log_sigma_y_px",
    "log_sigma_log_photons",
    "log_sigma_log_background",
)
"""Maps per pixel, in order; positions count from the pixel's centre."""


class NetworkShape(Parameters):
    """How large the network is."""

    input_planes: int = Field(len(PLANES), ge=1, description="planes per frame")
    context_frames: int = Field(5, ge=1, description="frames looked at for one; odd")
    frame_channels: int = Field(56, ge=1, description="features of a single frame")
    channels: int = Field(112, ge=1, description="channels at half size")
    deep_channels: int = Field(112, ge=1, description="channels at a quarter of the size")
    late_layers: int = Field(2, ge=1, description="layers at half size after all is joined")
    deep_layers: int = Field(4, ge=1, description="layers at a quarter of the size")
    batch_norm: bool = Field(True, description="normalise layers while training")


def _layer(
    inputs: int, outputs: int, *, size: int = 3, dilation: int = 1, norm: bool = False
) -> nn.Sequential:
    padding = dilation * (size // 2)
    convolution = nn.Conv2d(inputs, outputs, size, padding=padding, dilation=dilation)
    if norm:
        return nn.Sequential(convolution, nn.BatchNorm2d(outputs, momentum=0.02), nn.ReLU())
    return nn.Sequential(convolution, nn.ReLU())


class _Residual(nn.Module):
    def __init__(self, channels: int, *, dilation: int = 1, norm: bool = False) -> None:
        super().__init__()
        self.layer = _layer(channels, channels, dilation=dilation, norm=norm)

    def forward(self, features: Tensor) -> Tensor:
        joined: Tensor = features + self.layer(features)
        return joined


class StormNet(nn.Module):
    """Molecules, their uncertainty and the background of every pixel, from a few frames.

    2 x 2 pixels become channels at once, so that everything runs at half size or less;
    features of a single frame are made once and shared by the windows it stands in
    (DECODE, Speiser et al. 2021; LiteLoc, Fei et al. 2025).

    Parameters
    ----------
    shape
        Its size.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        frame, body, deep = shape.frame_channels, shape.channels, shape.deep_channels
        norm = shape.batch_norm
        self.frame = nn.Sequential(
            nn.PixelUnshuffle(2),
            _layer(4 * shape.input_planes, frame, norm=norm),
            _layer(frame, frame, norm=norm),
        )
        self.join = _layer(frame * shape.context_frames, body, size=1, norm=norm)
        self.first = _Residual(body, norm=norm)
        self.down = nn.Sequential(nn.MaxPool2d(2), _layer(body, deep, norm=norm))
        # growing reach at no cost, like LiteLoc's dilated layers
        self.deep = nn.Sequential(
            *(
                _Residual(deep, dilation=(1, 2, 4)[i % 3], norm=norm)
                for i in range(shape.deep_layers - 1)
            )
        )
        self.up = nn.Sequential(_layer(deep, body, size=1, norm=norm), nn.Upsample(scale_factor=2))
        self.merge = _layer(2 * body, body, size=1, norm=norm)
        self.last = nn.Sequential(*(_Residual(body, norm=norm) for _ in range(shape.late_layers)))
        self.head = nn.Sequential(nn.Conv2d(body, 4 * len(OUTPUTS), 1), nn.PixelShuffle(2))
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        last = cast("nn.Conv2d", self.head[0])
        with torch.no_grad():
            assert last.bias is not None
            last.weight.mul_(0.1)
            bias = last.bias.view(len(OUTPUTS), 4)
            # few molecules, of some hundred photons, known to a quarter of a pixel
            for name, value in (
                ("probability_logit", -5.0),
                ("log_photons", 6.0),
                ("log_background", 3.0),
                ("log_sigma_x_px", -1.2),
                ("log_sigma_y_px", -1.2),
                ("log_sigma_log_photons", -1.0),
                ("log_sigma_log_background", -1.0),
            ):
                bias[OUTPUTS.index(name)] = value

    def forward(self, frames: Tensor) -> Tensor:
        """Maps of the middle frames.

        Parameters
        ----------
        frames
            ``(windows, context, planes, height, width)``; height and width multiples of 4.

        Returns
        -------
        Tensor
            ``(windows, outputs, height, width)``.
        """
        windows, context, planes, height, width = frames.shape
        features = self.frame(frames.reshape(windows * context, planes, height, width))
        return self.maps(features.reshape(windows, -1, height // 2, width // 2))

    def sequence(self, frames: Tensor) -> Tensor:
        """Maps of all but the outermost frames of one sequence; each frame's features once.

        Parameters
        ----------
        frames
            ``(n + context - 1, planes, height, width)`` consecutive frames.

        Returns
        -------
        Tensor
            ``(n, outputs, height, width)``.
        """
        features = self.frame(frames)
        reach = self.shape.context_frames - 1
        count = features.shape[0] - reach
        shifted = [features[i : i + count] for i in range(reach + 1)]
        return self.maps(torch.cat(shifted, dim=1))

    def maps(self, features: Tensor) -> Tensor:
        """Maps from the joined features of neighbouring frames."""
        near = self.first(self.join(features))
        far = self.up(self.deep(self.down(near)))
        maps: Tensor = self.head(self.last(self.merge(torch.cat([near, far], dim=1))))
        return maps


def without_norm(network: StormNet) -> StormNet:
    """The same network with its normalisation worked into the weights.

    Parameters
    ----------
    network
        Is taken as when it is run, not as when it is trained.
    """
    plain = StormNet(network.shape.model_copy(update={"batch_norm": False})).eval()
    if not network.shape.batch_norm:
        plain.load_state_dict(network.state_dict())
        return plain
    modules = dict(network.named_modules())
    for name, module in plain.named_modules():
        if not isinstance(module, nn.Conv2d):
            continue
        convolution = cast("nn.Conv2d", modules[name])
        parent, _, last = name.rpartition(".")
        follower = modules.get(f"{parent}.{int(last) + 1}") if last.isdigit() else None
        weight, bias = convolution.weight, convolution.bias
        if isinstance(follower, nn.BatchNorm2d):
            assert follower.running_mean is not None
            assert follower.running_var is not None
            weight, bias = fuse_conv_bn_weights(
                weight,
                bias,
                follower.running_mean,
                follower.running_var,
                follower.eps,
                follower.weight,
                follower.bias,
            )
        assert module.bias is not None
        assert bias is not None
        with torch.no_grad():
            module.weight.copy_(weight)
            module.bias.copy_(bias)
    return plain
