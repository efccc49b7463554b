"""Write under a temporary name, rename when whole: no result is ever half-written."""

import contextlib
import errno
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from cellstorm.errors import CellstormError, OutputError

__all__ = ["atomic_file", "output_error"]

# Libraries that write by themselves lose the number of the error but not all of its sense:
# "80800 requested and 37872 written" (NumPy), "Not enough free space to write" (NumPy),
# "errno = 28" (HDF5), "(os error 28)" (Polars).
_TOLD_FULL = re.compile(
    r"no space left|not enough (free )?space|quota exceeded|requested and \d+ written"
    r"|(errno = |os error |errno )(28|122)\b",
    re.IGNORECASE,
)
_LEAST_FREE_BYTES = 65_536


def output_error(error: Exception, path: Path) -> OutputError:
    """Say in the user's words why ``path`` could not be written.

    Parameters
    ----------
    error
        What the operating system or the library that writes raised.
    path
        The file or folder that was to be written.
    """
    number = error.errno if isinstance(error, OSError) else None
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    folder = path.parent
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return OutputError(
            f"cannot write here: the folder {folder} is read-only for you.",
            where=path,
            todo="Give another place with --output.",
        )
    if _is_disk_full(error, folder):
        return OutputError(
            f"the disk that holds {folder} is full; nothing was left half-written.",
            where=path,
            todo="Free some space or give another place with --output.",
        )
    if number in (errno.ENOENT, errno.ENOTDIR):
        return OutputError(
            f"the folder {folder} does not exist.",
            where=path,
            todo="Make it first or give another place with --output.",
        )
    return OutputError(f"cannot be written ({reason}).", where=path)


def _is_disk_full(error: BaseException | None, folder: Path) -> bool:
    """Whether an error, or one that it came from, is that of a full disk."""
    while error is not None:
        number = getattr(error, "errno", None)
        if number in (errno.ENOSPC, errno.EDQUOT) or _TOLD_FULL.search(str(error)):
            return True
        if isinstance(error, OSError) and number is None:
            # not a word about the reason; what is half-written still takes its place
            with contextlib.suppress(OSError):
                return shutil.disk_usage(folder).free < _LEAST_FREE_BYTES
        error = error.__cause__ or error.__context__
    return False


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
    except Exception as error:
        # what a library raises when it closes a file on a full disk can be of any class
        if isinstance(error, OSError) or _is_disk_full(error, path.parent):
            raise output_error(error, path) from error
        raise
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
