"""What the network sees of a frame: light with even noise, and what the encoder did."""

import numpy as np
from numpy.typing import NDArray

from cellstorm.camera import Camera
from cellstorm.localize.gaussian.coding_noise import coding_variance_e2, electrons_per_grey
from cellstorm.localize.localizer import Region
from cellstorm.movie import CodedFrames, PictureType

__all__ = [
    "CELL_PX",
    "CODING_NOISE",
    "LIGHT_NOISE",
    "PLANES",
    "coding_noise_value",
    "input_planes",
    "mirrored",
    "with_ends",
]

PLANES = (
    "light",
    "coding_noise",
    "quantiser_known",
    "picture_type",
    "block_phase_x",
    "block_phase_y",
    "psf_width",
)
"""Planes of a frame, in order; networks may look at the first of them only."""

CODING_NOISE = PLANES.index("coding_noise")
"""Where in them the noise of coding stands; 0 where nothing is known of it."""

CELL_PX = 4
"""What sizes and origins of what it sees must be multiples of."""

# brings the planes to about one; part of what a network is trained on, never to be changed
_LIGHT_CENTRE = 10.0
LIGHT_NOISE = 0.1
"""Standard deviation of the noise of light that no codec has changed, in its plane."""
_CODING_SCALE = 0.3
# the larger of H.264's transforms; the smaller one is half of it
_TRANSFORM_PX = 8
_KINDS = {PictureType.I: 1.0, PictureType.P: -0.5, PictureType.B: -1.0}


def input_planes(
    frames: NDArray[np.generic],
    camera: Camera,
    coding: CodedFrames | None,
    region: Region,
    psf_sigma_px: float | None = None,
) -> NDArray[np.float32]:
    """Planes of consecutive frames.

    ``light`` is twice the square root of the light plus the noise of the camera, in
    photoelectrons: its noise has a standard deviation of one at any brightness
    (generalised Anscombe transform; Starck et al. 1998, eq. 6.5, for normal noise of zero
    mean). ``coding_noise`` is the standard deviation of the quantiser's rounding in
    photoelectrons, ``D / sqrt(12)`` (Widrow 1956), as the logarithm of one plus it; where
    the quantiser is not known it is zero and so is ``quantiser_known``. ``picture_type``
    is positive for a picture coded on its own, negative for one predicted, zero where
    nothing is known. ``block_phase_x`` and ``block_phase_y`` rise from -1 to 1 over every
    8 px of the codec's grid: what it leaves of a molecule is drawn to the middle of a
    transform block. ``psf_width`` is the PSF's standard deviation in px, zero where it is
    not known: whether a spot is one molecule or two hangs on it.

    Parameters
    ----------
    frames
        ``(n, height, width)`` grey values of the region.
    camera
        What they mean.
    coding
        Codec facts of the same frames, or None.
    region
        ``(x0, x1, y0, y1)``, the part of the movie that the frames show, px.
    psf_sigma_px
        Width of the PSF in this movie, px; None where it is not known.

    Returns
    -------
    NDArray[np.float32]
        ``(n, 7, height, width)``.
    """
    count, height, width = frames.shape
    planes = np.zeros((count, len(PLANES), height, width), np.float32)
    light = camera.to_photoelectrons(frames, region if camera.maps is not None else None)
    light /= np.float32(camera.excess_noise_factor)
    noise = camera.read_variance_e2((height, width), region if camera.maps is not None else None)
    light += noise / np.float32(camera.excess_noise_factor) ** 2 + np.float32(0.375)
    np.maximum(light, 0.0, out=light)
    np.sqrt(light, out=light)
    planes[:, 0] = (2.0 * light - _LIGHT_CENTRE) * LIGHT_NOISE
    if psf_sigma_px is not None:
        planes[:, PLANES.index("psf_width")] = psf_sigma_px
    if coding is None:
        return planes
    if coding.qp is not None:
        variance = coding_variance_e2(coding, (height, width), region, electrons_per_grey(camera))
        planes[:, 1] = coding_noise_value(variance)
        planes[:, 2] = 1.0
    kinds = np.zeros(256, np.float32)
    for kind, value in _KINDS.items():
        kinds[kind] = value
    planes[:, 3] = kinds[coding.picture_types][:, None, None]
    for plane, axis_px, corner, offset in (
        (4, np.arange(width)[None, :], region[0], coding.grid_offset_px[0]),
        (5, np.arange(height)[:, None], region[2], coding.grid_offset_px[1]),
    ):
        middle = 0.5 * (_TRANSFORM_PX - 1)
        planes[:, plane] = ((axis_px + corner + offset) % _TRANSFORM_PX - middle) / middle
    return planes


def coding_noise_value(variance_e2: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the plane ``coding_noise`` shows where the quantiser adds that variance."""
    value: NDArray[np.float32] = np.log1p(np.sqrt(variance_e2)) * np.float32(_CODING_SCALE)
    return value


def mirrored(frames: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Frames of a clip of ``count``; those beyond its ends are as far inside."""
    last = count - 1
    inside: NDArray[np.int64] = np.clip(last - np.abs(last - np.abs(frames)), 0, last)
    return inside


def with_ends(
    planes: NDArray[np.float32], *, begin: int, end: int, reach: int
) -> NDArray[np.float32]:
    """Frames ``begin`` to ``end`` and their neighbours, as a network takes them.

    Parameters
    ----------
    planes
        ``(n, planes, height, width)``; where it ends, it goes backwards from there. (Its
        outermost frame over and over would make a molecule of every peak of its noise.)
    begin, end
        The frames that are wanted.
    reach
        Neighbours that the network looks at on either side.

    Returns
    -------
    NDArray[np.float32]
        ``(end - begin + 2 reach, planes, height, width)``, height and width rounded up to
        what the network takes.
    """
    bottom, right = (-planes.shape[axis] % CELL_PX for axis in (2, 3))
    if begin >= reach and end + reach <= planes.shape[0]:
        planes = planes[begin - reach : end + reach]
    else:
        planes = planes[mirrored(np.arange(begin - reach, end + reach), planes.shape[0])]
    if bottom or right:
        planes = np.pad(planes, ((0, 0), (0, 0), (0, bottom), (0, right)), mode="edge")
    return np.ascontiguousarray(planes)
