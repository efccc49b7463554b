"""Numba kernels: where in a frame there can be a molecule, on a coarse grid of cells."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cellstorm.localize.gaussian._convolution_kernel import box_mean, convolve_separable
from cellstorm.localize.gaussian._fast_math import FAST
from cellstorm.localize.net.inputs import CELL_PX

__all__ = ["DOUBTFUL", "EMPTY", "SURE", "list_boxes", "mark_cells"]

EMPTY, DOUBTFUL, SURE = 0, 1, 2

_BINS = 1024
_BINS_PER_NOISE = 64.0
_LOW_SHARE = 0.15866

Stack = NDArray[np.float32]


@njit(nogil=True, cache=True, fastmath=FAST)
def _lower_width(first: Stack, second: Stack, third: Stack, frames: int, scale: float) -> float:
    """Median less the 16th percentile of the scaled sum of the first ``frames`` pictures.

    Molecules make values larger, so what lies under the median is noise.
    """
    counts = np.zeros(_BINS, np.int64)
    factor = np.float32(scale * _BINS_PER_NOISE)
    middle = np.float32(_BINS // 2)
    height, width = first.shape
    for j in range(height):
        for i in range(width):
            value = first[j, i]
            if frames > 1:
                value += second[j, i]
            if frames > 2:
                value += third[j, i]
            place = min(max(value * factor + middle, np.float32(0.0)), np.float32(_BINS - 1))
            counts[int(place)] += 1
    places = np.empty(2)
    for k in range(2):
        wanted = (_LOW_SHARE if k == 0 else 0.5) * height * width
        below = 0
        place = 0
        while below + counts[place] < wanted:
            below += counts[place]
            place += 1
        places[k] = place + (wanted - below) / counts[place]
    return float(places[1] - places[0]) / _BINS_PER_NOISE


@njit(nogil=True, cache=True, fastmath=FAST)
def _mark_part(
    before: Stack,
    now: Stack,
    after: Stack,
    widths: NDArray[np.float64],
    least_noise: float,
    least_alone: float,
    least_together: float,
    least_now: float,
    sure: float,
    margin_px: int,
    top: int,
    left: int,
    cells: NDArray[np.uint8],
) -> None:
    """Mark the cells near significant pixels of one part of a frame."""
    # where a codec took the noise away, it may have taken a molecule that its neighbours show
    low = np.float32(least_now * widths[0] if widths[0] >= least_noise else -np.inf)
    own = max(widths[0], least_noise)
    high = np.float32(sure * own)
    alone = np.float32(least_alone * own)
    together = least_together * math.sqrt(2.0)
    with_before = np.float32(together * max(widths[1], least_noise))
    with_after = np.float32(together * max(widths[2], least_noise))
    with_both = np.float32(least_together * math.sqrt(3.0) * max(widths[3], least_noise))
    rows, columns = cells.shape
    height, width = now.shape
    for j in range(height):
        for i in range(width):
            value = now[j, i]
            if value < low:
                continue
            earlier = value + before[j, i]
            later = value + after[j, i]
            if (
                value < alone
                and earlier < with_before
                and later < with_after
                and earlier + after[j, i] < with_both
            ):
                continue
            kind = SURE if value > high else DOUBTFUL
            y, x = top + j, left + i
            for row in range(
                max(y - margin_px, 0) // CELL_PX, min((y + margin_px) // CELL_PX + 1, rows)
            ):
                for column in range(
                    max(x - margin_px, 0) // CELL_PX, min((x + margin_px) // CELL_PX + 1, columns)
                ):
                    cells[row, column] = max(cells[row, column], kind)


@njit(nogil=True, cache=True)
def mark_cells(
    light: Stack,
    begin: int,
    end: int,
    step: int,
    neighbours: bool,
    profile: NDArray[np.float32],
    background_radius: int,
    scale: NDArray[np.float32],
    least_noise: float,
    levels: NDArray[np.float64],
    margin_px: int,
    part_px: int,
    cells: NDArray[np.uint8],
) -> None:
    """Mark where the matched filter stands out of the noise, alone or with a neighbour in time.

    The filter is the PSF's profile less the mean of a larger square. Its noise is measured
    in every frame and part of it, for one frame and for the sums of two and three, whose
    noise a codec makes dependent.

    Parameters
    ----------
    light
        ``(n, height, width)`` with even noise.
    begin, end, step
        Frames to be marked: every ``step`` of ``begin`` to ``end`` (exclusive).
    neighbours
        Add the frames before and after; else each frame alone.
    profile
        ``(2 r + 1,)`` the filter along one axis.
    background_radius
        Half width of the square, px.
    scale
        ``(height, width)``, brings the filter's noise to one where that of ``light`` is as it
        should be.
    least_noise
        Noise is not taken to be less than that, in the same unit.
    levels
        Multiples of the noise: a frame alone, with others, in the frame itself in this case
        (unless its noise is less than ``least_noise``), and from where there is no doubt.
    margin_px
        Distance from a significant pixel within which cells are marked.
    part_px
        Noise is measured in parts of about this size.
    cells
        Output ``(frames, height / CELL_PX, width / CELL_PX)`` of `EMPTY`, `DOUBTFUL`, `SURE`.
    """
    count, height, width = light.shape
    first, last = begin, end
    if neighbours:
        first, last = max(begin - 1, 0), min(end + 1, count)
    response = np.empty((last - first, height, width), np.float32)
    mean = np.empty((height, width), np.float32)
    for frame in range(first, last, step):
        filtered = response[frame - first]
        convolve_separable(light[frame], profile, filtered)
        box_mean(light[frame], background_radius, mean)
        for j in range(height):
            for i in range(width):
                filtered[j, i] = (filtered[j, i] - mean[j, i]) * scale[j, i]
    down, across = max(round(height / part_px), 1), max(round(width / part_px), 1)
    widths = np.empty(4)
    for row in range(down):
        top, bottom = height * row // down, height * (row + 1) // down
        for column in range(across):
            left, right = width * column // across, width * (column + 1) // across
            paired = 0.0
            for k, frame in enumerate(range(begin, end, step)):
                place = frame - first
                now = response[place, top:bottom, left:right]
                before, after = now, now
                if neighbours:
                    before = response[max(place - 1, 0), top:bottom, left:right]
                    after = response[min(place + 1, last - first - 1), top:bottom, left:right]
                widths[0] = _lower_width(now, now, now, 1, 1.0)
                widths[1:] = widths[0]
                if neighbours:
                    widths[1] = (
                        paired if k else _lower_width(before, now, now, 2, math.sqrt(1.0 / 2.0))
                    )
                    widths[2] = _lower_width(now, after, now, 2, math.sqrt(1.0 / 2.0))
                    widths[3] = _lower_width(before, now, after, 3, math.sqrt(1.0 / 3.0))
                    paired = widths[2]
                _mark_part(
                    before, now, after, widths, least_noise, levels[0], levels[1], levels[2],
                    levels[3], margin_px, top, left, cells[k],
                )  # fmt: skip


@njit(nogil=True, cache=True)
def list_boxes(cells: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Boxes around touching cells that are marked.

    Parameters
    ----------
    cells
        ``(frames, rows, columns)``; is emptied.

    Returns
    -------
    NDArray[np.int64]
        ``(boxes, 6)`` by frame: frame, first and last (exclusive) row, the same of the
        columns, and the strongest mark.
    """
    frames, rows, columns = cells.shape
    boxes = np.empty((64, 6), np.int64)
    stack = np.empty((rows * columns, 2), np.int64)
    found = 0
    for frame in range(frames):
        for row in range(rows):
            for column in range(columns):
                mark = np.int64(cells[frame, row, column])
                if mark == EMPTY:
                    continue
                if found == boxes.shape[0]:
                    larger = np.empty((2 * found, 6), np.int64)
                    larger[:found] = boxes
                    boxes = larger
                box = boxes[found]
                found += 1
                box[:] = (frame, row, row + 1, column, column + 1, mark)
                cells[frame, row, column] = EMPTY
                stack[0] = (row, column)
                waiting = 1
                while waiting:
                    waiting -= 1
                    j, i = stack[waiting]
                    box[1], box[2] = min(box[1], j), max(box[2], j + 1)
                    box[3], box[4] = min(box[3], i), max(box[4], i + 1)
                    for y in range(max(j - 1, 0), min(j + 2, rows)):
                        for x in range(max(i - 1, 0), min(i + 2, columns)):
                            if cells[frame, y, x] != EMPTY:
                                box[5] = max(box[5], np.int64(cells[frame, y, x]))
                                cells[frame, y, x] = EMPTY
                                stack[waiting] = (y, x)
                                waiting += 1
    return boxes[:found]
