"""Numba kernel: one place for a molecule in all frames it shines in, by likelihood."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cellstorm.localize.gaussian._background_kernel import (
    LEAST_MODEL,
    initial_background,
    refresh_background,
)
from cellstorm.localize.gaussian._fast_math import FAST
from cellstorm.localize.gaussian._frame_model_kernel import add_spot, window
from cellstorm.localize.gaussian._profile_kernel import fill_profile

__all__ = ["FITTED_FIELDS", "fit_tracks"]

FITTED_FIELDS = ("x", "y", "var_x", "var_y")
"""Columns of the table that `fit_tracks` fills."""

Image = NDArray[np.float32]
Numbers = NDArray[np.float64]
Indices = NDArray[np.int64]

_MOST_STEP_PX = 0.5
# of its light a molecule keeps in one step at least
_LEAST_LEFT = 0.2
# the boundary between two frames at which a track would be cut
_NO_CUT = -1


@njit(nogil=True, cache=True, fastmath=FAST)
def _look_at(
    data: Image, extra: Image, model: Image, x: float, y: float, photons: float,
    sigma: float, radius: int, axes: Numbers, seen: Numbers,
) -> None:  # fmt: skip
    """Score and Fisher information of one molecule in one frame.

    ``seen``: the score by x, y and photons, then the information xx, xy, yy, xp, yp, pp
    (Smith et al. 2010, eqs. 9 and 17, with the neighbours in the model).
    """
    x0, nx = window(x, radius, data.shape[1])
    y0, ny = window(y, radius, data.shape[0])
    fill_profile(x, sigma, x0, nx, axes[0], axes[1])
    fill_profile(y, sigma, y0, ny, axes[2], axes[3])
    gx = gy = gp = 0.0
    xx = xy = yy = xp = yp = pp = 0.0
    for j in range(ny):
        for i in range(nx):
            expected = model[y0 + j, x0 + i]
            weight = 1.0 / expected
            score = (data[y0 + j, x0 + i] + extra[y0 + j, x0 + i] - expected) * weight
            by_photons = axes[0, i] * axes[2, j]
            by_x = photons * axes[1, i] * axes[2, j]
            by_y = photons * axes[0, i] * axes[3, j]
            gx += by_x * score
            gy += by_y * score
            gp += by_photons * score
            xx += by_x * by_x * weight
            xy += by_x * by_y * weight
            yy += by_y * by_y * weight
            xp += by_x * by_photons * weight
            yp += by_y * by_photons * weight
            pp += by_photons * by_photons * weight
    seen[0], seen[1], seen[2] = gx, gy, gp
    seen[3], seen[4], seen[5] = xx, xy, yy
    seen[6], seen[7], seen[8] = xp, yp, pp


@njit(nogil=True, cache=True)
def _most_doubtful_boundary(seen: Numbers, count: int) -> tuple[float, int]:
    """Chi-square (two degrees of freedom) of the boundary that divides a track best.

    Of the score of the frames before it, at the track's best place and with their photons
    free: a score test for another place before than after.
    """
    part = np.zeros(5)
    whole = np.zeros(5)
    reduced = np.empty((count, 5))
    for c in range(count):
        gx, gy, gp, xx, xy, yy, xp, yp, pp = seen[c]
        reduced[c, 0] = gx - xp * gp / pp
        reduced[c, 1] = gy - yp * gp / pp
        reduced[c, 2] = xx - xp * xp / pp
        reduced[c, 3] = xy - xp * yp / pp
        reduced[c, 4] = yy - yp * yp / pp
        whole += reduced[c]
    most, boundary = 0.0, _NO_CUT
    det = whole[2] * whole[4] - whole[3] * whole[3]
    if not det > 0.0:
        return most, boundary
    step_x = (whole[4] * whole[0] - whole[3] * whole[1]) / det
    step_y = (whole[2] * whole[1] - whole[3] * whole[0]) / det
    a, b, d = whole[4] / det, -whole[3] / det, whole[2] / det
    for c in range(count - 1):
        part += reduced[c]
        xx, xy, yy = part[2], part[3], part[4]
        gx = part[0] - xx * step_x - xy * step_y
        gy = part[1] - xy * step_x - yy * step_y
        # covariance of that score: I - I W^-1 I
        p, q = xx * a + xy * b, xx * b + xy * d
        r, s = xy * a + yy * b, xy * b + yy * d
        cxx = xx - (p * xx + q * xy)
        cxy = xy - (p * xy + q * yy)
        cyy = yy - (r * xy + s * yy)
        small = cxx * cyy - cxy * cxy
        if not small > 1e-12:
            continue
        chi2 = (cyy * gx * gx - 2.0 * cxy * gx * gy + cxx * gy * gy) / small
        if chi2 > most:
            most, boundary = chi2, c
    return most, boundary


@njit(nogil=True, cache=True)
def fit_tracks(
    frames: NDArray[np.float32],
    extra_variance: NDArray[np.float32],
    frame: Indices,
    known: Numbers,
    starts: Indices,
    sigma: float,
    radius: int,
    background_radius: int,
    prior_share: float,
    most_chi2: float,
    sweeps: int,
    table: Numbers,
) -> None:
    """Fit one place to each track, its photons free in every frame, the neighbours in place.

    Newton steps of the likelihood of all its frames, track by track over and over, over
    smooth backgrounds. Halfway a track whose parts want different places is cut in two.

    Parameters
    ----------
    frames
        ``(n, height, width)`` photoelectrons with Poisson noise.
    extra_variance
        ``(n or 1, height, width)``, variance that is not the light's own.
    frame
        ``(m,)`` frame of each molecule, the molecules of a track together and in order.
    known
        ``(m, 4)``: x, y (px), photons, and the standard error of x and y to begin with.
    starts
        ``(tracks + 1,)``: first molecule of each track, then m.
    sigma, radius, background_radius
        Width of the PSF, half the window, half the background's box, px.
    prior_share
        The tracks' known places count as having that times the variance of their best.
    most_chi2
        Over which a track is cut.
    sweeps
        Before the cuts, and after them.
    table
        Output ``(m, 4)`` in the order of `FITTED_FIELDS`.
    """
    count, height, width = frames.shape
    total = frame.size
    axes = np.empty((4, 2 * radius + 8))
    has = np.zeros(count, np.bool_)
    for k in range(total):
        has[frame[k]] = True
    background = np.empty((count, height, width), np.float32)
    model = np.empty((count, height, width), np.float32)
    for f in range(count):
        if not has[f]:
            continue
        extra = extra_variance[f if extra_variance.shape[0] > 1 else 0]
        initial_background(frames[f], extra, background_radius, background[f])
        for j in range(height):
            for i in range(width):
                model[f, j, i] = max(background[f, j, i] + extra[j, i], LEAST_MODEL)
    tracks = starts.size - 1
    begin, end = np.empty(total, np.int64), np.empty(total, np.int64)
    # place, known place and its variance
    place = np.empty((total, 5))
    longest = 1
    for t in range(tracks):
        begin[t], end[t] = starts[t], starts[t + 1]
        longest = max(longest, end[t] - begin[t])
        _expect(known, begin[t], end[t], prior_share, place[t])
        place[t, 0], place[t, 1] = place[t, 2], place[t, 3]
    photons = known[:, 2].copy()
    for t in range(tracks):
        for k in range(begin[t], end[t]):
            add_spot(model[frame[k]], place[t, 0], place[t, 1], photons[k], sigma, radius, axes)
    seen = np.empty((longest, 9))
    for half in range(2):
        for f in range(count):
            if has[f]:
                extra = extra_variance[f if extra_variance.shape[0] > 1 else 0]
                refresh_background(frames[f], extra, model[f], background[f], background_radius)
        for _ in range(sweeps):
            for t in range(tracks):
                _look_at_track(
                    frames, extra_variance, frame, model, photons, begin[t], end[t], place[t],
                    sigma, radius, axes, seen,
                )  # fmt: skip
                _step(
                    frame, model, photons, begin[t], end[t], place[t], sigma, radius, axes, seen,
                    table,
                )  # fmt: skip
        if half == 1:
            break
        for t in range(tracks):
            length = end[t] - begin[t]
            if length < 2:
                continue
            _look_at_track(
                frames, extra_variance, frame, model, photons, begin[t], end[t], place[t],
                sigma, radius, axes, seen,
            )  # fmt: skip
            chi2, boundary = _most_doubtful_boundary(seen, length)
            if chi2 > most_chi2:
                begin[tracks], end[tracks] = begin[t] + boundary + 1, end[t]
                end[t] = begin[t] + boundary + 1
                place[tracks] = place[t]
                for part in (t, tracks):
                    _expect(known, begin[part], end[part], prior_share, place[part])
                tracks += 1


@njit(nogil=True, cache=True)
def _expect(known: Numbers, begin: int, end: int, prior_share: float, place: Numbers) -> None:
    """Where the molecules of a track are by what is known, and how surely."""
    total = x = y = 0.0
    least = math.inf
    for k in range(begin, end):
        variance = known[k, 3] * known[k, 3]
        total += 1.0 / variance
        x += known[k, 0] / variance
        y += known[k, 1] / variance
        least = min(least, variance)
    place[2], place[3], place[4] = x / total, y / total, prior_share * least


@njit(nogil=True, cache=True)
def _look_at_track(
    frames: Image, extra_variance: Image, frame: Indices, model: Image, photons: Numbers,
    begin: int, end: int, place: Numbers, sigma: float, radius: int, axes: Numbers, seen: Numbers,
) -> None:  # fmt: skip
    for k in range(begin, end):
        f = frame[k]
        extra = extra_variance[f if extra_variance.shape[0] > 1 else 0]
        _look_at(
            frames[f], extra, model[f], place[0], place[1], photons[k], sigma, radius, axes,
            seen[k - begin],
        )  # fmt: skip


@njit(nogil=True, cache=True)
def _step(
    frame: Indices, model: Image, photons: Numbers, begin: int, end: int, place: Numbers,
    sigma: float, radius: int, axes: Numbers, seen: Numbers, table: Numbers,
) -> None:  # fmt: skip
    """One Newton step of place and photons, written into ``table`` with the variances."""
    xx = yy = 1.0 / place[4]
    xy = 0.0
    gx = (place[2] - place[0]) / place[4]
    gy = (place[3] - place[1]) / place[4]
    for c in range(end - begin):
        sx, sy, sp, ixx, ixy, iyy, ixp, iyp, ipp = seen[c]
        gx += sx - ixp * sp / ipp
        gy += sy - iyp * sp / ipp
        xx += ixx - ixp * ixp / ipp
        xy += ixy - ixp * iyp / ipp
        yy += iyy - iyp * iyp / ipp
    det = xx * yy - xy * xy
    if not det > 0.0:
        for k in range(begin, end):
            table[k, 0] = table[k, 1] = math.nan
            table[k, 2] = table[k, 3] = math.inf
        return
    step_x = (yy * gx - xy * gy) / det
    step_y = (xx * gy - xy * gx) / det
    length = math.hypot(step_x, step_y)
    if length > _MOST_STEP_PX:
        step_x *= _MOST_STEP_PX / length
        step_y *= _MOST_STEP_PX / length
    x, y = place[0] + step_x, place[1] + step_y
    for c in range(end - begin):
        k = begin + c
        fresh = photons[k] + (seen[c, 2] - seen[c, 6] * step_x - seen[c, 7] * step_y) / seen[c, 8]
        fresh = max(fresh, _LEAST_LEFT * photons[k])
        add_spot(model[frame[k]], place[0], place[1], -photons[k], sigma, radius, axes)
        add_spot(model[frame[k]], x, y, fresh, sigma, radius, axes)
        photons[k] = fresh
        table[k, 0], table[k, 1] = x, y
        table[k, 2], table[k, 3] = yy / det, xx / det
    place[0], place[1] = x, y
