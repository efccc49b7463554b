"""The options that all benchmarks of the network share, and the network they choose."""

import argparse
from pathlib import Path

from benchmarks.cases import FIRST_EVALUATION_SEED

from cellstorm.localize import NetMethod

__all__ = ["add_model_option", "network", "network_parser"]


def network_parser(description: str, *, frames: int) -> argparse.ArgumentParser:
    """A parser that knows ``--model``, ``--frames``, ``--seed``, ``--work``, ``--markdown``.

    Parameters
    ----------
    description
        Docstring of the script.
    frames
        Usual length of a movie.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_model_option(parser)
    parser.add_argument("--frames", type=int, default=frames, help="of each movie")
    parser.add_argument(
        "--seed", type=int, default=FIRST_EVALUATION_SEED, help="under 1000 for tuning"
    )
    parser.add_argument("--work", type=Path, required=True, help="where made movies are kept")
    parser.add_argument("--markdown", type=Path, help="write the tables here as well")
    return parser


def add_model_option(parser: argparse.ArgumentParser) -> None:
    """Let ``--model`` choose a model file, and ``--no-refine`` leave its molecules alone."""
    parser.add_argument("--model", type=Path, help="model file; the package's own if not given")
    parser.add_argument(
        "--no-refine", dest="refine", action="store_false", help="the network's places as they are"
    )


def network(options: argparse.Namespace, **settings: object) -> NetMethod:
    """The network of the options with everything else at its default but ``settings``."""
    return NetMethod.model_validate({"model": options.model, "refine": options.refine, **settings})
