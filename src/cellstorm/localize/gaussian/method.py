"""Classical localization as the user asks for it, and what the movie adds to that."""

import math
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from cellstorm.camera import Camera
from cellstorm.localize.gaussian._frame_fit_kernel import score_map
from cellstorm.localize.gaussian.detectors import Detector, LocalMaximumDetector
from cellstorm.localize.gaussian.filters import Filter, WaveletFilter
from cellstorm.localize.gaussian.localizer import (
    Fit,
    GaussianLocalizer,
    Width,
)
from cellstorm.localize.gaussian.psf_width import DEFAULT_SIGMA_PX, PsfWidth, estimate_psf_width
from cellstorm.localize.gaussian.threshold import ThresholdFormula
from cellstorm.localize.localizer import FrameRange, Region
from cellstorm.movie import FrameChunk, Movie
from cellstorm.parameters import Parameters

__all__ = ["GaussianMethod"]

_SAMPLE_BLOCKS = 6
_FRAMES_PER_BLOCK = 8
_MOST_SAMPLED_PIXELS = 24_000_000
_SEARCH_SNR = 3.5
_WAVELET_THRESHOLD = 3.5
_SINGLE_SNR = 3.0
_LEAST_SNR = (3.0, 5.0)
"""Lowest and highest signal to noise ratio that is asked of a molecule by itself."""


class GaussianMethod(Parameters):
    """Everything that can be chosen about classical localization; None means: decide.

    Two ways of fitting: ``multi`` fits all molecules of a frame together and looks again
    in what is left over (crowded movies; the default), ``single`` fits each maximum in a
    window of its own (fastest; every filter, estimator and width).
    """

    method: Literal["gaussian"] = "gaussian"
    emitters: Literal["multi", "single"] = Field("multi", description="molecules per fit")
    filter: Filter | None = Field(None, description="None: likelihood score, or wavelet (single)")
    detector: Detector = Field(default_factory=LocalMaximumDetector)
    threshold: float | str | None = Field(
        None, description="multiple of the noise, or a formula such as '2*std(Wave.F1)'"
    )
    fit: Fit = Field("mle", description="estimator; multi-emitter fits are always mle")
    width: Width = Field("fixed", description="sigma of the single-emitter fit")
    sigma_px: float | None = Field(None, gt=0.3, le=10, description="PSF width, px")
    fit_radius_px: int | None = Field(None, ge=2, le=50, description="window half width, px")
    background_radius_px: int | None = Field(
        None, ge=3, le=200, description="half width the background is smoothed over, px"
    )
    least_snr: float | None = Field(
        None, ge=0, description="photons over their standard error that a molecule needs"
    )
    temporal_median_frames: int = Field(
        0, ge=0, le=2001, description="window of the temporal median background, 0: none"
    )
    rounds: int = Field(4, ge=1, le=20, description="searches in what is left over (multi)")
    coding_noise: bool = Field(True, description="use the codec's quantiser as a variance")

    @field_validator("threshold")
    @classmethod
    def _is_a_threshold(cls, value: float | str | None) -> float | str | None:
        if isinstance(value, str):
            try:
                return float(value)
            except ValueError:
                ThresholdFormula(value)
        elif value is not None and not value > 0:
            raise ValueError("must be over 0")
        return value

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if self.emitters == "multi" and self.fit != "mle":
            raise ValueError(f"fit {self.fit!r} needs emitters='single'; multi-emitter is mle")
        if self.emitters == "multi" and self.width != "fixed":
            raise ValueError(f"width {self.width!r} needs emitters='single'")
        if self.emitters == "multi" and self.filter is None and isinstance(self.threshold, str):
            raise ValueError("a threshold formula needs a filter, e.g. filter wavelet")
        return self

    def prepare(
        self, movie: Movie, camera: Camera, frames: FrameRange, region: Region
    ) -> GaussianLocalizer:
        """Estimate from a sample of the movie what was left open.

        Parameters
        ----------
        movie, camera
            What to localize and what its grey values mean.
        frames
            First and last (exclusive) frame that will be localized.
        region
            ``(x0, x1, y0, y1)`` px.

        Returns
        -------
        GaussianLocalizer
            With every number fixed; the same for the same sample, always.
        """
        chunks = _sample(movie, frames, region)
        draft = self._localizer(camera, region, PsfWidth(self.sigma_px or DEFAULT_SIGMA_PX, 0))
        stacks = [draft.electrons(chunk) for chunk in chunks]
        electrons = np.concatenate([stack[0] for stack in stacks])
        variance = np.concatenate([np.broadcast_to(stack[1], stack[0].shape) for stack in stacks])
        psf = (
            PsfWidth(self.sigma_px, 0) if self.sigma_px else estimate_psf_width(electrons, variance)
        )
        localizer = self._localizer(camera, region, psf)
        few = np.linspace(0, electrons.shape[0] - 1, min(16, electrons.shape[0])).astype(int)
        if self.emitters == "multi":
            return self._settle_thresholds(localizer, electrons[few], variance[few])
        return localizer

    def _settle_thresholds(
        self,
        localizer: GaussianLocalizer,
        electrons: NDArray[np.float32],
        variance: NDArray[np.float32],
    ) -> GaussianLocalizer:
        """Fit the sample once with low thresholds and see what noise and signal are like."""
        keen = localizer.model_copy(update={"least_snr": _LEAST_SNR[0]})
        models = np.empty_like(electrons)
        _, results = keen.fit_molecules(electrons, variance, models)
        measured = residual_scale(keen, electrons, variance, models)
        changes: dict[str, float] = {"noise_scale": max(1.0, measured)}
        if self.least_snr is None:
            snr = results["photons"] / np.sqrt(results["var_photons"])
            changes["least_snr"] = _least_snr(
                snr, electrons.size, localizer.sigma_px, max(1.0, measured), measured
            )
        if self.threshold is None and self.filter is None:
            changes["threshold"] = min(_SEARCH_SNR, changes.get("least_snr", _SEARCH_SNR))
        return localizer.model_copy(update=changes)

    def _localizer(self, camera: Camera, region: Region, psf: PsfWidth) -> GaussianLocalizer:
        single = self.emitters == "single"
        # alone, a small window keeps the neighbours out; together, a large one costs nothing
        reach = max(2, round(1.5 * psf.sigma_px)) if single else max(3, math.ceil(3 * psf.sigma_px))
        usual = _WAVELET_THRESHOLD if single else _SEARCH_SNR
        usual_snr = _SINGLE_SNR if single else _LEAST_SNR[1]
        return GaussianLocalizer(
            camera=camera,
            region=region,
            emitters=self.emitters,
            filter=WaveletFilter() if self.filter is None and single else self.filter,
            detector=self.detector,
            threshold=usual if self.threshold is None else self.threshold,
            fit=self.fit,
            width=self.width,
            sigma_px=psf.sigma_px,
            sigma_molecules=psf.molecules,
            fit_radius_px=self.fit_radius_px or reach,
            background_radius_px=self.background_radius_px or math.ceil(6 * psf.sigma_px),
            least_snr=usual_snr if self.least_snr is None else self.least_snr,
            temporal_median_frames=self.temporal_median_frames,
            rounds=self.rounds,
            coding_noise=self.coding_noise,
        )


def _sample(movie: Movie, frames: FrameRange, region: Region) -> list[FrameChunk]:
    """A few short runs of frames spread over the movie, cut to the region."""
    start, stop = frames
    x0, x1, y0, y1 = region
    area = (x1 - x0) * (y1 - y0)
    most = max(1, min(_SAMPLE_BLOCKS * _FRAMES_PER_BLOCK, _MOST_SAMPLED_PIXELS // max(area, 1)))
    if stop - start <= most:
        places = [(start, stop)]
    else:
        blocks = max(1, min(_SAMPLE_BLOCKS, most))
        length = max(1, most // blocks)
        firsts = np.linspace(start, stop - length, blocks).astype(int)
        places = [(int(first), int(first) + length) for first in firsts]
    chunks = []
    for first, last in places:
        chunk = movie.read_chunk(first, last)
        chunks.append(FrameChunk(first, chunk.frames[:, y0:y1, x0:x1], chunk.coding))
    return chunks


def residual_scale(
    localizer: GaussianLocalizer,
    electrons: NDArray[np.float32],
    variance: NDArray[np.float32],
    models: NDArray[np.float32],
) -> float:
    """Real over predicted noise of the score, from what the fitted molecules leave.

    1 when camera and noise model are right; below 1 where a codec smoothed the noise
    away, above where the gain was guessed too high.
    """
    profile = localizer.spot_profile()
    score, gain = np.empty_like(electrons[0]), np.empty_like(electrons[0])
    spreads = []
    for data, extra, model in zip(electrons, variance, models, strict=True):
        score_map(data, extra, model, profile, np.square(profile), score, gain)
        low, high = np.percentile(score, [15.87, 84.13])
        spreads.append(0.5 * (high - low))
    return float(np.clip(np.median(spreads), 0.1, 10.0))


def _least_snr(
    snr: NDArray[np.float64], pixels: int, sigma_px: float, used_scale: float, real_scale: float
) -> float:
    """Signal to noise that a molecule needs: few false ones, and no bother with the faint.

    Two demands. Peaks of pure noise may make up a tenth of what is kept; their density
    over a level ``t`` in a Gaussian field smoothed by the PSF is
    ``t exp(-t^2 / 2) / (2 sigma^2 (2 pi)^(3/2))`` per pixel (Adler 1981, eq. 6.2.12).
    And where the typical molecule is far brighter, what is under 0.4 of it is mostly the
    rest of a blink or of a poorly separated pair, and blurs the picture more than it adds.

    Parameters
    ----------
    snr
        Photons over their standard error of the sample's molecules.
    pixels
        Pixels that the sample has.
    sigma_px
        PSF width, px.
    used_scale, real_scale
        Noise scale that thresholds are multiplied with, and the measured one.
    """
    lowest, highest = _LEAST_SNR
    density = pixels / (2.0 * sigma_px**2 * (2.0 * np.pi) ** 1.5)
    level = highest + 1.0
    for t in np.arange(lowest, highest + 1.0, 0.1):
        real = t * used_scale / real_scale
        noise_peaks = density * real * np.exp(-0.5 * real**2)
        if noise_peaks <= 0.1 * np.count_nonzero(snr >= t * used_scale):
            level = float(t)
            break
    seen = snr[snr >= level * used_scale] / used_scale
    typical = 0.4 * float(np.median(seen)) if seen.size else lowest
    return round(max(level, min(max(typical, lowest), highest)), 2)
