"""Frames of any size through a network, a tile at a time, as if it were done at once."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["tiled_maps", "tiles"]


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
