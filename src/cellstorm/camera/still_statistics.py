"""Mean, variance and skewness of every pixel of a scene that stands still."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from cellstorm.camera.coding_loss import LOSSLESS_CODECS
from cellstorm.camera.model import Camera
from cellstorm.errors import MovieError
from cellstorm.movie import Movie, PictureType, quantiser_step

__all__ = ["PictureStatistics", "StillStatistics", "grey_scale_of", "is_lossless", "measure_still"]

_VALUES_PER_CHUNK = 8_000_000
_TILE_PX = 8
# what noise of a codec shows is blotchy, but not as blotchy as something that moves
_MOST_BLOTCHY = 16.0
_MOST_SLOW_CHANGE = 0.25


@dataclass(frozen=True, eq=False)
class PictureStatistics:
    """Noise of the pictures of one kind.

    Attributes
    ----------
    kind
        ``"intra"`` (coded by themselves), ``"inter"`` (coded as a difference) or ``"all"``
        where nothing was lost or nothing is known.
    frames
        How many there are.
    variance_adu2, third_moment_adu3
        ``(height, width)`` float64, about the pixel's mean over time, unbiased.
    step_adu
        ``(height, width)`` float64 quantiser step (geometric mean over time), zero where
        nothing was lost; None where it is not known.
    """

    kind: str
    frames: int
    variance_adu2: NDArray[np.float64]
    third_moment_adu3: NDArray[np.float64]
    step_adu: NDArray[np.float64] | None


@dataclass(frozen=True, eq=False)
class StillStatistics:
    """A still clip, pixel by pixel, on the linear scale of its camera before the gain.

    Attributes
    ----------
    mean_adu
        ``(height, width)`` float64, mean over time.
    pictures
        Noise, one entry for each kind of picture.
    frame_mean_adu
        ``(frames,)`` float64, mean over the field.
    first_frame
        Number of the first frame that was looked at.
    lowest_adu, highest_adu
        Of all values.
    share_lowest, share_highest
        Of the values that are exactly these.
    blotchiness
        Variance of means over 8 x 8 px over what independent pixels would have.
    slow_change
        Variance that slow changes between the first and second half add, as a share of all.
    histogram_adu, histogram_counts
        Every value that occurred (or bins of it) and how often.
    """

    mean_adu: NDArray[np.float64]
    pictures: tuple[PictureStatistics, ...]
    frame_mean_adu: NDArray[np.float64]
    first_frame: int
    lowest_adu: float
    highest_adu: float
    share_lowest: float
    share_highest: float
    blotchiness: float
    slow_change: float

    @property
    def frames(self) -> int:
        """How many frames were looked at."""
        return int(self.frame_mean_adu.size)

    @property
    def seems_to_move(self) -> bool:
        """Whether what changes is more than noise."""
        return self.blotchiness > _MOST_BLOTCHY or self.slow_change > _MOST_SLOW_CHANGE


def grey_scale_of(movie: Movie) -> Camera:
    """A camera of gain one and offset zero that undoes the limited range a file is flagged with.

    As in `estimate_camera`, a flag that the values of the first frames contradict (many under
    black) is not believed.
    """
    depth = min(movie.bit_depth, 32)
    flagged = movie.codec is not None and movie.codec.color_range == "limited"
    if flagged:
        values = movie.read(0, min(8, movie.shape[0])).astype(np.float64)
        flagged = float(np.mean(values < 16 * 2.0 ** (movie.bit_depth - 8))) < 0.05
    return Camera(bit_depth=depth, value_range="limited" if flagged else "full")


def measure_still(
    movie: Movie, scale: Camera | None = None, *, most_frames: int = 1000
) -> StillStatistics:
    """Go through a still clip twice: for the mean of every pixel, then for its noise.

    The light of the whole field may change between frames: each frame is first fitted by
    ``a + b * mean`` over all pixels, and noise is what remains.

    Parameters
    ----------
    movie
        At least two frames.
    scale
        Makes grey values linear ADU; `grey_scale_of` by default.
    most_frames
        The middle of a longer movie is taken.

    Raises
    ------
    MovieError
        Fewer than two frames, or the file cannot be read.
    """
    frames, height, width = movie.shape
    if frames < 2:
        raise MovieError(
            "a single frame shows no noise over time.",
            where=movie.name,
            todo="Record at least ten frames of the same still scene.",
        )
    scale = grey_scale_of(movie) if scale is None else scale
    count = min(frames, most_frames)
    start = (frames - count) // 2
    halves = np.zeros((2, height, width))
    frame_mean = np.empty(count)
    lowest, highest = np.inf, -np.inf
    at_lowest = at_highest = 0
    for first, adu, _, _ in _chunks(movie, scale, start, start + count):
        frame_mean[first - start : first - start + adu.shape[0]] = adu.mean(axis=(1, 2))
        middle = min(max(start + count // 2 - first, 0), adu.shape[0])
        halves[0] += adu[:middle].sum(axis=0, dtype=np.float64)
        halves[1] += adu[middle:].sum(axis=0, dtype=np.float64)
        low, high = float(adu.min()), float(adu.max())
        if low < lowest:
            lowest, at_lowest = low, 0
        if high > highest:
            highest, at_highest = high, 0
        at_lowest += int((adu == lowest).sum())
        at_highest += int((adu == highest).sum())
    mean = halves.sum(axis=0) / count
    sums, blotches = _noise_sums(movie, scale, start, count, mean)
    values = count * height * width
    pictures = tuple(total.finished(count) for total in sums.values() if total.frames > 0)
    overall = np.average([np.mean(p.variance_adu2) for p in pictures], weights=_counts(pictures))
    difference = halves[0] / (count // 2) - halves[1] / (count - count // 2)
    return StillStatistics(
        mean_adu=mean,
        pictures=pictures,
        frame_mean_adu=frame_mean,
        first_frame=start,
        lowest_adu=lowest,
        highest_adu=highest,
        share_lowest=at_lowest / values,
        share_highest=at_highest / values,
        blotchiness=blotches / max(float(overall), 1e-12),
        slow_change=_slow_change(difference, mean, float(overall), count),
    )


def _counts(pictures: tuple[PictureStatistics, ...]) -> list[int]:
    return [p.frames for p in pictures]


@dataclass
class _Sums:
    kind: str
    second: NDArray[np.float64]
    third: NDArray[np.float64]
    log_step: NDArray[np.float64] | None
    frames: int = 0

    def finished(self, frames_of_mean: int) -> PictureStatistics:
        n, total = self.frames, frames_of_mean
        # residuals about a mean of `total` frames, of which these are `n`
        third = self.third / n / ((1.0 - 1.0 / total) * max(1.0 - 2.0 / total, 1e-9))
        step = None if self.log_step is None else np.exp(self.log_step / n)
        if step is not None and not step.any():
            step = np.zeros_like(step)
        return PictureStatistics(self.kind, n, self.second / n / (1.0 - 1.0 / total), third, step)


def _noise_sums(
    movie: Movie, scale: Camera, start: int, count: int, mean: NDArray[np.float64]
) -> tuple[dict[str, _Sums], float]:
    shape = mean.shape
    sums: dict[str, _Sums] = {}
    centred = mean - mean.mean()
    spread = float((centred**2).mean())
    blotches = 0.0
    rows, columns = shape[0] // _TILE_PX * _TILE_PX, shape[1] // _TILE_PX * _TILE_PX
    lossless = is_lossless(movie)
    for _, adu, types, step in _chunks(movie, scale, start, start + count):
        frame_mean = adu.mean(axis=(1, 2), dtype=np.float64)
        slope = np.ones(adu.shape[0])
        if spread > 0:
            noise = float(np.mean((adu[0] - mean - (frame_mean[0] - mean.mean())) ** 2))
            if spread > 0.5 * noise:
                slope = np.einsum("tyx,yx->t", adu, centred, dtype=np.float64) / centred.size
                slope /= spread
        model = frame_mean[:, None, None] + slope[:, None, None] * centred
        residual = adu - model
        if rows and columns:
            tiles = residual[:, :rows, :columns].reshape(
                adu.shape[0], rows // _TILE_PX, _TILE_PX, columns // _TILE_PX, _TILE_PX
            )
            tile_means = tiles.mean(axis=(2, 4))
            # the median: single things that blink are no movement
            blotches += _TILE_PX**2 * float(np.sum(np.mean(tile_means**2, axis=(1, 2))))
        for kind in np.unique(types):
            chosen = types == kind
            if kind not in sums:
                known = lossless or step is not None
                sums[kind] = _Sums(
                    kind, np.zeros(shape), np.zeros(shape), np.zeros(shape) if known else None
                )
            total = sums[kind]
            part = residual[chosen]
            total.frames += int(chosen.sum())
            total.second += (part**2).sum(axis=0)
            total.third += (part**3).sum(axis=0)
            if total.log_step is not None:
                if lossless or step is None:
                    total.log_step -= np.inf
                else:
                    total.log_step += np.log(step[chosen]).sum(axis=0)
    return sums, blotches / count


def _slow_change(
    difference: NDArray[np.float64], mean: NDArray[np.float64], variance: float, frames: int
) -> float:
    """Variance that a pattern which changes from one half to the other adds."""
    centred = mean - mean.mean()
    spread = float((centred**2).mean())
    rest = difference - difference.mean()
    if spread > 0:
        rest = rest - centred * float((rest * centred).mean()) / spread
    smooth = uniform_filter(rest, 5)
    # a half step up and a half step down about the mean; noise of 25 pixels taken away
    own_noise = 4.0 * variance / frames / 25.0
    return max(float((smooth**2).mean()) - own_noise, 0.0) / 4.0 / max(variance, 1e-12)


def _chunks(
    movie: Movie, scale: Camera, start: int, stop: int
) -> Iterator[tuple[int, NDArray[np.float32], NDArray[np.str_], NDArray[np.float64] | None]]:
    """Frames as linear ADU, their kinds, and the quantiser step of every pixel."""
    _, height, width = movie.shape
    length = max(2, _VALUES_PER_CHUNK // (height * width))
    lossless = is_lossless(movie)
    for first in range(start, stop, length):
        chunk = movie.read_chunk(first, min(first + length, stop))
        adu = scale.to_photoelectrons(chunk.frames)
        types = np.full(adu.shape[0], "all", dtype="<U5")
        step: NDArray[np.float64] | None = None
        if chunk.coding is not None and not lossless:
            kinds = chunk.coding.picture_types
            types[kinds == PictureType.I] = "intra"
            types[(kinds == PictureType.P) | (kinds == PictureType.B)] = "inter"
            if chunk.coding.qp is not None:
                block, (x, y) = chunk.coding.block_size_px, chunk.coding.grid_offset_px
                per_block = quantiser_step(chunk.coding.qp).astype(np.float64)
                whole = per_block.repeat(block, axis=1).repeat(block, axis=2)
                step = whole[:, y : y + height, x : x + width]
                if scale.value_range == "limited":
                    step = step * (255.0 / 219.0)
        yield first, adu, types, step


def is_lossless(movie: Movie) -> bool:
    """Whether every grey value was kept: uncoded, FFV1 and the like, H.264 without transform."""
    codec = movie.codec
    if codec is None or codec.codec in LOSSLESS_CODECS:
        return True
    if codec.codec != "h264" or "4:4:4" not in codec.profile:
        return False
    coding = movie.read_chunk(0, 1).coding
    return coding is not None and coding.qp is not None and float(coding.qp.max()) == 0.0
