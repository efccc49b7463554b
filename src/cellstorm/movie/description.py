"""What can be said about a movie from its head and a sample of its frames."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellstorm.errors import MovieError
from cellstorm.movie.base import FrameChunk, Movie
from cellstorm.movie.codec_facts import CodecFacts, CodedFrames, PictureType, quantiser_step
from cellstorm.movie.length import unusual_pixel_size

__all__ = ["CodecSummary", "GreySample", "MovieDescription", "describe_movie", "range_limits"]

# Places of the movie that are looked at, and frames read in all (fewer large ones).
_PLACES = 8
_FRAMES = 64
_PIXELS = 1 << 24


@dataclass(frozen=True)
class GreySample:
    """Grey values of a sample of frames, ADU as stored.

    Attributes
    ----------
    frames
        How many frames were looked at.
    minimum, percentile_1, median, percentile_99, maximum
        Of all their pixels.
    share_at_zero, share_at_maximum
        Share of pixels at 0 and at the largest value the bit depth allows (integers).
    share_at_black, share_at_white
        Share at or beyond the ends of the video's range: 16 and 235 of 255 for limited
        range. None for uncoded movies.
    """

    frames: int
    minimum: float
    percentile_1: float
    median: float
    percentile_99: float
    maximum: float
    share_at_zero: float
    share_at_maximum: float
    share_at_black: float | None
    share_at_white: float | None


@dataclass(frozen=True)
class CodecSummary:
    """What the codec did, as single numbers.

    Attributes
    ----------
    codec, profile, pixel_format, color_range, transfer, rotation_deg, block_size_px
        See `CodecFacts`.
    key_frames
        How many there are.
    gop_length_frames
        Median distance between them.
    bits_per_pixel, bit_rate_bits_per_s
        Mean over the movie.
    picture_type_shares
        Share of I, P and B pictures, estimated; empty if the decoder does not say.
    median_qp
        Over the blocks of the sample; None where the decoder exports none.
    quantiser_step_adu
        Step of the transform coefficients at the median QP, ADU.
    """

    codec: str
    profile: str
    pixel_format: str
    color_range: str
    transfer: str
    rotation_deg: int
    block_size_px: int
    key_frames: int
    gop_length_frames: int
    bits_per_pixel: float
    bit_rate_bits_per_s: float
    picture_type_shares: dict[str, float]
    median_qp: float | None
    quantiser_step_adu: float | None


@dataclass(frozen=True)
class MovieDescription:
    """Everything that ``cellstorm info`` says.

    Attributes
    ----------
    path, format, frames, width_px, height_px, dtype, bit_depth, pixel_size_nm
        See `Movie`.
    duration_s
        From the first frame to the end of the last; None without timestamps.
    frame_rate_hz
        Ordinary frame rate; None without timestamps.
    variable_frame_rate
        True if steps between frames differ by more than rounding.
    longest_gap_s
        Longest step between two frames.
    fingerprint
        See `Movie.fingerprint`.
    grey
        A sample of the grey values.
    codec
        None for uncoded movies.
    notices
        The movie's own, and what the sample and an unusual pixel size add.
    """

    path: str | None
    format: str
    frames: int
    width_px: int
    height_px: int
    dtype: str
    bit_depth: int
    duration_s: float | None
    frame_rate_hz: float | None
    variable_frame_rate: bool | None
    longest_gap_s: float | None
    pixel_size_nm: float | None
    fingerprint: str
    grey: GreySample
    codec: CodecSummary | None
    notices: tuple[str, ...]


def describe_movie(movie: Movie) -> MovieDescription:
    """Look at a movie: its facts and a sample of at most 64 frames.

    Raises
    ------
    MovieError
        Not one of the sampled places can be read.
    """
    chunks, failure = _sample(movie)
    times = movie.timestamps_s
    steps = np.diff(times) if times is not None and times.size > 1 else None
    rate_hz = movie.frame_rate_hz
    frames, height, width = movie.shape
    return MovieDescription(
        path=str(movie.path) if movie.path is not None else None,
        format=movie.format_name,
        frames=frames,
        width_px=width,
        height_px=height,
        dtype=movie.dtype.name,
        bit_depth=movie.bit_depth,
        duration_s=(
            float(times[-1] + 1 / rate_hz) if times is not None and rate_hz is not None else None
        ),
        frame_rate_hz=rate_hz,
        variable_frame_rate=_is_variable(steps) if steps is not None else None,
        longest_gap_s=float(steps.max()) if steps is not None else None,
        pixel_size_nm=movie.pixel_size_nm,
        fingerprint=movie.fingerprint(),
        grey=_grey_sample(movie, chunks),
        codec=_codec_summary(movie, chunks),
        notices=_notices(movie, failure),
    )


def range_limits(color_range: str, bit_depth: int) -> tuple[int, int]:
    """Grey values of black and white.

    Limited range (also where nothing is flagged, as players do) is 16 to 235 of 8 bits,
    scaled with the bit depth (ITU-R BT.709 section 4.6, BT.2100 table 9).
    """
    if color_range == "full":
        return 0, (1 << bit_depth) - 1
    scale = 1 << max(0, bit_depth - 8)
    return 16 * scale, 235 * scale


def _notices(movie: Movie, failure: MovieError | None) -> tuple[str, ...]:
    notices = list(movie.notices)
    if failure is not None:
        notices.append(f"Not all frames can be used: {failure.what}")
    if (unusual := unusual_pixel_size(movie.pixel_size_nm)) is not None:
        notices.append(unusual)
    return tuple(notices)


def _sample(movie: Movie) -> tuple[list[FrameChunk], MovieError | None]:
    """A few frames from places spread over the movie, at key frames where there are any.

    Also gives the first thing that kept frames from being read.
    """
    frames, height, width = movie.shape
    wanted = min(_FRAMES, max(1, _PIXELS // (height * width)))
    spread = np.linspace(0, max(0, frames - wanted // _PLACES), min(_PLACES, wanted))
    places = np.unique(spread.astype(np.int64))
    if movie.codec is not None and movie.codec.key_frames.any():
        keys = np.flatnonzero(movie.codec.key_frames)
        places = np.unique(keys[np.maximum(np.searchsorted(keys, places, side="right") - 1, 0)])
    frames_per_place = max(1, wanted // places.size)
    chunks: list[FrameChunk] = []
    failure: MovieError | None = None
    end = 0
    for place in places.tolist():
        start, stop = max(place, end), min(frames, place + frames_per_place)
        if start >= stop:
            continue
        # where the file ends or is damaged within them, fewer may still be there
        while stop > start:
            try:
                chunks.append(movie.read_chunk(start, stop))
            except MovieError as error:
                failure = failure or error
                stop = start + (stop - start) // 2
            else:
                end = stop
                break
    if not chunks:
        raise failure if failure is not None else MovieError("no frames.", where=movie.path)
    return chunks, failure


def _is_variable(steps: NDArray[np.float64]) -> bool:
    # times are rounded to milliseconds at worst (Matroska)
    return bool(np.any(np.abs(steps - np.median(steps)) > 0.0015 + 0.02 * np.median(steps)))


def _grey_sample(movie: Movie, chunks: list[FrameChunk]) -> GreySample:
    values = np.concatenate([chunk.frames.ravel() for chunk in chunks])
    low, median, high = (float(value) for value in np.percentile(values, [1, 50, 99]))
    top = (1 << movie.bit_depth) - 1
    black = white = None
    if movie.codec is not None:
        darkest, brightest = range_limits(movie.codec.color_range, movie.bit_depth)
        black = float(np.mean(values <= darkest))
        white = float(np.mean(values >= brightest))
    is_integer = values.dtype.kind in "iu"
    return GreySample(
        frames=sum(chunk.frames.shape[0] for chunk in chunks),
        minimum=float(values.min()),
        percentile_1=low,
        median=median,
        percentile_99=high,
        maximum=float(values.max()),
        share_at_zero=float(np.mean(values == 0)),
        share_at_maximum=float(np.mean(values >= top)) if is_integer else 0.0,
        share_at_black=black,
        share_at_white=white,
    )


def _picture_type_shares(facts: CodecFacts, codings: list[CodedFrames]) -> dict[str, float]:
    """Shares of I, P and B pictures; the sample begins at key frames and has too many."""
    types = np.concatenate([coding.picture_types for coding in codings])
    if not bool((types != PictureType.UNKNOWN).any()):
        return {}
    between = types[~np.concatenate([coding.key_frames for coding in codings])]
    key_share = float(np.mean(facts.key_frames)) if between.size else 1.0
    shares = {
        kind.name: (1 - key_share) * float(np.mean(between == kind)) if between.size else 0.0
        for kind in (PictureType.I, PictureType.P, PictureType.B)
    }
    shares["I"] += key_share
    return {name: share for name, share in shares.items() if share > 0}


def _codec_summary(movie: Movie, chunks: list[FrameChunk]) -> CodecSummary | None:
    facts = movie.codec
    if facts is None:
        return None
    codings = [chunk.coding for chunk in chunks if chunk.coding is not None]
    qps = [coding.qp.ravel() for coding in codings if coding.qp is not None]
    median_qp = float(np.median(np.concatenate(qps))) if qps else None
    return CodecSummary(
        codec=facts.codec,
        profile=facts.profile,
        pixel_format=facts.pixel_format,
        color_range=facts.color_range,
        transfer=facts.transfer,
        rotation_deg=facts.rotation_deg,
        block_size_px=facts.block_size_px,
        key_frames=int(np.count_nonzero(facts.key_frames)),
        gop_length_frames=facts.gop_length,
        bits_per_pixel=facts.bits_per_pixel,
        bit_rate_bits_per_s=facts.bit_rate_bits_per_s,
        picture_type_shares=_picture_type_shares(facts, codings),
        median_qp=median_qp,
        quantiser_step_adu=(
            float(quantiser_step(np.array(median_qp))) if median_qp is not None else None
        ),
    )
