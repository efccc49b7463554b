"""The counting kernels of the drift against slow twins."""

import numpy as np
import pytest
from numpy.typing import NDArray

from cellstorm.refine.drift._merging_kernel import merge_in_cells
from cellstorm.refine.drift._overlap_kernel import count_flat, overlap_flat
from cellstorm.refine.drift.grid import FEWER, MOLECULES, MORE, UNITS, interleaved


def positions(count: int, seed: int = 1) -> NDArray[np.float32]:
    """Two axes, nm, also left of the origin."""
    return np.random.default_rng(seed).uniform(-500, 500, (2, count)).astype(np.float32)


@pytest.mark.parametrize("reach", [2, 4, 7])
@pytest.mark.parametrize("presence", [False, True])
def test_the_overlap_is_that_of_every_molecule_with_every_cell(reach: int, presence: bool) -> None:
    cell_nm, shift = 20.0, np.array([3.0, -8.0])
    x_nm, y_nm = positions(300)
    counts = np.zeros((64, 64), np.int64)
    worths = np.zeros((64, 64), np.uint16)
    others = positions(2_000, seed=2)
    count_flat(others[0], others[1], np.zeros(2), cell_nm, MORE, worths)
    column, row = np.floor(others / cell_nm).astype(np.int64) % 64
    np.add.at(counts, (row, column), 1)
    assert np.array_equal(MOLECULES[worths], counts)

    histogram = np.zeros((2, 2, 2 * reach + 1, 2 * reach + 1))
    overlap_flat(x_nm, y_nm, shift, cell_nm, presence, worths, histogram)
    found = interleaved(histogram / (1 if presence else UNITS))

    worth = (counts > 0).astype(np.float64) if presence else np.log1p(counts)
    expected = np.zeros_like(found)
    # in half cells: molecule less cell
    u, v = (
        np.floor(2 * (p - s) / cell_nm).astype(np.int64)
        for p, s in zip((x_nm, y_nm), shift, strict=True)
    )
    for i, j in zip(v, u, strict=True):
        for a in range(-reach, reach + 1):
            for b in range(-reach, reach + 1):
                cell = worth[(i // 2 + a) % 64, (j // 2 + b) % 64]
                expected[2 * (reach - a) + i % 2, 2 * (reach - b) + j % 2] += cell
    assert np.allclose(found, expected, rtol=1e-3, atol=1e-2)


def test_molecules_taken_away_leave_the_grid_as_it_was() -> None:
    worths = np.zeros((32, 32), np.uint16)
    first, second = positions(5_000), positions(5_000, seed=2)
    count_flat(first[0], first[1], np.zeros(2), 20.0, MORE, worths)
    before = worths.copy()
    count_flat(second[0], second[1], np.zeros(2), 20.0, MORE, worths)
    count_flat(second[0], second[1], np.zeros(2), 20.0, FEWER, worths)
    assert np.array_equal(worths, before)


def test_what_shares_a_cell_within_a_block_becomes_its_mean() -> None:
    seen = np.concatenate([positions(4_000), positions(4_000, seed=3)[:1]])
    rows = np.array([0, 1_000, 1_000, 4_000])
    merged, merged_rows = np.empty_like(seen), np.empty_like(rows)
    merge_in_cells(seen, rows, 50.0, merged, merged_rows)
    for b in range(3):
        block = seen[:, rows[b] : rows[b + 1]].astype(np.float64)
        cell = np.floor(block[:2] / 50.0)
        _, number = np.unique(cell, axis=1, return_inverse=True)
        held = np.bincount(number) if number.size else np.zeros(0)
        expected = np.array([np.bincount(number, p, held.size) / held for p in block])
        found = merged[:, merged_rows[b] : merged_rows[b + 1]]
        assert found.shape == expected.shape
        order = [np.lexsort(np.round(p[:2], 2)) for p in (found, expected)]
        assert np.allclose(found[:, order[0]], expected[:, order[1]], atol=1e-2)
