"""A bent response made straight: the tone curve from exposures with known ratios."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from cellstorm.camera.still_statistics import grey_scale_of
from cellstorm.camera.tone_curve import ToneCurve
from cellstorm.errors import MovieError
from cellstorm.movie import Movie

__all__ = ["ToneMeasurement", "fit_tone_curve", "measure_tone_curve", "split_by_light"]

_NODES = 17
_MOST_FRAMES = 100
_SAMPLES_PER_PAIR = 4000
# strength of the wish for a curve without kinks, against samples of unit weight
_SMOOTHNESS = 0.3
_LEAST_SPAN = 0.2


@dataclass(frozen=True, eq=False)
class ToneMeasurement:
    """A tone curve and how well the exposures agree on it.

    Attributes
    ----------
    curve
        Grey values to linear ADU; both ends of the range that was seen stay where they are.
    relative_rest
        Root mean square of what is left between the ratios found and given, relative.
    bend
        Largest distance of the curve from a straight line, as a share of the range.
    """

    curve: ToneCurve
    relative_rest: float
    bend: float


def measure_tone_curve(
    movies: Sequence[Movie], exposures: Sequence[float], *, black_adu: float | None = None
) -> ToneMeasurement:
    """Tone curve from clips of one still scene with known exposures.

    Parameters
    ----------
    movies
        The same scene and the same framing, at least two.
    exposures
        Exposure time (or light) of each, any unit, all different.
    black_adu
        Grey value of no light, from a dark series; otherwise a part of the fit.

    Raises
    ------
    MovieError
        Fewer than two exposures, other sizes, or no common range of grey values.
    """
    if len(movies) != len(exposures) or len(movies) < 2:
        raise MovieError(
            "a tone curve needs at least two clips with their exposures.",
            todo="Record the same still scene at, for instance, 1, 2, 4 and 8 times the exposure.",
        )
    shapes = {movie.shape[1:] for movie in movies}
    if len(shapes) > 1:
        raise MovieError(
            f"the clips of the exposures have different sizes: {sorted(shapes)}.",
            where=movies[0].name,
            todo="Record the same scene each time.",
        )
    images = []
    for movie in movies:
        frames = movie.read(0, min(movie.shape[0], _MOST_FRAMES))
        images.append(grey_scale_of(movie).to_photoelectrons(frames).mean(axis=0, dtype=np.float64))
    top = 2.0 ** movies[0].bit_depth - 1.0 if movies[0].dtype.kind in "iu" else None
    return fit_tone_curve(np.stack(images), exposures, black_adu=black_adu, top_adu=top)


def split_by_light(movie: Movie, parts: int) -> NDArray[np.float64]:
    """Mean pictures of one clip whose light changes in steps.

    Parameters
    ----------
    movie
        A still scene; the light stays the same in each part.
    parts
        How many levels of light there are.

    Returns
    -------
    NDArray[np.float64]
        ``(parts, height, width)`` ADU, in the order of the clip. The frames right beside a
        step are left out.

    Raises
    ------
    MovieError
        There are fewer steps than that.
    """
    scale = grey_scale_of(movie)
    frames = movie.shape[0]
    if frames < 4 * parts:
        raise MovieError(f"{frames} frames cannot hold {parts} levels of light.", where=movie.name)
    means = np.concatenate(
        [
            scale.to_photoelectrons(movie.read(k, min(k + 32, frames))).mean(axis=(1, 2))
            for k in range(0, frames, 32)
        ]
    ).astype(np.float64)
    edges = [0, *sorted(_largest_steps(means, parts - 1)), frames]
    images = []
    for first, last in pairwise(edges):
        margin = 1 if last - first > 3 else 0
        chosen = movie.read(first + margin, last - margin)
        images.append(scale.to_photoelectrons(chosen).mean(axis=0, dtype=np.float64))
    return np.stack(images)


def _largest_steps(means: NDArray[np.float64], count: int) -> list[int]:
    """Frames before which the mean steps most, each at least four frames from the others."""
    size = np.abs(np.diff(means))
    found: list[int] = []
    for _ in range(count):
        place = int(np.argmax(size))
        if size[place] <= 0:
            raise MovieError("the light does not change as often as ratios are given.")
        found.append(place + 1)
        size[max(0, place - 3) : place + 4] = 0.0
    return found


def fit_tone_curve(
    images_adu: NDArray[np.float64],
    exposures: Sequence[float],
    *,
    black_adu: float | None = None,
    top_adu: float | None = None,
) -> ToneMeasurement:
    """Tone curve from mean pictures of one scene at known exposures.

    The linear values ``L`` at 17 grey values are the solution of
    ``L(grey_b) - black = ratio * (L(grey_a) - black)`` over all pixels and pairs of
    neighbouring exposures, by least squares, with a weak wish for smoothness (Mitsunaga &
    Nayar 1999; Debevec & Malik 1997 for the grey values instead of a polynomial).

    Parameters
    ----------
    images_adu
        ``(exposures, height, width)`` mean grey values.
    exposures
        Positive, all different.
    black_adu
        Grey value of no light; fitted when None.
    top_adu
        Largest grey value there is; pixels at it in an exposure are left out.

    Raises
    ------
    MovieError
        The exposures are not usable.
    """
    times = np.asarray(exposures, dtype=np.float64)
    if not (np.isfinite(times).all() and (times > 0).all()) or np.unique(times).size < times.size:
        raise MovieError("exposures must be over zero and all different.")
    order = np.argsort(times)
    images, times = images_adu[order], times[order]
    smooth = np.stack([uniform_filter(image, 3) for image in images])
    limit = np.inf if top_adu is None else 0.97 * top_adu
    low = float(smooth.min()) if black_adu is None else min(black_adu, float(smooth.min()))
    inside = smooth[smooth < limit]
    high = float(inside.max()) if inside.size else low
    if high - low <= _LEAST_SPAN * (top_adu or high):
        raise MovieError(
            f"the exposures only cover grey values from {low:.4g} to {high:.4g}.",
            todo="Let the longest exposure come near the end of the scale.",
        )
    nodes = np.linspace(low, high, _NODES)
    rows, weights = _equations(smooth, times, nodes, limit)
    linear, rest = _solve(rows, weights, nodes, black_adu)
    straight = np.linspace(linear[0], linear[-1], _NODES)
    bend = float(np.max(np.abs(linear - straight)) / (linear[-1] - linear[0]))
    curve = ToneCurve(
        grey=tuple(float(f"{v:.6g}") for v in nodes), linear_adu=tuple(float(v) for v in linear)
    )
    return ToneMeasurement(curve, rest, bend)


def _equations(
    smooth: NDArray[np.float64],
    times: NDArray[np.float64],
    nodes: NDArray[np.float64],
    limit: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``(samples, nodes + 1)``: coefficients of the node values and of black, should give 0."""
    random = np.random.default_rng(0)
    blocks, weights = [], []
    for k in range(times.size - 1):
        ratio = times[k + 1] / times[k]
        dim, bright = smooth[k].ravel(), smooth[k + 1].ravel()
        usable = np.flatnonzero((bright < limit) & (dim >= nodes[0]) & (bright > dim))
        if usable.size == 0:
            continue
        # as many from every brightness as there are, or the background is all that counts
        bins = np.digitize(bright[usable], nodes)
        share = 1.0 / np.bincount(bins, minlength=nodes.size + 1)[bins]
        chosen = random.choice(
            usable,
            size=min(_SAMPLES_PER_PAIR, usable.size),
            replace=False,
            p=share / share.sum(),
        )
        block = _weights_of(bright[chosen], nodes) - ratio * _weights_of(dim[chosen], nodes)
        # an equation's error grows with the factor that it multiplies noise with
        blocks.append(np.column_stack([block, np.full(chosen.size, ratio - 1.0)]))
        weights.append(np.full(chosen.size, 1.0 / math.hypot(1.0, ratio)))
    if not blocks:
        raise MovieError(
            "no pixel is well exposed in two neighbouring exposures.",
            todo="Take exposures that lie closer together.",
        )
    return np.concatenate(blocks), np.concatenate(weights)


def _weights_of(values: NDArray[np.float64], nodes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows that interpolate linearly between the nodes."""
    place = np.clip((values - nodes[0]) / (nodes[1] - nodes[0]), 0, nodes.size - 1.000001)
    left = place.astype(int)
    rows = np.zeros((values.size, nodes.size))
    rows[np.arange(values.size), left] = 1.0 - (place - left)
    rows[np.arange(values.size), left + 1] = place - left
    return rows


def _solve(
    rows: NDArray[np.float64],
    weights: NDArray[np.float64],
    nodes: NDArray[np.float64],
    black_adu: float | None,
) -> tuple[NDArray[np.float64], float]:
    count = nodes.size
    scale = nodes[-1] - nodes[0]
    second = np.zeros((count - 2, count + 1))
    for k in range(count - 2):
        second[k, k : k + 3] = (1.0, -2.0, 1.0)
    fixed = np.zeros((2, count + 1))
    # both ends stay where they are: only the shape can be known
    fixed[0, 0], fixed[1, count - 1] = 1.0, 1.0
    target = [nodes[0], nodes[-1]]
    if black_adu is not None:
        where = _weights_of(np.array([black_adu]), nodes)
        same = np.column_stack([where, [-1.0]])
        fixed = np.vstack([fixed, same])
        target.append(0.0)
    strength = _SMOOTHNESS * math.sqrt(rows.shape[0] / count)
    reliable = np.ones(rows.shape[0])
    for _ in range(4):
        matrix = np.vstack([rows * (weights * reliable)[:, None], strength * second, 1e4 * fixed])
        right = np.concatenate(
            [np.zeros(rows.shape[0] + count - 2), 1e4 * np.asarray(target, dtype=np.float64)]
        )
        solution = np.linalg.lstsq(matrix, right, rcond=None)[0]
        residual = rows @ solution * weights
        spread = 1.4826 * float(np.median(np.abs(residual))) + 1e-9 * scale
        reliable = np.minimum(1.0, 2.0 * spread / np.maximum(np.abs(residual), 1e-300))
    linear = np.asarray(solution[:count])
    if not (np.diff(linear) > 0).all():
        raise MovieError(
            "the exposures contradict each other: brighter ones would have to be darker.",
            todo="Check the exposure times, and that nothing moved.",
        )
    light = np.maximum(np.interp(nodes, nodes, linear) - solution[count], 0.05 * scale)
    rest = float(np.sqrt(np.mean(residual**2))) / float(np.median(light))
    return linear, rest
