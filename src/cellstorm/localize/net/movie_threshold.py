"""The probability that makes a molecule in this movie."""

from collections.abc import Sequence

from cellstorm.localize.net.recording_conditions import RecordingConditions
from cellstorm.localize.trusted_threshold import trusted_threshold

__all__ = ["MASSES", "movie_threshold"]

MASSES = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)
"""Probabilities that are tried for what makes a molecule."""


def movie_threshold(
    recording: RecordingConditions,
    least_mass: float,
    false_per_mpx: Sequence[tuple[float, float, float]],
) -> float:
    """The least threshold that can be trusted in a movie, see `trusted_threshold`.

    Parameters
    ----------
    recording
        Of the sample.
    least_mass
        The best threshold where there is enough to find.
    false_per_mpx
        Rising thresholds, and how many molecules are found in a million pixels that hold
        none: on average, and in the worst movie.
    """
    found = dict(recording.found_by_mass)
    return trusted_threshold(found, recording.pixels, least_mass, false_per_mpx)
