"""Classical localization as the user asks for it, and what the movie adds to that."""

import math
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from cellstorm.camera import Camera
from cellstorm.localize.gaussian.defocus import WidthVariety, width_variety
from cellstorm.localize.gaussian.detectors import Detector, LocalMaximumDetector
from cellstorm.localize.gaussian.false_alarms import HIGHEST_SNR, LOWEST_SNR, least_snr
from cellstorm.localize.gaussian.filters import Filter, WaveletFilter
from cellstorm.localize.gaussian.localizer import (
    Fit,
    GaussianLocalizer,
    Width,
)
from cellstorm.localize.gaussian.psf_width import DEFAULT_SIGMA_PX, PsfWidth, estimate_psf_width
from cellstorm.localize.gaussian.residuals import score_spread, standing_residual
from cellstorm.localize.gaussian.satellites import satellite_share
from cellstorm.localize.gaussian.threshold import ThresholdFormula
from cellstorm.localize.localizer import FrameRange, Region
from cellstorm.movie import FrameChunk, Movie
from cellstorm.parameters import Parameters

__all__ = ["GaussianMethod"]

_SAMPLE_BLOCKS = 6
_FRAMES_PER_BLOCK = 8
_MOST_SAMPLED_PIXELS = 4_000_000
_SEARCH_SNR = 3.5
_WAVELET_THRESHOLD = 3.5
_SINGLE_SNR = LOWEST_SNR
# blurred molecules are looked for in movies where the next one is this many widths away:
# there, two at one place are too few to make up this share
_SPARSE_WIDTHS = 20.0
_WIDE_SHARE = 0.3
_TUNING_FRAMES = 16
_TUNING_EDGE_PX = 512
# half widths of the background window in PSF widths, from the smoothest: a wide window
# takes little from the molecules, a narrow one can follow haze
_BACKGROUND_WIDTHS = (12.0, 10.0, 8.0, 6.0, 4.5)
_MOST_STANDING_RESIDUAL = 3.0


class GaussianMethod(Parameters):
    """Everything that can be chosen about classical localization; None means: decide.

    Two ways of fitting: ``multi`` fits all molecules of a frame together and looks again
    in what is left over; ``single`` fits each maximum in a window of its own (fastest;
    every filter, estimator and width). Left open it is ``multi``, except for sparse movies
    whose molecules differ in width (defocus, astigmatism): those get ``single`` fits with
    elliptical width, because several sharp molecules would be fitted to each blurred one.
    """

    method: Literal["gaussian"] = "gaussian"
    emitters: Literal["multi", "single"] | None = Field(None, description="molecules per fit")
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
                value = float(value)
            except ValueError:
                return ThresholdFormula(str(value)).text
        if value is not None and not 0 < value < math.inf:
            raise ValueError(f"threshold {value} must be a number over 0")
        return value

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if self.emitters != "single" and self.fit != "mle":
            raise ValueError(
                f"fit {self.fit} is for single-emitter mode (--fast, emitters: single); "
                "molecules are fitted together by mle only"
            )
        if self.emitters != "single" and self.width != "fixed":
            raise ValueError(
                f"width {self.width} is for single-emitter mode (--fast, emitters: single)"
            )
        if self.emitters != "single" and self.filter is None and isinstance(self.threshold, str):
            raise ValueError(
                "a threshold formula needs a filter (--filter wavelet) or single-emitter mode "
                "(--fast)"
            )
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
        part = _tuning_part(electrons, variance)
        if self.emitters == "single":
            return self._tune_single(self._localizer(camera, region, psf), *part)
        localizer, molecules = self._tune(self._localizer(camera, region, psf), *part)
        apart_px = math.sqrt(part[0].size / max(molecules, 1))
        if self.emitters is None and apart_px > _SPARSE_WIDTHS * psf.sigma_px:
            variety = width_variety(electrons, variance, psf.sigma_px)
            if variety.wide_share > _WIDE_SHARE:
                method = self._for_blurred(variety)
                chosen = method._tune_single(method._localizer(camera, region, psf), *part)
                return chosen.model_copy(update={"blurred_share": variety.wide_share})
        return localizer

    def _for_blurred(self, variety: WidthVariety) -> Self:
        """Elliptical fits in windows that suit four in five of the blurred molecules."""
        radius = self.fit_radius_px or max(3, math.ceil(1.5 * variety.wide_px))
        changes = {"emitters": "single", "width": "elliptical", "fit_radius_px": radius}
        return self.model_copy(update=changes)

    def _tune_single(
        self,
        localizer: GaussianLocalizer,
        electrons: NDArray[np.float32],
        variance: NDArray[np.float32],
    ) -> GaussianLocalizer:
        """Raise the least signal until peaks of noise are few."""
        if self.least_snr is not None:
            return localizer
        _, results = localizer.fit_molecules(electrons, variance)
        snr = results["photons"] / np.sqrt(results["var_photons"])
        # small windows need no second demand: they see little of a neighbour
        level = least_snr(snr, electrons.size, localizer.sigma_px, typical_share=0.0)
        return localizer.model_copy(update={"least_snr": level})

    def _tune(
        self,
        localizer: GaussianLocalizer,
        electrons: NDArray[np.float32],
        variance: NDArray[np.float32],
    ) -> tuple[GaussianLocalizer, int]:
        """Fit the sample with low thresholds; see what background, noise and signal are like.

        Gives the number of the sample's molecules, too.
        """
        keen = localizer.model_copy(update={"least_snr": LOWEST_SNR})
        models = np.empty_like(electrons)
        radii = [math.ceil(widths * localizer.sigma_px) for widths in _BACKGROUND_WIDTHS]
        for radius in [self.background_radius_px] if self.background_radius_px else radii:
            keen = keen.model_copy(update={"background_radius_px": radius})
            frame, results = keen.fit_molecules(electrons, variance, models)
            if standing_residual(electrons, variance, models) <= _MOST_STANDING_RESIDUAL:
                break
        noise = score_spread(electrons, variance, models, keen.spot_profile())
        used = max(1.0, noise.overall)
        keen = keen.model_copy(update={"noise_scale": used})
        if len(noise.level) > 1:
            scales = tuple(max(1.0, spread) for spread in noise.spread)
            by_level = {"noise_levels_e": noise.level, "noise_scales": scales}
            keen = keen.model_copy(update=by_level)
        snr = self.least_snr
        if snr is None:
            scale = keen.noise_scale_at(results["background"])
            snr = least_snr(
                results["photons"] / np.sqrt(results["var_photons"]) / scale,
                electrons.size,
                localizer.sigma_px,
                real_scale=noise.overall / used,
            )
        changes: dict[str, float] = {"least_snr": snr}
        changes["satellite_share"] = satellite_share(
            frame, results["x"], results["y"], results["photons"], localizer.sigma_px
        )
        if self.threshold is None and self.filter is None:
            changes["threshold"] = min(_SEARCH_SNR, snr)
        return keen.model_copy(update=changes), results["photons"].size

    def _localizer(self, camera: Camera, region: Region, psf: PsfWidth) -> GaussianLocalizer:
        single = self.emitters == "single"
        # alone, a small window keeps the neighbours out, but tells a width from a background
        # only when it shows both; together, a large one costs nothing
        small = single and self.width == "fixed"
        reach = max(2, round(1.5 * psf.sigma_px)) if small else max(3, math.ceil(3 * psf.sigma_px))
        usual = _WAVELET_THRESHOLD if single else _SEARCH_SNR
        usual_snr = _SINGLE_SNR if single else HIGHEST_SNR
        return GaussianLocalizer(
            camera=camera,
            region=region,
            emitters="single" if single else "multi",
            filter=WaveletFilter() if self.filter is None and single else self.filter,
            detector=self.detector,
            threshold=usual if self.threshold is None else self.threshold,
            fit=self.fit,
            width=self.width,
            sigma_px=psf.sigma_px,
            sigma_given=self.sigma_px is not None,
            sigma_molecules=psf.molecules,
            fit_radius_px=self.fit_radius_px or reach,
            background_radius_px=self.background_radius_px or math.ceil(8 * psf.sigma_px),
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


def _tuning_part(
    electrons: NDArray[np.float32], variance: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Some frames of the sample, of a large field the middle: enough to tune on."""
    count, height, width = electrons.shape
    some = np.linspace(0, count - 1, min(_TUNING_FRAMES, count)).astype(int)
    y0 = max(0, (height - _TUNING_EDGE_PX) // 2)
    x0 = max(0, (width - _TUNING_EDGE_PX) // 2)
    part = np.s_[some, y0 : y0 + _TUNING_EDGE_PX, x0 : x0 + _TUNING_EDGE_PX]
    return np.ascontiguousarray(electrons[part]), np.ascontiguousarray(variance[part])
