"""Pairs that an image-to-image network learns from: frames and, on a finer grid, the molecules
in them as single pixels; simulated, of real movies with tables, and degraded copies of these."""

from cellstorm.train.pairs.alignment import (
    MisalignedPairs,
    PairShift,
    check_alignment,
    measure_shift,
)
from cellstorm.train.pairs.conditions import PairConditions
from cellstorm.train.pairs.degraded import degraded_recording
from cellstorm.train.pairs.experimental import experimental_recording
from cellstorm.train.pairs.fine_grid import rasterised
from cellstorm.train.pairs.patches import Augmentation, PairBatch, PatchSettings, cut_pair
from cellstorm.train.pairs.pool import PairPool
from cellstorm.train.pairs.real import real_recordings
from cellstorm.train.pairs.recording import PairedRecording
from cellstorm.train.pairs.simulated import simulated_recording

__all__ = [
    "Augmentation",
    "MisalignedPairs",
    "PairBatch",
    "PairConditions",
    "PairPool",
    "PairShift",
    "PairedRecording",
    "PatchSettings",
    "check_alignment",
    "cut_pair",
    "degraded_recording",
    "experimental_recording",
    "measure_shift",
    "rasterised",
    "real_recordings",
    "simulated_recording",
]
