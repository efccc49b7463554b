"""A simulated recording: structure, blinking, optics, sensor, image processor, codec."""

import contextlib
import math
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, model_validator

from cellstorm.atomic_file import atomic_file
from cellstorm.camera import PRESETS, Camera, PixelMaps, load_camera
from cellstorm.errors import CameraError
from cellstorm.parameters import Named, Parameters
from cellstorm.settings import change_settings
from cellstorm.simulate.background import Background
from cellstorm.simulate.codec import Codec, H264Codec
from cellstorm.simulate.drift import Drift
from cellstorm.simulate.field_of_view import FieldOfView
from cellstorm.simulate.isp import Isp, isp_by_name
from cellstorm.simulate.photophysics import (
    Photophysics,
    SteadyPhotophysics,
    photophysics_by_name,
)
from cellstorm.simulate.psf import GaussianPsf, Psf
from cellstorm.simulate.random_streams import RandomStreams
from cellstorm.simulate.read_ahead import read_ahead
from cellstorm.simulate.scene import Scene
from cellstorm.simulate.sensing import Sensor, SensorDefects
from cellstorm.simulate.structures import FilamentStructure, Structure
from cellstorm.simulate.truth import TruthWriter

__all__ = ["SimulatedBlock", "SimulatedMovie", "Simulation"]

_FRAMES_PER_BLOCK = 64
_SHORT_NAMES = {
    "photons": "photophysics.photons",
    "background_photons": "background.photons",
    "density_per_um2_frame": "photophysics.density_per_um2_frame",
    "on_s": "photophysics.on_s",
    "crf": "codec.crf",
    "qp": "codec.qp",
    "quality_percent": "codec.quality_percent",
    "gop": "codec.gop",
    "bit_depth": "codec.bit_depth",
    "value_range": "codec.value_range",
}

FrameListener = Callable[[int], None]
"""Told how many frames are done."""


def _camera_by_name(name: str) -> Camera:
    try:
        return load_camera(name)
    except CameraError as error:
        raise ValueError(error.what.rstrip(".")) from error


@dataclass(frozen=True)
class SimulatedMovie:
    """The files of a simulated movie.

    Attributes
    ----------
    movie
        The video or TIFF.
    truth, truth_csv
        Every molecule in every frame, as Parquet and as CSV.
    model
        The `Simulation` that made them, as JSON.
    rows
        Of the truth, one per molecule and frame.
    """

    movie: Path
    truth: Path
    truth_csv: Path
    model: Path
    rows: int

    @classmethod
    def beside(cls, movie: Path) -> Self:
        """The files that belong to a movie of this name, whether they are there or not."""
        stem = movie.with_suffix("")
        return cls(
            movie=movie,
            truth=Path(f"{stem}.truth.parquet"),
            truth_csv=Path(f"{stem}.truth.csv"),
            model=Path(f"{stem}.simulation.json"),
            rows=0,
        )

    def read_truth(self) -> pl.DataFrame:
        """The truth, as `Simulation.truth` gives it."""
        return pl.read_parquet(self.truth)


@dataclass(frozen=True)
class SimulatedBlock:
    """Consecutive frames before coding, and what is in them.

    Attributes
    ----------
    frames
        ``(n, height, width)`` uint8 or uint16, full range of the codec's bit depth.
    background
        ``(n, height, width)`` float32, expected light without molecules, photons per
        pixel of the movie; not to be written to.
    truth
        Rows of `Simulation.truth` for these frames.
    """

    frames: NDArray[Any]
    background: NDArray[np.float32]
    truth: pl.DataFrame


class Simulation(Parameters):
    """A movie of blinking molecules with known truth, recorded and coded as a phone does.

    Made of parts, each of which can be swapped and used alone. The same parameters (seed
    included) give the same frames and, with the same encoder version, the same file, byte
    for byte.
    """

    width_px: int = Field(128, ge=8, le=8192, description="width of the movie, px")
    height_px: int = Field(128, ge=8, le=8192, description="height of the movie, px")
    frames: int = Field(600, ge=1, description="length of the movie")
    pixel_size_nm: float = Field(
        100.0,
        gt=0,
        allow_inf_nan=False,
        description="edge of a pixel of the movie in the sample, nm",
    )
    frame_rate_hz: float = Field(30.0, ge=1e-3, le=1e5, allow_inf_nan=False, description="frames/s")
    structure: Structure = Field(FilamentStructure(), description="where molecules sit")
    drift: Drift | None = Field(None, description="how the sample moves; off: it does not")
    photophysics: Annotated[Photophysics, Named(photophysics_by_name)] = Field(
        SteadyPhotophysics(), description="when they shine; a preset's name will do"
    )
    psf: Psf = Field(GaussianPsf(), description="how the microscope images a point")
    background: Background = Field(Background(), description="light that is no molecule's")
    camera: Annotated[Camera, Named(_camera_by_name)] = Field(
        PRESETS["huawei-p9"], description="what a grey value means; a preset's name will do"
    )
    defects: SensorDefects = Field(
        SensorDefects(), description="what makes pixels of the sensor differ"
    )
    isp: Annotated[Isp, Named(isp_by_name)] = Field(
        Isp(), description="the phone's image processor; a preset's name will do, off: none"
    )
    codec: Codec = Field(H264Codec(), description="how the frames are kept in the file")
    seed: int = Field(0, ge=0, description="another number, another movie")

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.camera.value_range != "full":
            raise ValueError(
                "the camera gives full-range values; set codec.value_range to limited instead"
            )
        self.isp.check(self.camera)
        height, width = self.isp.sensor_shape(self.height_px, self.width_px)
        maps = self.camera.maps
        if maps is not None and maps.shape != (height, width):
            raise ValueError(
                f"the camera's maps are {maps.shape[1]} x {maps.shape[0]} px,"
                f" the sensor's part in use is {width} x {height} px"
            )
        self.codec.check_size(self.width_px, self.height_px)
        return self

    def changed(self, settings: dict[str, object] | None = None, /, **more: object) -> Self:
        """A copy with some parameters changed, named as in ``--set``.

        Parameters
        ----------
        settings, more
            Way to the field (``"codec.crf"``), or its name alone where that is clear
            (``photons``, ``crf``), and the value; the name of a kind for a part.

        Raises
        ------
        ConfigurationError
            An unknown name or a value that is not allowed; the message says what is.
        """
        return change_settings(self, {**(settings or {}), **more}, short_names=_SHORT_NAMES)

    def run(self, path: str | Path, *, listener: FrameListener | None = None) -> SimulatedMovie:
        """Write the movie, its truth and the model, in constant memory.

        Beside ``NAME.mp4`` come ``NAME.truth.parquet``, ``NAME.truth.csv`` and
        ``NAME.simulation.json``. All of them appear whole, the movie last, or not at all.

        Parameters
        ----------
        path
            The movie to write; without an extension the codec's usual one is added.
        listener
            Called with the number of frames done.

        Raises
        ------
        ConfigurationError
            The extension does not suit the codec.
        OutputError
            A file cannot be written.
        """
        made = SimulatedMovie.beside(self.codec.movie_path(Path(path)))
        self.check()
        done = 0
        with contextlib.ExitStack() as files:
            # left in the reverse order: the movie takes its name when all else has
            movie = files.enter_context(atomic_file(made.movie))
            model = files.enter_context(atomic_file(made.model))
            csv = files.enter_context(atomic_file(made.truth_csv))
            parquet = files.enter_context(atomic_file(made.truth))
            with TruthWriter(parquet, csv) as truth:

                def note(block: SimulatedBlock) -> None:
                    nonlocal done
                    truth.write(block.truth)
                    done += block.frames.shape[0]
                    if listener is not None:
                        listener(done)

                with contextlib.closing(self.recorded(note)) as frames:
                    self.drawn_codec.encode(movie, frames, self.view)
                truth.finish()
            model.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return replace(made, rows=truth.rows)

    def stack(self) -> NDArray[Any]:
        """The frames as the image processor gave them, before any coding.

        Returns
        -------
        NDArray
            ``(frames, height, width)`` uint8 or uint16.
        """
        return np.concatenate([block.frames for block in self.blocks()])

    def truth(self) -> pl.DataFrame:
        """Every molecule in every frame it gave light in.

        Returns
        -------
        pl.DataFrame
            ``frame`` (from 0), ``id`` (of the molecule), ``x_nm``, ``y_nm``, ``z_nm``,
            ``photons`` (its light in that frame), ``background_photons`` (under it, per
            pixel of the movie); ordered by frame. However faint: see `faintest_photons`.
        """
        scene = self._scene()
        return pl.concat(
            scene.truth(part, scene.background.block(*part.frames)) for part in scene.parts()
        )

    def blocks(self) -> Generator[SimulatedBlock]:
        """The movie before coding, a few frames at a time, with its truth."""
        scene = self._scene()
        factor = self._sensor_scale
        height, width = self.isp.sensor_shape(self.height_px, self.width_px)
        sensor = Sensor(
            self.camera,
            self.defects,
            height,
            width,
            self._streams.generator("defects"),
            frame_rate_hz=self.frame_rate_hz,
        )
        lens = self.isp.light(height, width)
        finer = None if factor == 1.0 else scene.background_on(height, width)
        isp = self.isp.start(self.camera, self.view)
        psf = self.psf.scaled(factor) if factor != 1.0 else self.psf
        pixel_size_nm = self.pixel_size_nm / factor
        for number, part in enumerate(scene.parts()):
            light = scene.background.block(*part.frames)
            on_sensor = light if finer is None else finer.block(*part.frames)
            expected = np.array(on_sensor)
            psf.add_spots(
                part.frame - part.frames[0],
                part.x_nm / pixel_size_nm,
                part.y_nm / pixel_size_nm,
                part.z_nm,
                part.photons,
                expected,
                pixel_size_nm=pixel_size_nm,
            )
            if lens is not None:
                expected *= lens
            # a generator of its own per block: frames do not depend on those before
            adu = sensor.record(
                expected, self._streams.generator("noise", number), first_frame=part.frames[0]
            )
            yield SimulatedBlock(self.quantised(isp.process(adu)), light, scene.truth(part, light))

    def recorded(
        self, told: Callable[[SimulatedBlock], None]
    ) -> Generator[NDArray[Any], None, None]:
        """The frames of `blocks`, made a little ahead of whoever takes them.

        Parameters
        ----------
        told
            Called with every block just before its frames are given.
        """
        with contextlib.closing(read_ahead(self.blocks())) as blocks:
            for block in blocks:
                told(block)
                yield block.frames

    def check(self) -> None:
        """Refuse what shows only when files are read and molecules are placed.

        Raises
        ------
        ConfigurationError
            A file of a part cannot be read or holds nothing usable, or there are too few
            molecules for the density that is asked for.
        """
        next(self._scene().parts())
        self.psf.widths_px(np.zeros(1), pixel_size_nm=self.pixel_size_nm)

    @property
    def drawn_codec(self) -> Codec:
        """The codec with what it leaves to chance decided by the seed."""
        return self.codec.resolved(self._streams.generator("codec"))

    @property
    def notes(self) -> tuple[str, ...]:
        """What is allowed but may not be meant, a sentence each."""
        recorded = self.recorded_camera
        lost = self.camera.bit_depth - recorded.bit_depth
        if lost <= 0:
            return ()
        return (
            f"the camera gives {self.camera.bit_depth} bits and the file keeps"
            f" {recorded.bit_depth}: values are divided by {2**lost}, one grey value is"
            f" {recorded.gain_e_per_adu:.3g} photoelectrons; codec=none keeps them as they are",
        )

    @property
    def view(self) -> FieldOfView:
        """What the movie looks at."""
        return FieldOfView(
            self.width_px, self.height_px, self.pixel_size_nm, self.frames, self.frame_rate_hz
        )

    @property
    def recorded_camera(self) -> Camera:
        """The camera that someone who knows everything would use for this movie."""
        camera = self.isp.recorded_camera(self.camera)
        # what a messenger makes of the clip is what is read
        last = self.codec.last_generation
        bits = getattr(last, "bit_depth", None) or self._recorded_bits
        scale = float(2.0 ** (bits - self.camera.bit_depth))
        changes: dict[str, Any] = {
            "name": f"{self.camera.name}, simulated",
            "bit_depth": bits,
            "value_range": getattr(last, "value_range", "full"),
        }
        if scale != 1.0:
            changes["gain_e_per_adu"] = camera.gain_e_per_adu / scale
            changes["offset_adu"] = camera.offset_adu * scale
            for name in ("saturation_adu", "dark_clip_adu"):
                value = getattr(camera, name)
                changes[name] = None if value is None else value * scale
            if camera.maps is not None:
                changes["maps"] = _rescaled(camera.maps, scale)
            if camera.tone_curve is not None:
                changes["tone_curve"] = camera.tone_curve.model_copy(
                    update={
                        "grey": tuple(grey * scale for grey in camera.tone_curve.grey),
                        "linear_adu": tuple(adu * scale for adu in camera.tone_curve.linear_adu),
                    }
                )
        return camera.model_copy(update=changes)

    @property
    def psf_sigma_px(self) -> float:
        """Standard deviation of the PSF along x, at focus, px."""
        sigma_x, _ = self.psf.widths_px(np.zeros(1), pixel_size_nm=self.pixel_size_nm)
        return float(sigma_x[0])

    @property
    def faintest_photons(self) -> float:
        """Light below which nobody can be asked to see a molecule in a single frame.

        Three times the noise of the matched filter, the best linear detector, on the
        uncoded frame: ``3 sqrt((b + r^2) 4 pi s_x s_y)`` for background b, read noise r
        and widths s at focus (Turin 1960; the Gaussian's square integrates to
        1 / (4 pi s_x s_y)). About 70 photons with the defaults. Scores leave fainter
        truth out.
        """
        sigma_x, sigma_y = self.psf.widths_px(np.zeros(1), pixel_size_nm=self.pixel_size_nm)
        area = 4.0 * math.pi * float(sigma_x[0]) * float(sigma_y[0])
        excess = self.camera.excess_noise_factor
        noise = excess * self.background.photons + self.recorded_camera.read_noise_e**2
        return 3.0 * math.sqrt(noise * area)

    @property
    def _adu_scale(self) -> float:
        """What the codec's grey values are to the camera's."""
        return float(2.0 ** (self._recorded_bits - self.camera.bit_depth))

    @property
    def _recorded_bits(self) -> int:
        """Bits of a grey value in the file; uncoded, they are the camera's."""
        bits: int | None = self.codec.bit_depth
        return max(8, self.camera.bit_depth) if bits is None else bits

    @property
    def _sensor_scale(self) -> float:
        """Pixels of the sensor along one of the movie."""
        return 1.0 if self.isp.scaling is None else self.isp.scaling.sensor_pixels

    def quantised(self, adu: NDArray[np.float32]) -> NDArray[Any]:
        """Values of the image processor as whole grey values that the codec takes.

        Parameters
        ----------
        adu
            ``(n, height, width)`` grey values on the camera's scale.

        Returns
        -------
        NDArray
            Same shape, uint8 or uint16, cut at both ends.
        """
        bits = self._recorded_bits
        grey = np.rint(adu * np.float32(self._adu_scale))
        np.clip(grey, 0, 2**bits - 1, out=grey)
        dtype: type[np.uint8 | np.uint16] = np.uint8 if bits <= 8 else np.uint16
        return np.asarray(grey, dtype=dtype)

    def _scene(self) -> Scene:
        return Scene(
            self.view,
            structure=self.structure,
            drift=self.drift,
            photophysics=self.photophysics,
            background=self.background,
            streams=self._streams,
            block_frames=_FRAMES_PER_BLOCK,
        )

    @property
    def _streams(self) -> RandomStreams:
        return RandomStreams(self.seed)


def _rescaled(maps: PixelMaps, scale: float) -> PixelMaps:
    """Maps of values that were multiplied by ``scale``."""
    offset, gain, variance = maps.offset_adu, maps.gain_e_per_adu, maps.variance_adu2
    return PixelMaps(
        offset_adu=None if offset is None else offset * scale,
        gain_e_per_adu=None if gain is None else gain / scale,
        variance_adu2=None if variance is None else variance * scale**2,
    )
