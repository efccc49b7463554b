"""Numba kernel: expected light to noisy linear values, a random stream per frame."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["expose", "poisson_counts"]

_LAYERS = 128
# right edge and area of the layers of the normal density (Doornik 2005, table 1)
_EDGE = 3.442619855899
_AREA = 9.91256303526217e-3


def _ziggurat() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Edges of the layers (Marsaglia & Tsang 2000) and the ratio of each to the one below."""
    edge = np.empty(_LAYERS + 1)
    height = math.exp(-0.5 * _EDGE * _EDGE)
    edge[0] = _AREA / height
    edge[1] = _EDGE
    for layer in range(2, _LAYERS):
        edge[layer] = math.sqrt(-2.0 * math.log(_AREA / edge[layer - 1] + height))
        height = math.exp(-0.5 * edge[layer] * edge[layer])
    edge[_LAYERS] = 0.0
    return edge, edge[1:] / edge[:-1]


_EDGES, _RATIOS = _ziggurat()
_TO_UNIT = 1.0 / 9007199254740992.0  # 2^-53


@njit(nogil=True, cache=True, inline="always")
def _bits(state: NDArray[np.uint64]) -> np.uint64:
    """The next 64 bits of SplitMix64 (Steele, Lea & Flood 2014, fig. 17)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits: np.uint64 = z ^ (z >> np.uint64(31))
    return bits


@njit(nogil=True, cache=True, inline="always")
def _uniform(state: NDArray[np.uint64]) -> float:
    """Evenly in (0, 1), never 0 or 1."""
    return (np.float64(_bits(state) >> np.uint64(12)) + 0.5) * (2.0 * _TO_UNIT)


@njit(nogil=True, cache=True)
def _normal(state: NDArray[np.uint64]) -> float:
    """Standard normal by the ziggurat with separate layer bits (Doornik 2005, ZIGNOR)."""
    while True:
        bits = _bits(state)
        layer = np.int64(bits & np.uint64(_LAYERS - 1))
        u = 2.0 * (np.float64(bits >> np.uint64(11)) * _TO_UNIT) - 1.0
        if abs(u) < _RATIOS[layer]:
            inside: float = u * _EDGES[layer]
            return inside
        if layer == 0:
            while True:
                x = math.log(_uniform(state)) / _EDGE
                y = math.log(_uniform(state))
                if -2.0 * y >= x * x:
                    break
            tail: float = x - _EDGE if u < 0 else _EDGE - x
            return tail
        x = float(u * _EDGES[layer])
        below = math.exp(-0.5 * (_EDGES[layer] ** 2 - x * x))
        above = math.exp(-0.5 * (_EDGES[layer + 1] ** 2 - x * x))
        if above + _uniform(state) * (below - above) < 1.0:
            return x


@njit(nogil=True, cache=True)
def _poisson(mean: float, state: NDArray[np.uint64]) -> float:
    """Exact Poisson count: inversion under a mean of 10, else PTRS (Hoermann 1993)."""
    if mean < 10.0:
        if mean <= 0.0:
            return 0.0
        count = 0.0
        probability = math.exp(-mean)
        rest = _uniform(state)
        while rest > probability:
            rest -= probability
            count += 1.0
            probability *= mean / count
            # rounding can leave a rest of 1e-16 that no term covers any more
            if probability < 1e-20 and count > mean:
                break
        return count
    root = math.sqrt(mean)
    b = 0.931 + 2.53 * root
    a = -0.059 + 0.02483 * b
    v_r = 0.9277 - 3.6224 / (b - 2.0)
    while True:
        u = _uniform(state) - 0.5
        v = _uniform(state)
        edge = 0.5 - abs(u)
        count = math.floor((2.0 * a / edge + b) * u + mean + 0.43)
        if edge >= 0.07 and v <= v_r:
            return count
        if count < 0.0 or (edge < 0.013 and v > edge):
            continue
        inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
        if math.log(v * inverse_alpha / (a / (edge * edge) + b)) <= (
            count * math.log(mean) - mean - math.lgamma(count + 1.0)
        ):
            return count


@njit(nogil=True, cache=True)
def _gamma(shape: float, state: NDArray[np.uint64]) -> float:
    """Gamma variate of unit scale (Marsaglia & Tsang 2000, with their boost under 1)."""
    boost = 1.0
    if shape < 1.0:
        boost = _uniform(state) ** (1.0 / shape)
        shape += 1.0
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        x = _normal(state)
        v = 1.0 + c * x
        if v <= 0.0:
            continue
        v = v * v * v
        if math.log(_uniform(state)) < 0.5 * x * x + d - d * v + d * math.log(v):
            return d * v * boost


@njit(nogil=True, cache=True)
def poisson_counts(
    expected: NDArray[np.float64], seed: np.uint64, counts: NDArray[np.int64]
) -> None:
    """Fill ``counts`` with one Poisson count per expectation, both ``(n,)``."""
    state = np.empty(1, np.uint64)
    state[0] = seed
    for k in range(expected.size):
        counts[k] = np.int64(_poisson(expected[k], state))


@njit(nogil=True, cache=True)
def expose(
    expected: NDArray[np.float32],
    seeds: NDArray[np.uint64],
    response: NDArray[np.float32],
    dark_e: NDArray[np.float32],
    noise_e: NDArray[np.float32],
    inverse_gain: NDArray[np.float32],
    offset_adu: NDArray[np.float32],
    frame_offset_e: NDArray[np.float32],
    row_noise_e: float,
    excess: float,
    knee_adu: float,
    top_adu: float,
    recorded: NDArray[np.float32],
) -> None:
    """Draw shot, multiplication and read noise, then gain, offset and saturation.

    Parameters
    ----------
    expected
        ``(n, height, width)`` expected photoelectrons.
    seeds
        ``(n,)``, one random stream per frame.
    response, dark_e, noise_e, inverse_gain, offset_adu
        ``(height, width)`` or ``(1, 1)`` for all pixels: sensitivity, dark electrons per
        frame, read noise (e RMS), ADU per photoelectron and ADU of no light.
    frame_offset_e
        ``(n,)`` photoelectrons on top of every pixel of a frame (offset drift).
    row_noise_e
        Noise common to a row of a frame, e RMS.
    excess
        F^2 - 1 of the electron multiplication, 0 without.
    knee_adu, top_adu
        Linear up to the knee, bending towards the top; equal for a plain clip.
    recorded
        ``(n, height, width)`` linear ADU, filled.
    """
    frames, height, width = expected.shape
    plain = response.size == 1
    state = np.empty(1, np.uint64)
    span = top_adu - knee_adu
    for k in range(frames):
        state[0] = seeds[k]
        for line in range(height):
            common = frame_offset_e[k]
            if row_noise_e > 0.0:
                common += row_noise_e * _normal(state)
            for column in range(width):
                i = 0 if plain else line
                j = 0 if plain else column
                light = _poisson(expected[k, line, column] * response[i, j] + dark_e[i, j], state)
                if excess > 0.0 and light > 0.0:
                    light = excess * _gamma(light / excess, state)
                light += common
                if noise_e[i, j] > 0.0:
                    light += noise_e[i, j] * _normal(state)
                value = light * inverse_gain[i, j] + offset_adu[i, j]
                if value > knee_adu:
                    if span <= 0.0:
                        value = top_adu
                    else:
                        value = knee_adu + span * (1.0 - math.exp((knee_adu - value) / span))
                recorded[k, line, column] = value
