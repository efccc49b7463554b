"""The rivals, each in an environment of its own: frames in, tables and seconds out.

A rival is told what a careful user would know: the camera's offset and gain, and the PSF
width where it asks for one. Its threshold is not fixed here: it is run once with a low one,
and the table keeps how strong each detection was, so that the best can be chosen with the
truth in hand.
"""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cellstorm.simulate import Simulation

__all__ = ["Picasso", "Rival", "Thunderstorm"]

_HERE = Path(__file__).parent


class Rival(Protocol):
    """A program that turns frames into molecules."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    @property
    def thresholds(self) -> list[float]:
        """Thresholds to choose from, the lowest first."""
        ...

    def candidates(
        self, frames: NDArray[np.uint8], simulation: Simulation, folder: Path
    ) -> pl.DataFrame:
        """Everything over the lowest threshold.

        ``frame`` (from 0), ``x_nm``, ``y_nm`` (from the corner), ``photons`` and
        ``strength``, which is compared with thresholds.
        """
        ...

    def seconds(
        self,
        frames: NDArray[np.uint8],
        simulation: Simulation,
        folder: Path,
        *,
        threshold: float,
        repeats: int,
    ) -> list[float]:
        """Wall seconds of each of ``repeats`` runs after a first one that does not count."""
        ...


@dataclass(frozen=True)
class Picasso:
    """Picasso's identify and fit, box 7, through its Python API.

    Attributes
    ----------
    python
        Interpreter of the environment that ``picassosr`` is installed in.
    method
        ``"gausslq"`` or ``"gaussmle"``.
    workers
        Threads that identify; None leaves it to Picasso, which takes four fifths of the
        processors, rounded down (one of two).
    """

    python: Path
    method: str = "gausslq"
    workers: int | None = None

    @property
    def name(self) -> str:
        """What tables call it."""
        forced = "" if self.workers is None else f", {self.workers} identify threads"
        return f"Picasso {self.method}{forced}"

    @property
    def thresholds(self) -> list[float]:
        """Minimum net gradients."""
        return [60, 100, 150, 200, 250, 300, 350, 400, 500, 600, 800, 1000, 1400, 2000]

    def candidates(
        self, frames: NDArray[np.uint8], simulation: Simulation, folder: Path
    ) -> pl.DataFrame:
        """Everything over the lowest net gradient."""
        output = self._run(frames, simulation, folder, self.thresholds[0], 0)
        pixel_size_nm = simulation.pixel_size_nm
        with np.load(output) as table:
            # Picasso's origin is the centre of the first pixel
            return pl.DataFrame(
                {
                    "frame": table["frame"].astype(np.uint32),
                    "x_nm": (table["x"].astype(np.float64) + 0.5) * pixel_size_nm,
                    "y_nm": (table["y"].astype(np.float64) + 0.5) * pixel_size_nm,
                    "photons": table["photons"].astype(np.float32),
                    "strength": table["net_gradient"].astype(np.float64),
                }
            ).filter(pl.col("x_nm").is_finite() & pl.col("y_nm").is_finite())

    def seconds(
        self,
        frames: NDArray[np.uint8],
        simulation: Simulation,
        folder: Path,
        *,
        threshold: float,
        repeats: int,
    ) -> list[float]:
        """Identify and fit together."""
        output = self._run(frames, simulation, folder, threshold, repeats)
        times = json.loads(output.with_name(output.name + ".json").read_text(encoding="utf-8"))
        return [a + b for a, b in zip(times["identify_s"], times["fit_s"], strict=True)]

    def _run(
        self,
        frames: NDArray[np.uint8],
        simulation: Simulation,
        folder: Path,
        threshold: float,
        repeats: int,
    ) -> Path:
        movie, output = folder / "frames.npy", folder / "picasso.npz"
        np.save(movie, frames)
        workers = [] if self.workers is None else [f"--workers={self.workers}"]
        _call(
            [
                str(self.python),
                str(_HERE / "picasso_runner.py"),
                str(movie),
                str(output),
                f"--min-net-gradient={threshold}",
                f"--baseline={simulation.camera.offset_adu}",
                f"--sensitivity={simulation.camera.gain_e_per_adu}",
                f"--pixel-size-nm={simulation.pixel_size_nm}",
                f"--method={self.method}",
                f"--repeats={repeats}",
                *workers,
            ]
        )
        return output


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
        self, frames: NDArray[np.uint8], simulation: Simulation, folder: Path
    ) -> pl.DataFrame:
        """Everything over the lowest threshold."""
        output, _ = self._run(frames, simulation, folder, self.thresholds[0], 0)
        pixel_size_nm = simulation.pixel_size_nm
        table = pl.read_csv(output, schema_overrides={"frame": pl.UInt32})
        return table.select(
            pl.col("frame"),
            x_nm=pl.col("x_px") * pixel_size_nm,
            y_nm=pl.col("y_px") * pixel_size_nm,
            photons=pl.col("intensity_adu") * simulation.camera.gain_e_per_adu,
            strength=pl.col("threshold"),
        ).filter(pl.col("x_nm").is_finite() & pl.col("y_nm").is_finite())

    def seconds(
        self,
        frames: NDArray[np.uint8],
        simulation: Simulation,
        folder: Path,
        *,
        threshold: float,
        repeats: int,
    ) -> list[float]:
        """Filter, detector and fit together."""
        _, printed = self._run(frames, simulation, folder, threshold, repeats)
        return [float(line) for line in printed.split()]

    def _run(
        self,
        frames: NDArray[np.uint8],
        simulation: Simulation,
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
            simulation.camera.offset_adu,
            simulation.sigma_px,
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
