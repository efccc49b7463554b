"""A camera estimated from the movie itself, when nobody knows better."""

from typing import TYPE_CHECKING

import numpy as np

from cellstorm.camera.model import Camera

if TYPE_CHECKING:
    from cellstorm.movie import Movie

__all__ = ["estimate_camera"]


def estimate_camera(movie: "Movie", frames: tuple[int, int] | None = None) -> Camera:
    """A safe default from the movie (first, coarse version)."""
    start, stop = frames if frames is not None else (0, movie.shape[0])
    sample = np.asarray(movie.read(start, min(stop, start + 64)), dtype=np.float64)
    offset = float(np.percentile(sample, 0.1))
    spread = float(np.median(np.abs(np.diff(sample, axis=0)))) / 0.6745 if len(sample) > 1 else 0.0
    level = float(np.median(sample)) - offset
    gain = float(np.clip(2.0 * level / spread**2 if spread > 0 else 0.7, 0.1, 5.0))
    return Camera(
        name="estimated",
        offset_adu=offset,
        gain_e_per_adu=gain,
        bit_depth=movie.bit_depth,
        saturation_adu=float(2**movie.bit_depth - 1),
        estimated=True,
        notes="offset from the darkest pixels, gain from the noise of the background",
    )
