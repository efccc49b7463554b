"""Time and peak memory of filtering, linking and drawing a large table.

    python -m benchmarks.large_tables --work FOLDER [--rows 100_000_000] [--threads 2]

Makes a table as a long recording gives it (a thousand molecules a frame, 2.8 frames each,
at sites that blink again and again in a field of 50 um), then runs cellstorm's verbs on it,
each in a process of its own. Memory is the kernel's high-water mark of that process.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks.live_table import LiveTable, write_tables

from cellstorm.localizations import Metadata, MovieFacts, concatenate_parquet

FIELD_PX = 500
PIXEL_NM = 100.0
MOLECULES_PER_FRAME = 1000
ROWS_PER_PART = 2_000_000
ROWS_PER_SITE = 50
MEAN_ON_FRAMES = 2.8
MISSED = 0.05


def main() -> None:
    """Make the table and run each step on what the one before has left."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="where tables are kept")
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=None, help="of each step; all cores")
    parser.add_argument("--markdown", type=Path, default=None, help="keep the table here")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    table = given.work / f"large_{given.rows}_{given.seed}.locs.parquet"
    if not table.exists():
        _make(table, rows=given.rows, seed=given.seed)

    shown = LiveTable(
        ["step", "rows in", "rows out", "seconds", "CPU seconds", "peak GiB"],
        title=f"{given.rows} rows, {table.stat().st_size / 2**30:.2f} GiB on disk",
    )
    filtered, linked = (given.work / f"large.{word}.parquet" for word in ("filtered", "linked"))
    dense, picture = given.work / "large.dense.parquet", given.work / "large.png"
    steps: list[tuple[str, Path, Path, list[str]]] = [
        (
            "filter",
            table,
            filtered,
            ["filter", str(table), "uncertainty_nm < 25 and photons > 200 and flags = 0"],
        ),
        ("link", table, linked, ["link", str(table)]),
        (
            "filter: 50 nm, 5 others",
            linked,
            dense,
            ["filter", str(linked), "--density", "50:5"],
        ),
        (
            "filter: duplicates",
            table,
            given.work / "large.once.parquet",
            ["filter", str(table), "--duplicates-nm", "50"],
        ),
        ("render", table, picture, ["render", str(table)]),
    ]
    for name, source, output, words in steps:
        seconds, busy, gib = _measured([*words, "--output", str(output)], given.threads)
        before = _rows(source)
        after = str(_rows(output)) if output.suffix == ".parquet" else "-"
        shown.add(name, str(before), after, f"{seconds:.1f}", f"{busy:.1f}", f"{gib:.2f}")
    write_tables(given.markdown, shown)


def _measured(words: list[str], threads: int | None) -> tuple[float, float, float]:
    """Seconds, those of all processors, and peak GiB of a cellstorm command."""
    environment = dict(os.environ)
    if threads is not None:
        names = ("POLARS_MAX_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS")
        environment |= dict.fromkeys(names, str(threads))
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "cellstorm", *words],
        stdout=subprocess.DEVNULL,
        env=environment,
    )
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    if status:
        raise SystemExit(f"cellstorm {' '.join(words)} failed")
    # kilobytes on Linux
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20


def _rows(path: Path) -> int:
    return int(pl.scan_parquet(path).select(pl.len()).collect().item())


def _make(path: Path, *, rows: int, seed: int) -> None:
    """Part by part, so that making it takes no more memory than using it."""
    rng = np.random.default_rng(seed)
    sites = rng.uniform(0, FIELD_PX * PIXEL_NM, (max(rows // ROWS_PER_SITE, 1), 2))
    parts: list[Path] = []
    made = 0
    while made < rows:
        count = min(ROWS_PER_PART, rows - made)
        part = path.with_name(f"{path.stem}.part{len(parts)}.parquet")
        first = made // MOLECULES_PER_FRAME
        _part(rng, sites, count, first).write_parquet(part)
        parts.append(part)
        made += count
    frames = rows // MOLECULES_PER_FRAME + 1
    metadata = Metadata(
        software="benchmark",
        pixel_size_nm=PIXEL_NM,
        movie=MovieFacts(name="large", shape=(frames, FIELD_PX, FIELD_PX), frame_rate_hz=100.0),
    )
    concatenate_parquet(parts, path, metadata)
    for part in parts:
        part.unlink()


def _part(
    rng: np.random.Generator, sites: np.ndarray, count: int, first_frame: int
) -> pl.DataFrame:
    frames = max(count // MOLECULES_PER_FRAME, 1)
    blinks = int(1.2 * count / MEAN_ON_FRAMES) + 100
    on = rng.geometric(1 / MEAN_ON_FRAMES, blinks)
    of = np.repeat(np.arange(blinks), on)
    frame = rng.integers(0, frames, blinks)[of]
    frame += np.arange(of.size) - np.repeat(np.cumsum(on) - on, on)
    # frames past the end of the part begin it again, for each frame to have as many
    frame = first_frame + frame % frames
    seen = np.flatnonzero(rng.random(of.size) > MISSED)[:count]
    of, frame = of[seen], frame[seen]
    order = np.argsort(frame, kind="stable")
    of, frame = of[order], frame[order]
    photons = (200.0 + rng.exponential(800.0, blinks))[of].astype(np.float32)
    uncertainty = (400.0 / np.sqrt(photons)).astype(np.float32)
    position = sites[rng.integers(0, len(sites), blinks)][of]
    position += uncertainty[:, None] * rng.standard_normal(position.shape)

    def around(mean: float, share: float) -> np.ndarray:
        return (mean * (1 + share * rng.standard_normal(frame.size))).astype(np.float32)

    return pl.DataFrame(
        {
            "frame": frame.astype(np.uint32),
            "x_nm": position[:, 0],
            "y_nm": position[:, 1],
            "photons": photons,
            "background_photons": around(20, 0.1),
            "sigma_nm": around(130, 0.05),
            "uncertainty_nm": uncertainty,
            "uncertainty_x_nm": uncertainty,
            "uncertainty_y_nm": uncertainty,
            "uncertainty_photons": around(40, 0.1),
            "chi2": around(1, 0.1),
            "significance": around(100, 0.3),
            "flags": rng.choice([0, 0, 0, 0, 8], frame.size).astype(np.uint8),
        }
    )


if __name__ == "__main__":
    main()
