"""A rectangle as it is typed: ``X0:X1,Y0:Y1`` in nm."""

from cellstorm.errors import ConfigurationError
from cellstorm.render import RegionNm

__all__ = ["parse_region_nm"]


def parse_region_nm(text: str) -> RegionNm:
    """``(x0, x1, y0, y1)`` in nm.

    Raises
    ------
    ConfigurationError
        It is no such rectangle.
    """
    try:
        x, y = text.split(",")
        (x0, x1), (y0, y1) = (tuple(float(end) for end in axis.split(":")) for axis in (x, y))
    except ValueError as error:
        raise ConfigurationError(
            f"{text!r} cannot be understood.", where="--region-nm", todo="Write it as X0:X1,Y0:Y1."
        ) from error
    return x0, x1, y0, y1
