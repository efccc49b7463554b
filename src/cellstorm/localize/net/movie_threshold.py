"""The threshold that a movie needs: low where there is much to find, high where nothing is."""

from collections.abc import Sequence

from cellstorm.localize.net.recording_conditions import RecordingConditions

__all__ = ["MASSES", "movie_threshold"]

MASSES = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)
"""Probabilities that are tried for what makes a molecule."""

_MOST_FALSE = 0.1
# fewer than that may be a few peaks of noise
_LEAST_FOUND = 5
# one in 200 frames of 128 x 128 px
_QUIET_PER_MPX = 0.3


def movie_threshold(
    recording: RecordingConditions,
    least_mass: float,
    false_per_mpx: Sequence[tuple[float, float, float]],
) -> float:
    """The least threshold at which what is found in a sample cannot be mostly nothing.

    A network's probabilities are right for movies with as many molecules as those that it
    was trained on. Of a movie with none, every one that is found is false, so a threshold
    is taken only if movies without molecules would on average give less than a tenth of
    what was found, or the worst of them next to nothing at all.

    Parameters
    ----------
    recording
        Of the sample.
    least_mass
        The best threshold where there is enough to find.
    false_per_mpx
        Rising thresholds, and how many molecules are found in a million pixels that hold
        none: on average, and in the worst movie; the same threshold is given back when empty.
    """
    found = dict(recording.found_by_mass)
    for mass, usual, worst in false_per_mpx:
        if mass < least_mass or mass not in found:
            continue
        expected = usual * recording.pixels * 1e-6
        enough = found[mass] >= _LEAST_FOUND and expected <= _MOST_FALSE * found[mass]
        if enough or worst <= _QUIET_PER_MPX:
            return mass
    above = [mass for mass, _, _ in false_per_mpx if mass >= least_mass]
    return above[-1] if above else least_mass
