"""How near the fits come to the Cramer-Rao bound: isolated molecules, no codec.

    python benchmarks/fit_accuracy.py [--count 4000] [--markdown FILE]

For each PSF width, background and brightness: root mean square error over the bound,
spread of the z-scores (error over reported uncertainty), and the largest bias over ten
by ten sub-pixel positions, for the single-emitter likelihood fit and for the default
joint fit. Seeds are fixed.
"""

import argparse
from pathlib import Path

import numpy as np

from cellstorm.camera import Camera
from cellstorm.evaluate.crlb import localization_bound
from cellstorm.localize import GaussianLocalizer
from cellstorm.localize.gaussian import LocalMaximumDetector, WaveletFilter
from cellstorm.simulate import isolated_spots

PHOTONS = (50, 100, 200, 300, 500, 1000, 2000, 5000)
BACKGROUNDS = (0, 5, 20, 50)
SIGMAS_PX = (1.0, 1.3, 1.8)
PIXEL_NM = 100.0
SIZE_PX = 25


def localizer(emitters: str, sigma_px: float) -> GaussianLocalizer:
    """A localizer that knows the PSF, with windows that hold all of it."""
    return GaussianLocalizer(
        camera=Camera(),
        region=(0, SIZE_PX, 0, SIZE_PX),
        emitters="single" if emitters == "single" else "multi",
        filter=WaveletFilter() if emitters == "single" else None,
        detector=LocalMaximumDetector(),
        threshold=3.5,
        fit="mle",
        width="fixed",
        sigma_px=sigma_px,
        fit_radius_px=max(3, int(np.ceil(3 * sigma_px))),
        background_radius_px=int(np.ceil(12 * sigma_px)),
        least_snr=3.0,
        rounds=4,
    )


def measure(emitters: str, sigma_px: float, background: float, photons: float, count: int) -> str:
    """One row of the table, as Markdown."""
    # every sub-pixel position alike: ten by ten phases, shuffled within each
    phases = np.arange(count) % 100
    jitter = np.random.default_rng(7).random((2, count))
    middle = SIZE_PX // 2
    x_px = middle + (phases % 10 + jitter[0]) / 10
    y_px = middle + (phases // 10 + jitter[1]) / 10
    spots = isolated_spots(
        count,
        photons=photons,
        background_photons=background,
        sigma_px=sigma_px,
        size_px=SIZE_PX,
        x_px=x_px,
        y_px=y_px,
        seed=1000,
    )
    machine = localizer(emitters, sigma_px)
    variance = np.zeros((1, SIZE_PX, SIZE_PX), np.float32)
    frame, found = machine.fit_molecules(spots.windows, variance)
    error_x = found["x"] - x_px[frame]
    error_y = found["y"] - y_px[frame]
    # the nearest of each window is the molecule, others are false
    order = np.argsort(np.hypot(error_x, error_y), kind="stable")
    near = order[np.unique(frame[order], return_index=True)[1]]
    near = near[np.hypot(error_x, error_y)[near] < 2.5]
    false = (frame.size - near.size) / count
    frame, error_x, error_y = frame[near], error_x[near], error_y[near]
    bound = localization_bound(x_px, y_px, photons, background, sigma_px=sigma_px, size_px=SIZE_PX)
    rms = np.sqrt(np.mean(np.square(np.concatenate([error_x, error_y]))))
    limit = np.sqrt(np.mean(np.square(np.concatenate([bound.x_px[frame], bound.y_px[frame]]))))
    z = np.concatenate(
        [error_x / np.sqrt(found["var_x"][near]), error_y / np.sqrt(found["var_y"][near])]
    )
    per_phase = np.array([error_x[phases[frame] % 10 == p].mean() for p in range(10)])
    noise = rms / np.sqrt(frame.size / 10)
    return (
        f"| {emitters} | {sigma_px} | {background} | {photons} | {frame.size / count:.3f} "
        f"| {false:.3f} "
        f"| {limit * PIXEL_NM:.2f} | {rms / limit:.3f} | {z.std():.3f} "
        f"| {np.abs(per_phase).max() * PIXEL_NM:.2f} ± {noise * PIXEL_NM:.2f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=4000, help="molecules per row")
    parser.add_argument("--markdown", type=Path, help="write the table here too")
    options = parser.parse_args()
    lines = [
        "| fit | sigma px | background | photons | found | false | bound nm | RMSE / bound "
        "| z spread | largest phase bias nm |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines))
    for emitters in ("single", "multi"):
        for sigma_px in SIGMAS_PX:
            for background in BACKGROUNDS:
                for photons in PHOTONS:
                    lines.append(measure(emitters, sigma_px, background, photons, options.count))
                    print(lines[-1], flush=True)
    if options.markdown:
        options.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
