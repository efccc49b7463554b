"""Compiling is said when it happens, and Ctrl-C ends a command at once."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cellstorm.simulate import Simulation

WORDS = [sys.executable, "-m", "cellstorm"]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("film")
    return Simulation(width_px=96, height_px=96, frames=400, seed=3).run(folder / "a.mp4").movie


@pytest.mark.slow
def test_compiling_is_said_on_the_first_run_only(film: Path, tmp_path: Path) -> None:
    table = film.with_name("a.truth.parquet")
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "compiled")}
    said = [
        subprocess.run(
            [*WORDS, "render", table, "--output", tmp_path / "a.png", "--mode", "histogram"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        ).stderr
        for _ in range(2)
    ]
    assert "for this computer, once after installing" in said[0]
    assert said[1] == ""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of a terminal")
@pytest.mark.parametrize("after_s", [0.5, 1.5, 3.0])
def test_ctrl_c_is_one_line_and_leaves_nothing_half_written(
    film: Path, tmp_path: Path, after_s: float
) -> None:
    output = tmp_path / "table.parquet"
    process = subprocess.Popen(
        [*WORDS, "localize", film, "--output", output],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    time.sleep(after_s)
    if process.poll() is not None:
        process.communicate()
        pytest.skip("it was done before")
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    if process.returncode == 0:
        assert output.exists()
        pytest.skip("it was done before")
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert errors.strip().splitlines()[-1].startswith("Stopped")
    left = {path.name for path in tmp_path.iterdir()}
    assert left == ({"table.parquet.partial"} if "are done and kept" in errors else set())
