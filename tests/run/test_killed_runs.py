"""A run killed at any moment is resumed without losing or repeating a frame."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from polars.testing import assert_frame_equal

from cellstorm.localizations import read_table
from cellstorm.simulate import Simulation

_KILLS = 10


def begin(film: Path, output: Path, *options: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "cellstorm", "localize", str(film)]
    return subprocess.Popen(
        [*command, "--output", str(output), "--no-picture", "--workers", "2", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ends_well(process: "subprocess.Popen[str]") -> None:
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors


def wait_for_a_part(partial: Path, process: "subprocess.Popen[str]") -> None:
    """Until the run has written a part more than there were."""
    before = set(partial.glob("part-*"))
    while set(partial.glob("part-*")) <= before and process.poll() is None:
        time.sleep(0.005)


@pytest.mark.slow
def test_killed_at_ten_random_moments_the_table_is_the_same_row_for_row(tmp_path: Path) -> None:
    simulation = Simulation(width_px=96, height_px=96, frames=4000, seed=4)
    film = simulation.run(tmp_path / "film.mp4").movie
    whole = tmp_path / "whole.parquet"
    process = begin(film, whole)
    ends_well(process)

    resumed = tmp_path / "resumed.parquet"
    partial = tmp_path / "resumed.parquet.partial"
    rng = np.random.default_rng()
    killed = 0
    for attempt in range(_KILLS):
        process = begin(film, resumed, "--resume")
        if attempt % 2 == 0:
            # else most kills would come while Python starts
            wait_for_a_part(partial, process)
            time.sleep(rng.uniform(0.0, 0.3))
        else:
            time.sleep(rng.uniform(0.0, 3.0))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
        killed += process.returncode == -signal.SIGKILL
    process = begin(film, resumed, "--resume")
    ends_well(process)

    assert killed >= 3
    assert_frame_equal(read_table(resumed).data, read_table(whole).data)
    assert not partial.exists()


@pytest.mark.slow
def test_ctrl_c_exits_with_130_and_says_how_to_resume(tmp_path: Path) -> None:
    simulation = Simulation(width_px=96, height_px=96, frames=3000, seed=4)
    film = simulation.run(tmp_path / "film.mp4").movie
    output = tmp_path / "table.parquet"
    process = begin(film, output)
    partial = tmp_path / "table.parquet.partial"
    wait_for_a_part(partial, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "of 3000 frames are done and kept: run the same command with --resume" in errors
    assert "Traceback" not in errors
    assert not output.exists()
    assert list(partial.glob("part-*"))
