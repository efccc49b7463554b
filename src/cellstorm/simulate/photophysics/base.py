"""What every model of blinking offers."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar

from pydantic import ConfigDict

from cellstorm.parameters import Parameters
from cellstorm.simulate.field_of_view import FieldOfView
from cellstorm.simulate.photophysics.activity import Activity

__all__ = ["BlinkModel"]


class BlinkModel(Parameters, ABC):
    """When the molecules of a structure give light, and how much."""

    model_config: ClassVar[ConfigDict] = ConfigDict(allow_inf_nan=False)

    @abstractmethod
    def activity(
        self, view: FieldOfView, sites: int, seed: Sequence[int], block_frames: int
    ) -> Iterator[Activity]:
        """Which molecules give light when.

        Parameters
        ----------
        view
            The field, the number of frames and their rate.
        sites
            How many molecules there are.
        seed
            Source of all randomness; the same seed gives the same light, whatever the
            length of blocks.
        block_frames
            Length of the blocks.

        Returns
        -------
        Iterator[Activity]
            One per block of frames, in order.

        Raises
        ------
        ConfigurationError
            The density asks for more molecules than there are.
        """
