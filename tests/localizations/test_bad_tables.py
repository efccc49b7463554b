"""What every format has to stand: nothing, one molecule, gaps, cut files, wrong names."""

import re
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cellstorm.cli import main
from cellstorm.errors import TableError
from cellstorm.localizations import Localizations, Metadata, read_table, write_table

ENDINGS = (
    ".parquet",
    ".csv",
    ".challenge.csv",
    ".hdf5",
    ".decode.h5",
    ".txt",
    ".smlm",
)
each_ending = pytest.mark.parametrize("ending", ENDINGS)


def table(count: int) -> Localizations:
    rng = np.random.default_rng(count)
    return Localizations(
        pl.DataFrame(
            {
                "frame": np.arange(count, dtype=np.uint32),
                "x_nm": rng.uniform(100, 9000, count),
                "y_nm": rng.uniform(100, 9000, count),
                "photons": rng.uniform(100, 900, count).astype(np.float32),
                "uncertainty_nm": rng.uniform(5, 20, count).astype(np.float32),
            }
        ),
        Metadata(pixel_size_nm=100.0),
    )


@each_ending
@pytest.mark.parametrize("count", [0, 1])
def test_no_molecule_and_one_come_back(tmp_path: Path, ending: str, count: int) -> None:
    write_table(table(count), tmp_path / f"a{ending}")
    # only the CSVs do not know the pixel
    back = read_table(tmp_path / f"a{ending}", pixel_size_nm=100)
    assert back.data["frame"].to_list() == list(range(count))
    assert back.column("x_nm") == pytest.approx(table(count).column("x_nm"), abs=1e-3)


@each_ending
def test_huge_coordinates_come_back_to_seven_digits(tmp_path: Path, ending: str) -> None:
    there = table(3)
    far = there.with_data(there.data.with_columns(pl.col("x_nm") + 1e12))
    write_table(far, tmp_path / f"a{ending}")
    back = read_table(tmp_path / f"a{ending}", pixel_size_nm=100)
    assert back.column("x_nm") == pytest.approx(far.column("x_nm"), rel=1e-7)


@each_ending
@pytest.mark.parametrize("share", [0.97, 0.5, 0.02])
def test_a_cut_file_is_refused_and_exits_with_2(
    tmp_path: Path, ending: str, share: float, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"a{ending}"
    write_table(table(50), path)
    whole = path.read_bytes()
    cut = whole[: int(len(whole) * share)]
    if ending.endswith((".csv", ".txt")):
        # behind the second number of a line: behind the last, nothing is missing to the eye
        lines = whole.splitlines(keepends=True)
        last = max(1, int(len(lines) * share))
        separator = b" " if ending == ".txt" else b","
        cut = b"".join(lines[:last]) + separator.join(lines[last].split(separator)[:2])
    path.write_bytes(cut)
    before = sorted(item.name for item in tmp_path.iterdir())
    with pytest.raises(SystemExit) as exit_:
        main(["convert", str(path), str(tmp_path / "out.parquet")])
    assert exit_.value.code == 2
    printed = capsys.readouterr().err
    assert printed.startswith("Error: ")
    assert path.name in printed
    assert "Traceback" not in printed
    assert len(printed.splitlines()) <= 2
    assert sorted(item.name for item in tmp_path.iterdir()) == before


@each_ending
def test_a_wrong_ending_is_seen_through(tmp_path: Path, ending: str) -> None:
    write_table(table(4), tmp_path / f"a{ending}")
    expected = read_table(tmp_path / f"a{ending}", pixel_size_nm=100)
    for wrong in (".dat", ".parquet", ".csv", ".smlm", ".h5", ".txt"):
        if ending.endswith(wrong):
            continue
        shutil.copy(tmp_path / f"a{ending}", tmp_path / f"wrong{wrong}")
        read = read_table(tmp_path / f"wrong{wrong}", pixel_size_nm=100)
        assert read.data.equals(expected.data)
        is_hdf5 = wrong == ".h5" and ending in (".hdf5", ".decode.h5")
        is_csv = wrong == ".csv" and ending == ".challenge.csv"
        told = any("by its content" in notice for notice in read.metadata.notices)
        assert told != (is_hdf5 or is_csv)


def test_what_no_format_recognises_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.dat").write_bytes(b"\x00\x01\x02 nothing of the sort")
    with pytest.raises(TableError, match=r"do not end in '\.dat'; known are "):
        read_table(tmp_path / "a.dat")


@each_ending
def test_missing_positions_are_counted_and_nothing_is_written(
    tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "a.csv"
    source.write_text("frame,x_nm,y_nm\n0,1,2\n1,NaN,3\n")
    with pytest.raises(SystemExit) as exit_:
        main(["convert", str(source), str(tmp_path / f"out{ending}"), "--pixel-size-nm", "100"])
    assert exit_.value.code == 2
    assert "1 of 2 rows have no finite frame, x_nm and y_nm" in capsys.readouterr().err
    assert [item.name for item in tmp_path.iterdir()] == ["a.csv"]


@each_ending
def test_positions_in_pixels_are_asked_about(
    tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    there = table(400)
    in_px = there.with_data(there.data.with_columns(pl.col("x_nm", "y_nm") / 1000))
    path = tmp_path / f"a{ending}"
    write_table(in_px, path)
    known = "uncertainty_nm" in read_table(path, pixel_size_nm=100).columns
    with pytest.raises(SystemExit) as exit_:
        main(["filter", str(path), "frame < 300", "--output", str(tmp_path / "out.parquet")])
    printed = capsys.readouterr().err
    if known:
        assert exit_.value.code == 2
        assert re.search("are x_nm and y_nm in pixels", printed)
    assert (exit_.value.code == 2) == (not (tmp_path / "out.parquet").exists())
