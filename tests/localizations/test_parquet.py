import errno
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cellstorm.errors import OutputError, TableError
from cellstorm.localizations import (
    Localizations,
    Metadata,
    MovieFacts,
    concatenate_parquet,
    read_table,
    scan_table,
    write_table,
)


def table() -> Localizations:
    return Localizations(
        pl.DataFrame(
            {
                "frame": [0, 3],
                "x_nm": [1.0 / 3.0, 2.0],
                "y_nm": [5.0, 1e5],
                "flags": [0, 32],
                "comment": ["é", None],
            }
        ),
        Metadata(
            software="cellstorm",
            pixel_size_nm=97.5,
            movie=MovieFacts(name="holiday.mp4", fingerprint="ab12", shape=(6000, 128, 96)),
            frames=(0, 6000),
            region=(0, 96, 0, 128),
            camera={"offset_adu": 4.1},
            configuration={"threshold": 2.5, "limit": float("inf")},
            notices=("gain was estimated",),
            history=("localized",),
            complete=False,
        ),
    )


def test_parquet_brings_back_every_value_and_the_metadata(tmp_path: Path) -> None:
    path = tmp_path / "holiday [1].locs.parquet"
    assert write_table(table(), path) == ()
    back = read_table(path)
    assert back.data.equals(table().data)
    assert back.data.schema == table().data.schema
    assert back.metadata == table().metadata


def test_scanning_gives_the_same_rows(tmp_path: Path) -> None:
    write_table(table(), tmp_path / "a.parquet")
    rows, metadata = scan_table(tmp_path / "a.parquet")
    assert rows.filter(pl.col("frame") == 3).collect()["y_nm"].to_list() == [1e5]
    assert metadata.pixel_size_nm == 97.5


def test_a_foreign_parquet_with_our_columns_is_taken_with_a_notice(tmp_path: Path) -> None:
    path = tmp_path / "foreign.parquet"
    pl.DataFrame({"y_nm": [2], "x_nm": [1], "frame": [4.0]}).write_parquet(path)
    back = read_table(path, pixel_size_nm=100)
    assert back.data.row(0) == (4, 1.0, 2.0)
    assert back.metadata.pixel_size_nm == 100
    assert "origin" in back.metadata.notices[0]


def test_a_parquet_with_other_columns_names_those_missing(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    pl.DataFrame({"x": [1.0], "frame": [4]}).write_parquet(path)
    with pytest.raises(TableError, match=r"x_nm, y_nm are missing \(there are x, frame\)"):
        read_table(path)


def test_metadata_of_a_newer_version_is_left_aside_with_a_notice(tmp_path: Path) -> None:
    path = tmp_path / "newer.parquet"
    stored = json.dumps({"format_version": 9, "pixel_size_nm": 80.0, "hologram": True})
    table().data.write_parquet(path, metadata={"cellstorm": stored})
    metadata = read_table(path).metadata
    assert metadata.pixel_size_nm == 80.0
    assert any("hologram" in notice for notice in metadata.notices)


def test_another_pixel_size_than_the_table_was_made_with_is_refused(tmp_path: Path) -> None:
    write_table(table(), tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet", pixel_size_nm=97.5).metadata.pixel_size_nm == 97.5
    with pytest.raises(TableError, match=r"pixels of 97\.5 nm, not 100 nm"):
        read_table(tmp_path / "a.parquet", pixel_size_nm=100)


@pytest.mark.parametrize("content", [b"", b"PAR1 but no more", b"hello"])
def test_something_else_called_parquet_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    with pytest.raises(TableError, match="not a whole Parquet file"):
        read_table(path)


def test_parts_are_joined_in_their_order(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    parts, rows = [], []
    for number in range(30):
        # more than one row group in some, none at all in one
        count = 0 if number == 7 else int(rng.integers(1, 20_000))
        part = pl.DataFrame(
            {
                "frame": np.full(count, number, dtype=np.uint32),
                "x_nm": rng.random(count),
                "y_nm": rng.random(count),
            }
        )
        path = tmp_path / f"part[{number}].parquet"
        part.write_parquet(path, row_group_size=3000)
        parts.append(path)
        rows.append(part)
    concatenate_parquet(parts, tmp_path / "all.parquet", Metadata(history=("joined",)))
    back = read_table(tmp_path / "all.parquet")
    assert back.data.equals(pl.concat(rows))
    assert back.metadata.history == ("joined",)


def test_no_parts_make_an_empty_table(tmp_path: Path) -> None:
    concatenate_parquet([], tmp_path / "none.parquet", Metadata())
    assert len(read_table(tmp_path / "none.parquet")) == 0


def test_parts_with_other_columns_are_refused_and_nothing_is_left(tmp_path: Path) -> None:
    table().data.write_parquet(tmp_path / "a.parquet")
    table().data.drop("flags").write_parquet(tmp_path / "b.parquet")
    with pytest.raises(TableError):
        concatenate_parquet(
            [tmp_path / "a.parquet", tmp_path / "b.parquet"], tmp_path / "c.parquet", Metadata()
        )
    assert sorted(item.name for item in tmp_path.iterdir()) == ["a.parquet", "b.parquet"]


def test_a_failed_write_keeps_what_was_there(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    signal = pytest.importorskip("signal")
    path = tmp_path / "a.parquet"
    write_table(table(), path)
    before = path.read_bytes()
    count = 200_000
    large = pl.DataFrame(
        {"frame": np.arange(count), "x_nm": np.random.default_rng(0).random(count), "y_nm": 0.0}
    )
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        with pytest.raises(OutputError, match="cannot be written") as caught:
            write_table(Localizations(large), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    cause = caught.value.__cause__
    assert isinstance(cause, OSError)
    assert cause.errno == errno.EFBIG
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["a.parquet"]


def test_a_missing_folder_and_an_unknown_extension_are_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        write_table(table(), tmp_path / "nowhere" / "a.parquet")
    with pytest.raises(OutputError, match=r"'\.xyz'; known are .*ThunderSTORM CSV"):
        write_table(table(), tmp_path / "a.xyz")
    with pytest.raises(TableError, match="no such file"):
        read_table(tmp_path / "a.parquet")
    (tmp_path / "a.xyz").write_text("hello")
    with pytest.raises(TableError, match=r"\.parquet \(Parquet, native\)"):
        read_table(tmp_path / "a.xyz")
