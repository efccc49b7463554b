"""On-times independent of each other, as many in every frame."""

import math
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from cellstorm.simulate.field_of_view import FieldOfView
from cellstorm.simulate.photophysics.activity import Activity, Blinks, activity_in_blocks
from cellstorm.simulate.photophysics.base import BlinkModel
from cellstorm.simulate.photophysics.brightness import draw_brightness
from cellstorm.simulate.photophysics.density import share_giving_light

__all__ = ["SteadyPhotophysics"]


class SteadyPhotophysics(BlinkModel):
    """Blinks at any instant, each of a molecule drawn at random: a steady crowd.

    Blinks begin as a Poisson process and last an exponential time. One of a mean
    duration of T frames that begins at any instant gives light in 1 + T frames on
    average, for it crosses T borders of frames. With r blinks per molecule and frame, a
    frame thus sees a Poisson number of r (1 + T) of them, and the molecule gives light in
    a share p = 1 - exp(-r (1 + T)) of all frames: the density asked for gives p, and
    p gives r. The first frame finds as many molecules on as any other.
    """

    kind: Literal["steady"] = "steady"
    density_per_um2_frame: float = Field(
        0.3,
        ge=0,
        description="mean number of molecules that give light, per um2 of the field and frame",
    )
    photons: float = Field(
        1000.0, gt=0, description="mean light of a molecule that is on all frame long, photons"
    )
    photon_spread: float = Field(
        0.3,
        ge=0,
        le=10,
        description="relative standard deviation of that between blinks (gamma distributed;"
        " 0: all alike, 1: exponential)",
    )
    on_s: float = Field(2.0 / 30.0, gt=0, description="mean on-time (exponential), s")

    def activity(
        self, view: FieldOfView, sites: int, seed: Sequence[int], block_frames: int
    ) -> Iterator[Activity]:
        share = share_giving_light(self.density_per_um2_frame, view, sites)
        on_frames = self.on_s * view.frame_rate_hz
        blinks_per_frame = -sites * math.log1p(-share) / (1.0 + on_frames)

        def draw(start: int, stop: int) -> Blinks:
            random = np.random.default_rng([*seed, start])
            count = int(random.poisson(blinks_per_frame * (stop - start)))
            begin = random.uniform(start, stop, count)
            if start == 0:
                # on-times begun earlier: as many as begin in a mean on-time, and what is
                # left of an exponential time is distributed like all of it
                earlier = int(random.poisson(blinks_per_frame * on_frames))
                begin = np.concatenate([np.zeros(earlier), begin])
            return Blinks(
                random.integers(sites, size=begin.size),
                begin,
                begin + random.exponential(on_frames, begin.size),
                draw_brightness(random, begin.size, mean=self.photons, spread=self.photon_spread),
            )

        return activity_in_blocks(draw, view.frames, block_frames)
