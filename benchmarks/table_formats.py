"""Tables converted to every format and back: how far molecules and the picture move.

    python -m benchmarks.table_formats TABLE... [--pixel-nm 100]

Each table is written in every format that can be written, read again and compared: the
farthest that any molecule moved, in pixels of the movie; how far the picture as a whole
did (its centre of mass); and the share of the picture's light that lies elsewhere. Prints
the worst of all tables for each format, as Markdown.
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cellstorm.localizations import (
    Localizations,
    convert_table,
    read_table,
    write_table,
)
from cellstorm.render import GaussianMode, Picture, render

ENDINGS = (
    ".parquet",
    ".csv",
    ".challenge.csv",
    ".hdf5",
    ".decode.h5",
    ".txt",
    ".smlm",
)
# one width for all: not every format keeps the uncertainties
_WIDTH_NM = 20.0
_PICTURE_PIXEL_NM = 10.0
_MARGIN_NM = 100.0


def main() -> None:
    """Compare each table with itself after a way through each format."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="+", type=Path)
    parser.add_argument("--pixel-nm", type=float, default=100.0, help="where a table does not say")
    arguments = parser.parse_args()
    worst: dict[str, Difference] = {}
    with tempfile.TemporaryDirectory() as folder:
        for path in arguments.tables:
            for ending, found in _compare(path, arguments.pixel_nm, Path(folder)).items():
                worst[ending] = found.or_worse(worst.get(ending, found))
    print(f"{len(arguments.tables)} tables\n")
    print("| format | farthest molecule, px | picture, px | light elsewhere, % |")
    print("|---|---|---|---|")
    for ending, found in worst.items():
        print(
            f"| `{ending}` | {found.farthest_px:.1g} | {found.picture_px:.1g}"
            f" | {100 * found.elsewhere:.1g} |"
        )


@dataclass(frozen=True)
class Difference:
    """Between a table and itself after a way through a format."""

    farthest_px: float
    picture_px: float
    elsewhere: float

    def or_worse(self, other: "Difference") -> "Difference":
        """The larger of each."""
        return Difference(
            max(self.farthest_px, other.farthest_px),
            max(self.picture_px, other.picture_px),
            max(self.elsewhere, other.elsewhere),
        )


def _compare(path: Path, given_nm: float, folder: Path) -> dict[str, Difference]:
    there = read_table(path)
    pixel_nm = there.metadata.pixel_size_nm or given_nm
    if there.metadata.pixel_size_nm is None:
        there = read_table(path, pixel_size_nm=given_nm)
    source = folder / "source.parquet"
    write_table(there, source)
    before = _picture(there, there)
    found = {}
    for ending in ENDINGS:
        output = folder / f"out{ending}"
        convert_table(source, output)
        back = read_table(output, pixel_size_nm=pixel_nm)
        if not bool((back.column("frame") == there.column("frame")).all()):
            raise AssertionError(f"{path.name} as {ending}: the frames differ")
        moved_nm = np.hypot(
            back.column("x_nm") - there.column("x_nm"), back.column("y_nm") - there.column("y_nm")
        )
        after = _picture(back, there)
        centre_px = np.hypot(*(_centre_px(after) - _centre_px(before)))
        found[ending] = Difference(
            farthest_px=float(moved_nm.max()) / pixel_nm,
            picture_px=float(centre_px) * _PICTURE_PIXEL_NM / pixel_nm,
            elsewhere=float(np.abs(after.values - before.values).sum() / 2 / before.values.sum()),
        )
    return found


def _picture(table: Localizations, field: Localizations) -> Picture:
    x_nm, y_nm = field.column("x_nm"), field.column("y_nm")
    region = (
        float(x_nm.min()) - _MARGIN_NM,
        float(x_nm.max()) + _MARGIN_NM,
        float(y_nm.min()) - _MARGIN_NM,
        float(y_nm.max()) + _MARGIN_NM,
    )
    mode = GaussianMode(width_nm=_WIDTH_NM)
    return render(table, mode=mode, pixel_nm=_PICTURE_PIXEL_NM, region_nm=region)


def _centre_px(picture: Picture) -> np.ndarray:
    values = picture.values.astype(np.float64)
    total = values.sum()
    return np.array(
        [
            (values.sum(axis=0) * np.arange(values.shape[1])).sum() / total,
            (values.sum(axis=1) * np.arange(values.shape[0])).sum() / total,
        ]
    )


if __name__ == "__main__":
    main()
