"""Picasso's AIM on positions in a file; run by Picasso's own Python.

    PICASSO_PYTHON benchmarks/picasso_aim.py INPUT.npz OUTPUT.npz REPEATS FRAMES_PER_SEGMENT

INPUT holds ``frame`` and, in pixels from the centre of the first, ``x`` and ``y`` (``z`` in
nm), and ``info``: frames, width, height, pixel size in nm. OUTPUT gets ``drift``,
``(frames, 2 or 3)`` in nm, and ``seconds`` and those of all processors, ``busy``,
``(repeats,)`` each, after a first run.
"""

import sys
import time

import numpy as np
import pandas as pd  # type: ignore[import-untyped,import-not-found,unused-ignore]
from picasso import aim  # type: ignore[import-untyped,import-not-found,unused-ignore]

# defaults of Picasso 0.11, which are given for pixels of 130 nm
INTERSECT_NM, SEARCH_NM = 20.0, 60.0


def main() -> None:
    """Run it and write what it found."""
    source, output = sys.argv[1:3]
    repeats, segmentation = (int(word) for word in sys.argv[3:5])
    data = np.load(source)
    frames, width, height, pixel_nm = data["info"]
    columns = {name: data[name] for name in ("frame", "x", "y", "z") if name in data}
    locs = pd.DataFrame(columns)
    info = [
        {"Width": int(width), "Height": int(height), "Pixelsize": pixel_nm, "Frames": int(frames)}
    ]
    seconds, busy = [], []
    for _ in range(repeats + 1):
        began, worked = time.perf_counter(), time.process_time()
        _, _, drift = aim.aim(
            locs,
            info,
            segmentation=segmentation,
            intersect_d=INTERSECT_NM / pixel_nm,
            roi_r=SEARCH_NM / pixel_nm,
        )
        seconds.append(time.perf_counter() - began)
        busy.append(time.process_time() - worked)
    found = drift.to_numpy(dtype=np.float64)
    found[:, :2] *= pixel_nm
    np.savez(output, drift=found, seconds=seconds[1:], busy=busy[1:])


if __name__ == "__main__":
    main()
