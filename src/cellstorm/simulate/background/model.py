"""Everything that shines besides the molecules in focus, as one model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from cellstorm.parameters import Parameters
from cellstorm.simulate.background.haze import Haze
from cellstorm.simulate.background.out_of_focus import OutOfFocus
from cellstorm.simulate.background.time_course import Bleaching, Flicker
from cellstorm.simulate.field_of_view import FieldOfView

__all__ = ["Background", "BackgroundLight"]

# streams of random numbers under the seed of the background
_HAZE, _FLICKER, _OUT_OF_FOCUS = range(3)


class Background(Parameters):
    """Light without the molecules in focus.

    A uniform level, still haze and blinking molecules out of focus add up; bleaching and
    flicker multiply all of it.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    photons: float = Field(20.0, ge=0, le=1e6, description="uniform level, photons/px")
    haze: Haze | None = Field(None, description="out-of-focus light that stands still")
    out_of_focus: OutOfFocus | None = Field(None, description="blinking molecules out of focus")
    bleaching: Bleaching | None = Field(None, description="how the light falls over the movie")
    flicker: Flicker | None = Field(None, description="how the light changes between frames")

    def light(
        self, view: FieldOfView, sites_nm: NDArray[np.float64], seed: Sequence[int]
    ) -> "BackgroundLight":
        """Draw all that is random once and for all.

        Parameters
        ----------
        view
            What is looked at; light is given per pixel of it.
        sites_nm
            ``(n, 3)`` x, y, z of the structure's sites, for haze that follows them.
        seed
            Same seed, same light.
        """
        static = np.full((view.height_px, view.width_px), self.photons, np.float32)
        if self.haze is not None:
            random = np.random.default_rng([*seed, _HAZE])
            static += self.haze.light(view, sites_nm, random).astype(np.float32)
        factors: NDArray[np.float64] | None = None
        if self.bleaching is not None:
            factors = self.bleaching.factors(view)
        if self.flicker is not None:
            flicker = self.flicker.factors(view, np.random.default_rng([*seed, _FLICKER]))
            factors = flicker if factors is None else factors * flicker
        return BackgroundLight(
            static=static,
            factors=None if factors is None else factors.astype(np.float32),
            out_of_focus=self.out_of_focus,
            view=view,
            seed=(*seed, _OUT_OF_FOCUS),
        )

    def scaled(self, factor: float) -> Self:
        """The same light on pixels that are ``factor`` times smaller.

        Levels are given per pixel and fall with its area; lengths are in the sample's units
        and stay.
        """
        haze = self.haze
        if haze is not None:
            haze = haze.model_copy(update={"peak_photons": haze.peak_photons / factor**2})
        return self.model_copy(update={"photons": self.photons / factor**2, "haze": haze})


@dataclass(frozen=True, eq=False)
class BackgroundLight:
    """The background of one movie, to be had for any stretch of its frames.

    Attributes
    ----------
    static
        ``(height, width)`` float32 photons per pixel: level and haze, before they bleach
        and flicker.
    factors
        ``(frames,)`` float32 light of each frame relative to `static`; None: always 1.
        The only thing that grows with the movie, four bytes a frame.
    out_of_focus
        What blinks on top.
    view
        What is looked at.
    seed
        Seed of what blinks.
    """

    static: NDArray[np.float32]
    factors: NDArray[np.float32] | None
    out_of_focus: OutOfFocus | None
    view: FieldOfView
    seed: tuple[int, ...]

    def block(self, start: int, stop: int) -> NDArray[np.float32]:
        """Expected light of the frames from ``start`` to before ``stop``.

        The same whatever else was asked for before.

        Returns
        -------
        NDArray[np.float32]
            ``(stop - start, height, width)`` photons per pixel. Where nothing changes over
            time it is a read-only view of `static`: copy it before writing to it.
        """
        still = np.broadcast_to(self.static, (stop - start, *self.static.shape))
        if self.out_of_focus is None and self.factors is None:
            return still
        images = still.copy()
        if self.out_of_focus is not None:
            self.out_of_focus.add_light(self.view, self.seed, start, images)
        if self.factors is not None:
            images *= self.factors[start:stop, None, None]
        return images
