"""Where molecules sit: curved filaments or a uniform field."""

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["filament_molecules", "uniform_molecules"]

_STEP_NM = 20.0


def filament_molecules(
    random: np.random.Generator,
    *,
    width_nm: float,
    height_nm: float,
    filament_um_per_um2: float,
    persistence_um: float = 20.0,
    antibody_nm: float = 12.5,
) -> NDArray[np.float64]:
    """Label sites on curved filaments, one about every 20 nm of filament.

    Each filament is a planar worm-like chain that begins somewhere in the field and
    grows both ways until it leaves it: over a step ds the heading turns by a normal
    angle of variance ds / persistence length (Rubinstein & Colby 2003, sec. 2.3.2).
    Labels stand off the filament's axis by an antibody in a random direction.

    Parameters
    ----------
    random
        Source of all randomness.
    width_nm, height_nm
        Field, nm.
    filament_um_per_um2
        Filament length per area; filaments are added until it is reached.
    persistence_um
        Persistence length in the plane.
    antibody_nm
        Length of the linker between axis and dye.

    Returns
    -------
    NDArray[np.float64]
        ``(molecules, 2)`` positions x, y in nm, all inside the field.
    """
    wanted = filament_um_per_um2 * width_nm * height_nm / 1e3 / _STEP_NM
    turn = math.sqrt(_STEP_NM / (persistence_um * 1e3))
    steps = math.ceil(2.0 * math.hypot(width_nm, height_nm) / _STEP_NM)
    parts: list[NDArray[np.float64]] = []
    total = 0
    while total < wanted or not parts:
        start = random.random(2) * (width_nm, height_nm)
        heading = random.uniform(0.0, 2.0 * math.pi)
        for direction in (0.0, math.pi):
            angles = heading + direction + np.cumsum(random.normal(0.0, turn, steps))
            walk = start + _STEP_NM * np.cumsum(
                np.stack([np.cos(angles), np.sin(angles)], axis=1), axis=0
            )
            left = ~_inside(walk, width_nm, height_nm)
            walk = walk[: int(np.argmax(left)) if left.any() else steps]
            total += walk.shape[0]
            parts.append(walk)
    axis = np.concatenate(parts)
    arm = random.normal(size=(axis.shape[0], 3))
    arm *= antibody_nm / np.linalg.norm(arm, axis=1, keepdims=True)
    sites = axis + arm[:, :2]
    inside: NDArray[np.float64] = sites[_inside(sites, width_nm, height_nm)]
    return inside if inside.size else axis[:1]


def uniform_molecules(
    random: np.random.Generator, count: int, *, width_nm: float, height_nm: float
) -> NDArray[np.float64]:
    """``(count, 2)`` positions x, y in nm, uniform over the field."""
    sites: NDArray[np.float64] = random.random((count, 2)) * (width_nm, height_nm)
    return sites


def _inside(sites: NDArray[np.float64], width_nm: float, height_nm: float) -> NDArray[np.bool_]:
    x, y = sites[:, 0], sites[:, 1]
    inside: NDArray[np.bool_] = (x >= 0) & (x < width_nm) & (y >= 0) & (y < height_nm)
    return inside
