"""Molecules that go on, dark, on again, and at last bleach."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.optimize import brentq

from cellstorm.errors import ConfigurationError
from cellstorm.simulate.field_of_view import FieldOfView
from cellstorm.simulate.photophysics.activity import Activity, Blinks, activity_in_blocks
from cellstorm.simulate.photophysics.base import BlinkModel
from cellstorm.simulate.photophysics.brightness import draw_brightness
from cellstorm.simulate.photophysics.density import share_giving_light

__all__ = ["SwitchingPhotophysics"]

# shorter times cost much to follow and look like a dimmer molecule that does not switch
_SHORTEST_S = 1e-3
_LONGEST_S = 1e9


class SwitchingPhotophysics(BlinkModel):
    """Every molecule has the states on, dark and bleached, with exponential lifetimes.

    An on-time ends in the dark or, with probability 1 / cycles, bleached for good: the
    number of on-times of a molecule is geometric with mean ``cycles`` (the kinetic
    scheme of Dempsey et al. 2011, Nat. Methods 8:1027). The equilibrium duty cycle is
    D = on / (on + dark).

    In the equilibrium (before anything bleaches) a molecule gives no light in a frame of
    length t when it is dark at the begin, which has probability 1 - D, and stays so for
    t, which has probability exp(-t / dark). It thus gives light in a share

        p = 1 - (1 - D) exp(-t / dark)

    of all frames; where a density is asked for instead of the dark time, this is solved
    for the latter.
    """

    kind: Literal["switching"] = "switching"
    on_s: float = Field(2.0 / 30.0, ge=_SHORTEST_S, description="mean on-time, s")
    dark_s: float | None = Field(
        None,
        ge=_SHORTEST_S,
        description="mean time in the dark, s; none: it follows from the density",
    )
    density_per_um2_frame: float | None = Field(
        None,
        ge=0,
        description="mean number of molecules that give light, per um2 of the field and frame, as"
        " long as none has bleached; none: it follows from dark_s (0.3 where neither is given)",
    )
    cycles: float | None = Field(
        14.0, ge=1, description="mean number of on-times until it bleaches; none: it never does"
    )
    initially_on: float | None = Field(
        None,
        ge=0,
        le=1,
        description="share of molecules on when the movie begins; none: as in the equilibrium",
    )
    photons_per_s: float = Field(
        30_000.0, gt=0, description="mean light of a molecule while it is on, photons/s"
    )
    photon_spread: float = Field(
        0.3,
        ge=0,
        le=10,
        description="relative standard deviation of that between blinks (gamma distributed;"
        " 0: all alike, 1: exponential)",
    )
    molecule_spread: float = Field(
        0.0,
        ge=0,
        le=10,
        description="relative standard deviation of that between molecules (gamma distributed)",
    )

    @model_validator(mode="before")
    @classmethod
    def _ask_for_a_density_at_least(cls, values: Any) -> Any:
        if isinstance(values, dict) and all(
            values.get(name) is None for name in ("dark_s", "density_per_um2_frame")
        ):
            return {**values, "density_per_um2_frame": 0.3}
        return values

    @model_validator(mode="after")
    def _one_thing_sets_the_dark_time(self) -> Self:
        if self.dark_s is not None and self.density_per_um2_frame is not None:
            raise ValueError("give either dark_s or density_per_um2_frame, the other as none")
        return self

    @property
    def photons_per_blink(self) -> float:
        """Mean light of an on-time, photons."""
        return self.photons_per_s * self.on_s

    def dark_time_s(self, view: FieldOfView, sites: int) -> float:
        """Mean time in the dark, s: the one given, or what the density asks for.

        Parameters
        ----------
        view
            The field, and the rate of frames.
        sites
            How many molecules there are.

        Returns
        -------
        float
            Infinite where the density is 0.

        Raises
        ------
        ConfigurationError
            The density asks for more molecules than there are.
        """
        if self.dark_s is not None:
            return self.dark_s
        assert self.density_per_um2_frame is not None
        share = share_giving_light(self.density_per_um2_frame, view, sites)
        frame_s = 1.0 / view.frame_rate_hz

        def excess(log_dark: float) -> float:
            dark_s = math.exp(log_dark)
            dark_share = dark_s / (self.on_s + dark_s)
            return 1.0 - dark_share * math.exp(-frame_s / dark_s) - share

        shortest, longest = math.log(_SHORTEST_S), math.log(_LONGEST_S)
        if excess(longest) > 0:
            return math.inf
        if excess(shortest) < 0:
            raise ConfigurationError(
                f"density_per_um2_frame: {share:.0%} of the structure's molecules giving light at"
                f" a time cannot be had with an on-time of {self.on_s:g} s",
                todo="Ask for a lower density, or label more densely.",
            )
        return math.exp(float(brentq(excess, shortest, longest)))

    def activity(
        self, view: FieldOfView, sites: int, seed: Sequence[int], block_frames: int
    ) -> Iterator[Activity]:
        dark_s = self.dark_time_s(view, sites)
        molecules = _SwitchingMolecules(self, view.frame_rate_hz, dark_s, sites, seed)
        return activity_in_blocks(molecules.draw, view.frames, block_frames)


class _SwitchingMolecules:
    """Where each molecule is on its way between the states; times in frames."""

    def __init__(
        self,
        model: SwitchingPhotophysics,
        frame_rate_hz: float,
        dark_s: float,
        count: int,
        seed: Sequence[int],
    ) -> None:
        self._seed = seed
        self._on_frames = model.on_s * frame_rate_hz
        self._dark_frames = dark_s * frame_rate_hz
        self._bleaching = 0.0 if model.cycles is None else 1.0 / model.cycles
        self._photons = model.photons_per_s / frame_rate_hz
        self._spread = model.photon_spread
        # another generator than that of any draw (numpy takes zeros at the end for nothing)
        random = np.random.default_rng([*seed, 0, 1])
        initially_on = (
            model.on_s / (model.on_s + dark_s) if model.initially_on is None else model.initially_on
        )
        on = random.random(count) < initially_on
        self._next_on = np.where(on, 0.0, self._in_the_dark(random, count))
        self._relative_brightness = (
            draw_brightness(random, count, mean=1.0, spread=model.molecule_spread)
            if model.molecule_spread > 0
            else None
        )

    def draw(self, start: int, stop: int) -> Blinks:
        """The blinks that begin in these frames; to be called in the order of time."""
        random = np.random.default_rng([*self._seed, start])
        parts: list[Blinks] = []
        molecule = np.flatnonzero(self._next_on < stop)
        while molecule.size:
            begin = self._next_on[molecule]
            end = begin + random.exponential(self._on_frames, molecule.size)
            brightness = draw_brightness(
                random, molecule.size, mean=self._photons, spread=self._spread
            )
            if self._relative_brightness is not None:
                brightness *= self._relative_brightness[molecule]
            parts.append(Blinks(molecule, begin, end, brightness))
            bleached = random.random(molecule.size) < self._bleaching
            dark = self._in_the_dark(random, molecule.size)
            self._next_on[molecule] = np.where(bleached, np.inf, end + dark)
            molecule = molecule[self._next_on[molecule] < stop]
        return Blinks.joined(parts)

    def _in_the_dark(self, random: np.random.Generator, count: int) -> NDArray[np.float64]:
        if math.isinf(self._dark_frames):
            return np.full(count, np.inf)
        return random.exponential(self._dark_frames, count)
