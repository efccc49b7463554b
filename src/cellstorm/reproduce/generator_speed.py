"""Frames per second of a generator alone, on some processor cores and in some batch."""

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from cellstorm import __version__
from cellstorm.localize.gan import GanFacts

__all__ = ["GeneratorRate", "measure_generator", "untrained_generator"]

_LEAST_RUNS = 3


@dataclass(frozen=True)
class GeneratorRate:
    """How fast a generator is.

    Attributes
    ----------
    edge_px
        Of the frames.
    batch_frames
        Frames computed at a time.
    cores
        Threads.
    frames_per_s
        Of the median run.
    """

    edge_px: int
    batch_frames: int
    cores: int
    frames_per_s: float


def measure_generator(
    path: Path,
    *,
    edge_px: int,
    batch_frames: int,
    cores: int = 2,
    seconds: float = 5.0,
    told: Callable[[], None] | None = None,
) -> GeneratorRate:
    """Time the network alone: no decoding, no peaks, no table.

    Parameters
    ----------
    path
        An ONNX generator.
    edge_px
        Of the square frames.
    batch_frames
        Frames computed at a time.
    cores
        Threads of the runtime.
    seconds
        Time to go on for; at least three runs are made after a first one that does not count.
    told
        Called after every run.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    frames = np.random.default_rng(0).normal(size=(batch_frames, 1, edge_px, edge_px))
    fed = {session.get_inputs()[0].name: frames.astype(np.float32)}
    session.run(None, fed)
    times: list[float] = []
    while len(times) < _LEAST_RUNS or sum(times) < seconds:
        began = time.perf_counter()
        session.run(None, fed)
        times.append(time.perf_counter() - began)
        if told is not None:
            told()
    return GeneratorRate(edge_px, batch_frames, cores, batch_frames / float(np.median(times)))


@contextmanager
def untrained_generator(*, levels: int, factor: int) -> Iterator[Path]:
    """A generator as it is before training, which computes for as long as a trained one.

    Parameters
    ----------
    levels, factor
        Of the U-Net, and fine pixels along one of the frame.

    Yields
    ------
    Path
        An ONNX file, gone afterwards.

    Raises
    ------
    ImportError
        The train extra is not installed.
    """
    from cellstorm.train.gan.export import export_generator
    from cellstorm.train.gan.generator import Generator, GeneratorShape

    shape = GeneratorShape(levels=levels, factor=factor)
    facts = GanFacts(
        name="untrained",
        cellstorm_version=__version__,
        created="",
        factor=factor,
        halo_px=shape.halo_px,
        align_px=shape.align_px,
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "untrained.onnx"
        with warnings.catch_warnings():
            # the exporter tells of itself, and of constants that stay as they are
            warnings.simplefilter("ignore")
            export_generator(Generator(shape), facts, path)
        yield path
