"""What recordings can be like: draws the simulations that a network is trained on."""

import math
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import AfterValidator, Field

from cellstorm.camera import Camera
from cellstorm.parameters import Parameters
from cellstorm.simulate import Simulation
from cellstorm.simulate.background import (
    Background,
    CellHaze,
    Haze,
    LowpassHaze,
    OutOfFocus,
    StructureHaze,
)
from cellstorm.simulate.codec import Codec, H264Codec, HevcCodec, NoCodec, Vp9Codec
from cellstorm.simulate.isp import Isp
from cellstorm.simulate.isp.dark_clip import DarkClip
from cellstorm.simulate.isp.sharpening import Sharpening
from cellstorm.simulate.isp.spatial_denoising import SpatialDenoising
from cellstorm.simulate.isp.temporal_denoising import TemporalDenoising
from cellstorm.simulate.photophysics import SteadyPhotophysics
from cellstorm.simulate.psf import GaussianPsf
from cellstorm.simulate.structures import (
    ClusterStructure,
    FilamentStructure,
    LinePairStructure,
    RingStructure,
    Structure,
    UniformStructure,
)

__all__ = ["Conditions", "Range"]


def _rises(ends: tuple[float, float]) -> tuple[float, float]:
    if not (math.isfinite(ends[0]) and math.isfinite(ends[1]) and 0 < ends[0] <= ends[1]):
        raise ValueError("give two finite numbers over zero, the smaller one first")
    return ends


Range = Annotated[tuple[float, float], AfterValidator(_rises)]
"""Least and greatest value, of which the logarithm is drawn."""

_Even = tuple[float, float]
_Whole = Annotated[tuple[Annotated[int, Field(ge=0, le=250)], ...], Field(min_length=1)]

# of a clip's average molecule; nobody can learn from recordings that show nothing
_LEAST_MEAN_SIGNIFICANCE = 2.0

_Share = Annotated[float, Field(ge=0, le=1)]


class Conditions(Parameters):
    """Ranges of everything that differs between recordings.

    `draw` gives one simulation after the other, each with conditions of its own; every
    clip has another camera, codec, density and background. Light, PSF width and background
    lie in the middle of their ranges more often than at the ends (triangular in the
    logarithm); everything else is drawn evenly.
    """

    size_px: int = Field(112, ge=32, multiple_of=16, description="edge of a clip, px")
    frames: int = Field(40, ge=4, description="frames of a clip")
    pixel_size_nm: float = Field(100.0, gt=0, description="nm; a scale only, nothing is seen of it")
    photons: Range = Field((50.0, 5000.0), description="mean light of a molecule, photons/frame")
    photon_spread: Range = Field((0.2, 0.9), description="relative spread between blinks")
    density_per_um2_frame: Range = Field((0.02, 3.0), description="molecules per um2 and frame")
    empty_share: _Share = Field(0.1, description="clips without any molecule")
    on_frames: Range = Field((0.8, 5.0), description="mean on-time, frames")
    sigma_px: Range = Field((0.7, 2.3), description="PSF width, px")
    background_photons: Range = Field((0.5, 300.0), description="uniform background, photons/px")
    haze_share: _Share = Field(0.4, description="clips with still haze")
    haze_photons: Range = Field((5.0, 400.0), description="brightest pixel of the haze, photons")
    out_of_focus_share: _Share = Field(0.25, description="clips with molecules out of focus")
    gain_e_per_adu: Range = Field((0.25, 3.0), description="photoelectrons per grey value")
    read_noise_e: Range = Field((0.5, 4.0), description="photoelectrons RMS")
    offset_adu: _Even = Field((0.0, 16.0), description="grey value of no light, drawn evenly")
    bit_depth: Literal[8, 10, 12, 14, 16] = Field(
        8, description="bits of a grey value; with more than 10 clips are uncoded"
    )
    isp_share: _Share = Field(0.3, description="clips that went through an image processor")
    h264_share: _Share = Field(0.7, description="H.264 among the codecs")
    hevc_share: _Share = Field(0.12, description="HEVC among the codecs")
    vp9_share: _Share = Field(0.05, description="VP9 among the codecs; the rest is uncoded")
    crf: Annotated[tuple[float, float], Field(description="CRF, drawn evenly")] = (0.0, 35.0)
    vp9_crf: Annotated[tuple[float, float], Field(description="CRF of VP9, drawn evenly")] = (
        10.0,
        45.0,
    )
    gop_frames: _Whole = Field((12, 15, 30, 31, 60), description="key frames' distances, frames")
    b_pictures: _Whole = Field((0, 0, 0, 2), description="H.264's B pictures in a row")
    value_ranges: tuple[Literal["full", "limited"], ...] = Field(
        ("full", "limited"), min_length=1, description="of H.264's grey values"
    )
    recoded_share: _Share = Field(0.05, description="H.264 clips coded a second time")

    def draw(self, random: np.random.Generator) -> Simulation:
        """One simulation with conditions of its own.

        Parameters
        ----------
        random
            Same state, same simulation.
        """
        while True:
            photons = _log_triangular(random, self.photons)
            sigma_px = _log_triangular(random, self.sigma_px)
            background = self._background(random, photons)
            noise_e = math.sqrt(background.photons * 4.0 * math.pi) * sigma_px
            if photons > _LEAST_MEAN_SIGNIFICANCE * noise_e:
                break
        haze = 0.0 if background.haze is None else background.haze.peak_photons
        brightest = background.photons + haze + photons / (2.0 * math.pi * sigma_px**2)
        scale = 2.0 ** (self.bit_depth - 8)
        # whoever records sets the exposure so that most molecules are not clipped
        gain = max(_log_uniform(random, self.gain_e_per_adu), brightest / (200.0 * scale))
        frame_rate_hz = 30.0
        empty = random.random() < self.empty_share
        return Simulation(
            width_px=self.size_px,
            height_px=self.size_px,
            frames=self.frames,
            pixel_size_nm=self.pixel_size_nm,
            frame_rate_hz=frame_rate_hz,
            structure=_structure(random),
            photophysics=SteadyPhotophysics(
                density_per_um2_frame=0.0
                if empty
                else _log_uniform(random, self.density_per_um2_frame),
                photons=photons,
                photon_spread=_log_uniform(random, self.photon_spread),
                on_s=_log_uniform(random, self.on_frames) / frame_rate_hz,
            ),
            psf=GaussianPsf(sigma_px=sigma_px),
            background=background,
            camera=Camera(
                name="drawn",
                offset_adu=random.uniform(*self.offset_adu),
                gain_e_per_adu=gain,
                read_noise_e=_log_uniform(random, self.read_noise_e),
                saturation_adu=scale * random.choice([220.0, 254.0]),
                dark_clip_adu=0.0,
                bit_depth=self.bit_depth,
            ),
            isp=_isp(random) if random.random() < self.isp_share else Isp(),
            codec=self._codec(random),
            seed=int(random.integers(2**31)),
        )

    def changed(self, **values: object) -> Self:
        """A copy with some ranges changed, validated."""
        return type(self).model_validate({**self.model_dump(), **values})

    def _background(self, random: np.random.Generator, photons: float) -> Background:
        haze: Haze | None = None
        if random.random() < self.haze_share:
            peak = _log_uniform(random, self.haze_photons)
            kind = random.integers(3)
            if kind == 0:
                haze = StructureHaze(peak_photons=peak, blur_um=random.uniform(0.5, 1.2))
            elif kind == 1:
                haze = LowpassHaze(peak_photons=peak, correlation_um=random.uniform(0.8, 4.0))
            else:
                haze = CellHaze(peak_photons=peak, diameter_um=random.uniform(5.0, 16.0))
        out_of_focus = None
        if random.random() < self.out_of_focus_share:
            out_of_focus = OutOfFocus(
                density_per_um2_frame=_log_uniform(random, (0.02, 0.5)),
                photons=photons * random.uniform(0.5, 1.5),
                least_sigma_nm=300.0,
                most_sigma_nm=random.uniform(400.0, 900.0),
            )
        return Background(
            photons=_log_triangular(random, self.background_photons),
            haze=haze,
            out_of_focus=out_of_focus,
        )

    def _codec(self, random: np.random.Generator) -> Codec:
        crf = random.uniform(*self.crf)
        gop = int(random.choice(self.gop_frames))
        bits = 10 if self.bit_depth == 10 else 8
        share = random.random()
        if share < self.h264_share:
            second = None
            if random.random() < self.recoded_share:
                second = H264Codec(crf=random.uniform(20.0, 30.0), gop=250)
                crf = min(crf, 25.0)
            return H264Codec(
                crf=crf,
                gop=gop,
                b_pictures=min(int(random.choice(self.b_pictures)), max(0, gop - 2)),
                preset=str(random.choice(["superfast", "veryfast", "veryfast", "medium"])),
                value_range=str(random.choice(self.value_ranges)),
                bit_depth=bits,
                second_generation=second,
            )
        share -= self.h264_share
        if share < self.hevc_share:
            return HevcCodec(crf=max(crf, 4.0), gop=gop, preset="ultrafast", bit_depth=bits)
        share -= self.hevc_share
        if share < self.vp9_share:
            return Vp9Codec(crf=random.uniform(*self.vp9_crf), gop=gop)
        return NoCodec()


def _log_triangular(random: np.random.Generator, ends: tuple[float, float]) -> float:
    least, most = math.log(ends[0]), math.log(ends[1])
    return math.exp(least + (most - least) * 0.5 * (random.random() + random.random()))


def _log_uniform(random: np.random.Generator, ends: tuple[float, float]) -> float:
    return float(math.exp(random.uniform(math.log(ends[0]), math.log(ends[1]))))


def _structure(random: np.random.Generator) -> Structure:
    kind = random.choice(5, p=[0.45, 0.3, 0.1, 0.08, 0.07])
    if kind == 0:
        return FilamentStructure(
            filament_um_per_um2=_log_uniform(random, (0.15, 2.0)),
            persistence_um=_log_uniform(random, (3.0, 40.0)),
        )
    if kind == 1:
        return UniformStructure()
    if kind == 2:
        return ClusterStructure(clusters_per_um2=_log_uniform(random, (0.3, 3.0)))
    if kind == 3:
        return RingStructure(rings_per_um2=4, copies_per_corner=8)
    return LinePairStructure()


def _isp(random: np.random.Generator) -> Isp:
    def maybe(share: float) -> bool:
        return bool(random.random() < share)

    return Isp(
        spatial_denoising=SpatialDenoising(
            sigma_px=random.uniform(0.5, 1.0), strength_sigma=random.uniform(0.3, 1.5)
        )
        if maybe(0.5)
        else None,
        temporal_denoising=TemporalDenoising(
            least_share=random.uniform(0.4, 0.9), gate_sigma=random.uniform(1.0, 2.0)
        )
        if maybe(0.4)
        else None,
        sharpening=Sharpening(amount=random.uniform(0.1, 0.8), sigma_px=random.uniform(0.8, 1.3))
        if maybe(0.6)
        else None,
        dark_clip=DarkClip(threshold_adu=random.uniform(1.0, 6.0), mode="subtract")
        if maybe(0.3)
        else None,
    )
