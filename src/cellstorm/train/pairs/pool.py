"""Batches of pairs, simulated ones made anew all the time and real ones beside them."""

from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np

from cellstorm.errors import ConfigurationError
from cellstorm.train.clip_supply import ClipSupply
from cellstorm.train.pairs.alignment import check_alignment, measure_shift
from cellstorm.train.pairs.conditions import PairConditions
from cellstorm.train.pairs.patches import PairBatch, PatchSettings, cut_pair
from cellstorm.train.pairs.recording import PairedRecording
from cellstorm.train.pairs.simulated import simulated_recording

__all__ = ["PairPool"]

# a clip's 24 frames of 96 px hold as many patches of 64 px that do not overlap much
_PATCHES_PER_CLIP = 60
_FIRST_CLIPS = 8
# the few blinks of one short clip can lie 0.1 px off by chance
_MOST_SHIFT_OF_A_CLIP_PX = 0.3


class PairPool:
    """Simulated clips, replaced one by one by a thread of its own, and real recordings.

    Use it as a context, or close it.

    Parameters
    ----------
    conditions
        Where simulated clips are drawn from.
    settings
        What a pair looks like.
    recordings
        Real ones, made by `experimental_recording` or `degraded_recording`.
    real_share
        Share of patches that are cut from these; without any all are simulated.
    clips
        Simulated clips kept at a time.
    seed
        Same seed, same clips in the same order (which patches are cut from which depends on
        how fast they are made).

    Raises
    ------
    ConfigurationError
        A recording is smaller than a patch.
    MisalignedPairs
        Molecules of a recording do not lie where its frames show light.
    """

    def __init__(
        self,
        conditions: PairConditions,
        settings: PatchSettings,
        *,
        recordings: Sequence[PairedRecording] = (),
        real_share: float = 0.5,
        clips: int = 200,
        seed: int | Sequence[int] = 0,
    ) -> None:
        for recording in recordings:
            height, width = recording.light.shape[1:]
            if min(height, width) < settings.patch_px:
                raise ConfigurationError(
                    f"its frames of {width} x {height} px are smaller than a patch of"
                    f" {settings.patch_px} px.",
                    where=recording.name,
                )
            if recording.origin != "degraded":
                # a degraded copy was checked before it was degraded
                check_alignment(recording)
        self._conditions = conditions
        self._settings = settings
        self._recordings = tuple(recordings)
        self._real_share = real_share if recordings else 0.0
        self._checked = False
        self._supply: ClipSupply[PairedRecording] | None = None
        if self._real_share < 1.0:
            self._supply = ClipSupply(
                self._simulated,
                size=clips,
                first=_FIRST_CLIPS,
                uses_per_clip=_PATCHES_PER_CLIP,
                seed=seed,
            )

    @property
    def made(self) -> int:
        """Simulated clips made so far."""
        return 0 if self._supply is None else self._supply.made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop making clips."""
        if self._supply is not None:
            self._supply.close()

    def batches(self, count: int, random: np.random.Generator) -> Iterator[PairBatch]:
        """Batches of ``count`` pairs without end, as soon as there are a few clips.

        Raises
        ------
        MisalignedPairs
            Molecules of a simulated clip do not lie where it shows light.
        """
        while True:
            if self._supply is not None:
                self._supply.begin(count)
            pairs = [cut_pair(self._drawn(random), self._settings, random) for _ in range(count)]
            yield PairBatch(
                np.stack([light for light, _ in pairs])[:, None],
                np.stack([truth for _, truth in pairs])[:, None],
            )

    def _drawn(self, random: np.random.Generator) -> PairedRecording:
        if self._supply is None or random.random() < self._real_share:
            return self._recordings[random.integers(len(self._recordings))]
        return self._supply.drawn(random)

    def _simulated(self, random: np.random.Generator) -> PairedRecording:
        clip = simulated_recording(self._conditions.draw(random))
        if not self._checked:
            self._checked = _is_right(clip)
        return clip


def _is_right(clip: PairedRecording) -> bool:
    """Whether a simulated clip lies right; False where it shows too little to tell."""
    shift = measure_shift(clip)
    if shift is None or not shift.is_clear:
        return False
    check_alignment(clip, most_px=_MOST_SHIFT_OF_A_CLIP_PX)
    return True
