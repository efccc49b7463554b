"""How far from the limit, and how honest: errors over the bound, coverage of uncertainties.

    python -m benchmarks.limits --work FOLDER [--markdown FILE] [--picture FILE]

The same molecules and the same noise, uncoded and at several H.264 qualities, localized by
cellstorm with the camera given and with nothing given. The bound of each molecule knows its
neighbours, the camera and, in the second of the two figures, the quantiser of the block that
it lies in.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from cellstorm.evaluate import (
    Coverage,
    coverage,
    draw_coverage,
    molecule_bounds,
    rmse_over_bound,
)
from cellstorm.localize import GaussianMethod
from cellstorm.localize.gaussian.coding_noise import coding_variance_e2, electrons_per_grey
from cellstorm.movie import open_movie
from cellstorm.run import localize_frames
from cellstorm.simulate import Simulation
from cellstorm.simulate.codec import NoCodec

SEED = 1022
CRFS = (18.0, 23.0, 28.0, 33.0)
SHOWN = ("CRF 23", "given")
BOUNDS = (
    "| movie | camera | pairs | hopeless | RMSE, bound nm | over the bound: RMSE, median "
    "| with coding noise in it |\n" + 7 * "|---" + "|"
)
COVERAGE = (
    "| movie | camera | z sd, robust | within 50 / 68 / 95 % intervals | ellipses "
    "| alone: z sd, robust | alone: intervals |\n" + 7 * "|---" + "|"
)
ALONE_NM = 800.0


def movies(frames: int) -> Iterator[tuple[str, Simulation]]:
    """One scene, coded in several ways."""
    one = Simulation(seed=SEED, frames=frames)
    yield "uncoded", one.changed(codec=NoCodec())
    for crf in CRFS:
        yield f"CRF {crf:g}", one.changed(crf=crf)


def quantiser_variance_e2(
    simulation: Simulation, file: Path, truth: pl.DataFrame
) -> NDArray[np.float64]:
    """Of the block each true molecule lies in, ``(n,)``; 0 without a codec."""
    shape = (simulation.height_px, simulation.width_px)
    per_grey = electrons_per_grey(simulation.recorded_camera)
    place = [truth[name].to_numpy() / simulation.pixel_size_nm for name in ("y_nm", "x_nm")]
    row, column = (np.floor(p).astype(np.int64) for p in place)
    frame = truth["frame"].to_numpy().astype(np.int64)
    variance = np.zeros(truth.height)
    with open_movie(file) as movie:
        for start in range(0, simulation.frames, 100):
            chunk = movie.read_chunk(start, min(start + 100, simulation.frames))
            if chunk.coding is None or chunk.coding.qp is None:
                continue
            noise = coding_variance_e2(chunk.coding, shape, (0, shape[1], 0, shape[0]), per_grey)
            here = (frame >= start) & (frame < start + 100)
            variance[here] = noise[frame[here] - start, row[here], column[here]]
    return variance


def true_bounds(simulation: Simulation, truth: pl.DataFrame, coding_e2: ArrayLike) -> pl.DataFrame:
    """Bound of every true molecule, the codec's noise at it given; see `molecule_bounds`."""
    camera = simulation.recorded_camera
    sigma_px, sigma_y_px = simulation.psf.widths_px(
        truth["z_nm"].to_numpy(), pixel_size_nm=simulation.pixel_size_nm
    )
    dark = camera.read_noise_e**2 + camera.gain_e_per_adu**2 / 12.0
    return molecule_bounds(
        truth,
        pixel_size_nm=simulation.pixel_size_nm,
        shape_px=(simulation.height_px, simulation.width_px),
        sigma_px=sigma_px,
        sigma_y_px=sigma_y_px,
        extra_variance_e2=dark + np.asarray(coding_e2),
    )


def are_alone(truth: pl.DataFrame) -> NDArray[np.bool_]:
    """Whether no other true molecule of the frame is within 800 nm, ``(n,)``."""
    # frames far apart make all of them one search
    frame_nm = 1e6 * truth["frame"].cast(pl.Float64).to_numpy()
    places = np.stack([frame_nm, truth["x_nm"].to_numpy(), truth["y_nm"].to_numpy()], axis=1)
    distance = np.asarray(cKDTree(places).query(places, k=2)[0])
    alone: NDArray[np.bool_] = distance[:, 1] > ALONE_NM
    return alone


def intervals(covered: Coverage) -> list[str]:
    """z-scores and shares within the intervals."""
    z = (covered.x, covered.y)
    return [
        f"{np.mean([one.sd for one in z]):.2f}, {np.mean([one.robust_sd for one in z]):.2f}",
        " / ".join(f"{100 * one.interval:.0f}" for one in covered.levels),
    ]


Row = tuple[str, str, list[str], list[str], Coverage]


def rows(work: Path, frames: int) -> Iterator[Row]:
    """Movie, camera, a row of either table, and the coverage."""
    for name, simulation in movies(frames):
        made = simulation.run(work / name.replace(" ", "-").lower())
        truth = made.read_truth()
        camera = simulation.recorded_camera
        bounds = [
            true_bounds(simulation, truth, coding)
            for coding in (0.0, quantiser_variance_e2(simulation, made.movie, truth))
        ]
        for known, given in (("given", camera), ("estimated", None)):
            found = localize_frames(
                made.movie,
                method=GaussianMethod(),
                camera=given,
                pixel_size_nm=simulation.pixel_size_nm,
            ).data
            covered = coverage(found, truth)
            plain, coded = (rmse_over_bound(found, truth, bound) for bound in bounds)
            errors = [
                name,
                known,
                f"{covered.pairs:,}",
                f"{100 * plain.hopeless / covered.pairs:.0f} %",
                f"{plain.rmse_nm:.1f}, {plain.bound_nm:.1f}",
                f"{plain.rms:.2f}, {plain.median:.2f}",
                f"{coded.rms:.2f}, {coded.median:.2f}",
            ]
            shares = [
                name,
                known,
                *intervals(covered),
                " / ".join(f"{100 * one.ellipse:.0f}" for one in covered.levels),
                *intervals(coverage(found, truth.filter(pl.Series(are_alone(truth))))),
            ]
            yield name, known, errors, shares, covered


def markdown(header: str, cells: list[list[str]]) -> str:
    """A table."""
    return "\n".join([header, *(f"| {' | '.join(row)} |" for row in cells)]) + "\n"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="folder for the movies")
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--markdown", type=Path, help="write the tables here too")
    parser.add_argument("--picture", type=Path, help=f"draw the coverage, {', '.join(SHOWN)}")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    errors, shares = [], []
    for name, known, error, share, covered in rows(options.work, options.frames):
        errors.append(error)
        shares.append(share)
        if options.picture and (name, known) == SHOWN:
            draw_coverage(covered, options.picture, title=f"{name}, camera {known}")
    text = f"{markdown(BOUNDS, errors)}\n{markdown(COVERAGE, shares)}"
    print(text)
    if options.markdown:
        options.markdown.write_text(text)


if __name__ == "__main__":
    main()
