"""Write under a temporary name, rename when whole: no result is ever half-written."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from cellstorm.errors import CellstormError, OutputError

__all__ = ["atomic_file", "output_error"]


def output_error(error: OSError, path: Path) -> OutputError:
    """Say in the user's words why ``path`` could not be written."""
    folder = path.parent
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return OutputError(
            f"cannot write here: the folder {folder} is read-only for you.",
            where=path,
            todo="Give another place with --output.",
        )
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(
            f"the disk that holds {folder} is full; nothing was left half-written.",
            where=path,
            todo="Free some space or give another place with --output.",
        )
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return OutputError(
            f"the folder {folder} does not exist.",
            where=path,
            todo="Make it first or give another place with --output.",
        )
    return OutputError(f"cannot be written ({error.strerror or error}).", where=path)


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that takes its name on success.

    The temporary name keeps the suffix, so that writers which choose the format by
    extension work unchanged. On any error the temporary file is removed and what was
    at ``path`` before is left as it was.

    Raises
    ------
    OutputError
        The file cannot be written (read-only folder, full disk, missing folder).
    """
    temporary = path.with_name(f".{path.stem}.{uuid4().hex[:8]}.tmp{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    except CellstormError:
        raise
    except OSError as error:
        raise output_error(error, path) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
