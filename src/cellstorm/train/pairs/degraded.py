"""Degraded copies: a clean recording as a phone would have seen it, the clean one's table as
truth."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from cellstorm.camera import Camera
from cellstorm.errors import ConfigurationError, MovieError
from cellstorm.localizations import Localizations
from cellstorm.movie import Movie
from cellstorm.simulate import Simulation
from cellstorm.simulate.codec import VideoCodec, decode_blocks
from cellstorm.train.pairs.alignment import check_alignment
from cellstorm.train.pairs.recording import PairedRecording
from cellstorm.train.pairs.table_rows import molecules_of

__all__ = ["degraded_recording"]

# whoever records sets the exposure so that next to nothing is clipped
_BRIGHT_QUANTILE = 0.9995
_BRIGHT_SHARE = 0.8


def degraded_recording(
    movie: Movie,
    table: Localizations,
    camera: Camera,
    phone: Simulation,
    *,
    light_share: float = 1.0,
    frames: tuple[int, int] | None = None,
    pixel_size_nm: float | None = None,
    random: np.random.Generator,
) -> PairedRecording:
    """Push a real, uncompressed recording through a phone's camera, processor and codec.

    Photoelectrons N of the clean camera are thinned to the share p: ``p N`` plus normal noise
    of variance ``(p - p^2 F^2) N``, which together have the variance ``p N`` of Poisson light
    (where the clean camera's noise is the larger one nothing is added), and read noise is
    added up to the phone's. The molecules keep their places and have p of their light.

    Parameters
    ----------
    movie
        The clean recording; not compressed with loss. Its frames are held in memory.
    table
        Its molecules with their photons.
    camera
        What its grey values mean.
    phone
        Whose camera, image processor and codec are taken, for instance of
        `PairConditions.draw`; its gain is raised where the recording would be clipped.
    light_share
        Share p of the light, over 0 and at most 1.
    frames
        First and last (exclusive) frame; all when None.
    pixel_size_nm
        Edge of a pixel, nm; the table's own when None.
    random
        Draws noise and block grid.

    Raises
    ------
    ConfigurationError
        The share is out of range, or the processor makes other pixels.
    MovieError
        The movie is compressed, or cannot be read.
    MisalignedPairs
        The molecules do not lie where the clean frames show light.
    TableError
        As `experimental_recording`.
    """
    if not 0.0 < light_share <= 1.0:
        raise ConfigurationError(f"light_share must lie over 0 and at most at 1: {light_share}.")
    if phone.isp.scaling is not None:
        raise ConfigurationError("a degraded copy has the pixels of its original: no isp.scaling.")
    if movie.codec is not None and movie.codec.codec not in ("ffv1", "rawvideo"):
        raise MovieError(
            f"it is compressed ({movie.codec.codec}): what the codec took away is lost already.",
            where=movie.name,
            todo="Take it as an experimental recording instead.",
        )
    first, last = frames if frames is not None else (0, movie.shape[0])
    found = molecules_of(table, first, last, pixel_size_nm=pixel_size_nm, name=movie.name)
    clean = movie.read(first, last)
    check_alignment(
        PairedRecording.of(
            clean,
            camera,
            frame=found.frame,
            x_px=found.x_px,
            y_px=found.y_px,
            photons=found.photons,
            origin="experimental",
            name=movie.name,
        )
    )
    # codecs keep chroma of half the size; a column or row on the far side moves nothing
    clean = clean[:, : clean.shape[1] // 2 * 2, : clean.shape[2] // 2 * 2]
    electrons = _thinned(clean, camera, light_share, phone.camera.read_noise_e, random)
    phone = _suited(phone, electrons, random)
    decoded, shift_px = _recorded(phone, electrons)
    return PairedRecording.of(
        decoded,
        phone.recorded_camera,
        frame=found.frame,
        x_px=found.x_px,
        y_px=found.y_px,
        photons=light_share * found.photons,
        origin="degraded",
        name=movie.name,
        grid_shift_px=shift_px,
    )


def _thinned(
    clean: NDArray[np.generic],
    camera: Camera,
    share: float,
    read_noise_e: float,
    random: np.random.Generator,
) -> NDArray[np.float32]:
    height, width = clean.shape[1:]
    light = camera.to_photoelectrons(clean, (0, width, 0, height) if camera.maps else None)
    lacking = max(share - share**2 * camera.excess_noise_factor, 0.0)
    variance = lacking * np.maximum(light, 0.0)
    dark = camera.read_variance_e2((height, width), (0, width, 0, height) if camera.maps else None)
    variance = variance + np.maximum(read_noise_e**2 - share**2 * dark, 0.0)
    noise = random.standard_normal(light.shape, dtype=np.float32)
    thinned = share * light + np.sqrt(variance) * noise
    return np.asarray(thinned, np.float32)


def _suited(
    phone: Simulation, electrons: NDArray[np.float32], random: np.random.Generator
) -> Simulation:
    """The phone with the size of the recording, exposed so that it is not clipped."""
    count, height, width = electrons.shape
    camera = phone.camera
    top = 2.0**camera.bit_depth - 1.0
    knee = top if camera.saturation_adu is None else camera.saturation_adu
    bright = float(np.quantile(electrons, _BRIGHT_QUANTILE))
    gain = max(camera.gain_e_per_adu, bright / max(_BRIGHT_SHARE * knee - camera.offset_adu, 1.0))
    return phone.model_copy(
        update={
            "frames": count,
            "height_px": height,
            "width_px": width,
            "camera": camera.model_copy(update={"gain_e_per_adu": gain, "maps": None}),
            "seed": int(random.integers(2**31)),
        }
    )


def _recorded(
    phone: Simulation, electrons: NDArray[np.float32]
) -> tuple[NDArray[np.generic], tuple[int, int]]:
    """The frames after processor and codec, and where the block grid begins."""
    camera = phone.camera
    adu = electrons / np.float32(camera.gain_e_per_adu) + np.float32(camera.offset_adu)
    grey = phone.quantised(phone.isp.start(camera, phone.view).process(adu))
    codec = phone.drawn_codec
    last = codec.last_generation
    if not isinstance(last, VideoCodec):
        return grey, (0, 0)
    coded = codec.encode_to_memory([grey], phone.view)
    (block,) = decode_blocks(BytesIO(coded), frames_per_block=grey.shape[0])
    return block.frames, last.shift_px
