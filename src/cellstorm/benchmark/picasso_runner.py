"""Runs Picasso on frames in a file; executed by the interpreter Picasso lives in.

Imports nothing of cellstorm. Times are of the second and later runs, in the same process,
so that neither start-up nor just-in-time compilation counts.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

import numpy as np


def main() -> None:
    """Identify and fit once per threshold; write tables and times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("frames", help="(n, height, width) .npy file")
    parser.add_argument("output", help=".npz file to write; times go beside it as .json")
    parser.add_argument("--min-net-gradient", type=float, required=True)
    parser.add_argument("--baseline", type=float, required=True, help="ADU")
    parser.add_argument("--sensitivity", type=float, required=True, help="electrons per ADU")
    parser.add_argument("--pixel-size-nm", type=float, default=100.0)
    parser.add_argument("--method", default="gausslq")
    parser.add_argument("--box", type=int, default=7)
    parser.add_argument("--repeats", type=int, default=0, help="timed runs after the first")
    parser.add_argument(
        "--workers", type=int, help="threads that identify, instead of Picasso's own choice"
    )
    options = parser.parse_args()

    # this file's own folder comes first there, and holds a picasso.py that is not meant
    sys.path.pop(0)
    import picasso  # type: ignore[import-not-found,unused-ignore]
    from picasso import lib, localize

    if options.workers is not None:
        # its setting is a fraction under 1 of the processors, rounded down: never all of them
        lib.n_workers = lambda *_, **__: options.workers
    # Picasso accepts only what its own loader gives: for .raw files that is a memmap
    movie = np.load(options.frames, mmap_mode="r")
    camera = {
        "Baseline": options.baseline,
        "Sensitivity": options.sensitivity,
        "Gain": 1,
        "Pixelsize": options.pixel_size_nm,
    }

    identify_s, fit_s = [], []
    for _ in range(options.repeats + 1):
        began = time.perf_counter()
        spots, _ = localize.identify(movie, options.min_net_gradient, options.box)
        identified = time.perf_counter()
        found, _ = localize.fit(
            movie,
            camera_info=camera,
            identifications=spots,
            box=options.box,
            fitting_method=options.method,
        )
        fit_s.append(time.perf_counter() - identified)
        identify_s.append(identified - began)

    np.savez(
        options.output,
        frame=np.asarray(found["frame"]),
        x=np.asarray(found["x"]),
        y=np.asarray(found["y"]),
        photons=np.asarray(found["photons"]),
        net_gradient=np.asarray(found["net_gradient"]),
    )
    with open(options.output + ".json", "w", encoding="utf-8") as file:
        json.dump(
            {
                "version": picasso.__version__,
                "identify_s": identify_s[1:],
                "fit_s": fit_s[1:],
            },
            file,
        )


if __name__ == "__main__":
    main()
