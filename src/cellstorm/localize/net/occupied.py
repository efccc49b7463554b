"""The network's maps, computed only where there can be a molecule."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from scipy.special import expit

from cellstorm.localize.net._crop_kernel import join_boxes
from cellstorm.localize.net._occupancy_kernel import CELL_PX, SURE, list_boxes, mark_cells
from cellstorm.localize.net.inputs import LIGHT_NOISE, PLANES
from cellstorm.localize.net.model_file import NetworkModel

__all__ = ["map_runs"]

Maps = NDArray[np.float32]

# frames sent through the network at a time: enough to keep it busy, little memory
_FRAMES_PER_RUN = 8
_FRAMES_PER_PLAN = 16
# every so many frames of a plan are looked at first, to see whether it is worth while
_GLANCE_STEP = 4

# a PSF of any width from 0.9 to 2.2 px keeps nine tenths of its significance
_FILTER_SIGMA_PX = 1.2
_FILTER_RADIUS_PX = 4
_BACKGROUND_RADIUS_PX = 5
# what a codec leaves of the noise may be next to nothing; molecules are measured by real noise
_LEAST_NOISE = 0.5
# multiples of the noise, chosen so that fewer than one molecule in 1000 is lost
# (docs/network.md, "Empty tiles"): alone, with neighbours, then in the frame itself, no doubt
_LEVELS = np.array([3.8, 4.0, 1.0, 7.0])
_MARGIN_PX = 3
_PART_PX = 128
# Cells of 4 px around a place. With the second positions are off by 0.013 px in 95 of 100
# molecules; the third, for what is nearly a molecule, or just, is farther than the network looks.
_GLANCE_HALO, _HALO, _WIDE_HALO = 2, 8, 12
_GLANCE_SHARE = 0.5
_LEAST_CLOSE, _MOST_CLOSE = -0.1, 0.3
_MASS_PX = 3
# frames of context cost that share of a frame, a call that many cells
_CONTEXT_COST = 0.12
_CALL_COST = 6.0
# of the maps, see `collect_molecules`
_OUTPUTS, _LOGIT = 9, 0
_NOTHING = -100.0


def map_runs(
    network: NetworkModel,
    planes: Maps,
    context_frames: int,
    *,
    skip_empty: bool,
    least_mass: float,
) -> Iterator[tuple[int, Maps]]:
    """Maps of all frames, a few at a time.

    With ``skip_empty`` a matched filter looks for places that stand out of the noise, in
    the frame alone or together with its neighbours; doubtful ones are tried on a small
    part of the frame. The network runs over what is left with a wide border, where this
    costs less than the whole frames. Elsewhere the maps say that there is nothing.

    Parameters
    ----------
    network
        What makes the maps.
    planes
        ``(n + context_frames - 1, planes, height, width)``, sizes multiples of 4.
    context_frames
        Frames that the network looks at for one.
    skip_empty
        False: compute everything.
    least_mass
        Probability that makes a molecule.

    Yields
    ------
    start, maps
        The first frame and ``(frames, outputs, height, width)``; runs without anything are
        left out.
    """
    context = context_frames - 1
    count = planes.shape[0] - context
    light = np.ascontiguousarray(planes[:, PLANES.index("light")]) if skip_empty else None
    for start in range(0, count, _FRAMES_PER_PLAN):
        stop = min(start + _FRAMES_PER_PLAN, count)
        needed = planes[start : stop + context]
        if light is not None:
            seen = slice(max(start + context // 2 - 1, 0), stop + context // 2 + 1)
            begin = start + context // 2 - seen.start
            boxes = _boxes_worth_it(network, needed, light[seen], begin, context, least_mass)
            if boxes is not None:
                if boxes.shape[0]:
                    yield start, _maps_of_boxes(network, needed, boxes, context, least_mass)
                continue
        for first in range(0, stop - start, _FRAMES_PER_RUN):
            last = min(first + _FRAMES_PER_RUN, stop - start)
            yield start + first, network.maps(needed[first : last + context])


def _boxes_worth_it(
    network: NetworkModel,
    planes: Maps,
    light: Maps,
    begin: int,
    context: int,
    least_mass: float,
) -> NDArray[np.int64] | None:
    """Boxes that may hold a molecule, or None where the whole frames cost less."""
    frames = planes.shape[0] - context
    rows, columns = planes.shape[2] // CELL_PX, planes.shape[3] // CELL_PX
    whole = float(rows * columns) * (frames + _CONTEXT_COST * context)
    few = _boxes(light, begin, begin + frames, _GLANCE_STEP, neighbours=False)
    part = whole * len(range(0, frames, _GLANCE_STEP)) / frames
    if _join(few[few[:, 5] == SURE], _HALO, rows, columns, 0, part)[2] > part:
        return None
    # a network that sees a single frame is not asked of others either
    boxes = _boxes(light, begin, begin + frames, 1, neighbours=context > 0)
    sure = boxes[:, 5] == SURE
    _, _, cost = _join(boxes[sure], _HALO, rows, columns, context, whole)
    doubtful = boxes[~sure]
    _, _, glance = _join(doubtful, _GLANCE_HALO, rows, columns, context, whole)
    if cost + glance > whole:
        return None
    masses = _run(network, planes, doubtful, _GLANCE_HALO, context)
    boxes = np.concatenate([boxes[sure], doubtful[masses > _GLANCE_SHARE * least_mass]])
    boxes = boxes[np.argsort(boxes[:, 0], kind="stable")]
    cost = _join(boxes, _HALO, rows, columns, context, whole)[2]
    return None if cost > whole else boxes


def _boxes(light: Maps, begin: int, end: int, step: int, *, neighbours: bool) -> NDArray[np.int64]:
    height, width = light.shape[1:]
    profile, scale = _filter((height, width))
    frames = range(begin, end, step)
    cells = np.zeros((len(frames), height // CELL_PX, width // CELL_PX), np.uint8)
    mark_cells(
        light,
        begin,
        end,
        step,
        neighbours,
        profile,
        _BACKGROUND_RADIUS_PX,
        scale,
        _LEAST_NOISE,
        _LEVELS,
        _MARGIN_PX,
        _PART_PX,
        cells,
    )
    return list_boxes(cells)


@lru_cache(maxsize=4)
def _filter(shape: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The filter along one axis, and one over the noise that it leaves in every pixel.

    At the edges it sees fewer pixels, and some several times.
    """
    place = np.arange(-_FILTER_RADIUS_PX, _FILTER_RADIUS_PX + 1)
    profile = np.exp(-0.5 * (place / _FILTER_SIGMA_PX) ** 2)
    profile /= profile.sum()
    smooth_squared, product, mean_squared = [], [], []
    for size in shape:
        pixels = np.arange(size)
        smooth = np.zeros((size, size))
        seen = np.clip(pixels[:, None] + place, 0, size - 1)
        np.add.at(smooth, (pixels[:, None], seen), profile)
        mean = (abs(pixels[:, None] - pixels) <= _BACKGROUND_RADIUS_PX).astype(np.float64)
        mean /= mean.sum(axis=1, keepdims=True)
        smooth_squared.append(np.square(smooth).sum(axis=1))
        product.append((smooth * mean).sum(axis=1))
        mean_squared.append(np.square(mean).sum(axis=1))
    variance = np.outer(*smooth_squared) - 2.0 * np.outer(*product) + np.outer(*mean_squared)
    scale = 1.0 / (LIGHT_NOISE * np.sqrt(variance))
    return profile.astype(np.float32), scale.astype(np.float32)


def _join(
    boxes: NDArray[np.int64], halo: int, rows: int, columns: int, context: int, most: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
    groups, member, cost = join_boxes(
        np.ascontiguousarray(boxes), halo, rows, columns, _CONTEXT_COST * context, _CALL_COST, most
    )
    return groups, member, cost


def _crop_maps(
    network: NetworkModel, planes: Maps, group: NDArray[np.int64], halo: int, context: int
) -> Maps:
    """Maps of a group of boxes, computed with a border and given without it."""
    first, last = int(group[0]), int(group[1])
    inside, outside = [], []
    for low, high, size in zip(group[2::2], group[3::2], planes.shape[2:], strict=True):
        start = max(int(low) - halo, 0) * CELL_PX
        outside.append(slice(start, min((int(high) + halo) * CELL_PX, size)))
        inside.append(slice(int(low) * CELL_PX - start, int(high) * CELL_PX - start))
    crop = np.ascontiguousarray(planes[first : last + context, :, outside[0], outside[1]])
    maps: Maps = network.maps(crop)[:, :, inside[0], inside[1]]
    return maps


def _run(
    network: NetworkModel,
    planes: Maps,
    boxes: NDArray[np.int64],
    halo: int,
    context: int,
    maps: Maps | None = None,
) -> NDArray[np.float64]:
    """Compute the maps of boxes, and give the greatest probability of 3 x 3 px in each."""
    masses = np.zeros(boxes.shape[0])
    rows, columns = planes.shape[2] // CELL_PX, planes.shape[3] // CELL_PX
    groups, group_of_box, _ = _join(boxes, halo, rows, columns, context, np.inf)
    for number, group in enumerate(groups):
        first, last, top, bottom, left, right = (int(value) for value in group)
        part = _crop_maps(network, planes, group, halo, context)
        if maps is not None:
            inside = np.s_[top * CELL_PX : bottom * CELL_PX, left * CELL_PX : right * CELL_PX]
            maps[first:last, :, *inside] = part
        mean = uniform_filter(expit(part[:, _LOGIT]), (1, _MASS_PX, _MASS_PX), mode="constant")
        for k in np.flatnonzero(group_of_box == number):
            frame, y0, y1, x0, x1, _ = boxes[k]
            tall = slice((y0 - top) * CELL_PX, (y1 - top) * CELL_PX)
            wide = slice((x0 - left) * CELL_PX, (x1 - left) * CELL_PX)
            masses[k] = _MASS_PX**2 * mean[frame - first, tall, wide].max()
    return masses


def _maps_of_boxes(
    network: NetworkModel,
    planes: Maps,
    boxes: NDArray[np.int64],
    context: int,
    least_mass: float,
) -> Maps:
    frames = planes.shape[0] - context
    maps = np.zeros((frames, _OUTPUTS, *planes.shape[2:]), np.float32)
    maps[:, _LOGIT] = _NOTHING
    masses = _run(network, planes, boxes, _HALO, context, maps)
    close = (masses > least_mass + _LEAST_CLOSE) & (masses < least_mass + _MOST_CLOSE)
    _run(network, planes, boxes[close], _WIDE_HALO, context, maps)
    return maps
