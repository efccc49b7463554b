"""Simulated clips in memory, coded and decoded, and the patches that are cut from them."""

from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import polars as pl
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from cellstorm.movie.codec_facts import CodedFrames
from cellstorm.simulate.codec import VideoCodec, decode_blocks
from cellstorm.simulate.simulation import SimulatedBlock, Simulation
from cellstorm.simulate.truth import TRUTH_SCHEMA

__all__ = ["Clip", "Patches", "cut_patches", "make_clip"]


@dataclass(frozen=True, eq=False)
class Clip:
    """A whole simulated movie in memory, as a reader of its file would see it.

    Attributes
    ----------
    frames
        ``(n, height, width)`` uint8 or uint16, luma as decoded.
    coding
        What the codec did, as `cellstorm.movie` tells it; None for uncoded clips.
    truth
        Rows of `Simulation.truth`, by frame.
    background
        ``(n, height, width)`` float32 expected light without molecules, photons per pixel;
        ``(1, height, width)`` where it never changes.
    block_size_px
        Period of the grid of the codec's largest blocks, px; 1 without blocks.
    grid_shift_px
        ``(x, y)``, how far left of and above the corner the grid begins. Unlike that of
        ``coding`` it is known for every codec.
    simulation
        What made it.
    """

    frames: NDArray[Any]
    coding: CodedFrames | None
    truth: pl.DataFrame
    background: NDArray[np.float32]
    block_size_px: int
    grid_shift_px: tuple[int, int]
    simulation: Simulation


@dataclass(frozen=True, eq=False)
class Patches:
    """Small windows of a clip, each with the frames around the one that matters.

    Attributes
    ----------
    frames
        ``(count, context, size, size)`` of the clip's dtype; the middle one matters.
    qp
        ``(count, context, size, size)`` uint8, H.264's quantisation parameter under each
        pixel, or None.
    picture_types
        ``(count, context)`` uint8, values of `PictureType`, or None for uncoded clips.
    background
        ``(count, size, size)`` float32, of the middle frame, photons per pixel.
    truth
        Molecules of the middle frame inside the patch: ``patch`` (its number), ``id``,
        ``x_px``, ``y_px`` (from the patch's outer corner), ``z_nm``, ``photons``,
        ``background_photons``; ordered by patch.
    frame, x0_px, y0_px
        ``(count,)`` int64 middle frame and upper left pixel in the clip.
    block_phase_px
        ``(count, 2)`` int64, x and y of the patch's first pixel within its block.
    """

    frames: NDArray[Any]
    qp: NDArray[np.uint8] | None
    picture_types: NDArray[np.uint8] | None
    background: NDArray[np.float32]
    truth: pl.DataFrame
    frame: NDArray[np.int64]
    x0_px: NDArray[np.int64]
    y0_px: NDArray[np.int64]
    block_phase_px: NDArray[np.int64]


def make_clip(simulation: Simulation) -> Clip:
    """Simulate, encode and decode a movie without touching the disk.

    Frames and codec facts are those that `open_movie` gives for the file that
    `Simulation.run` writes.

    Parameters
    ----------
    simulation
        What to make; all of it is held in memory.
    """
    truth: list[pl.DataFrame] = []
    backgrounds: list[NDArray[np.float32]] = []
    light = simulation.background
    changes = any(part is not None for part in (light.out_of_focus, light.bleaching, light.flicker))

    def keep(block: SimulatedBlock) -> None:
        truth.append(block.truth)
        if changes or not backgrounds:
            backgrounds.append(block.background if changes else block.background[:1])

    codec = simulation.drawn_codec
    coding: CodedFrames | None = None
    block_size_px, shift_px = 1, (0, 0)
    with closing(simulation.recorded(keep)) as recorded:
        last = codec.last_generation
        if isinstance(last, VideoCodec):
            coded = codec.encode_to_memory(recorded, simulation.view)
            (decoded,) = decode_blocks(
                BytesIO(coded), with_qp=True, frames_per_block=simulation.frames
            )
            frames, coding = decoded.frames, decoded.coding
            block_size_px, shift_px = last.block_size_px, last.shift_px
        else:
            frames = np.concatenate(list(recorded))
    return Clip(
        frames=frames,
        coding=coding,
        truth=pl.concat(truth) if truth else pl.DataFrame(schema=TRUTH_SCHEMA),
        background=np.concatenate(backgrounds),
        block_size_px=block_size_px,
        grid_shift_px=shift_px,
        simulation=simulation,
    )


def cut_patches(
    clip: Clip, *, size_px: int = 64, context: int = 3, count: int, random: np.random.Generator
) -> Patches:
    """Cut patches anywhere in a clip, each with all the frames around it.

    Places and frames are drawn evenly; the first and last frames of the clip, which lack
    neighbours, are never in the middle. A clip yields as many different patches as there
    are places, but those that overlap have the same noise: about
    ``frames * (width / size) * (height / size)`` are worth cutting.

    Parameters
    ----------
    clip
        Where from.
    size_px
        Edge of a patch.
    context
        Frames of a patch, odd.
    count
        Patches wanted.
    random
        Draws places and frames.

    Raises
    ------
    ValueError
        The clip is smaller or shorter than a patch, or ``context`` is even.
    """
    frames, height, width = clip.frames.shape
    if context < 1 or context % 2 == 0:
        raise ValueError(f"context must be odd (given: {context})")
    if size_px < 1 or size_px > min(height, width) or context > frames:
        raise ValueError(
            f"no patch of {context} x {size_px} x {size_px} fits into a clip of"
            f" {frames} x {height} x {width}"
        )
    half = context // 2
    frame = random.integers(half, frames - half, count)
    x0 = random.integers(0, width - size_px + 1, count)
    y0 = random.integers(0, height - size_px + 1, count)
    around = frame[:, None] + np.arange(-half, half + 1)
    window = (context, size_px, size_px)
    coding = clip.coding
    qp: NDArray[np.uint8] | None = None
    if coding is not None and coding.qp is not None:
        planes = sliding_window_view(_qp_planes(coding, (height, width)), window)
        qp = planes[frame - half, y0, x0]
    lit = frame if clip.background.shape[0] > 1 else np.zeros_like(frame)
    shift = np.array(clip.grid_shift_px)
    return Patches(
        frames=sliding_window_view(clip.frames, window)[frame - half, y0, x0],
        qp=qp,
        picture_types=None if coding is None else coding.picture_types[around],
        background=sliding_window_view(clip.background, window[1:], axis=(1, 2))[lit, y0, x0],
        truth=_truth_inside(clip, frame, x0, y0, size_px),
        frame=frame,
        x0_px=x0,
        y0_px=y0,
        block_phase_px=(np.stack([x0, y0], axis=1) + shift) % clip.block_size_px,
    )


def _qp_planes(coding: CodedFrames, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """``(n, height, width)``, the quantisation parameter under each pixel."""
    assert coding.qp is not None
    block, (grid_x, grid_y) = coding.block_size_px, coding.grid_offset_px
    qp = coding.qp.astype(np.uint8).repeat(block, axis=1).repeat(block, axis=2)
    return qp[:, grid_y : grid_y + shape[0], grid_x : grid_x + shape[1]]


def _truth_inside(
    clip: Clip,
    frame: NDArray[np.int64],
    x0: NDArray[np.int64],
    y0: NDArray[np.int64],
    size_px: int,
) -> pl.DataFrame:
    frames = clip.truth["frame"].to_numpy()
    first = np.searchsorted(frames, frame)
    molecules = np.searchsorted(frames, frame, side="right") - first
    patch = np.repeat(np.arange(frame.size), molecules)
    # rows first[k] to first[k] + molecules[k] of each patch k, one after the other
    within = np.arange(patch.size) - np.repeat(np.cumsum(molecules) - molecules, molecules)
    row = np.repeat(first, molecules) + within
    pixel_size_nm = clip.simulation.pixel_size_nm
    x_px = clip.truth["x_nm"].to_numpy()[row] / pixel_size_nm - x0[patch]
    y_px = clip.truth["y_nm"].to_numpy()[row] / pixel_size_nm - y0[patch]
    inside = (x_px >= 0) & (x_px < size_px) & (y_px >= 0) & (y_px < size_px)
    others = clip.truth.select("id", "z_nm", "photons", "background_photons")[row[inside]]
    return pl.DataFrame(
        {"patch": patch[inside], "x_px": x_px[inside], "y_px": y_px[inside]}
    ).hstack(others)
