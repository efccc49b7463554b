"""Lengths in the units that microscopes write, in nanometres."""

import contextlib
import math
from typing import Any

__all__ = ["length_nm", "unusual_pixel_size"]

_NM_PER_UNIT = {
    "m": 1e9,
    "cm": 1e7,
    "mm": 1e6,
    "um": 1e3,
    "µm": 1e3,
    "μm": 1e3,
    "\\u00b5m": 1e3,
    "micron": 1e3,
    "microns": 1e3,
    "micrometer": 1e3,
    "micrometers": 1e3,
    "micrometre": 1e3,
    "micrometres": 1e3,
    "millimeter": 1e6,
    "nm": 1.0,
    "nanometer": 1.0,
    "nanometre": 1.0,
    "pm": 1e-3,
    "å": 0.1,
    "angstrom": 0.1,
    "inch": 2.54e7,
    "in": 2.54e7,
}
# Print resolutions (72 to 600 dpi are 353 to 42 um) and "1 per cm" are no pixel sizes.
_SMALLEST_NM, _LARGEST_NM = 0.1, 20_000.0
# What camera and lens make in localization microscopy, with room on both sides.
_LEAST_USUAL_NM, _MOST_USUAL_NM = 20.0, 1000.0


def length_nm(value: Any, unit: str | None) -> float | None:
    """A pixel's edge in nm; None for pixel units, nonsense, or sizes no microscope has."""
    factor = _NM_PER_UNIT.get((unit or "").strip().lower())
    with contextlib.suppress(TypeError, ValueError):
        if factor is not None:
            size = float(value) * factor
            if math.isfinite(size) and _SMALLEST_NM <= size <= _LARGEST_NM:
                return size
    return None


def unusual_pixel_size(size_nm: float | None) -> str | None:
    """A notice for the user if a file's pixel size is one that molecules are not filmed with."""
    if size_nm is None or _LEAST_USUAL_NM <= size_nm <= _MOST_USUAL_NM:
        return None
    return (
        f"The pixel size in the file, {size_nm:.4g} nm, is unusual"
        f" ({_LEAST_USUAL_NM:g} to {_MOST_USUAL_NM:g} nm are usual):"
        " if it is wrong, give the right one with --pixel-size-nm."
    )
