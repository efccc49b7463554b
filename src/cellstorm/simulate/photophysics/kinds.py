"""Every kind of photophysics, as one type that ``kind`` chooses from."""

from typing import Annotated

from pydantic import Field

from cellstorm.simulate.photophysics.steady import SteadyPhotophysics
from cellstorm.simulate.photophysics.switching import SwitchingPhotophysics

__all__ = ["Photophysics"]

Photophysics = Annotated[SteadyPhotophysics | SwitchingPhotophysics, Field(discriminator="kind")]
