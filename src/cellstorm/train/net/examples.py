"""Training windows: simulated clips in memory, cut, turned and withheld at random."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from cellstorm.localize.net.inputs import PLANES, input_planes, mirrored
from cellstorm.simulate import Simulation, make_clip
from cellstorm.train.clip_supply import ClipSupply
from cellstorm.train.conditions import Conditions
from cellstorm.train.net.loss import Targets

__all__ = ["Batch", "ClipPool", "TrainingClip", "training_clip"]

_LEAST_SIGNIFICANCE = 2.0
_EDGE_PX = 0.7
_PHASE_X, _PHASE_Y = PLANES.index("block_phase_x"), PLANES.index("block_phase_y")
_CODEC = slice(PLANES.index("coding_noise"), PLANES.index("block_phase_y") + 1)
_PSF_WIDTH = PLANES.index("psf_width")
_QUANTISER = slice(PLANES.index("coding_noise"), PLANES.index("quantiser_known") + 1)
# of the windows: browsers and HEVC tell no quantiser, images on disk nothing at all
_WITHHELD = 0.25
# of the windows: dense and dim movies do not tell it
_WIDTH_WITHHELD = 0.25
# standard deviation of the logarithm of a width that was measured
_WIDTH_ERROR = 0.03
# of the clips; of crowds and denoised movies an estimate can be far from the truth
_WELL_KNOWN_CAMERAS = 0.7
# a clip's 40 frames of 112 px hold as many windows that do not overlap
_WINDOWS_PER_CLIP = 160
_FIRST_CLIPS = 32
# more molecules say more, but crowds must not be all that is learned
_MOLECULES_OF_A_CROWD = 10.0


@dataclass(frozen=True)
class TrainingClip:
    """A clip as the network sees it, with its truth.

    Attributes
    ----------
    planes
        ``(frames, 7, height, width)`` float16, `input_planes`.
    log_background
        ``(frames or 1, height, width)`` float16.
    frame, x_px, y_px, log_photons
        ``(molecules,)`` those that can be seen, by frame.
    first_row
        ``(frames + 1,)`` where each frame's molecules begin.
    """

    planes: NDArray[np.float16]
    log_background: NDArray[np.float16]
    x_px: NDArray[np.float32]
    y_px: NDArray[np.float32]
    log_photons: NDArray[np.float32]
    first_row: NDArray[np.int64]


@dataclass(frozen=True)
class Batch:
    """Windows and their truth."""

    frames: torch.Tensor
    targets: Targets


def training_clip(simulation: Simulation, random: np.random.Generator) -> TrainingClip:
    """Simulate, code and decode a clip in memory.

    The camera that the frames are read with differs a little from the true one, as a
    calibration or an estimate does; photons and background are counted with it.

    Parameters
    ----------
    simulation
        What to make.
    random
        Draws the camera's errors.
    """
    clip = make_clip(simulation)
    camera = simulation.recorded_camera
    gain_error, offset_error_adu = _camera_error(random)
    used = camera.model_copy(
        update={
            "gain_e_per_adu": camera.gain_e_per_adu * gain_error,
            "offset_adu": camera.offset_adu + offset_error_adu,
        }
    )
    count, height, width = clip.frames.shape
    sigma_px = simulation.psf_sigma_px
    told_px = sigma_px * math.exp(random.normal(0.0, _WIDTH_ERROR))
    planes = input_planes(clip.frames, used, clip.coding, (0, width, 0, height), told_px)
    # how well a molecule can be seen is told by the background under it
    noise = pl.col("background_photons") + camera.read_noise_e**2
    least = _LEAST_SIGNIFICANCE * (noise * 4.0 * np.pi).sqrt() * sigma_px
    truth = clip.truth.filter(pl.col("photons") >= least)
    return TrainingClip(
        planes=planes.astype(np.float16),
        log_background=np.log(clip.background * gain_error + 0.1).astype(np.float16),
        x_px=(truth["x_nm"].to_numpy() / simulation.pixel_size_nm).astype(np.float32),
        y_px=(truth["y_nm"].to_numpy() / simulation.pixel_size_nm).astype(np.float32),
        log_photons=np.log(truth["photons"].to_numpy() * gain_error).astype(np.float32),
        first_row=np.searchsorted(truth["frame"].to_numpy(), np.arange(count + 1)),
    )


def _camera_error(random: np.random.Generator) -> tuple[float, float]:
    """Factor of the gain and grey values of the offset that a camera is off by."""
    if random.random() < _WELL_KNOWN_CAMERAS:
        return math.exp(random.normal(0.0, 0.15)), random.normal(0.0, 1.0)
    return math.exp(random.uniform(-1.0, 0.7)), random.uniform(-6.0, 6.0)


class ClipPool:
    """Clips of ever new conditions, replaced one by one by a thread of its own.

    Parameters
    ----------
    conditions
        Where clips are drawn from.
    size
        Clips kept at a time.
    seed
        Same seed, same clips in the same order (which windows are cut from which depends
        on how fast they are made).
    context_frames
        Frames of a window.
    window_px
        Edge of a window, px.
    """

    def __init__(
        self,
        conditions: Conditions,
        *,
        size: int,
        seed: int | Sequence[int],
        context_frames: int,
        window_px: int = 64,
    ) -> None:
        self._reach = context_frames // 2
        self._window_px = window_px
        self._supply = ClipSupply(
            lambda random: training_clip(conditions.draw(random), random),
            size=size,
            first=_FIRST_CLIPS,
            uses_per_clip=_WINDOWS_PER_CLIP,
            seed=seed,
        )

    @property
    def made(self) -> int:
        """Clips made so far."""
        return self._supply.made

    def close(self) -> None:
        """Stop making clips."""
        self._supply.close()

    def batches(self, windows: int, random: np.random.Generator) -> Iterator[Batch]:
        """Batches without end, as soon as there are a few clips."""
        while True:
            self._supply.begin(windows)
            yield self._batch(windows, random)

    def _batch(self, windows: int, random: np.random.Generator) -> Batch:
        context, size = 2 * self._reach + 1, self._window_px
        planes = np.empty((windows, context, len(PLANES), size, size), np.float16)
        background = np.empty((windows, size, size), np.float32)
        rows: list[NDArray[np.float32]] = []
        owner: list[NDArray[np.int64]] = []
        weight = np.empty(windows, np.float32)
        for window in range(windows):
            clip = self._supply.drawn(random)
            count, _, height, width = clip.planes.shape
            frame = int(random.integers(count))
            top = int(random.integers(height - size + 1))
            left = int(random.integers(width - size + 1))
            shown = mirrored(np.arange(frame - self._reach, frame + self._reach + 1), count)
            cut = clip.planes[shown, :, top : top + size, left : left + size]
            level = clip.log_background[
                frame if clip.log_background.shape[0] > 1 else 0,
                top : top + size,
                left : left + size,
            ].astype(np.float32)
            here = slice(clip.first_row[frame], clip.first_row[frame + 1])
            x, y = clip.x_px[here] - left, clip.y_px[here] - top
            # what lies on the edge belongs to it, on whichever side its centre is
            inside = (x > -_EDGE_PX) & (x < size + _EDGE_PX)
            inside &= (y > -_EDGE_PX) & (y < size + _EDGE_PX)
            x, y, light = x[inside], y[inside], clip.log_photons[here][inside]
            phase_x, phase_y = cut[:, _PHASE_X], cut[:, _PHASE_Y]
            if random.random() < 0.5:
                cut, level, x = cut[..., ::-1], level[:, ::-1], size - x
                phase_x, phase_y = -phase_x[..., ::-1], phase_y[..., ::-1]
            if random.random() < 0.5:
                cut, level, y = cut[..., ::-1, :], level[::-1], size - y
                phase_x, phase_y = phase_x[..., ::-1, :], -phase_y[..., ::-1, :]
            if random.random() < 0.5:
                cut, level, x, y = cut.swapaxes(-1, -2), level.T, y, x
                phase_x, phase_y = phase_y.swapaxes(-1, -2), phase_x.swapaxes(-1, -2)
            planes[window], background[window] = cut, level
            planes[window, :, _PHASE_X], planes[window, :, _PHASE_Y] = phase_x, phase_y
            if random.random() < _WITHHELD:
                planes[window, :, _QUANTISER] = 0.0
                if random.random() < 0.5:
                    planes[window, :, _CODEC] = 0.0
            if random.random() < _WIDTH_WITHHELD:
                planes[window, :, _PSF_WIDTH] = 0.0
            # of the clip, not of the window: what counts must not hang on the answer
            usual = clip.x_px.size / count * size**2 / (height * width)
            weight[window] = (1.0 + usual / _MOLECULES_OF_A_CROWD) ** -0.5
            rows.append(np.stack([x, y, light]))
            owner.append(np.full(x.size, window, np.int64))
        joined = np.concatenate(rows, axis=1)
        return Batch(
            torch.from_numpy(planes).to(torch.bfloat16),
            Targets(
                window=torch.from_numpy(np.concatenate(owner)),
                x_px=torch.from_numpy(joined[0]),
                y_px=torch.from_numpy(joined[1]),
                log_photons=torch.from_numpy(joined[2]),
                log_background=torch.from_numpy(background),
                weight=torch.from_numpy(weight),
            ),
        )
