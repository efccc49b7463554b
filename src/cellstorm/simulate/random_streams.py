"""Independent random numbers for every purpose of a simulation, from one seed."""

from typing import Literal, get_args

import numpy as np

__all__ = ["Purpose", "RandomStreams"]

Purpose = Literal["sites", "blinks", "noise", "drift", "background", "defects", "codec"]


class RandomStreams:
    """Random numbers that do not depend on what else is drawn.

    Changing one part of a simulation leaves what chance gave the others.

    Parameters
    ----------
    seed
        Of the whole simulation.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def key(self, purpose: Purpose) -> list[int]:
        """What generators of this purpose are seeded with, to be followed by a number."""
        return [self._seed, get_args(Purpose).index(purpose)]

    def generator(self, purpose: Purpose, part: int = 0) -> np.random.Generator:
        """A generator of its own for part ``part`` of a purpose."""
        return np.random.default_rng([*self.key(purpose), part])
