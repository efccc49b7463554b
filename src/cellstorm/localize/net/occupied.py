"""The network's maps, computed only where there can be a molecule."""

from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellstorm.localize.net._crop_kernel import join_boxes
from cellstorm.localize.net._mass_kernel import greatest_masses
from cellstorm.localize.net._occupancy_kernel import SURE, list_boxes, mark_cells
from cellstorm.localize.net.inputs import CELL_PX, LIGHT_NOISE, PLANES
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
# Cells of 4 px around a place: enough to see whether there is anything, and as far as the
# network looks, so that its maps are those of the whole frame.
_GLANCE_HALO, _HALO = 2, 10
_GLANCE_SHARE = 0.5
_MASS_REACH_PX = 1
# a run of the network costs as much as that many cells
_CALL_COST = 15.0
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
    part of the frame. The network runs over what is left with so wide a border that the
    maps are those of the whole frame, where this costs less than the whole frames.
    Elsewhere the maps say that there is nothing.

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
    features = _Features(network, planes, context)
    light = np.ascontiguousarray(planes[:, PLANES.index("light")]) if skip_empty else None
    for start in range(0, count, _FRAMES_PER_PLAN):
        stop = min(start + _FRAMES_PER_PLAN, count)
        plan = _Plan(features, start, stop, context)
        if light is not None:
            seen = slice(max(start + context // 2 - 1, 0), stop + context // 2 + 1)
            boxes = plan.worth_it(light[seen], start + context // 2 - seen.start, least_mass)
            if boxes is not None:
                if boxes.shape[0]:
                    yield start, plan.maps_of_boxes(boxes)
                continue
        for first in range(0, stop - start, _FRAMES_PER_RUN):
            last = min(first + _FRAMES_PER_RUN, stop - start)
            yield start + first, plan.maps_of_frames(first, last)


class _Features:
    """Features of a movie's frames, made when they are asked for, from front to back."""

    def __init__(self, network: NetworkModel, planes: Maps, context: int) -> None:
        self.network = network
        self.planes = planes
        self._context = context
        self._stop = 0
        self._last: NDArray[Any] | None = None

    def of(self, start: int, stop: int) -> NDArray[Any]:
        """Those of frames ``start`` to ``stop``; what two plans share is made once."""
        shared = self._last if self._stop - self._context == start else None
        begin = start if shared is None else self._stop
        made: NDArray[Any] | None = None
        for first in range(begin, stop, _FRAMES_PER_RUN):
            last = min(first + _FRAMES_PER_RUN, stop)
            part = self.network.features(self.planes[first:last])
            if made is None:
                made = np.empty((stop - start, *part.shape[1:]), part.dtype)
                if shared is not None:
                    made[: begin - start] = shared
            made[first - start : last - start] = part
        assert made is not None
        self._stop, self._last = stop, made[made.shape[0] - self._context :].copy()
        return made


class _Plan:
    """A few frames, and what of them to give to the network."""

    def __init__(self, features: _Features, start: int, stop: int, context: int) -> None:
        self._features = features
        self._first, self._last = start, stop + context
        self._context = context
        self._frames = stop - start
        self._size_px = features.planes.shape[2:]
        self._shape = (self._size_px[0] // CELL_PX, self._size_px[1] // CELL_PX)

    def maps_of_frames(self, first: int, last: int) -> Maps:
        """Maps of whole frames, counted from the plan's first."""
        maps: Maps = self._features.network.maps_of(self._inputs[first : last + self._context])
        return maps

    def worth_it(self, light: Maps, begin: int, least_mass: float) -> NDArray[np.int64] | None:
        """Boxes that may hold a molecule, or None where the whole frames cost less."""
        frames = self._frames
        whole = float(self._shape[0] * self._shape[1] * frames)
        few = _boxes(light, begin, begin + frames, _GLANCE_STEP, neighbours=False)
        part = whole * len(range(0, frames, _GLANCE_STEP)) / frames
        if self._join(few[few[:, 5] == SURE], _HALO, part)[2] > part:
            return None
        # a network that sees a single frame is not asked of others either
        boxes = _boxes(light, begin, begin + frames, 1, neighbours=self._context > 0)
        sure = boxes[:, 5] == SURE
        _, _, cost = self._join(boxes[sure], _HALO, whole)
        doubtful = boxes[~sure]
        _, _, glance = self._join(doubtful, _GLANCE_HALO, whole)
        if cost + glance > whole:
            return None
        masses = self._run(doubtful, _GLANCE_HALO)
        boxes = np.concatenate([boxes[sure], doubtful[masses > _GLANCE_SHARE * least_mass]])
        boxes = boxes[np.argsort(boxes[:, 0], kind="stable")]
        cost = self._join(boxes, _HALO, whole)[2]
        return None if cost > whole else boxes

    def maps_of_boxes(self, boxes: NDArray[np.int64]) -> Maps:
        """Maps of all frames that say that there is nothing outside of the boxes."""
        maps = np.zeros((self._frames, _OUTPUTS, *self._size_px), np.float32)
        maps[:, _LOGIT] = _NOTHING
        self._run(boxes, _HALO, maps)
        return maps

    @cached_property
    def _inputs(self) -> NDArray[Any]:
        return self._features.of(self._first, self._last)

    def _join(
        self, boxes: NDArray[np.int64], halo: int, most: float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
        groups, member, cost = join_boxes(
            np.ascontiguousarray(boxes), halo, *self._shape, _CALL_COST, most
        )
        return groups, member, cost

    def _part(self, group: NDArray[np.int64], halo: int) -> Maps:
        """Maps of a group of boxes, computed with a border and given without it."""
        first, last = int(group[0]), int(group[1])
        inside, outside = [], []
        for low, high, cells, size in zip(
            group[2::2], group[3::2], self._shape, self._inputs.shape[1:3], strict=True
        ):
            start = max(int(low) - halo, 0)
            scale = size // cells
            outside.append(slice(start * scale, min(int(high) + halo, cells) * scale))
            inside.append(slice(int(low) - start, int(high) - start))
        cut = self._inputs[first : last + self._context, outside[0], outside[1]]
        maps: Maps = self._features.network.maps_of(cut, (inside[0], inside[1]))
        return maps

    def _run(
        self, boxes: NDArray[np.int64], halo: int, maps: Maps | None = None
    ) -> NDArray[np.float64]:
        """Compute the maps of boxes, and give the greatest probability of 3 x 3 px in each."""
        masses = np.zeros(boxes.shape[0])
        groups, group_of_box, _ = self._join(boxes, halo, np.inf)
        # frame, then rows and columns in px, from the group's own
        within = boxes[:, :5] - groups[group_of_box][:, [0, 2, 2, 4, 4]]
        within[:, 1:] *= CELL_PX
        for number, group in enumerate(groups):
            part = self._part(group, halo)
            if maps is not None:
                top, bottom, left, right = (CELL_PX * int(cell) for cell in group[2:])
                maps[int(group[0]) : int(group[1]), :, top:bottom, left:right] = part
            members = np.flatnonzero(group_of_box == number)
            logits = np.ascontiguousarray(part[:, _LOGIT])
            masses[members] = greatest_masses(logits, within[members], _MASS_REACH_PX)
        return masses


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
