"""When molecules shine: exponential on-times that begin and end within frames."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Blinks", "blink", "light_per_frame"]


@dataclass(frozen=True)
class Blinks:
    """Every time a molecule was on.

    Attributes
    ----------
    start, stop
        ``(events,)`` float64 instants in frames from the movie's begin; may lie outside.
    brightness
        ``(events,)`` float64 photons per whole frame.
    """

    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    brightness: NDArray[np.float64]


def blink(
    random: np.random.Generator,
    *,
    active_per_frame: float,
    frames: int,
    on_frames: float,
    photons: float,
    photon_spread: float,
) -> Blinks:
    """Draw independent on-times, in steady state from the first frame.

    A molecule that is on for an exponential time of mean T frames, beginning at any
    instant, gives light in 1 + T frames on average (it crosses T frame boundaries); the
    rate of events follows from the wanted number of active molecules per frame.

    Parameters
    ----------
    random
        Source of all randomness.
    active_per_frame
        Mean number of molecules that give light in a frame.
    frames
        Length of the movie.
    on_frames
        Mean on-time, frames.
    photons
        Mean light of a molecule that is on for a whole frame.
    photon_spread
        Relative standard deviation of that from event to event (gamma distributed).
    """
    # after 12 mean on-times the chance of still being on is 6e-6
    lead = 12.0 * on_frames
    expected = active_per_frame * (frames + lead) / (1.0 + on_frames)
    count = int(random.poisson(expected))
    start = random.uniform(-lead, frames, count)
    stop = start + random.exponential(on_frames, count)
    if photon_spread > 0:
        shape = 1.0 / photon_spread**2
        brightness = random.gamma(shape, photons / shape, count)
    else:
        brightness = np.full(count, photons)
    seen = stop > 0
    return Blinks(start[seen], stop[seen], brightness[seen])


def light_per_frame(
    blinks: Blinks, frames: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Cut on-times at frame boundaries.

    Returns
    -------
    event, frame, photons
        ``(rows,)`` each, ordered by frame: which event shines in which frame, and its
        light there. Only rows with light.
    """
    first = np.floor(np.maximum(blinks.start, 0.0)).astype(np.int64)
    last = np.minimum(np.ceil(blinks.stop).astype(np.int64), frames)
    lengths = np.maximum(last - first, 0)
    event = np.repeat(np.arange(lengths.size), lengths)
    within = np.arange(event.size) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    frame = first[event] + within
    share = np.minimum(blinks.stop[event], frame + 1.0) - np.maximum(blinks.start[event], frame)
    photons = share * blinks.brightness[event]
    order = np.argsort(frame, kind="stable")
    order = order[photons[order] > 0]
    return event[order], frame[order], photons[order]
