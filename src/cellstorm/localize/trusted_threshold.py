"""The threshold that a movie needs: low where there is much to find, high where nothing is."""

from collections.abc import Mapping, Sequence

__all__ = ["trusted_threshold"]

_MOST_FALSE = 0.1
# fewer than that may be a few peaks of noise
_LEAST_FOUND = 5
# one in 200 frames of 128 x 128 px
_QUIET_PER_MPX = 0.3


def trusted_threshold(
    found: Mapping[float, int],
    pixels: int,
    least: float,
    false_per_mpx: Sequence[tuple[float, float, float]],
) -> float:
    """The least threshold at which what is found in a sample cannot be mostly nothing.

    A network is right for movies with as many molecules as those that it was trained on. Of a
    movie with none, every one that is found is false, so a threshold is taken only if movies
    without molecules would on average give less than a tenth of what was found, or the worst
    of them next to nothing at all.

    Parameters
    ----------
    found
        How many molecules of the sample reach a threshold, by threshold.
    pixels
        Of all frames of the sample.
    least
        The best threshold where there is enough to find.
    false_per_mpx
        Rising thresholds, and how many molecules are found in a million pixels that hold
        none: on average, and in the worst movie; ``least`` is given back when empty.
    """
    for threshold, usual, worst in false_per_mpx:
        if threshold < least or threshold not in found:
            continue
        expected = usual * pixels * 1e-6
        enough = found[threshold] >= _LEAST_FOUND and expected <= _MOST_FALSE * found[threshold]
        if enough or worst <= _QUIET_PER_MPX:
            return threshold
    above = [threshold for threshold, _, _ in false_per_mpx if threshold >= least]
    return above[-1] if above else least
