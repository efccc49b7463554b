"""The boxes of profiles, numbered, on the pictures of a report."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from cellstorm.evaluate import ProfileBox
from cellstorm.render import RegionNm

__all__ = ["MarkedBox", "marked_boxes"]

# a box that is looked at fills about this share of the view
_SEEN_SHARE = 0.35


@dataclass(frozen=True)
class MarkedBox:
    """A box as it lies in a view.

    Attributes
    ----------
    number
        Of its profile.
    corners
        ``"x,y x,y x,y x,y"``, % of the view's width and height.
    arrow
        The same of the profile's own line, from its start to its stop.
    label
        ``(left, top)`` of its number, %.
    around
        ``(left, top, width, height)`` to enlarge to, %.
    """

    number: int
    corners: str
    arrow: str
    label: tuple[float, float]
    around: tuple[float, float, float, float]


def marked_boxes(boxes: Iterable[tuple[int, ProfileBox]], field: RegionNm) -> tuple[MarkedBox, ...]:
    """Those that lie in a view, at least with their middle.

    Parameters
    ----------
    boxes
        With their numbers.
    field
        ``(x0, x1, y0, y1)`` of the view, nm.
    """
    x0, x1, y0, y1 = field
    found = []
    for number, box in boxes:
        (ax, ay), (bx, by) = box.start_nm, box.stop_nm
        x, y = 0.5 * (ax + bx), 0.5 * (ay + by)
        if not (x0 <= x <= x1 and y0 <= y <= y1):
            continue
        length = box.length_nm
        # half the box across the profile
        sx, sy = (
            -0.5 * box.width_nm * (by - ay) / length,
            0.5 * box.width_nm * (bx - ax) / length,
        )

        def placed(x_nm: float, y_nm: float) -> tuple[float, float]:
            return 100.0 * (x_nm - x0) / (x1 - x0), 100.0 * (y_nm - y0) / (y1 - y0)

        corners = [
            placed(px, py)
            for px, py in (
                (ax + sx, ay + sy),
                (bx + sx, by + sy),
                (bx - sx, by - sy),
                (ax - sx, ay - sy),
            )
        ]
        # outside, over the corner that lies highest, and in the view
        top = min(corners, key=lambda corner: corner[1])
        side = max(x1 - x0, y1 - y0)
        share = min(math.hypot(length, box.width_nm) / _SEEN_SHARE / side, 1.0)
        middle = placed(x, y)
        wide, high = 100.0 * share * side / (x1 - x0), 100.0 * share * side / (y1 - y0)
        found.append(
            MarkedBox(
                number,
                _points(corners),
                _points([placed(ax, ay), placed(bx, by)]),
                (min(max(top[0], 1.5), 98.5), min(max(top[1], 3.0), 97.0)),
                (middle[0] - wide / 2, middle[1] - high / 2, wide, high),
            )
        )
    return tuple(found)


def _points(places: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:.3f},{y:.3f}" for x, y in places)
