"""Whatever the codec and however it is read, a frame keeps its number and its pixels."""

import itertools
import pickle
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cellstorm.movie import PictureType, open_movie


def _all(path: Path) -> NDArray[Any]:
    with open_movie(path) as movie:
        return movie.read(0, movie.shape[0])


def _read_in_process(path: Path, start: int, stop: int) -> NDArray[Any]:
    with open_movie(path) as movie:
        return movie.read(start, stop)


def test_every_frame_is_there_and_in_its_place(
    coded_movie: Path, moving_frames: NDArray[np.uint8]
) -> None:
    frames = _all(coded_movie).astype(np.float64)
    if "10bit" in coded_movie.name:
        frames /= 4
    assert frames.shape == moving_frames.shape
    distance = np.abs(frames[:, None] - moving_frames[None].astype(np.float64)).mean(axis=(2, 3))
    np.testing.assert_array_equal(distance.argmin(axis=1), np.arange(60))


def test_random_access_equals_sequential_reading(coded_movie: Path) -> None:
    expected = _all(coded_movie)
    rng = np.random.default_rng(1)
    with open_movie(coded_movie) as movie:
        for start in rng.integers(0, 60, 25).tolist():
            stop = min(60, start + int(rng.integers(1, 9)))
            np.testing.assert_array_equal(movie.read(start, stop), expected[start:stop])
        backwards = [movie.read(k, k + 1)[0] for k in range(59, -1, -1)]
    np.testing.assert_array_equal(backwards[::-1], expected)


def test_chunks_equal_one_piece(coded_movie: Path) -> None:
    with open_movie(coded_movie) as movie:
        starts = [*movie.chunk_starts(0, 60, 17), 60]
        pieces = [movie.read(a, b) for a, b in itertools.pairwise(starts)]
    np.testing.assert_array_equal(np.concatenate(pieces), _all(coded_movie))


def test_threads_read_different_parts_of_one_movie(coded_movie: Path) -> None:
    expected = _all(coded_movie)
    with open_movie(coded_movie) as movie, ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda k: movie.read(k, k + 10), range(0, 60, 10)))
    np.testing.assert_array_equal(np.concatenate(parts), expected)


def test_codec_facts_go_with_their_frames(coded_movie: Path) -> None:
    with open_movie(coded_movie) as movie:
        whole = movie.read_chunk(0, 60).coding
        part = movie.read_chunk(23, 31).coding
        assert movie.codec is not None
        keys = movie.codec.key_frames
    assert whole is not None and part is not None
    np.testing.assert_array_equal(part.picture_types, whole.picture_types[23:31])
    np.testing.assert_array_equal(part.key_frames, keys[23:31])
    if whole.qp is not None and part.qp is not None:
        np.testing.assert_array_equal(part.qp, whole.qp[23:31])
    if "vp" not in coded_movie.name and "intra-refresh" not in coded_movie.name:
        assert set(whole.picture_types[keys]) == {PictureType.I}


def test_processes_read_different_parts_of_one_movie(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    path = write_video("movie.mp4", moving_frames, options={"g": "12"})
    expected = _all(path)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        parts = list(pool.map(_read_in_process, [path] * 2, [0, 30], [30, 60]))
    np.testing.assert_array_equal(np.concatenate(parts), expected)


def test_an_open_movie_can_be_sent_to_another_process(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    movie = open_movie(write_video("movie.mp4", moving_frames, options={"g": "12"}))
    expected = movie.read(20, 30)
    copy = pickle.loads(pickle.dumps(movie))
    np.testing.assert_array_equal(copy.read(20, 30), expected)
    assert copy.fingerprint() == movie.fingerprint()


def test_reading_goes_on_after_closing(write_video: Any, moving_frames: NDArray[np.uint8]) -> None:
    movie = open_movie(write_video("movie.mp4", moving_frames))
    expected = movie.read(10, 12)
    movie.close()
    np.testing.assert_array_equal(movie.read(10, 12), expected)


def test_more_threads_than_kept_decoders_get_the_right_frames(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    path = write_video("movie.mp4", moving_frames, options={"g": "6", "bf": "2"})
    expected = _all(path)
    wrong: list[int] = []
    with open_movie(path) as movie:

        def read_often(seed: int) -> None:
            for start in np.random.default_rng(seed).integers(0, 58, 20).tolist():
                if not np.array_equal(movie.read(start, start + 2), expected[start : start + 2]):
                    wrong.append(start)

        threads = [threading.Thread(target=read_often, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


@pytest.mark.parametrize(("start", "stop"), [(-1, 3), (0, 61), (5, 3), (60, 61)])
def test_a_range_outside_the_movie_is_refused(
    write_video: Any, moving_frames: NDArray[np.uint8], start: int, stop: int
) -> None:
    movie = open_movie(write_video("movie.mp4", moving_frames))
    with pytest.raises(ValueError, match="outside the movie of 60 frames"):
        movie.read(start, stop)


def test_an_empty_range_is_an_empty_chunk(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    movie = open_movie(write_video("movie.mp4", moving_frames))
    assert movie.read(7, 7).shape == (0, 50, 70)


def test_reading_on_does_not_decode_again(
    write_video: Any, moving_frames: NDArray[np.uint8]
) -> None:
    # one key frame: whoever loses the position starts all over again
    frames = np.concatenate([moving_frames] * 10)
    path = write_video("long.mp4", frames, options={"g": "1000", "sc_threshold": "0"})
    with open_movie(path) as movie:
        began_s = time.perf_counter()
        movie.read(0, 600)
        at_once_s = time.perf_counter() - began_s
        began_s = time.perf_counter()
        for start in range(0, 600, 10):
            movie.read(start, start + 10)
        in_chunks_s = time.perf_counter() - began_s
    # 60 chunks would take 30 times as long from the beginning each
    assert in_chunks_s < 5 * at_once_s + 0.1
