"""Does taking the rhythm of the frames away change what is localized?

    python -m benchmarks.gop_rhythm --work FOLDER [--frames 400] [--markdown FILE]

Phone movies with molecules, clipped at black and not, coded with key frames of another mean
than the rest; one with dips that were put in, as some phones make them (-1 and -3 grey
values on every key frame); and one whose light flickers by 5 %. Each is localized as it is
and with `cellstorm.camera.RhythmCorrectedMovie`, by the fit and by the network, with the true
camera. False molecules are given apart for key frames, where dips would show.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from benchmarks.cases import make_movie
from benchmarks.live_table import LiveTable, write_tables
from benchmarks.ours import METHODS, localize

from cellstorm.camera import RhythmCorrectedMovie, measure_rhythm
from cellstorm.evaluate import score
from cellstorm.movie import FrameChunk, Movie, open_movie
from cellstorm.simulate import Simulation


@dataclass(frozen=True)
class Scene:
    """A movie, and what is taken from its key frames."""

    name: str
    settings: dict[str, Any]
    dip_adu: float = 0.0


SCENES = (
    Scene("phone", {}),
    Scene("clipped at 6, dim", {"background_photons": 3, "isp.dark_clip": {"threshold_adu": 6.0}}),
    Scene("key frames 1 darker", {}, 1.0),
    Scene("key frames 3 darker", {}, 3.0),
    Scene("flicker 5 %", {"background.flicker": {"kind": "white", "relative_sd": 0.05}}),
)


class DippingMovie(Movie):
    """A movie whose key frames are darker than they are."""

    def __init__(self, movie: Movie, depth_adu: float) -> None:
        self._movie, self._depth_adu = movie, depth_adu
        self.path, self.shape, self.dtype = movie.path, movie.shape, movie.dtype
        self.bit_depth, self.format_name = movie.bit_depth, movie.format_name
        self.pixel_size_nm, self.timestamps_s = movie.pixel_size_nm, movie.timestamps_s
        self.codec, self.notices = movie.codec, movie.notices

    def read_chunk(self, start: int, stop: int) -> FrameChunk:
        """As `Movie.read_chunk`."""
        chunk = self._movie.read_chunk(start, stop)
        frames = chunk.frames.astype(np.float32)
        assert chunk.coding is not None
        frames[chunk.coding.key_frames] -= self._depth_adu
        grey = np.clip(np.rint(frames), 0, 255).astype(np.uint8)
        return FrameChunk(chunk.start, grey, chunk.coding)

    def fingerprint(self) -> str:
        """That of the movie inside."""
        return self._movie.fingerprint()


def main() -> None:
    """Print scores with and without the correction."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for made movies")
    parser.add_argument("--frames", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1200)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--methods", nargs="+", default=["cellstorm", "cellstorm, network"])
    given = parser.parse_args()
    table = LiveTable(
        (
            "movie",
            "spread of the offsets, ADU",
            "method",
            "corrected",
            "Jaccard",
            "RMSE, nm",
            "photons found / true",
            "the same in key frames",
            "false per frame",
            "false per key frame",
        ),
        title=f"{given.frames} frames of 128 x 128 px each, seeds from {given.seed}.",
    )
    for number, scene in enumerate(SCENES):
        _compare(scene, given.seed + number, given.frames, given.work, given.methods, table)
    write_tables(given.markdown, table)


def _compare(
    scene: Scene, seed: int, frames: int, work: Path, methods: list[str], table: LiveTable
) -> None:
    simulation = Simulation(frames=frames, seed=seed).changed(scene.settings)
    path, truth = make_movie(simulation, work)
    with open_movie(path) as opened:
        movie: Movie = DippingMovie(opened, scene.dip_adu) if scene.dip_adu else opened
        rhythm = measure_rhythm(movie)
        assert movie.codec is not None
        keys = np.flatnonzero(movie.codec.key_frames)
        for method in methods:
            for corrected in (False, True):
                used = RhythmCorrectedMovie(movie, rhythm) if corrected else movie
                found, _ = localize(
                    used,
                    method=METHODS[method],
                    camera=simulation.recorded_camera,
                    pixel_size_nm=simulation.pixel_size_nm,
                )
                all_of = score(found, truth)
                in_keys = score(_frames(found, keys), _frames(truth, keys))
                table.add(
                    scene.name,
                    f"{rhythm.spread_adu:.3f}",
                    method,
                    "yes" if corrected else "no",
                    f"{all_of.jaccard:.4f}",
                    f"{all_of.rmse_nm:.2f}",
                    f"{all_of.photon_ratio:.4f}",
                    f"{in_keys.photon_ratio:.4f}",
                    f"{all_of.false_positives / frames:.3f}",
                    f"{in_keys.false_positives / keys.size:.3f}",
                )


def _frames(table: pl.DataFrame, frames: np.ndarray[Any, np.dtype[np.int64]]) -> pl.DataFrame:
    return table.filter(pl.col("frame").is_in(frames.tolist()))


if __name__ == "__main__":
    main()
