"""Measuring on a few frames what a recording is like."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from cellstorm.localize.gaussian.coding_noise import coding_variance_e2, electrons_per_grey
from cellstorm.localize.gaussian.psf_width import DEFAULT_SIGMA_PX, estimate_psf_width
from cellstorm.localize.localizer import FrameRange, MoleculeColumns
from cellstorm.localize.movie_sample import MovieSample, sample_movie
from cellstorm.localize.net.blink_time import blink_time_frames
from cellstorm.localize.net.localizer import NetLocalizer
from cellstorm.localize.net.movie_threshold import MASSES
from cellstorm.localize.net.recording_conditions import RecordingConditions, Spread
from cellstorm.movie import CodedFrames, Movie, PictureType

__all__ = ["measure_recording"]

_LEAST_MOLECULES = 20
_FRAMES_FOR_WIDTH = 24
# a search that begins at the usual width does not see spots of twice that
_STARTS_PX = (DEFAULT_SIGMA_PX, 2.6)
# molecules within three widths of each other; what is fitted then are heaps of them
_CROWD = 1.5
_EVEN_MASS = 0.4
_PIXELS_FOR_BACKGROUND = 65_536
_SMOOTHED_PX = 5


def measure_recording(
    movie: Movie,
    localizer: NetLocalizer,
    *,
    frames: FrameRange,
    most_pixels: int = 1 << 22,
) -> RecordingConditions:
    """Look at a sample of a movie: runs of frames spread over it, the liveliest part of each.

    Parameters
    ----------
    movie
        To be measured.
    localizer
        Finds its molecules; camera and region are taken from it.
    frames
        First and last (exclusive) frame to look at.
    most_pixels
        Localized, about; decides what it costs.

    Returns
    -------
    RecordingConditions
        The same for the same movie, always.

    Raises
    ------
    MovieError
        The movie cannot be read.
    """
    sample = sample_movie(
        movie,
        localizer.region,
        frames,
        most_pixels=most_pixels,
        reach_frames=localizer.halo_frames,
    )
    x0, x1, y0, y1 = sample.tile
    # as many false ones more as true ones fewer: the number is what matters here
    least_mass = min(localizer.least_mass, _EVEN_MASS)
    inside = localizer.model_copy(update={"region": sample.tile, "least_mass": least_mass})
    blocks: list[list[NDArray[np.float64]]] = []
    found: list[MoleculeColumns] = []
    for (first, last), chunk in zip(sample.places, sample.chunks, strict=True):
        columns = inside.localize(sample.cut(chunk), first=first, last=last)
        found.append(columns)
        at = np.stack([columns["x_px"], columns["y_px"]], axis=1).astype(np.float64)
        ends = np.searchsorted(columns["frame"], np.arange(first, last + 1))
        blocks.append([at[low:high] for low, high in pairwise(ends)])
    photons = np.concatenate([columns["photons"] for columns in found])
    probability = np.concatenate([columns["probability"] for columns in found])
    count = sum(last - first for first, last in sample.places)
    camera, on = localizer.camera, blink_time_frames(blocks)
    pixels = count * (x1 - x0) * (y1 - y0)
    density = photons.size / pixels
    sigma_px = _width_px(localizer, sample)
    if sigma_px is not None and density * math.pi * (3.0 * sigma_px) ** 2 > _CROWD:
        sigma_px = None
    return RecordingConditions(
        frames=count,
        molecules=photons.size,
        pixels=pixels,
        found_by_mass=tuple(
            (mass, int((probability >= mass).sum())) for mass in MASSES if mass >= least_mass
        ),
        sigma_px=sigma_px,
        photons=_spread(photons, (10, 50, 90)) if photons.size >= _LEAST_MOLECULES else None,
        background_photons=_spread(_background(localizer, sample), (1, 50, 99)),
        molecules_per_px_frame=_rounded(density),
        on_frames=None if on is None else _rounded(on),
        gain_e_per_adu=camera.gain_e_per_adu,
        offset_adu=camera.offset_adu,
        read_noise_e=camera.read_noise_e,
        excess_noise_factor=camera.excess_noise_factor,
        camera_estimated=camera.estimated,
        bit_depth=movie.bit_depth,
        **_coding(movie, [chunk.coding for chunk in sample.chunks if chunk.coding is not None]),
    )


def _coding(movie: Movie, codings: list[CodedFrames]) -> dict[str, Any]:
    """What the codec did, by the names of `RecordingConditions`."""
    facts = movie.codec
    if facts is None:
        return {}
    qps = [coding.qp.ravel() for coding in codings if coding.qp is not None]
    types = np.concatenate([coding.picture_types for coding in codings])
    known = bool((types != PictureType.UNKNOWN).any())
    return {
        "codec": facts.codec,
        "value_range": facts.color_range,
        # of more than 8 bits the same step has a QP larger by six a bit
        "median_qp": float(np.median(np.concatenate(qps))) - 6 * (movie.bit_depth - 8)
        if qps
        else None,
        "bits_per_pixel": _rounded(facts.bits_per_pixel),
        "gop_frames": facts.gop_length,
        "b_picture_share": _rounded(float(np.mean(types == PictureType.B))) if known else None,
    }


def _width_px(localizer: NetLocalizer, sample: MovieSample) -> float | None:
    camera, tile = localizer.camera, sample.tile
    shape = (tile[3] - tile[2], tile[1] - tile[0])
    mapped = tile if camera.maps is not None else None
    light, noise = [], []
    left = _FRAMES_FOR_WIDTH
    for chunk in sample.chunks:
        some = sample.cut(chunk)
        used = some.frames[: max(1, min(left, -(-_FRAMES_FOR_WIDTH // len(sample.chunks))))]
        electrons = camera.to_photoelectrons(used, mapped) / np.float32(camera.excess_noise_factor)
        variance = np.zeros(electrons.shape, np.float32)
        variance += camera.read_variance_e2(shape, mapped)
        coding = some.coding
        if coding is not None and coding.qp is not None:
            coded = coding_variance_e2(coding, shape, tile, electrons_per_grey(camera))
            variance += coded[: len(used)]
        light.append(np.ascontiguousarray(electrons, np.float32))
        noise.append(variance / np.float32(camera.excess_noise_factor**2))
    for start_px in _STARTS_PX:
        psf = estimate_psf_width(np.concatenate(light), np.concatenate(noise), start_px)
        if psf.molecules:
            return psf.sigma_px
    return None


def _background(localizer: NetLocalizer, sample: MovieSample) -> NDArray[np.float32]:
    """Light of a pixel when no molecule shines there, smooth, of pixels spread over the field."""
    frames = np.concatenate([chunk.frames for chunk in sample.chunks])
    camera, region = localizer.camera, localizer.region
    mapped = region if camera.maps is not None else None
    # maps belong to every pixel of the field
    step = 1 if mapped else max(1, math.isqrt(frames[0].size // _PIXELS_FOR_BACKGROUND))
    low = np.median(frames[:, ::step, ::step], axis=0).astype(np.float32)
    smooth = uniform_filter(low, max(1, _SMOOTHED_PX // step), mode="nearest")
    return camera.to_photoelectrons(smooth, mapped)


def _spread(values: NDArray[np.float32], shares: tuple[float, float, float]) -> Spread:
    low, middle, high = np.percentile(values, shares)
    return _rounded(float(low)), _rounded(float(middle)), _rounded(float(high))


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
