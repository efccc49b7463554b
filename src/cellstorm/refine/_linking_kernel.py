"""Which localizations of consecutive frames are the same molecule (numba)."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["link_rows"]


@njit(cache=True, nogil=True)
def link_rows(
    frame: NDArray[np.int64],
    x_nm: NDArray[np.float64],
    y_nm: NDArray[np.float64],
    reach_nm: NDArray[np.float64],
    longest_reach_nm: float,
    dark_frames: int,
    first_number: int,
    open_number: NDArray[np.int64],
    open_x_nm: NDArray[np.float64],
    open_y_nm: NDArray[np.float64],
    open_reach_nm: NDArray[np.float64],
    open_frame: NDArray[np.int64],
    open_count: int,
    number: NDArray[np.int64],
    gaps: NDArray[np.int64],
) -> tuple[int, int]:
    """Give each row the number of its molecule.

    In each frame the nearest pair of an open molecule and a localization is joined first,
    in units of their reach, then the nearest of those left, and so on. Distances are from
    the last localization of a molecule, so that slow drift breaks none.

    Parameters
    ----------
    frame, x_nm
        ``(n,)`` in rising order of frame, and of x_nm within it.
    y_nm
        ``(n,)``.
    reach_nm
        ``(n,)`` two localizations are joined up to ``sqrt(reach_a**2 + reach_b**2)``;
        negative ones are never joined.
    longest_reach_nm
        No pair is joined over more.
    dark_frames
        Frames in between in which a molecule may not be seen.
    first_number
        Number of the next new molecule.
    open_number, open_x_nm, open_y_nm, open_reach_nm, open_frame
        ``(capacity,)`` last localizations of molecules that may go on; read and changed.
        The capacity must hold those open and all rows.
    open_count
        How many there are.
    number
        ``(n,)`` int64, written: the molecule of each row.
    gaps
        ``(m,)`` counted up: joined pairs by the frames between them; the last entry
        holds all longer ones.

    Returns
    -------
    tuple[int, int]
        The next new number, and how many molecules are open.
    """
    rows = frame.size
    best_of_row = np.empty(rows, np.int64)
    score_of_row = np.empty(rows, np.float64)
    best_of_open = np.empty(open_number.size, np.int64)
    score_of_open = np.empty(open_number.size, np.float64)
    # the row that an open molecule goes on with; it moves only after the frame's last round,
    # as the search needs the molecules in order of x
    next_row = np.empty(open_number.size, np.int64)
    next_number = first_number
    first = 0
    while first < rows:
        now = frame[first]
        last = first
        while last < rows and frame[last] == now:
            last += 1
        # those dark for too long make room
        left = 0
        for slot in range(open_count):
            if now - open_frame[slot] - 1 <= dark_frames:
                open_number[left] = open_number[slot]
                open_x_nm[left] = open_x_nm[slot]
                open_y_nm[left] = open_y_nm[slot]
                open_reach_nm[left] = open_reach_nm[slot]
                open_frame[left] = open_frame[slot]
                left += 1
        open_count = left
        order = np.argsort(open_x_nm[:open_count])
        for slot in range(open_count):
            next_row[slot] = -1
        for row in range(first, last):
            number[row] = -1

        joined = open_count > 0
        while joined:
            joined = False
            for slot in range(open_count):
                best_of_open[slot] = -1
                score_of_open[slot] = np.inf
            low = 0
            for row in range(first, last):
                best_of_row[row] = -1
                score_of_row[row] = np.inf
                while low < open_count and open_x_nm[order[low]] < x_nm[row] - longest_reach_nm:
                    low += 1
                if number[row] >= 0 or reach_nm[row] < 0.0:
                    continue
                place = low
                while place < open_count:
                    slot = order[place]
                    place += 1
                    dx = open_x_nm[slot] - x_nm[row]
                    if dx > longest_reach_nm:
                        break
                    if next_row[slot] >= 0 or open_reach_nm[slot] < 0.0:
                        continue
                    dy = open_y_nm[slot] - y_nm[row]
                    distance2 = dx * dx + dy * dy
                    reach2 = reach_nm[row] ** 2 + open_reach_nm[slot] ** 2
                    if distance2 > reach2 or distance2 > longest_reach_nm**2:
                        continue
                    score = distance2 / reach2 if reach2 > 0.0 else 0.0
                    if score < score_of_row[row]:
                        score_of_row[row] = score
                        best_of_row[row] = slot
                    if score < score_of_open[slot]:
                        score_of_open[slot] = score
                        best_of_open[slot] = row
            for row in range(first, last):
                slot = best_of_row[row]
                if slot >= 0 and best_of_open[slot] == row:
                    gaps[min(now - open_frame[slot] - 1, gaps.size - 1)] += 1
                    number[row] = open_number[slot]
                    next_row[slot] = row
                    joined = True

        for slot in range(open_count):
            row = next_row[slot]
            if row >= 0:
                open_x_nm[slot] = x_nm[row]
                open_y_nm[slot] = y_nm[row]
                open_reach_nm[slot] = reach_nm[row]
                open_frame[slot] = now
        for row in range(first, last):
            if number[row] < 0:
                number[row] = next_number
                next_number += 1
                open_number[open_count] = number[row]
                open_x_nm[open_count] = x_nm[row]
                open_y_nm[open_count] = y_nm[row]
                open_reach_nm[open_count] = reach_nm[row]
                open_frame[open_count] = now
                open_count += 1
        first = last
    return next_number, open_count
