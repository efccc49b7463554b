"""A simulated phone recording: structure, blinking, optics, sensor, codec."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.ndimage import gaussian_filter

from cellstorm.atomic_file import atomic_file
from cellstorm.camera import PRESETS, Camera
from cellstorm.errors import ConfigurationError
from cellstorm.parameters import Parameters
from cellstorm.simulate._spot_kernel import add_spots
from cellstorm.simulate.blinking import blink, light_per_frame
from cellstorm.simulate.encode import CONTAINERS, Codec, encode_video, write_tiff
from cellstorm.simulate.sensor import record
from cellstorm.simulate.structure import filament_molecules, uniform_molecules

__all__ = ["Simulation"]

_FRAMES_PER_BLOCK = 64
_HAZE_SIGMA_PX = 8.0


class Simulation(Parameters):
    """A movie of blinking molecules with known truth, coded as a phone codes it.

    The same parameters (seed included) give the same frames and, with the same
    encoder version, the same file, byte for byte.
    """

    width: int = Field(128, ge=8, description="px")
    height: int = Field(128, ge=8, description="px")
    frames: int = Field(600, ge=1)
    pixel_size_nm: float = Field(100.0, gt=0, description="edge of a pixel in the sample, nm")
    frame_rate_hz: float = Field(30.0, gt=0)
    sigma_px: float = Field(1.3, gt=0, description="standard deviation of the PSF, px")
    structure: Literal["filaments", "uniform"] = Field("filaments")
    filament_um_per_um2: float = Field(0.55, gt=0, description="filament length per area")
    density_per_um2_frame: float = Field(
        0.3, ge=0, description="mean number of molecules that give light, per um2 and frame"
    )
    photons: float = Field(1000.0, gt=0, description="mean light of a molecule on all frame long")
    photon_spread: float = Field(
        0.3, ge=0, description="relative standard deviation of that between blinks (gamma)"
    )
    on_frames: float = Field(2.0, gt=0, description="mean on-time (exponential), frames")
    background_photons: float = Field(20.0, ge=0, description="uniform background, photons/px")
    haze_photons: float = Field(
        0.0, ge=0, description="peak of out-of-focus light on top of the background, photons/px"
    )
    camera: Camera = Field(PRESETS["huawei-p9"], description="8 bit, no excess noise")
    codec: Codec = Field("h264", description="none writes an uncompressed TIFF")
    crf: float = Field(23.0, ge=0, le=51, description="constant rate factor of H.264 or HEVC")
    gop: int = Field(31, ge=1, description="frames from key frame to key frame")
    preset: str = Field(
        "veryfast", description="x264's or x265's speed; a phone's encoder searches as little"
    )
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _can_be_simulated(self) -> Self:
        if self.codec in ("h264", "hevc") and (self.width % 2 or self.height % 2):
            raise ValueError("4:2:0 video needs an even width and height")
        camera = self.camera
        if camera.bit_depth != 8 or camera.excess_noise_factor != 1:
            raise ValueError("only 8-bit cameras without electron multiplication are simulated")
        if camera.value_range != "full":
            raise ValueError("only full-range video is simulated")
        return self

    def run(self, path: str | Path) -> tuple[Path, pl.DataFrame]:
        """Write the movie and give it back with its truth.

        Parameters
        ----------
        path
            Where to write; without an extension the codec's usual one is added.

        Returns
        -------
        path, truth
            The file written, and the table of `truth`.

        Raises
        ------
        ConfigurationError
            The extension does not suit the codec.
        OutputError
            The file cannot be written.
        """
        path = self._movie_path(Path(path))
        truth = self.truth()
        with atomic_file(path) as temporary:
            if self.codec == "none":
                write_tiff(
                    temporary,
                    self._blocks(truth),
                    frames=self.frames,
                    width=self.width,
                    height=self.height,
                    pixel_size_nm=self.pixel_size_nm,
                )
            else:
                encode_video(
                    temporary,
                    self._blocks(truth),
                    width=self.width,
                    height=self.height,
                    codec=self.codec,
                    crf=self.crf,
                    gop=self.gop,
                    frame_rate_hz=self.frame_rate_hz,
                    preset=self.preset,
                )
        return path, truth

    def stack(self) -> NDArray[np.uint8]:
        """The frames as the sensor gave them, before any coding.

        Returns
        -------
        NDArray[np.uint8]
            ``(frames, height, width)`` grey values.
        """
        return np.concatenate(list(self._blocks(self.truth())))

    def truth(self) -> pl.DataFrame:
        """Every molecule in every frame it gave light in.

        Returns
        -------
        pl.DataFrame
            ``frame`` (from 0), ``id`` (of the molecule), ``x_nm``, ``y_nm``, ``photons``
            (its light in that frame), ``background_photons`` (under it, per pixel);
            ordered by frame. However faint: see `faintest_photons`.
        """
        random_sites, random_blinks = self._generator("sites"), self._generator("blinks")
        blinks = blink(
            random_blinks,
            active_per_frame=self.density_per_um2_frame * self._width_nm * self._height_nm / 1e6,
            frames=self.frames,
            on_frames=self.on_frames,
            photons=self.photons,
            photon_spread=self.photon_spread,
        )
        events = blinks.start.size
        if self.structure == "filaments":
            sites = self._filaments(random_sites)
            molecule = random_blinks.integers(sites.shape[0], size=events)
        else:
            sites = uniform_molecules(
                random_sites, events, width_nm=self._width_nm, height_nm=self._height_nm
            )
            molecule = np.arange(events)
        event, frame, photons = light_per_frame(blinks, self.frames)
        x_nm, y_nm = sites[molecule[event]].T
        columns = np.floor(x_nm / self.pixel_size_nm).astype(np.int64)
        rows = np.floor(y_nm / self.pixel_size_nm).astype(np.int64)
        return pl.DataFrame(
            {
                "frame": frame.astype(np.uint32),
                "id": molecule[event].astype(np.uint64),
                "x_nm": x_nm,
                "y_nm": y_nm,
                "photons": photons.astype(np.float32),
                "background_photons": self.background()[rows, columns],
            }
        )

    def background(self) -> NDArray[np.float32]:
        """Expected light without molecules, ``(height, width)`` photons per pixel.

        Haze is the structure itself far out of focus, the same in every frame.
        """
        level = np.full((self.height, self.width), self.background_photons, np.float32)
        if self.haze_photons > 0:
            sites = (
                self._filaments(self._generator("sites"))
                if self.structure == "filaments"
                else uniform_molecules(
                    self._generator("haze"),
                    max(1, self.width * self.height // 256),
                    width_nm=self._width_nm,
                    height_nm=self._height_nm,
                )
            )
            haze, _, _ = np.histogram2d(
                sites[:, 1],
                sites[:, 0],
                bins=(self.height, self.width),
                range=((0, self._height_nm), (0, self._width_nm)),
            )
            haze = gaussian_filter(haze, _HAZE_SIGMA_PX, mode="nearest")
            level += (self.haze_photons * haze / haze.max()).astype(np.float32)
        return level

    @property
    def faintest_photons(self) -> float:
        """Light below which nobody can be asked to see a molecule in a single frame.

        Three times the noise of the matched filter, the best linear detector, on the
        uncoded frame: ``3 sqrt((b + r^2) 4 pi sigma^2)`` for background b and read
        noise r (Turin 1960; the Gaussian's square integrates to 1 / (4 pi sigma^2)).
        About 70 photons with the defaults. Scores leave fainter truth out.
        """
        noise = self.background_photons + self.camera.read_noise_e**2
        return 3.0 * math.sqrt(noise * 4.0 * math.pi) * self.sigma_px

    @property
    def _width_nm(self) -> float:
        return self.width * self.pixel_size_nm

    @property
    def _height_nm(self) -> float:
        return self.height * self.pixel_size_nm

    def _filaments(self, random: np.random.Generator) -> NDArray[np.float64]:
        return filament_molecules(
            random,
            width_nm=self._width_nm,
            height_nm=self._height_nm,
            filament_um_per_um2=self.filament_um_per_um2,
        )

    def _generator(
        self, purpose: Literal["sites", "blinks", "haze", "noise"], part: int = 0
    ) -> np.random.Generator:
        number = ("sites", "blinks", "haze", "noise").index(purpose)
        return np.random.default_rng([self.seed, number, part])

    def _blocks(self, truth: pl.DataFrame) -> Iterator[NDArray[np.uint8]]:
        frame = truth["frame"].to_numpy().astype(np.int64)
        x_px = truth["x_nm"].to_numpy() / self.pixel_size_nm
        y_px = truth["y_nm"].to_numpy() / self.pixel_size_nm
        photons = truth["photons"].to_numpy().astype(np.float64)
        background = self.background()
        for number in range(math.ceil(self.frames / _FRAMES_PER_BLOCK)):
            start = number * _FRAMES_PER_BLOCK
            stop = min(start + _FRAMES_PER_BLOCK, self.frames)
            expected = np.repeat(background[None], stop - start, axis=0)
            rows = slice(*np.searchsorted(frame, (start, stop)))
            add_spots(
                frame[rows] - start, x_px[rows], y_px[rows], photons[rows], self.sigma_px, expected
            )
            # a generator of its own per block: frames do not depend on those before
            yield record(expected, self.camera, self._generator("noise", number))

    def _movie_path(self, path: Path) -> Path:
        suffixes = CONTAINERS[self.codec]
        if not path.suffix:
            return path.with_suffix(suffixes[0])
        if path.suffix.lower() not in suffixes:
            raise ConfigurationError(
                f"{self.codec} is not kept in a {path.suffix} file",
                where=path,
                todo=f"Use one of {', '.join(suffixes)}.",
            )
        return path
