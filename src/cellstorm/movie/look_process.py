"""A look at a movie in a process of its own, which a damaged file may crash: JSON on stdout."""

import dataclasses
import json
import math
import os
import sys
from pathlib import Path
from typing import Any

from cellstorm.errors import CellstormError
from cellstorm.movie import open_movie
from cellstorm.movie.description import describe_movie
from cellstorm.movie.outside_references import refuse_outside_references

__all__: list[str] = []


def main(path: Path) -> None:
    """Print what the movie is, or ``{"error": {"what", "todo"}}``."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    told: dict[str, Any]
    try:
        refuse_outside_references(path)
        with open_movie(path) as movie:
            told = dataclasses.asdict(describe_movie(movie))
        # where it lies is nobody's business
        told["path"] = path.name
    except CellstormError as error:
        told = {"error": {"what": error.what, "todo": error.todo}}
    json.dump(_finite(told), out)
    out.flush()


def _finite(value: Any) -> Any:
    """Without numbers that JSON does not have."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


if __name__ == "__main__":
    main(Path(sys.argv[1]))
