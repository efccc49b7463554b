"""Write a folder under a temporary name, rename when whole."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

from cellstorm.atomic_file import output_error
from cellstorm.errors import CellstormError, OutputError

__all__ = ["atomic_folder"]


@contextlib.contextmanager
def atomic_folder(path: Path, may_replace: Callable[[Path], bool]) -> Iterator[Path]:
    """Give an empty temporary folder beside ``path`` that takes its name on success.

    On any error what was written is removed and what was at ``path`` before is left as it
    was.

    Parameters
    ----------
    path
        The folder to write.
    may_replace
        ``may_replace(path)``: is the folder that is there one of the kind that is written?
        Anything else that has the name is left alone.

    Raises
    ------
    OutputError
        The folder cannot be written, or something else has its name.
    """
    if path.exists() and not (path.is_dir() and may_replace(path)):
        raise OutputError(
            "there is something else by this name, which is not replaced.",
            where=path,
            todo="Give another name with --output.",
        )
    mark = uuid4().hex[:8]
    temporary = path.with_name(f".{path.stem}.{mark}.tmp{path.suffix}")
    before = path.with_name(f".{path.stem}.{mark}.old{path.suffix}")
    try:
        # here, for libraries make missing folders above it without a word
        temporary.mkdir()
        yield temporary
        if path.exists():
            os.replace(path, before)
        try:
            os.replace(temporary, path)
        except OSError:
            if before.exists():
                os.replace(before, path)
            raise
    except CellstormError:
        raise
    except OSError as error:
        raise output_error(error, path) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(before, ignore_errors=True)
