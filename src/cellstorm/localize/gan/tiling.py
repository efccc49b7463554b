"""Frames of any size through a network, a tile at a time, as if it were done at once."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["cycled_maps", "tiled_maps", "tiles"]

# two dimensions' golden ratio (Roberts 2018): even over any frames, whatever their rhythm
_EVEN_STEPS = (0.7548776662466927, 0.5698402909980532)


def tiles(
    length_px: int, *, core_px: int, halo_px: int, align_px: int
) -> Iterator[tuple[int, int, int, int]]:
    """Cut one axis into cores that touch and what must be seen around each.

    Parameters
    ----------
    length_px
        Of the axis.
    core_px
        Wanted length of a core; rounded up to a multiple of ``align_px``.
    halo_px
        What a network looks at on either side of a pixel.
    align_px
        Tiles begin at multiples of it: where the network halves its maps, it does so in step.

    Yields
    ------
    tuple[int, int, int, int]
        First and last (exclusive) pixel of the core, then of what is seen.
    """
    core_px, halo_px = (align_px * -(-length // align_px) for length in (core_px, halo_px))
    for start in range(0, length_px, core_px):
        stop = min(start + core_px, length_px)
        # the outermost tiles end where the frame does, which is what a network pads
        yield start, stop, max(start - halo_px, 0), min(stop + halo_px, length_px)


def tiled_maps(
    compute: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    light: NDArray[np.float32],
    *,
    factor: int,
    core_px: int,
    halo_px: int,
    align_px: int,
) -> NDArray[np.float32]:
    """Fine maps of frames, put together from tiles.

    Parameters
    ----------
    compute
        The network: ``(n, 1, height, width)`` to ``(n, 1, factor height, factor width)``.
    light
        ``(n, height, width)``.
    factor
        Fine pixels along one of the frame.
    core_px, halo_px, align_px
        As for `tiles`.

    Returns
    -------
    NDArray[np.float32]
        ``(n, factor height, factor width)``.
    """
    count, height, width = light.shape
    maps = np.empty((count, factor * height, factor * width), np.float32)
    for top, bottom, above, below in tiles(
        height, core_px=core_px, halo_px=halo_px, align_px=align_px
    ):
        for left, right, before, after in tiles(
            width, core_px=core_px, halo_px=halo_px, align_px=align_px
        ):
            seen = np.ascontiguousarray(light[:, None, above:below, before:after])
            fine = compute(seen)[:, 0]
            maps[:, factor * top : factor * bottom, factor * left : factor * right] = fine[
                :,
                factor * (top - above) : factor * (bottom - above),
                factor * (left - before) : factor * (right - before),
            ]
    return maps


def cycled_maps(
    compute: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    light: NDArray[np.float32],
    *,
    first_frame: int,
    factor: int,
    core_px: int,
    halo_px: int,
    align_px: int,
) -> NDArray[np.float32]:
    """Fine maps of frames, the network's own grid elsewhere in each of them.

    A network that halves its maps draws differently by where a molecule stands in its grid of
    ``align_px``. Moved from frame to frame that averages out in sum and table, at no cost
    (cycle spinning, Coifman & Donoho 1995, over time).

    Parameters
    ----------
    compute, factor, core_px, halo_px, align_px
        As for `tiled_maps`.
    light
        ``(n, height, width)`` consecutive frames.
    first_frame
        Number of the first in the movie: a frame is drawn alike in whatever chunk it comes.

    Returns
    -------
    NDArray[np.float32]
        ``(n, factor height, factor width)``.
    """
    count, height, width = light.shape
    room = align_px - 1
    moved = np.empty((count, height + room, width + room), np.float32)
    places = []
    for index, frame in enumerate(light):
        down, right = (int(align_px * ((first_frame + index) * step % 1.0)) for step in _EVEN_STEPS)
        places.append((factor * down, factor * right))
        moved[index] = np.pad(frame, ((down, room - down), (right, room - right)), mode="edge")
    fine = tiled_maps(
        compute,
        moved,
        factor=factor,
        # what fitted one tile before still does
        core_px=core_px + room,
        halo_px=halo_px,
        align_px=align_px,
    )
    return np.stack(
        [
            one[top : top + factor * height, left : left + factor * width]
            for one, (top, left) in zip(fine, places, strict=True)
        ]
    )
