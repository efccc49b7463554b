"""A table whose molecules lie on lines."""

import numpy as np
import polars as pl

__all__ = ["FRAMES", "PIXEL_NM", "PRECISION_NM", "lines"]

PIXEL_NM = 50.0
FRAMES = 400
FIELD_NM = 3200.0
PRECISION_NM = 10.0


def lines(blinks: int = 4000, seed: int = 0, *, stray_nm: float = 0.0) -> pl.DataFrame:
    """Molecules on lines across a field, each on for three frames on average."""
    random = np.random.default_rng(seed)
    line = random.integers(0, 12, blinks)
    angle, middle = random.uniform(0, np.pi, 12), random.uniform(0.2, 0.8, (2, 12)) * FIELD_NM
    along = random.uniform(-0.4, 0.4, blinks) * FIELD_NM
    x_nm = middle[0, line] + along * np.cos(angle[line])
    y_nm = middle[1, line] + along * np.sin(angle[line])
    lasting = random.geometric(1.0 / 3.0, blinks)
    first = random.integers(0, FRAMES, blinks)
    blink = np.repeat(np.arange(blinks), lasting)
    step = np.arange(blink.size) - np.repeat(np.cumsum(lasting) - lasting, lasting)
    frame = first[blink] + step
    strayed = stray_nm * (frame / FRAMES - 0.5)
    scatter = random.normal(0.0, PRECISION_NM, (2, blink.size))
    table = pl.DataFrame(
        {
            "frame": frame.astype(np.uint32),
            "x_nm": x_nm[blink] + scatter[0] + strayed,
            "y_nm": y_nm[blink] + scatter[1] + strayed,
            "photons": random.exponential(800.0, blink.size).astype(np.float32),
            "background_photons": random.normal(20.0, 2.0, blink.size).astype(np.float32),
            "sigma_nm": random.normal(130.0, 8.0, blink.size).astype(np.float32),
            "uncertainty_nm": random.normal(PRECISION_NM, 1.0, blink.size).astype(np.float32),
        }
    )
    inside = pl.all_horizontal(pl.col("x_nm", "y_nm").is_between(0.0, FIELD_NM, closed="none"))
    return table.filter(inside & (pl.col("frame") < FRAMES)).sort("frame")
