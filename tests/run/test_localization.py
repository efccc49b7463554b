"""From a movie to its table: nothing lost, nothing twice, lengths in nanometres."""

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from polars.testing import assert_frame_equal

from cellstorm.camera import Camera, PixelMaps
from cellstorm.errors import CellstormError, ConfigurationError, MovieError, OutputError
from cellstorm.localizations import read_table
from cellstorm.localize.localizer import MoleculeColumns
from cellstorm.movie import ArrayMovie, FrameChunk, Movie
from cellstorm.run import Progress, localize_frames, localize_movie

MakeMethod = Callable[..., Any]
UNIT = Camera()


def test_every_frame_is_localized_once_and_in_order(
    movie: Movie, frames: NDArray[np.uint8], method: MakeMethod
) -> None:
    found = localize_frames(movie, method=method(), camera=UNIT)
    frame, y, x = np.nonzero(frames >= 200)
    np.testing.assert_array_equal(found.column("frame"), frame)
    np.testing.assert_allclose(found.column("x_nm"), (x + 0.5) * 80)
    np.testing.assert_allclose(found.column("y_nm"), (y + 0.5) * 80)
    np.testing.assert_allclose(found.column("photons"), frames[frame, y, x])
    np.testing.assert_allclose(found.column("sigma_nm"), 100.0)
    np.testing.assert_array_equal(found.column("id"), np.arange(frame.size))


@pytest.mark.parametrize("workers", [1, 3])
def test_neighbouring_frames_are_there_wherever_chunks_are_cut(
    frames: NDArray[np.uint8], method: MakeMethod, workers: int
) -> None:
    found = localize_frames(
        ArrayMovie(frames), method=method(neighbours=7), camera=UNIT, workers=workers
    )
    padded = np.pad(frames.astype(float), ((7, 7), (0, 0), (0, 0)))
    frame, y, x = np.nonzero(frames >= 200)
    expected = sum(padded[frame + step, y, x] for step in range(15))
    np.testing.assert_allclose(found.column("photons"), expected)


def test_a_part_of_the_movie_gives_the_same_molecules_at_the_same_places(
    movie: Movie, method: MakeMethod
) -> None:
    whole = localize_frames(movie, method=method(), camera=UNIT).data
    part = localize_frames(
        movie, method=method(), camera=UNIT, frames=(130, 777), region=(5, 20, 2, None)
    )
    inside = whole.filter(
        pl.col("frame").is_between(130, 776),
        pl.col("x_nm").is_between(5 * 80, 20 * 80),
        pl.col("y_nm") > 2 * 80,
    )
    assert part.metadata.frames == (130, 777)
    assert part.metadata.region == (5, 20, 2, 16)
    assert_frame_equal(part.data.drop("id", "mark"), inside.drop("id", "mark"))


def test_the_table_on_disk_is_the_one_in_memory_and_says_how_it_was_made(
    movie: Movie, method: MakeMethod, tmp_path: Path
) -> None:
    output = tmp_path / "found.parquet"
    run = localize_movie(movie, method=method(), camera=UNIT, output=output)
    table = read_table(output)
    in_memory = localize_frames(movie, method=method(), camera=UNIT).data
    assert_frame_equal(table.data.drop("mark"), in_memory.drop("mark"))
    assert run.table == output
    assert run.molecules == len(table)
    assert run.frames == 1000
    assert run.median_photons == pytest.approx(np.median(table.column("photons")))
    assert run.median_sigma_nm == pytest.approx(100)
    assert run.decisions == {"level": "200"}
    assert run.frames_per_second > 0
    facts = table.metadata
    assert facts.complete
    assert facts.pixel_size_nm == 80
    assert facts.camera == json.loads(UNIT.model_dump_json())
    assert facts.configuration is not None
    assert facts.configuration["level"] == 200
    assert facts.movie is not None
    assert facts.movie.shape == (1000, 16, 24)
    assert facts.movie.fingerprint == movie.fingerprint()
    assert not (tmp_path / "found.parquet.partial").exists()


@pytest.mark.parametrize("suffix", [".csv", ".hdf5"])
def test_other_formats_are_written_by_extension(
    movie: Movie, method: MakeMethod, tmp_path: Path, suffix: str
) -> None:
    output = tmp_path / f"found{suffix}"
    run = localize_movie(movie, method=method(), camera=UNIT, output=output, picture=False)
    table = read_table(output)
    expected = localize_frames(movie, method=method(), camera=UNIT).data
    assert len(table) == run.molecules == expected.height
    np.testing.assert_allclose(table.column("x_nm"), expected["x_nm"], atol=0.01)
    np.testing.assert_array_equal(table.column("frame"), expected["frame"])
    assert not list(tmp_path.glob("*.partial"))


def test_an_unknown_extension_is_refused_before_any_work(
    movie: Movie, method: MakeMethod, tmp_path: Path
) -> None:
    with pytest.raises(OutputError, match="xlsx"):
        localize_movie(movie, method=method(), output=tmp_path / "found.xlsx")
    assert not list(tmp_path.iterdir())


def test_without_camera_and_pixel_size_both_are_found_and_said(
    frames: NDArray[np.uint8], method: MakeMethod
) -> None:
    found = localize_frames(ArrayMovie(frames), method=method())
    assert found.metadata.pixel_size_nm == 100
    notices = " ".join(found.metadata.notices)
    assert "100 nm assumed" in notices
    assert "Camera estimated from the movie: offset" in notices


def test_a_given_pixel_size_wins_over_the_files(movie: Movie, method: MakeMethod) -> None:
    found = localize_frames(movie, method=method(), camera=UNIT, pixel_size_nm=160)
    assert found.metadata.pixel_size_nm == 160
    assert "assumed" not in " ".join(found.metadata.notices)


def test_no_molecule_at_all_is_an_empty_table_with_all_columns_and_a_note(
    movie: Movie, method: MakeMethod, tmp_path: Path
) -> None:
    output = tmp_path / "none.parquet"
    run = localize_movie(movie, method=method(level=999), camera=UNIT, output=output)
    table = read_table(output)
    assert run.molecules == len(table) == 0
    assert {"frame", "x_nm", "y_nm", "photons", "sigma_nm"} <= set(table.columns)
    assert run.median_photons is None
    assert "No molecule was found" in " ".join(run.notices)


@pytest.mark.parametrize(
    ("value", "colour"), [(0, "black"), (255, "white"), (87, "the same even grey")]
)
def test_an_even_movie_is_refused_in_one_sentence(
    value: int, colour: str, method: MakeMethod, tmp_path: Path
) -> None:
    movie = ArrayMovie(np.full((300, 8, 8), value, dtype=np.uint8))
    with pytest.raises(MovieError, match=rf"every one of the 300 frames is {colour}.*{value}"):
        localize_movie(movie, method=method(), output=tmp_path / "found.parquet")
    assert not list(tmp_path.iterdir())


def test_a_movie_that_starts_black_is_not_black(method: MakeMethod) -> None:
    frames = np.zeros((300, 8, 8), dtype=np.uint8)
    frames[299, 3, 4] = 250
    found = localize_frames(ArrayMovie(frames), method=method(), camera=UNIT)
    assert found.column("frame").tolist() == [299]


def test_one_frame_is_enough(method: MakeMethod) -> None:
    frames = np.zeros((8, 8), dtype=np.uint8)
    frames[3, 4] = 250
    found = localize_frames(ArrayMovie(frames, 100), method=method(), camera=UNIT)
    assert found.column("x_nm").tolist() == [450]
    assert len(localize_frames(ArrayMovie(frames), method=method())) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frames": (0, 1001)}, "--frames 0:1001 reaches outside the 1000 frames"),
        ({"frames": (-1, 10)}, "--frames -1:10 reaches outside"),
        ({"frames": (10, 10)}, "--frames 10:10 holds no frame"),
        ({"frames": (9999, None)}, "--frames 9999: holds no frame of the movie, which has 1000"),
        ({"region": (0, 25, 0, 16)}, "--roi 0:25,0:16 reaches outside the 24 x 16 px"),
        ({"region": (9, 9, 0, 16)}, "--roi 9:9,0:16 holds no pixel"),
        ({"resume": True, "restart": True}, "exclude each other"),
    ],
)
def test_requests_outside_the_movie_are_refused_in_one_sentence(
    movie: Movie, method: MakeMethod, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        localize_movie(movie, method=method(), output=tmp_path / "found.parquet", **options)
    assert not list(tmp_path.iterdir())


def test_an_unusual_pixel_size_of_the_file_is_doubted(
    frames: NDArray[np.uint8], method: MakeMethod, tmp_path: Path
) -> None:
    def notices(pixel_size_nm: float | None) -> str:
        run = localize_movie(
            ArrayMovie(frames[:20], 1512.0),
            method=method(),
            camera=UNIT,
            pixel_size_nm=pixel_size_nm,
            output=tmp_path / "found.parquet",
            picture=False,
        )
        return " ".join(run.notices)

    assert "1512 nm, is unusual" in notices(None)
    assert "unusual" not in notices(1512.0)


def test_a_camera_whose_maps_do_not_fit_is_refused(movie: Movie, method: MakeMethod) -> None:
    camera = Camera(maps=PixelMaps(offset_adu=np.zeros((9, 9))))
    with pytest.raises(CellstormError, match="9 x 9 px but the movie has 24 x 16 px"):
        localize_frames(movie, method=method(), camera=camera)


def test_a_missing_output_folder_is_said_before_any_work(
    movie: Movie, method: MakeMethod, tmp_path: Path
) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        localize_movie(movie, method=method(), output=tmp_path / "no" / "found.parquet")


def test_a_read_only_output_folder_is_said_before_any_work(
    movie: Movie, method: MakeMethod, tmp_path: Path
) -> None:
    # root may write anywhere but into the kernel's own file system
    folder = Path("/sys") if os.geteuid() == 0 else tmp_path
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="read-only"):
            localize_movie(movie, method=method(), output=folder / "found.parquet")
    finally:
        tmp_path.chmod(0o700)


class CountingMovie(ArrayMovie):
    """Knows how many frames were read of it."""

    frames_read = 0

    def read_chunk(self, start: int, stop: int) -> FrameChunk:
        self.frames_read += stop - start
        return super().read_chunk(start, stop)


class WaitingMethod:
    """Its first chunk takes a second; then it notes how much was read meanwhile."""

    halo_frames = 0

    def __init__(self) -> None:
        self.movie: CountingMovie | None = None
        self.read_meanwhile = 0

    def prepare(self, movie: Movie, *_: object) -> Self:
        assert isinstance(movie, CountingMovie)
        self.movie = movie
        movie.frames_read = 0
        return self

    def localize(self, chunk: FrameChunk, *, first: int, last: int) -> MoleculeColumns:
        assert self.movie is not None
        if first == 0:
            time.sleep(1.0)
            self.read_meanwhile = self.movie.frames_read
        return {name: np.zeros(0) for name in ("frame", "x_px", "y_px")}

    def summary(self) -> dict[str, str]:
        return {}

    def model_dump(self, *, mode: str = "python") -> dict[str, Any]:
        return {}


def test_reading_does_not_run_ahead_of_localizing() -> None:
    rng = np.random.default_rng(0)
    movie = CountingMovie(rng.integers(0, 9, (40, 1024, 1024)).astype(np.uint8), 100)
    method = WaitingMethod()
    localize_frames(movie, method=method, camera=UNIT, workers=1)
    # chunks of four frames: one being localized, two waiting
    assert method.read_meanwhile == 12


def test_progress_counts_every_frame(movie: Movie, method: MakeMethod, tmp_path: Path) -> None:
    told: list[Progress] = []
    run = localize_movie(
        movie,
        method=method(),
        camera=UNIT,
        output=tmp_path / "found.parquet",
        progress=told.append,
    )
    assert [told[0].stage, told[1].stage, told[-1].stage] == [
        "preparing",
        "localizing",
        "finishing",
    ]
    assert told[-1] == Progress("finishing", 1000, 1000, run.molecules)


def test_a_frame_that_cannot_be_read_is_named_and_nothing_is_left(
    frames: NDArray[np.uint8], method: MakeMethod, tmp_path: Path
) -> None:
    bad = frames.astype(np.float32)
    bad[700, 3, 3] = np.nan
    with pytest.raises(MovieError, match="700"):
        localize_movie(
            ArrayMovie(bad), method=method(), camera=UNIT, output=tmp_path / "found.parquet"
        )
    assert not list(tmp_path.iterdir())
    assert not [thread for thread in threading.enumerate() if thread.name == "read"]
