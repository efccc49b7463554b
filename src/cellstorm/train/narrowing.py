"""Conditions around those of one recording."""

import math
from io import BytesIO

import numpy as np

from cellstorm.errors import ConfigurationError
from cellstorm.localize.net.recording_conditions import RecordingConditions
from cellstorm.simulate import Simulation
from cellstorm.simulate.codec import GreyValues, VideoCodec, decode_blocks
from cellstorm.train.conditions import Conditions, Range

__all__ = ["conditions_like", "with_quality_like"]

# what each codec is simulated by; encoders of one kind leave the same traces
_SIMULATED_BY = {
    "h264": "h264",
    "mpeg4": "h264",
    "mjpeg": "h264",
    "h263": "h264",
    "hevc": "hevc",
    "av1": "vp9",
    "vp9": "vp9",
    "vp8": "vp9",
}
_SHARES = ("h264_share", "hevc_share", "vp9_share")
_BIT_DEPTHS = (8, 10, 12, 14, 16)
# half of the molecules found are lit for a part of their frame only
_MEAN_OVER_MEDIAN = 1.35
_LONGEST_GOP = 250
_CRF_MARGIN = 3.0
_TRIALS = 3
_HALVINGS = 6


def conditions_like(recording: RecordingConditions) -> Conditions:
    """Ranges around what was measured of a recording, as wide as the measuring is unsure.

    What cannot be told of a recording (structures, image processor, molecules out of
    focus) stays as varied as it is by default. Light is that which the network sees: an
    electron multiplying camera's is divided by its excess noise factor.

    Parameters
    ----------
    recording
        As `measure_recording` gives it; its codec's quality is left to
        `with_quality_like`.

    Raises
    ------
    ConfigurationError
        Too few molecules were found to know what they are like.
    """
    if recording.photons is None:
        raise ConfigurationError(
            f"only {recording.molecules} molecules were found in {recording.frames} frames: too"
            " few to know what they are like.",
            todo="Give the part of the movie that shows molecules, or a longer one.",
        )
    excess = recording.excess_noise_factor
    usual = Conditions()
    edge_um = usual.pixel_size_nm / 1000.0
    density = recording.molecules_per_px_frame / edge_um**2
    darkest, typical, brightest = (max(b, 0.1) / excess for b in recording.background_photons)
    background = (max(0.6 * darkest, 0.2), 1.5 * typical)
    photons = _MEAN_OVER_MEDIAN * recording.photons[1] / excess
    haze = brightest - darkest
    hazy = haze > max(5.0, 0.5 * typical)
    sure = 1.5 if recording.camera_estimated else 1.2
    sigma = recording.sigma_px
    sigma_px = usual.sigma_px if sigma is None else (0.9 * sigma, 1.15 * sigma)
    on = recording.on_frames
    ranges: dict[str, Range] = {
        "photons": _visible(_around(photons, 2.0), background, sigma_px),
        "density_per_um2_frame": (max(0.4 * density, 1e-3), min(max(2.5 * density, 0.01), 6.0)),
        # a blink of T frames is seen in one more
        "on_frames": usual.on_frames if on is None else _around(max(on - 1.0, 0.4), 1.7),
        "sigma_px": sigma_px,
        "background_photons": background,
        "haze_photons": _around(haze if hazy else max(0.5 * typical, 1.0), 2.0),
        "gain_e_per_adu": _around(recording.gain_e_per_adu / excess, sure),
        "read_noise_e": _around(max(recording.read_noise_e / excess, 0.1), 1.5),
        "offset_adu": (recording.offset_adu - 2.0, recording.offset_adu + 2.0),
    }
    return usual.changed(
        **{name: (_rounded(low), _rounded(high)) for name, (low, high) in ranges.items()},
        haze_share=0.7 if hazy else 0.15,
        bit_depth=next(bits for bits in (*_BIT_DEPTHS, 16) if bits >= min(recording.bit_depth, 16)),
        **_codec_like(recording, usual),
    )


def with_quality_like(
    conditions: Conditions, recording: RecordingConditions, *, seed: int = 0
) -> Conditions:
    """The same with the quality that makes simulated clips as coarse as the recording.

    Simulated frames are coded again and again until the median quantiser, or where the
    decoder tells none, the bits per pixel are those of the recording.

    Parameters
    ----------
    conditions
        As `conditions_like` gives them.
    recording
        What is to be met.
    seed
        Of the simulated frames.
    """
    if recording.codec is None or recording.bits_per_pixel is None:
        return conditions
    kind = _SIMULATED_BY.get(recording.codec, "h264")
    name = "vp9_crf" if kind == "vp9" else "crf"
    random = np.random.default_rng([seed, 3])
    drawn = [conditions.draw(random) for _ in range(_TRIALS)]
    trials: list[tuple[Simulation, GreyValues]] = [(one, one.stack()) for one in drawn]
    low, high = (0.0, 63.0) if kind == "vp9" else (0.0, 48.0)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        fixed = conditions.changed(**{name: (middle, middle)})
        if _is_too_fine(trials, fixed, recording):
            low = middle
        else:
            high = middle
    found = 0.5 * (low + high)
    ends = (max(_rounded(found - _CRF_MARGIN), 0.0), min(_rounded(found + _CRF_MARGIN), 51.0))
    return conditions.changed(**{name: ends})


def _is_too_fine(
    trials: list[tuple[Simulation, GreyValues]],
    conditions: Conditions,
    recording: RecordingConditions,
) -> bool:
    """Whether clips of these conditions show less of the codec than the recording does."""
    qps, bits = [], []
    for simulation, frames in trials:
        codec = conditions.draw(np.random.default_rng(simulation.seed)).codec
        assert isinstance(codec, VideoCodec)
        data = codec.encode_to_memory([frames], simulation.view)
        bits.append(8.0 * len(data) / frames.size)
        (decoded,) = decode_blocks(BytesIO(data), with_qp=True, frames_per_block=len(frames))
        if decoded.coding is not None and decoded.coding.qp is not None:
            qps.append(float(np.median(decoded.coding.qp)) - 6 * (codec.bit_depth - 8))
    if recording.median_qp is not None and qps:
        return float(np.mean(qps)) < recording.median_qp
    return float(np.mean(np.log(bits))) > math.log(recording.bits_per_pixel or 1.0)


def _codec_like(recording: RecordingConditions, usual: Conditions) -> dict[str, object]:
    if recording.codec is None or recording.bits_per_pixel is None:
        return {**dict.fromkeys(_SHARES, 0.0), "recoded_share": 0.0}
    kind = _SIMULATED_BY.get(recording.codec, "h264")
    gop = min(max(recording.gop_frames or 30, 1), _LONGEST_GOP)
    if recording.codec == "mjpeg":
        gop = 1
    share = min(recording.b_picture_share or 0.0, 0.8)
    b_pictures = min(round(share / (1.0 - share)), max(0, gop - 2))
    ranges = {"full": ("full",), "limited": ("limited",)}
    return {
        **{name: float(name == f"{kind}_share") for name in _SHARES},
        "gop_frames": (gop,),
        "b_pictures": (b_pictures,),
        "value_ranges": ranges.get(recording.value_range or "", usual.value_ranges),
    }


def _around(value: float, factor: float) -> Range:
    return value / factor, value * factor


def _visible(photons: Range, background: Range, sigma_px: Range) -> Range:
    """The range of light, its upper end where a clip can show something in any case."""
    noise = math.sqrt(4.0 * math.pi * math.sqrt(background[0] * background[1]))
    least = 3.0 * noise * math.sqrt(sigma_px[0] * sigma_px[1])
    return photons[0], max(photons[1], least)


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")
