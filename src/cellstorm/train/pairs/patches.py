"""Patches: a part of a frame and its molecules on the fine grid, turned and changed at random."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.localize.gan.brightness import BrightnessScale
from cellstorm.parameters import Parameters
from cellstorm.train.conditions import Range
from cellstorm.train.pairs.fine_grid import rasterised
from cellstorm.train.pairs.recording import PairedRecording

__all__ = ["Augmentation", "PairBatch", "PatchSettings", "cut_pair"]

_TRIES = 20
# twice the square root of the light, in the plane `light`: see `input_planes`
_LIGHT_CENTRE, _LIGHT_NOISE = 10.0, 0.1


class Augmentation(Parameters):
    """How a patch is changed before it is learned from.

    The block grid's phase needs nothing: patches begin at any pixel.
    """

    flips_and_turns: bool = Field(True, description="flip and turn by 90 degrees")
    brightness: Range = Field(
        (0.8, 1.25), description="factor on the light of frame and molecules, as a wrong gain has"
    )
    zoom: Range = Field((0.85, 1.18), description="factor on lengths")


class PatchSettings(Parameters):
    """What a pair looks like."""

    factor: int = Field(4, ge=1, le=16, description="fine pixels along one of the frame")
    patch_px: int = Field(64, ge=8, description="edge of a patch, px of the frame")
    least_molecules: int = Field(1, ge=0, description="molecules that a patch has at least")
    any_share: float = Field(
        0.1, ge=0, le=1, description="share of patches cut anywhere, molecules or not"
    )
    brightness: BrightnessScale = Field(BrightnessScale(), description="light of a fine pixel")
    augmentation: Augmentation | None = Field(Augmentation(), description="None: as recorded")


@dataclass(frozen=True, eq=False)
class PairBatch:
    """Patches and their truth.

    Attributes
    ----------
    light
        ``(n, 1, patch, patch)`` float32.
    truth
        ``(n, 1, factor patch, factor patch)`` float32 brightness from 0 to 1, single pixels.
    """

    light: NDArray[np.float32]
    truth: NDArray[np.float32]


@dataclass(frozen=True)
class _Place:
    frame: int
    left: int
    top: int
    molecules: int


def cut_pair(
    recording: PairedRecording, settings: PatchSettings, random: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """One patch with its truth.

    Parameters
    ----------
    recording
        Where from.
    settings
        Size and changes. Where no patch with enough molecules is found in 20 tries, the one
        with most is taken.
    random
        Draws the place and the changes.

    Returns
    -------
    tuple[NDArray[np.float32], NDArray[np.float32]]
        ``(patch, patch)`` light and ``(factor patch, factor patch)`` brightness.

    Raises
    ------
    ValueError
        The recording is smaller than a patch.
    """
    change = settings.augmentation
    most = min(recording.light.shape[1:])
    if most < settings.patch_px:
        raise ValueError(f"a patch of {settings.patch_px} px does not fit into {most} px")
    zoom = 1.0
    if change is not None:
        # what is enlarged fills a patch from less
        zoom = max(_log_uniform(random, change.zoom), settings.patch_px / (most - 1.0))
    size = math.ceil(settings.patch_px / zoom)
    place = _place(recording, size, settings, random)
    here = recording.rows(place.frame)
    x_px = (recording.x_px[here].astype(np.float64) - place.left) * zoom
    y_px = (recording.y_px[here].astype(np.float64) - place.top) * zoom
    photons = recording.photons[here].astype(np.float64)
    light = recording.light[
        place.frame, place.top : place.top + size, place.left : place.left + size
    ].astype(np.float32)
    if zoom != 1.0:
        mix = _resampling(size, settings.patch_px, zoom)
        light = (mix @ light @ mix.T).astype(np.float32)
    if change is not None:
        factor = _log_uniform(random, change.brightness)
        root = np.maximum(light / _LIGHT_NOISE + _LIGHT_CENTRE, 0.0) * math.sqrt(factor)
        light = ((root - _LIGHT_CENTRE) * _LIGHT_NOISE).astype(np.float32)
        photons *= factor
        if change.flips_and_turns:
            light, x_px, y_px = _turned(light, x_px, y_px, settings.patch_px, random)
    truth = settings.brightness.of_photons(
        rasterised(x_px, y_px, photons, shape_px=light.shape, factor=settings.factor)
    )
    return np.ascontiguousarray(light, np.float32), truth


def _place(
    recording: PairedRecording, size: int, settings: PatchSettings, random: np.random.Generator
) -> _Place:
    count, height, width = recording.light.shape
    anywhere = recording.molecules == 0 or random.random() < settings.any_share
    best: _Place | None = None
    for _ in range(_TRIES):
        if anywhere:
            frame = int(random.integers(count))
            left = int(random.integers(width - size + 1))
            top = int(random.integers(height - size + 1))
        else:
            # a molecule somewhere in the patch; in crowded frames there are more to choose from
            row = int(random.integers(recording.molecules))
            frame = int(np.searchsorted(recording.first_row, row, side="right")) - 1
            left = _around(float(recording.x_px[row]), size, width, random)
            top = _around(float(recording.y_px[row]), size, height, random)
        here = recording.rows(frame)
        x_px, y_px = recording.x_px[here] - left, recording.y_px[here] - top
        inside = (x_px >= 0) & (x_px < size) & (y_px >= 0) & (y_px < size)
        place = _Place(frame, left, top, int(inside.sum()))
        if anywhere or place.molecules >= settings.least_molecules:
            return place
        if best is None or place.molecules > best.molecules:
            best = place
    assert best is not None
    return best


def _around(at_px: float, size: int, length: int, random: np.random.Generator) -> int:
    """A first pixel, drawn so that the patch holds the position."""
    pixel = math.floor(at_px)
    return int(random.integers(max(pixel - size + 1, 0), min(pixel, length - size) + 1))


def _resampling(source: int, target: int, zoom: float) -> NDArray[np.float32]:
    """``(target, source)`` weights of linear interpolation; outer corners coincide."""
    centre = (np.arange(target) + 0.5) / zoom - 0.5
    centre = np.clip(centre, 0.0, source - 1.0)
    low = np.minimum(np.floor(centre).astype(np.int64), source - 2)
    weights = np.zeros((target, source), np.float32)
    weights[np.arange(target), low] = 1.0 - (centre - low)
    weights[np.arange(target), low + 1] += centre - low
    return weights


def _turned(
    light: NDArray[np.float32],
    x_px: NDArray[np.float64],
    y_px: NDArray[np.float64],
    size: int,
    random: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
    if random.random() < 0.5:
        light, x_px = light[:, ::-1], size - x_px
    if random.random() < 0.5:
        light, y_px = light[::-1], size - y_px
    if random.random() < 0.5:
        light, x_px, y_px = light.T, y_px, x_px
    return light, x_px, y_px


def _log_uniform(random: np.random.Generator, ends: tuple[float, float]) -> float:
    return math.exp(random.uniform(math.log(ends[0]), math.log(ends[1])))
