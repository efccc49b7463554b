"""The generator: a U-Net from a frame to a finer map of single bright pixels."""

import math
from typing import Any, cast

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from cellstorm.parameters import Parameters

__all__ = ["Generator", "GeneratorShape"]

_SLOPE = 0.2
_FIRST_BRIGHTNESS = 0.003


class GeneratorShape(Parameters):
    """How large the generator is.

    The paper's has 8 levels, its phone's 4 (Diederich et al. 2019, section 5.4).
    """

    levels: int = Field(4, ge=1, le=9, description="times that the map is halved")
    width: int = Field(32, ge=1, description="channels of the first level; doubled by each next")
    most_channels: int = Field(256, ge=1, description="channels of the deepest levels")
    last_channels: int = Field(16, ge=1, description="channels at full size")
    factor: int = Field(4, ge=1, le=16, description="fine pixels along one of the frame")
    batch_norm: bool = Field(
        False, description="normalise levels while training; as it was learned when it is run"
    )

    def channels(self, level: int) -> int:
        """Channels of a level, counted from 0."""
        return min(self.width << level, self.most_channels)

    @property
    def align_px(self) -> int:
        """Pixels of the frame after which all levels halve in step again."""
        step = 1 << self.levels
        return step // math.gcd(step, self.factor)

    @property
    def halo_px(self) -> int:
        """Pixels of the frame around one that what is drawn there hangs on.

        Of the deepest level a fine pixel sees its own block and the next on either side, whose
        4 x 4 convolutions reach two pixels of every level farther.
        """
        return -(-(4 * (1 << self.levels) + 4) // self.factor) + 1


class _Down(nn.Module):
    """A 4 x 4 convolution of stride 2; odd sizes are rounded up."""

    def __init__(self, inputs: int, outputs: int, *, norm: bool) -> None:
        super().__init__()
        # a map repeats its edge, so that there is none to see
        self.pad = nn.ReplicationPad2d((1, 2, 1, 2))
        self.convolution = nn.Conv2d(inputs, outputs, 4, stride=2)
        self.norm = nn.BatchNorm2d(outputs, momentum=0.02) if norm else nn.Identity()

    def forward(self, features: Tensor) -> Tensor:
        down: Tensor = self.norm(self.convolution(self.pad(features)))
        return functional.leaky_relu(down, _SLOPE)


class _Up(nn.Module):
    """Resize and convolve, in place of a transposed convolution and its checkerboards.

    Channels are mixed before the resize: that gives the same as after it, at a quarter of
    the cost. The convolution is odd, so that nothing moves by half a pixel.
    """

    def __init__(self, inputs: int, outputs: int, *, norm: bool) -> None:
        super().__init__()
        self.mix = nn.Conv2d(inputs, outputs, 1)
        self.pad = nn.ReplicationPad2d(1)
        self.spread = nn.Conv2d(outputs, outputs, 3, groups=outputs)
        self.norm = nn.BatchNorm2d(outputs, momentum=0.02) if norm else nn.Identity()

    def forward(self, features: Tensor, like: Tensor) -> Tensor:
        resized = functional.interpolate(self.mix(features), scale_factor=2.0, mode="nearest")
        # where an odd size was rounded up
        resized = resized[:, :, : like.shape[2], : like.shape[3]]
        up: Tensor = self.norm(self.spread(self.pad(resized)))
        return functional.leaky_relu(up, _SLOPE)


class _Bounded(torch.autograd.Function):
    """Cut at 0 and 1, where the gradient is let through that leads back inside.

    Nearly all pixels are to be dark. A sigmoid or tanh gets there only at infinity, where it
    has no gradient left: pushed by the dark majority, it takes the few bright pixels along and
    stays black (seen with toys). Cut, dark is exactly 0, and nothing pushes below.
    """

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        context.save_for_backward(values)
        return values.clamp(0.0, 1.0)

    @staticmethod
    def backward(context: Any, slope: Tensor) -> Tensor:
        (values,) = context.saved_tensors
        outward = ((values <= 0.0) & (slope > 0.0)) | ((values >= 1.0) & (slope < 0.0))
        return slope.masked_fill(outward, 0.0)


class Generator(nn.Module):
    """Brightness of fine pixels, from frames alone (pix2pix's U-Net; Isola et al. 2017).

    The frame is enlarged linearly with its outer corners in place, halved by each level, and
    built up again with what each level saw before. Without normalisation, or with one whose
    statistics stand still, a crop gives what the whole frame does.

    Parameters
    ----------
    shape
        Its size.
    """

    def __init__(self, shape: GeneratorShape) -> None:
        super().__init__()
        self.shape = shape
        norm, levels = shape.batch_norm, shape.levels
        widths = [shape.channels(level) for level in range(levels)]
        self.down = nn.ModuleList(
            _Down(before, after, norm=norm and level > 0)
            for level, (before, after) in enumerate(zip([1, *widths[:-1]], widths, strict=True))
        )
        # all but the deepest level come a second time, as what was seen on the way down
        self.up = nn.ModuleList(
            _Up(widths[level] * (1 if level == levels - 1 else 2), widths[level - 1], norm=norm)
            for level in range(levels - 1, 0, -1)
        )
        first = widths[0] * (1 if levels == 1 else 2)
        self.last = _Up(first, shape.last_channels, norm=norm)
        self.refine = nn.Sequential(
            nn.ReplicationPad2d(1), nn.Conv2d(shape.last_channels, shape.last_channels, 3)
        )
        self.head = nn.Conv2d(shape.last_channels, 1, 1)
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, a=_SLOPE)
                assert module.bias is not None
                nn.init.zeros_(module.bias)
        assert self.head.bias is not None
        with torch.no_grad():
            # nearly all fine pixels are dark
            self.head.weight.mul_(0.1)
            self.head.bias.fill_(_FIRST_BRIGHTNESS)

    def enlarged(self, frames: Tensor) -> Tensor:
        """Frames on the fine grid, outer corners in place.

        Parameters
        ----------
        frames
            ``(n, 1, height, width)``.

        Returns
        -------
        Tensor
            ``(n, 1, factor height, factor width)``.
        """
        return functional.interpolate(
            frames, scale_factor=float(self.shape.factor), mode="bilinear", align_corners=False
        )

    def forward(self, frames: Tensor) -> Tensor:
        """Brightness from 0 to 1.

        Parameters
        ----------
        frames
            ``(n, 1, height, width)`` plane ``light`` of
            `cellstorm.localize.net.inputs.input_planes`, of any size.

        Returns
        -------
        Tensor
            ``(n, 1, factor height, factor width)`` float32.
        """
        fine = self.enlarged(frames)
        seen = [fine]
        for down in self.down:
            seen.append(down(seen[-1]))
        features = seen[-1]
        for up, before in zip(self.up, seen[-2:0:-1], strict=True):
            features = torch.cat([up(features, before), before], dim=1)
        full = self.last(features, fine)
        full = full + functional.leaky_relu(self.refine(full), _SLOPE)
        # few significant digits would make steps out of faint pixels
        brightness: Tensor = self.head(full).float()
        if self.training:
            return cast("Tensor", _Bounded.apply(brightness))  # type: ignore[no-untyped-call]
        return brightness.clamp(0.0, 1.0)
