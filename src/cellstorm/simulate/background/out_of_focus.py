"""Blinking molecules far out of focus: wide, faint spots that come and go."""

import math
from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, model_validator

from cellstorm.parameters import Parameters
from cellstorm.simulate.field_of_view import FieldOfView
from cellstorm.simulate.psf._elliptical_kernel import add_elliptical_spots

__all__ = ["OutOfFocus"]

_LEAST_FRAMES_PER_PART = 64
# after 12 mean on-times the chance of still being on is 6e-6
_LONGEST_ON_TIMES = 12.0


class OutOfFocus(Parameters):
    """Molecules far from focus, spread over the field, as wide Gaussians.

    On-times are exponential and begin at any instant; the width is uniform between its
    bounds. Molecules outside the field light its edge as well.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    density_per_um2_frame: float = Field(
        0.1, gt=0, le=100, description="molecules that give light, per um2 and frame"
    )
    photons: float = Field(
        1000.0, gt=0, le=1e7, description="light of a molecule on all frame long, photons"
    )
    on_s: float = Field(0.1, gt=0, le=1e4, description="mean on-time, s")
    least_sigma_nm: float = Field(
        300.0, gt=0, le=1e5, description="least standard deviation of a spot, nm"
    )
    most_sigma_nm: float = Field(
        800.0, gt=0, le=1e5, description="greatest standard deviation of a spot, nm"
    )

    @model_validator(mode="after")
    def _widths_are_ordered(self) -> Self:
        if self.least_sigma_nm > self.most_sigma_nm:
            raise ValueError("least_sigma_nm must not be greater than most_sigma_nm")
        return self

    def add_light(
        self, view: FieldOfView, seed: Sequence[int], start: int, images: NDArray[np.float32]
    ) -> None:
        """Add the light of frames ``start`` onwards to ``images``, in place.

        Events are drawn for parts of the movie, each from a generator of its own, so any
        stretch of frames can be had alone and is always the same.

        Parameters
        ----------
        view
            What is looked at.
        seed
            Seeds the parts, each with its number appended.
        start
            First frame.
        images
            ``(frames, height, width)`` expected photons per pixel.
        """
        stop = start + images.shape[0]
        on_frames = self.on_s * view.frame_rate_hz
        part_frames = max(_LEAST_FRAMES_PER_PART, math.ceil(on_frames))
        first = math.floor((start - _LONGEST_ON_TIMES * on_frames) / part_frames)
        parts = [
            self._events(view, seed, number, part_frames)
            for number in range(first, math.ceil(stop / part_frames))
        ]
        begin, end, x_nm, y_nm, sigma_nm = np.concatenate(parts, axis=1)
        seen = (end > start) & (begin < stop)
        begin, end, x_nm, y_nm, sigma_nm = (
            values[seen] for values in (begin, end, x_nm, y_nm, sigma_nm)
        )
        earliest = np.maximum(np.floor(begin), start).astype(np.int64)
        latest = np.minimum(np.ceil(end), stop).astype(np.int64)
        lengths = latest - earliest
        event = np.repeat(np.arange(lengths.size), lengths)
        frame = np.arange(event.size) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        frame += earliest[event]
        share = np.minimum(end[event], frame + 1.0) - np.maximum(begin[event], frame)
        sigma_px = sigma_nm[event] / view.pixel_size_nm
        add_elliptical_spots(
            frame - start,
            x_nm[event] / view.pixel_size_nm,
            y_nm[event] / view.pixel_size_nm,
            share * self.photons,
            sigma_px,
            sigma_px,
            images,
        )

    def _events(
        self, view: FieldOfView, seed: Sequence[int], number: int, part_frames: int
    ) -> NDArray[np.float64]:
        """``(5, events)`` begin, end, frames; x, y, sigma, nm: those that begin in a part."""
        # parts before the movie have negative numbers, which a seed cannot have
        random = np.random.default_rng([*seed, abs(number), int(number < 0)])
        # farther out, a spot has less than 3 % of its light in the field
        margin_nm = 2.0 * self.most_sigma_nm
        width_nm, height_nm = view.width_nm + 2.0 * margin_nm, view.height_nm + 2.0 * margin_nm
        on_frames = self.on_s * view.frame_rate_hz
        # an event begun at any instant gives light in 1 + its mean on-time frames
        rate = self.density_per_um2_frame * width_nm * height_nm / 1e6 / (1.0 + on_frames)
        count = int(random.poisson(rate * part_frames))
        begin = part_frames * (number + random.random(count))
        longest = _LONGEST_ON_TIMES * on_frames
        duration = np.minimum(random.exponential(on_frames, count), longest)
        return np.stack(
            [
                begin,
                begin + duration,
                random.random(count) * width_nm - margin_nm,
                random.random(count) * height_nm - margin_nm,
                random.uniform(self.least_sigma_nm, self.most_sigma_nm, count),
            ]
        )
