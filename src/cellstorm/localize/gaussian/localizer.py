"""Classical localization with everything decided: chunks in, molecules out."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cellstorm.camera import Camera
from cellstorm.localizations import Flag
from cellstorm.localize.gaussian._duplicate_kernel import mark_duplicates, mark_satellites
from cellstorm.localize.gaussian._frame_fit_kernel import MOLECULE_FIELDS, fit_frames
from cellstorm.localize.gaussian._profile_kernel import fill_profile
from cellstorm.localize.gaussian._single_fit_kernel import (
    LEAST_SQUARES,
    MAXIMUM_LIKELIHOOD,
    RESULT_COLUMNS,
    WEIGHTED_LEAST_SQUARES,
    fit_spots,
)
from cellstorm.localize.gaussian._window_centre_kernel import (
    PHASOR,
    RADIAL_SYMMETRY,
    centre_spots,
)
from cellstorm.localize.gaussian.detectors import Candidates, Detector
from cellstorm.localize.gaussian.filters import Filter
from cellstorm.localize.gaussian.light import light_and_variance
from cellstorm.localize.gaussian.precision import mortensen_px
from cellstorm.localize.gaussian.satellites import REACH_WIDTHS
from cellstorm.localize.gaussian.temporal_median import temporal_median
from cellstorm.localize.gaussian.threshold import ThresholdFormula, noise_scale
from cellstorm.localize.localizer import MoleculeColumns
from cellstorm.movie import FrameChunk
from cellstorm.parameters import Parameters

__all__ = ["Fit", "GaussianLocalizer", "Width"]

Fit = Literal["mle", "wls", "lsq", "phasor", "radial-symmetry"]
Width = Literal["fixed", "free", "elliptical"]

_ESTIMATORS = {
    "mle": MAXIMUM_LIKELIHOOD,
    "wls": WEIGHTED_LEAST_SQUARES,
    "lsq": LEAST_SQUARES,
}
_WIDTH_MODES = {"fixed": 0, "free": 1, "elliptical": 2}
_MOST_ITERATIONS = 40
_SWEEPS = 40
# faint molecules stay in the fit, where they take light that is theirs, but not in the table
_KEPT_SNR = 3.0
# a spot whose width differs by more than this from the PSF's is out of focus or not one spot
_NARROW, _WIDE = 0.6, 1.6
_POOR_CHI2 = 2.5
_CROWD = 3

Results = dict[str, NDArray[np.float64]]


class GaussianLocalizer(Parameters):
    """Filter, detect and fit with pixel-integrated Gaussians; see `GaussianMethod`.

    Thresholds are in standard deviations of what the noise model predicts, multiplied by
    ``noise_scale``, the measured deviation of the movie's real noise from it.
    """

    method: Literal["gaussian"] = "gaussian"
    camera: Camera
    region: tuple[int, int, int, int] = Field(description="x0, x1, y0, y1, px")
    emitters: Literal["multi", "single"]
    filter: Filter | None = Field(description="None: the score of the likelihood")
    detector: Detector
    threshold: float | str = Field(description="noise scales, or a formula")
    fit: Fit
    width: Width
    sigma_px: float = Field(gt=0)
    sigma_given: bool = False
    sigma_molecules: int = Field(0, ge=0, description="molecules sigma_px was estimated from")
    fit_radius_px: int = Field(ge=2)
    background_radius_px: int = Field(ge=2)
    least_snr: float = Field(ge=0)
    noise_scale: Annotated[float, Field(gt=0)] = 1.0
    noise_levels_e: tuple[float, ...] = Field(
        (), description="backgrounds at which the noise scale was measured, photoelectrons"
    )
    noise_scales: tuple[float, ...] = Field((), description="noise scale at each of them")
    temporal_median_frames: int = Field(0, ge=0)
    satellite_share: float = Field(
        0.0, ge=0, le=1, description="of a brighter neighbour's photons; fainter ones go"
    )
    blurred_share: float = Field(0.0, ge=0, le=1, description="why the width was set free")
    rounds: int = Field(ge=1)
    coding_noise: bool = True

    @property
    def halo_frames(self) -> int:
        """Frames needed on either side: half the temporal window."""
        return self.temporal_median_frames // 2

    def summary(self) -> dict[str, str]:
        """What was decided, for a person."""
        source = (
            f"estimated from {self.sigma_molecules} molecules"
            if self.sigma_molecules
            else "given"
            if self.sigma_given
            else "usual; too few molecules to estimate it"
        )
        looked_for = self.filter.kind if self.filter is not None else "likelihood score"
        threshold = (
            self.threshold if isinstance(self.threshold, str) else f"{self.threshold:.3g} x noise"
        )
        fit = f"{self.fit}, {self.width} width" if self.emitters == "single" else "mle"
        if self.blurred_share:
            fit += f" (because {self.blurred_share:.0%} of the bright molecules are blurred)"
        decided = {
            "PSF width": f"{self.sigma_px:.2f} px ({source})",
            "detection": f"{looked_for}, {threshold}",
            "fit": f"{fit}, {self.emitters}-emitter, window {2 * self.fit_radius_px + 1} px",
            "least signal": f"{self.least_snr:.1f} standard errors",
        }
        if self.emitters == "multi":
            decided["background"] = f"smooth over {2 * self.background_radius_px + 1} px"
        if self.satellite_share:
            decided["lopsided spots"] = (
                f"neighbours under {self.satellite_share:.0%} of a molecule dropped as part of it"
            )
        if self.temporal_median_frames:
            decided["standing light"] = f"median over {self.temporal_median_frames} frames removed"
        return decided

    def localize(self, chunk: FrameChunk, *, first: int, last: int) -> MoleculeColumns:
        """Molecules of frames ``first`` to ``last`` of the movie; see `Localizer`."""
        electrons, variance = self.electrons(chunk)
        skip = first - chunk.start
        stop = last - chunk.start
        standing: NDArray[np.float32] | None = None
        if self.temporal_median_frames:
            standing = temporal_median(electrons, skip, stop, self.temporal_median_frames)
        electrons = electrons[skip:stop]
        if variance.shape[0] > 1:
            variance = variance[skip:stop]
        if standing is not None:
            electrons = electrons - standing
            variance = variance + np.maximum(standing, 0.0)
        frame, results = self.fit_molecules(electrons, variance)
        if standing is not None:
            rows, columns = self._pixels(results)
            results["background"] = results["background"] + standing[frame, rows, columns]
        grey = chunk.frames[skip:stop]
        return self._columns(frame, first, results, variance, grey)

    def electrons(self, chunk: FrameChunk) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Light and variance of the chunk's frames; see `light_and_variance`."""
        return light_and_variance(
            chunk.frames, chunk.coding if self.coding_noise else None, self.camera, self.region
        )

    def fit_molecules(
        self,
        electrons: NDArray[np.float32],
        variance: NDArray[np.float32],
        models: NDArray[np.float32] | None = None,
    ) -> tuple[NDArray[np.int64], Results]:
        """Frame number within the stack and fitted values by name, significant ones only."""
        if self.emitters == "multi":
            frame, results = self._fit_together(electrons, variance, models)
        else:
            frame, results = self._fit_alone(electrons, variance)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = results["photons"] / np.sqrt(results["var_photons"])
        keep = ratio >= self.least_snr * self.noise_scale_at(results["background"])
        for name in ("x", "y", "var_x", "var_y"):
            keep &= np.isfinite(results[name])
        # a position less certain than the PSF is wide is none
        keep &= results["var_x"] + results["var_y"] < 2.0 * self.sigma_px**2
        if self.emitters == "single":
            apart = max(self.sigma_px, 0.4 * self.fit_radius_px)
            mark_duplicates(frame, results["x"], results["y"], results["significance"], apart, keep)
        elif self.satellite_share:
            mark_satellites(
                frame,
                results["x"],
                results["y"],
                results["photons"],
                REACH_WIDTHS * self.sigma_px,
                self.satellite_share,
                keep,
            )
        return frame[keep], {name: values[keep] for name, values in results.items()}

    def noise_scale_at(self, background_e: NDArray[np.float64]) -> NDArray[np.float64]:
        """Noise scale where the background is as given, of the same shape."""
        if not self.noise_levels_e:
            return np.full(background_e.shape, self.noise_scale)
        scale: NDArray[np.float64] = np.interp(background_e, self.noise_levels_e, self.noise_scales)
        return scale

    def candidates(self, electrons: NDArray[np.float32]) -> Candidates:
        """Where the chosen filter, threshold and detector see molecules."""
        if self.filter is None:
            raise ValueError("the likelihood score has no filter of its own")
        filtered = self.filter(electrons)
        if isinstance(self.threshold, str):
            thresholds = ThresholdFormula(self.threshold)(filtered)
        else:
            thresholds = self.threshold * noise_scale(filtered.image)
        return self.detector(filtered.image, thresholds)

    def spot_profile(self) -> NDArray[np.float32]:
        """The PSF along one axis, centred on a pixel: ``(2 fit_radius_px + 1,)``."""
        size = 2 * self.fit_radius_px + 1
        share, slope = np.empty(size), np.empty(size)
        fill_profile(self.fit_radius_px + 0.5, self.sigma_px, 0, size, share, slope)
        return share.astype(np.float32)

    def _fit_together(
        self,
        electrons: NDArray[np.float32],
        variance: NDArray[np.float32],
        models: NDArray[np.float32] | None,
    ) -> tuple[NDArray[np.int64], Results]:
        use_seeds = self.filter is not None
        seeds = self.candidates(electrons) if use_seeds else np.empty((0, 3), dtype=np.int64)
        search = self.threshold if isinstance(self.threshold, float) else self.least_snr
        profile = self.spot_profile()
        capacity = max(1024, electrons.size // 64)
        while True:
            table = np.empty((capacity, len(MOLECULE_FIELDS)))
            frame = np.empty(capacity, dtype=np.int64)
            count = fit_frames(
                electrons,
                variance,
                seeds,
                use_seeds,
                self.sigma_px,
                self.fit_radius_px,
                self.background_radius_px,
                search * self.noise_scale,
                min(self.least_snr, _KEPT_SNR) * self.noise_scale,
                self.rounds,
                _SWEEPS,
                profile,
                np.square(profile),
                table,
                frame,
                models if models is not None else np.empty((0, 1, 1), dtype=np.float32),
            )
            if count < capacity:
                break
            capacity *= 4
        results = {name: table[:count, c] for c, name in enumerate(MOLECULE_FIELDS)}
        results["sigma_x"] = results["sigma_y"] = results.pop("sigma")
        return frame[:count], results

    def _fit_alone(
        self, electrons: NDArray[np.float32], variance: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], Results]:
        spots = self.candidates(electrons)
        frame, rows, columns = (np.ascontiguousarray(spots[:, c]) for c in range(3))
        table = np.empty((spots.shape[0], len(RESULT_COLUMNS)))
        window = (electrons, variance, frame, rows, columns, self.fit_radius_px, self.sigma_px)
        if self.fit in _ESTIMATORS:
            mode = _WIDTH_MODES[self.width]
            fit_spots(*window, mode, _ESTIMATORS[self.fit], _MOST_ITERATIONS, table)
        else:
            centre_spots(*window, PHASOR if self.fit == "phasor" else RADIAL_SYMMETRY, table)
        results = {name: table[:, c] for c, name in enumerate(RESULT_COLUMNS)}
        results["neighbours"] = np.zeros(spots.shape[0])
        return frame, results

    def _pixels(self, results: Results) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        x0, x1, y0, y1 = self.region
        rows = np.clip(results["y"].astype(np.int64), 0, y1 - y0 - 1)
        columns = np.clip(results["x"].astype(np.int64), 0, x1 - x0 - 1)
        return rows, columns

    def _flags(
        self,
        frame: NDArray[np.int64],
        results: Results,
        grey: NDArray[np.generic],
    ) -> NDArray[np.uint8]:
        x0, x1, y0, y1 = self.region
        reach = self.fit_radius_px
        edge = (results["x"] < reach) | (results["x"] > x1 - x0 - reach)
        edge |= (results["y"] < reach) | (results["y"] > y1 - y0 - reach)
        rows, columns = self._pixels(results)
        narrowest = np.minimum(results["sigma_x"], results["sigma_y"]) / self.sigma_px
        widest = np.maximum(results["sigma_x"], results["sigma_y"]) / self.sigma_px
        doubts = {
            Flag.NOT_CONVERGED: results["converged"] == 0,
            Flag.NEAR_EDGE: edge,
            Flag.SATURATED: self.camera.saturated(grey[frame, rows, columns]),
            Flag.WIDE_OR_NARROW: (narrowest < _NARROW) | (widest > _WIDE),
            Flag.POOR_FIT: results["chi2"]
            > _POOR_CHI2 * self.noise_scale_at(results["background"]) ** 2,
            Flag.CROWDED: results["neighbours"] >= _CROWD,
        }
        flags = np.zeros(frame.size, dtype=np.uint8)
        for flag, doubtful in doubts.items():
            flags[doubtful] |= np.uint8(flag)
        return flags

    def _columns(
        self,
        frame: NDArray[np.int64],
        first: int,
        results: Results,
        variance: NDArray[np.float32],
        grey: NDArray[np.generic],
    ) -> MoleculeColumns:
        factor = self.camera.excess_noise_factor
        # where the real noise is larger than the model's, errors are larger too
        trust = np.maximum(self.noise_scale_at(results["background"]), 1.0)
        rows, columns = self._pixels(results)
        dark = variance[frame if variance.shape[0] > 1 else 0, rows, columns]
        background_variance = np.maximum(results["background"], 0.0) + dark
        sigma_px = 0.5 * (results["sigma_x"] + results["sigma_y"])
        x_error = trust * np.sqrt(results["var_x"])
        y_error = trust * np.sqrt(results["var_y"])
        plain = self.fit != "mle"
        formula = trust * mortensen_px(
            results["photons"], sigma_px, background_variance, least_squares=plain
        )
        columns_out: MoleculeColumns = {
            "frame": (frame + first).astype(np.uint32),
            "x_px": results["x"],
            "y_px": results["y"],
            "photons": (factor * results["photons"]).astype(np.float32),
            "background_photons": (factor * results["background"]).astype(np.float32),
            "background_std_photons": (factor * np.sqrt(background_variance)).astype(np.float32),
            "sigma_px": sigma_px.astype(np.float32),
            "uncertainty_px": np.sqrt(0.5 * (x_error**2 + y_error**2)).astype(np.float32),
            "uncertainty_x_px": x_error.astype(np.float32),
            "uncertainty_y_px": y_error.astype(np.float32),
            "uncertainty_photons": (factor * trust * np.sqrt(results["var_photons"])).astype(
                np.float32
            ),
            "mortensen_px": formula.astype(np.float32),
            "chi2": results["chi2"].astype(np.float32),
            "significance": results["significance"].astype(np.float32),
            "neighbours": results["neighbours"].astype(np.uint16),
            "flags": self._flags(frame, results, grey),
        }
        if self.width == "elliptical" and self.emitters == "single":
            columns_out["sigma_x_px"] = results["sigma_x"].astype(np.float32)
            columns_out["sigma_y_px"] = results["sigma_y"].astype(np.float32)
        return columns_out
