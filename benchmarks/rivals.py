"""ThunderSTORM beside Picasso (which lives in `cellstorm.benchmark`): frames in, tables out.

A rival is told what a careful user would know: the camera's offset and gain, and the PSF
width where it asks for one. Its threshold is not fixed here: it is run once with a low one,
and the table keeps how strong each detection was, so that the best can be chosen with the
truth in hand.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cellstorm.benchmark import KnownImaging, Picasso, Rival

__all__ = ["Picasso", "Rival", "Thunderstorm"]

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Thunderstorm:
    """ThunderSTORM's wavelet filter, local maximum and weighted least squares, defaults.

    Attributes
    ----------
    classpath
        Java class path of ThunderSTORM and the libraries it comes with.
    emitters
        Molecules per fit; its own default for multi-emitter fitting is 5.
    threads
        Frames at a time.
    """

    classpath: str
    emitters: int = 1
    threads: int = 2

    @property
    def name(self) -> str:
        """What tables call it."""
        return "ThunderSTORM" + (f" (up to {self.emitters} emitters)" if self.emitters > 1 else "")

    @property
    def thresholds(self) -> list[float]:
        """Multiples of ``std(Wave.F1)``."""
        return [0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 6.0]

    def candidates(
        self, frames: NDArray[np.uint8], imaging: KnownImaging, folder: Path
    ) -> pl.DataFrame:
        """Everything over the lowest threshold."""
        output, _ = self._run(frames, imaging, folder, self.thresholds[0], 0)
        pixel_size_nm = imaging.pixel_size_nm
        table = pl.read_csv(output, schema_overrides={"frame": pl.UInt32})
        return table.select(
            pl.col("frame"),
            x_nm=pl.col("x_px") * pixel_size_nm,
            y_nm=pl.col("y_px") * pixel_size_nm,
            photons=pl.col("intensity_adu") * imaging.camera.gain_e_per_adu,
            strength=pl.col("threshold"),
        ).filter(pl.col("x_nm").is_finite() & pl.col("y_nm").is_finite())

    def seconds(
        self,
        frames: NDArray[np.uint8],
        imaging: KnownImaging,
        folder: Path,
        *,
        threshold: float,
        repeats: int,
    ) -> list[float]:
        """Filter, detector and fit together."""
        _, printed = self._run(frames, imaging, folder, threshold, repeats)
        return [float(line) for line in printed.split()]

    def _run(
        self,
        frames: NDArray[np.uint8],
        imaging: KnownImaging,
        folder: Path,
        threshold: float,
        repeats: int,
    ) -> tuple[Path, str]:
        movie, output = folder / "frames.u8", folder / "thunderstorm.csv"
        frames.tofile(movie)
        arguments = [
            movie,
            frames.shape[2],
            frames.shape[1],
            imaging.camera.offset_adu,
            imaging.sigma_px,
            threshold,
            self.emitters,
            self.threads,
            repeats,
            output,
        ]
        printed = _call(
            ["java", "-Djava.awt.headless=true", "-cp", self.classpath]
            + [str(_HERE / "ThunderstormRunner.java")]
            + [str(argument) for argument in arguments]
        )
        return output, printed


def _call(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stderr[-2000:]}")
    return done.stdout
