"""A run that was stopped goes on where it was, and only where it should."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from polars.testing import assert_frame_equal

from cellstorm.camera import Camera
from cellstorm.errors import OutputError
from cellstorm.localizations import read_table
from cellstorm.movie import ArrayMovie, Movie
from cellstorm.run import Progress, RunInterrupted, localize_frames, localize_movie

MakeMethod = Callable[..., Any]
UNIT = Camera()


def stop_after(frames: int) -> Callable[[Progress], None]:
    def listener(progress: Progress) -> None:
        if progress.frames_done >= frames:
            raise KeyboardInterrupt

    return listener


@pytest.fixture
def every_chunk_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cellstorm.run.progress._SECONDS_BETWEEN_REPORTS", 0.0)


pytestmark = pytest.mark.usefixtures("every_chunk_reports")


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(
    movie: Movie, method: MakeMethod, tmp_path: Path
) -> None:
    output = tmp_path / "found.parquet"
    with pytest.raises(RunInterrupted, match=r"512 of 1000 frames.*--resume"):
        localize_movie(movie, method=method(), camera=UNIT, output=output, progress=stop_after(512))
    assert not output.exists()

    told: list[Progress] = []
    run = localize_movie(
        movie,
        method=method(),
        camera=UNIT,
        output=output,
        resume=True,
        progress=told.append,
    )
    assert told[0].frames_done == 512
    table = read_table(output)
    whole = localize_frames(movie, method=method(), camera=UNIT).data
    assert_frame_equal(table.data.drop("mark"), whole.drop("mark"))
    # the second run went on with the decisions of the first
    assert table.data["mark"].n_unique() == 1
    assert run.frames == 1000
    assert not list(tmp_path.glob("*.partial"))


def test_ctrl_c_before_the_first_frames_leaves_nothing(
    movie: Movie, method: MakeMethod, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        localize_movie(
            movie,
            method=method(),
            camera=UNIT,
            output=tmp_path / "found.parquet",
            progress=stop_after(0),
        )
    assert not list(tmp_path.iterdir())


def interrupted(movie: Movie, method: Any, output: Path) -> None:
    with pytest.raises(RunInterrupted):
        localize_movie(movie, method=method, camera=UNIT, output=output, progress=stop_after(256))


def test_an_unfinished_run_in_the_way_asks_what_to_do(
    movie: Movie, method: MakeMethod, tmp_path: Path
) -> None:
    output = tmp_path / "found.parquet"
    interrupted(movie, method(), output)
    with pytest.raises(OutputError, match=r"256 of 1000 frames done") as caught:
        localize_movie(movie, method=method(), camera=UNIT, output=output)
    assert "--resume" in str(caught.value)
    assert "--restart" in str(caught.value)


def test_restart_begins_again(movie: Movie, method: MakeMethod, tmp_path: Path) -> None:
    output = tmp_path / "found.parquet"
    interrupted(movie, method(), output)
    run = localize_movie(movie, method=method(level=220), camera=UNIT, output=output, restart=True)
    assert run.molecules == len(localize_frames(movie, method=method(level=220), camera=UNIT))


def test_other_options_or_another_movie_are_not_resumed(
    movie: Movie, frames: NDArray[np.uint8], method: MakeMethod, tmp_path: Path
) -> None:
    output = tmp_path / "found.parquet"
    interrupted(movie, method(), output)
    with pytest.raises(OutputError, match=r"level was 200.0 and is 210.0"):
        localize_movie(movie, method=method(level=210), camera=UNIT, output=output, resume=True)
    with pytest.raises(OutputError, match=r"camera was .* and is not given"):
        localize_movie(movie, method=method(), output=output, resume=True)
    with pytest.raises(OutputError, match="another movie"):
        localize_movie(
            ArrayMovie(frames[::-1].copy(), 80),
            method=method(),
            camera=UNIT,
            output=output,
            resume=True,
        )
    # the refusals have done no harm
    localize_movie(movie, method=method(), camera=UNIT, output=output, resume=True)


def test_resuming_nothing_begins_and_resuming_the_finished_does_nothing(
    movie: Movie, method: MakeMethod, tmp_path: Path
) -> None:
    output = tmp_path / "found.parquet"
    options: dict[str, Any] = {"camera": UNIT, "output": output}
    first = localize_movie(movie, method=method(mark=1), resume=True, **options)
    written = output.stat().st_mtime_ns
    again = localize_movie(movie, method=method(mark=1), resume=True, **options)
    assert output.stat().st_mtime_ns == written
    assert again.molecules == first.molecules
    assert "finished before" in again.notices[-1]


def test_a_damaged_plan_is_refused_and_restart_helps(
    movie: Movie, method: MakeMethod, tmp_path: Path
) -> None:
    output = tmp_path / "found.parquet"
    interrupted(movie, method(), output)
    (tmp_path / "found.parquet.partial" / "plan.json").write_text("{}")
    with pytest.raises(OutputError, match="plan of the unfinished run cannot be read"):
        localize_movie(movie, method=method(), camera=UNIT, output=output, resume=True)
    localize_movie(movie, method=method(), camera=UNIT, output=output, restart=True)


def test_a_lost_part_is_noticed(
    movie: Movie, method: MakeMethod, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cellstorm.run.table_run._SECONDS_OF_FIRST_PART", 0.0)
    output = tmp_path / "found.parquet"
    with pytest.raises(RunInterrupted):
        localize_movie(movie, method=method(), camera=UNIT, output=output, progress=stop_after(768))
    next(iter(sorted((tmp_path / "found.parquet.partial").glob("part-*")))).unlink()
    with pytest.raises(OutputError, match="chunk 0 of the unfinished run is missing"):
        localize_movie(movie, method=method(), camera=UNIT, output=output, resume=True)


def test_an_earlier_table_stays_until_the_new_one_is_whole(
    movie: Movie, method: MakeMethod, tmp_path: Path
) -> None:
    output = tmp_path / "found.parquet"
    localize_movie(movie, method=method(), camera=UNIT, output=output)
    before = output.read_bytes()
    interrupted(movie, method(level=230), output)
    assert output.read_bytes() == before
