"""Eight-bit arithmetic for a model file: a third of the time, next to no accuracy."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from cellstorm.atomic_file import atomic_file
from cellstorm.localize.net.inputs import input_planes
from cellstorm.simulate import make_clip
from cellstorm.train.conditions import Conditions

__all__ = ["quantise", "typical_inputs"]

# the ends of ranges must have been met: what is brighter later on is cut off
_CLIPS = 40
_FRAMES = 10


def typical_inputs(conditions: Conditions, *, seed: int) -> Iterator[NDArray[np.float32]]:
    """Planes of clips as the network meets them, for the ranges of its activations.

    Parameters
    ----------
    conditions
        What recordings are like.
    seed
        Of the clips.

    Yields
    ------
    NDArray[np.float32]
        ``(frames, planes, height, width)``.
    """
    random = np.random.default_rng([seed, 5])
    drawn = conditions.changed(frames=_FRAMES)
    for _ in range(_CLIPS):
        clip = make_clip(drawn.draw(random))
        camera = clip.simulation.recorded_camera
        height, width = clip.frames.shape[1:]
        yield input_planes(
            clip.frames, camera, clip.coding, (0, width, 0, height), clip.simulation.psf_sigma_px
        )


def quantise(model: Path, inputs: Iterator[NDArray[np.float32]]) -> None:
    """Make a model file compute with eight-bit integers, but for its first and last layers.

    Weights stay in the file as they were learned; a runtime rounds them, channel by
    channel, when it opens it, so that the network can be trained on. The first layer sees
    light from the noise of a dark pixel to the brightest haze, and the last one's maps are
    positions in pixels: both need more than 256 steps.

    Parameters
    ----------
    model
        The file, made by `export_network`; is replaced.
    inputs
        What it is usually run on.
    """
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def get_next(self) -> dict[str, Any] | None:
            planes = next(inputs, None)
            return None if planes is None else {"frames": planes}

    graph = onnx.load(str(model)).graph
    layers = [node.name for node in graph.node if node.op_type == "Conv"]
    log = logging.getLogger()
    level = log.level
    with atomic_file(model) as temporary:
        # advises a preparation that is of use with other networks only
        log.setLevel(logging.ERROR)
        try:
            quantize_static(
                str(model),
                str(temporary),
                Reader(),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                nodes_to_exclude=[layers[0], layers[-1]],
                extra_options={"AddQDQPairToWeight": True},
            )
        finally:
            log.setLevel(level)
