"""What a full disk is called, whichever library meets it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from cellstorm.atomic_file import atomic_file
from cellstorm.errors import OutputError

# a file of the system that is always full
FULL = Path("/dev/full")


def numpy_array() -> None:
    with FULL.open("wb") as file:
        np.zeros(100_000).tofile(file)


def polars_table() -> None:
    pl.DataFrame({"x": np.zeros(100_000)}).write_csv(FULL)


def pillow_picture() -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (500, 500), np.uint8)).save(
        FULL, format="PNG"
    )


def space_not_reserved() -> None:
    raise OSError("Not enough free space to write 32320000 bytes after offset 464")


def closed_by_hdf5() -> None:
    raise RuntimeError(
        "Can't decrement id ref count (file write failed: errno = 28,"
        " error message = 'No space left on device')"
    )


@pytest.mark.skipif(not FULL.exists(), reason="no file that is always full")
@pytest.mark.parametrize(
    "write",
    [numpy_array, polars_table, pillow_picture, space_not_reserved, closed_by_hdf5],
    ids=lambda write: write.__name__,
)
def test_a_full_disk_is_called_so(write: Callable[[], None], tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"the disk that holds .* is full") as caught,
        atomic_file(tmp_path / "out.bin") as temporary,
    ):
        temporary.write_bytes(b"half")
        write()
    assert "Free some space" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_other_errors_stay_what_they_are(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"cannot be written \(cannot write mode F as PNG\)"),
        atomic_file(tmp_path / "out.png") as temporary,
    ):
        Image.fromarray(np.zeros((4, 4), np.float32)).save(temporary, format="PNG")
    with pytest.raises(ZeroDivisionError), atomic_file(tmp_path / "out.png"):
        print(1 / 0)
    assert list(tmp_path.iterdir()) == []
