"""From on-times to light: blinks are cut at the borders of frames, block by block."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FRAMES_PER_DRAW", "Activity", "Blinks", "activity_in_blocks"]

FRAMES_PER_DRAW = 64
"""Blinks are drawn for so many frames at a time, whatever the length of the blocks asked for:
the result does not depend on it."""


@dataclass(frozen=True)
class Activity:
    """Which molecules give light in a block of frames, and how much.

    Attributes
    ----------
    start, stop
        The block's frames, counted from the movie's first.
    molecule
        ``(rows,)`` int64 index of the molecule's site; at most one row per molecule and
        frame.
    frame
        ``(rows,)`` int64, counted from the movie's first, ascending.
    photons
        ``(rows,)`` float64 expected light in that frame, over 0.
    """

    start: int
    stop: int
    molecule: NDArray[np.int64]
    frame: NDArray[np.int64]
    photons: NDArray[np.float64]


@dataclass(frozen=True)
class Blinks:
    """Times at which molecules are on.

    Attributes
    ----------
    molecule
        ``(blinks,)`` int64 index of the site.
    start, stop
        ``(blinks,)`` float64 instants in frames from the movie's begin.
    brightness
        ``(blinks,)`` float64 photons per whole frame.
    """

    molecule: NDArray[np.int64]
    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    brightness: NDArray[np.float64]

    @classmethod
    def joined(cls, parts: "list[Blinks]") -> "Blinks":
        """One set of all the blinks, in the order of the parts."""
        if not parts:
            return cls(np.empty(0, np.int64), np.empty(0), np.empty(0), np.empty(0))
        return cls(
            np.concatenate([part.molecule for part in parts]),
            np.concatenate([part.start for part in parts]),
            np.concatenate([part.stop for part in parts]),
            np.concatenate([part.brightness for part in parts]),
        )

    def lasting_over(self, frame: int) -> "Blinks":
        """Those that still give light from the begin of a frame on."""
        left = self.stop > frame
        return Blinks(self.molecule[left], self.start[left], self.stop[left], self.brightness[left])


def activity_in_blocks(
    draw: Callable[[int, int], Blinks], frames: int, block_frames: int
) -> Iterator[Activity]:
    """Light per molecule and frame, in blocks of frames.

    Parameters
    ----------
    draw
        Called as ``draw(start, stop)``, in the order of time and without gaps, for the
        blinks that begin in those frames; they may end at any later time.
    frames
        Length of the movie.
    block_frames
        Length of the blocks; the last may be shorter.

    Yields
    ------
    Activity
        One per block, in order. What is held meanwhile grows with a block's length and
        not with the movie's.
    """
    if block_frames < 1:
        raise ValueError("block_frames must be 1 or more")
    ahead = _light_per_draw(draw, frames)
    drawn = 0
    molecule, frame, photons = _no_light()
    for start in range(0, frames, block_frames):
        stop = min(start + block_frames, frames)
        parts = [(molecule, frame, photons)]
        while drawn < stop:
            parts.append(next(ahead))
            drawn += FRAMES_PER_DRAW
        molecule, frame, photons = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        end = int(np.searchsorted(frame, stop))
        yield Activity(start, stop, molecule[:end], frame[:end], photons[:end])
        molecule, frame, photons = molecule[end:], frame[end:], photons[end:]


_Light = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]


def _no_light() -> _Light:
    return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)


def _light_per_draw(draw: Callable[[int, int], Blinks], frames: int) -> Iterator[_Light]:
    lasting = Blinks.joined([])
    for number in range(math.ceil(frames / FRAMES_PER_DRAW)):
        start = number * FRAMES_PER_DRAW
        stop = start + FRAMES_PER_DRAW
        # beyond the movie's end too: a longer movie of the same seed begins like a shorter one
        blinks = Blinks.joined([lasting, draw(start, stop)])
        yield _light_per_frame(blinks, start, min(stop, frames))
        lasting = blinks.lasting_over(stop)


def _light_per_frame(blinks: Blinks, start: int, stop: int) -> _Light:
    """Molecule, frame and photons of every row with light in ``start <= frame < stop``."""
    first = np.floor(np.maximum(blinks.start, start)).astype(np.int64)
    last = np.ceil(np.minimum(blinks.stop, stop)).astype(np.int64)
    lengths = np.maximum(last - first, 0)
    blink = np.repeat(np.arange(lengths.size), lengths)
    frame = np.arange(blink.size) - np.repeat(np.cumsum(lengths) - lengths, lengths) + first[blink]
    share = np.minimum(blinks.stop[blink], frame + 1.0) - np.maximum(blinks.start[blink], frame)
    photons = share * blinks.brightness[blink]
    lit = photons > 0
    molecule, frame, photons = blinks.molecule[blink[lit]], frame[lit], photons[lit]
    if not frame.size:
        return _no_light()
    order = np.lexsort((molecule, frame))
    molecule, frame, photons = molecule[order], frame[order], photons[order]
    # a molecule may come on twice in a frame: nothing on the picture tells one from the other
    new = np.ones(frame.size, np.bool_)
    new[1:] = (frame[1:] != frame[:-1]) | (molecule[1:] != molecule[:-1])
    return molecule[new], frame[new], np.add.reduceat(photons, np.flatnonzero(new))
