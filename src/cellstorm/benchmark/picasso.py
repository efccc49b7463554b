"""Picasso (Schnitzbauer et al. 2017), run in the Python it is installed in."""

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cellstorm.benchmark.rival import KnownImaging
from cellstorm.errors import CellstormError, ConfigurationError

__all__ = ["PICASSO_VARIABLE", "Picasso", "find_picasso"]

PICASSO_VARIABLE = "PICASSO_PYTHON"
"""Environment variable that names the Python Picasso lives in."""

_RUNNER = Path(__file__).with_name("picasso_runner.py")
_PROBE = "import picasso; print(picasso.__version__)"


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
    version
        Of Picasso, where known.
    """

    python: Path
    method: str = "gausslq"
    workers: int | None = None
    version: str | None = None

    @property
    def name(self) -> str:
        """What tables call it."""
        forced = "" if self.workers is None else f", {self.workers} identify threads"
        return f"Picasso {self.method}{forced}"

    @property
    def thresholds(self) -> list[float]:
        """Minimum net gradients."""
        return [60, 100, 150, 200, 250, 300, 350, 400, 500, 600, 800, 1000, 1400, 2000]

    def candidates(self, frames: NDArray[Any], imaging: KnownImaging, folder: Path) -> pl.DataFrame:
        """Everything over the lowest net gradient.

        Raises
        ------
        CellstormError
            Picasso ends with an error.
        """
        output = self._run(frames, imaging, folder, self.thresholds[0], 0)
        pixel_size_nm = imaging.pixel_size_nm
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
        frames: NDArray[Any],
        imaging: KnownImaging,
        folder: Path,
        *,
        threshold: float,
        repeats: int,
    ) -> list[float]:
        """Identify and fit together.

        Raises
        ------
        CellstormError
            Picasso ends with an error.
        """
        output = self._run(frames, imaging, folder, threshold, repeats)
        times = json.loads(output.with_name(output.name + ".json").read_text(encoding="utf-8"))
        return [a + b for a, b in zip(times["identify_s"], times["fit_s"], strict=True)]

    def _run(
        self,
        frames: NDArray[Any],
        imaging: KnownImaging,
        folder: Path,
        threshold: float,
        repeats: int,
    ) -> Path:
        movie, output = folder / "frames.npy", folder / "picasso.npz"
        np.save(movie, frames)
        workers = [] if self.workers is None else [f"--workers={self.workers}"]
        command = [
            str(self.python),
            str(_RUNNER),
            str(movie),
            str(output),
            f"--min-net-gradient={threshold}",
            f"--baseline={imaging.camera.offset_adu}",
            f"--sensitivity={imaging.camera.gain_e_per_adu}",
            f"--pixel-size-nm={imaging.pixel_size_nm}",
            f"--method={self.method}",
            f"--repeats={repeats}",
            *workers,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise CellstormError(f"Picasso failed: {last}")
        return output


def find_picasso(python: Path | None = None) -> Picasso | None:
    """Picasso in a Python that is named, in the environment's, or in this one.

    Parameters
    ----------
    python
        Interpreter to look in; then only there. Otherwise that of ``$PICASSO_PYTHON``, then
        the one that runs this.

    Returns
    -------
    Picasso | None
        None where it is not installed and nobody said it were.

    Raises
    ------
    ConfigurationError
        A Python was named that does not exist or has no Picasso.
    """
    named = python is not None
    if python is None and (variable := os.environ.get(PICASSO_VARIABLE)):
        python, named = Path(variable), True
    if python is None:
        if importlib.util.find_spec("picasso") is None:
            return None
        python = Path(sys.executable)
    try:
        asked = subprocess.run(
            [str(python), "-c", _PROBE], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise ConfigurationError(
            f"this is no Python that can be started ({error.strerror}).",
            where=python,
            todo="Give the interpreter that Picasso is installed in, with --picasso or"
            f" ${PICASSO_VARIABLE}.",
        ) from error
    if asked.returncode:
        if not named:
            return None
        raise ConfigurationError(
            "Picasso cannot be imported in this Python.",
            where=python,
            todo=f"Install it there with: {python} -m pip install picassosr",
        )
    return Picasso(python, version=asked.stdout.split()[-1])
