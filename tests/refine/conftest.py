"""Tables with a known drift: molecules that stay where they are, seen again and again."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from cellstorm.localizations import Localizations, Metadata

_PRECISION_NM = 12.0


@dataclass(frozen=True, eq=False)
class Drifted:
    """A table and the drift in it, ``(frames, 3)`` nm."""

    table: Localizations
    path_nm: NDArray[np.float64]


def drift_path(
    frames: int, *, total_nm: float = 250.0, jump_nm: float = 50.0
) -> NDArray[np.float64]:
    """A slow curve and a jump of 50 nm at 60 % of the movie, ``(frames, 3)`` nm."""
    share = np.arange(frames) / frames
    path = np.stack([250.0 * share, 75.0 * np.sin(3.0 * share), 60.0 * np.sin(2.0 * share)], axis=1)
    path[int(0.6 * frames) :, :2] += 30.0, -40.0
    return path


def sites_of(kind: str, random: np.random.Generator, field_nm: float) -> NDArray[np.float64]:
    """Where molecules sit, ``(n, 3)`` nm: scattered evenly, or along bent lines."""
    if kind == "uniform":
        flat = random.uniform(0, field_nm, (800, 2))
    else:
        along = np.tile(np.arange(0, field_nm, 15.0), 10)
        line = np.repeat(np.arange(10), along.size // 10)
        angle = random.uniform(0, np.pi, 10)[line]
        bend = 300 * np.sin(along / 900 + line)
        middle = random.uniform(0.2, 0.8, (10, 2))[line] * field_nm
        half = along - 0.5 * field_nm
        flat = middle + np.stack(
            [
                half * np.cos(angle) - bend * np.sin(angle),
                half * np.sin(angle) + bend * np.cos(angle),
            ],
            axis=1,
        )
        flat += random.normal(0, 8, flat.shape)
        flat = flat[((flat > 0) & (flat < field_nm)).all(axis=1)]
    return np.column_stack([flat, random.uniform(-250, 250, len(flat))])


def table(
    path_nm: NDArray[np.float64],
    *,
    kind: str = "uniform",
    per_frame: float = 15.0,
    field_nm: float = 8_000.0,
    with_z: bool = False,
    seed: int = 1,
) -> Localizations:
    """Molecules that are on for three frames on average, each with its error."""
    random = np.random.default_rng(seed)
    frames = len(path_nm)
    sites = sites_of(kind, random, field_nm)
    events = random.poisson(per_frame * frames / 3)
    site = random.integers(len(sites), size=events)
    length = random.geometric(1 / 3, events)
    frame = np.repeat(random.integers(frames, size=events), length)
    frame += np.concatenate([np.arange(n) for n in length])
    order = np.argsort(frame, kind="stable")
    site, frame = np.repeat(site, length)[order], frame[order]
    inside = frame < frames
    site, frame = site[inside], frame[inside]
    errors = random.normal(size=(frame.size, 3)) * _PRECISION_NM * np.array([1, 1, 2.5])
    seen = sites[site] + path_nm[frame] + errors
    data = {
        "frame": frame.astype(np.uint32),
        "x_nm": seen[:, 0],
        "y_nm": seen[:, 1],
        "uncertainty_nm": np.full(frame.size, _PRECISION_NM, dtype=np.float32),
    }
    if with_z:
        data["z_nm"] = seen[:, 2].astype(np.float32)
    return Localizations(pl.DataFrame(data), Metadata(frames=(0, frames)))


def drifted(
    kind: str = "uniform",
    *,
    frames: int = 6_000,
    per_frame: float = 15.0,
    field_nm: float = 8_000.0,
    with_z: bool = False,
    still: bool = False,
    seed: int = 1,
) -> Drifted:
    """A table of molecules that drifted, or of such that stood still."""
    path = drift_path(frames) * (0.0 if still else 1.0)
    made = table(path, kind=kind, per_frame=per_frame, field_nm=field_nm, with_z=with_z, seed=seed)
    return Drifted(made, path)


@pytest.fixture(scope="session")
def scattered() -> Drifted:
    """Molecules scattered evenly, with heights."""
    return drifted("uniform", with_z=True)


@pytest.fixture(scope="session")
def lines() -> Drifted:
    """Molecules on bent lines."""
    return drifted("lines")


@pytest.fixture(scope="session")
def still() -> Drifted:
    """Molecules that stood still."""
    return drifted("uniform", still=True)


@pytest.fixture(scope="session")
def beads() -> Drifted:
    """Three beads among few molecules, and a fourth one that slides by 200 nm."""
    sparse = drifted("uniform", per_frame=2.0)
    random = np.random.default_rng(5)
    frames = len(sparse.path_nm)
    frame = np.repeat(np.arange(frames), 4)
    bead = np.tile(np.arange(4), frames)
    places = random.uniform(1_000, 7_000, (4, 2))
    seen = places[bead] + sparse.path_nm[frame, :2] + random.normal(0, 6, (frame.size, 2))
    seen[bead == 3, 0] += 200.0 * frame[bead == 3] / frames
    found = random.random(frame.size) < 0.9
    rows = pl.DataFrame(
        {
            "frame": frame.astype(np.uint32),
            "x_nm": seen[:, 0],
            "y_nm": seen[:, 1],
            "uncertainty_nm": np.full(frame.size, 6.0, dtype=np.float32),
        }
    ).filter(pl.Series(found))
    both = pl.concat([sparse.table.data, rows]).sort("frame", maintain_order=True)
    return Drifted(Localizations(both, sparse.table.metadata), sparse.path_nm)
