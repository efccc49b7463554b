import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from cellstorm.errors import TableError
from cellstorm.localizations import Localizations, Metadata, read_table, scan_table, write_table

# After the specification's own example: three numbers of four bytes and one of a byte, a
# patch of 2 x 2 pixels behind them, 300 nm taken off x.
LAYOUT: dict[str, Any] = {
    "name": "t",
    "type": "table",
    "mode": "binary",
    "columns": 6,
    "headers": ["frame", "x", "y", "intensity", "quality", "raw-patch"],
    "dtype": ["uint32", "float32", "float32", "float32", "uint8", "uint16"],
    "shape": [1, 1, 1, 1, 1, [2, 2]],
    "units": ["frame", "nm", "um", "photon", "", ""],
}
RECORD = "<IfffB4H"
ROWS = [(1, -250.0, 0.075, 1000.5, 7, 1, 2, 3, 4), (42, 950.0, 0.15, 20.0, 8, 5, 6, 7, 8)]


def packed(rows: list[tuple[Any, ...]], record: str = RECORD) -> bytes:
    return b"".join(struct.pack(record, *row) for row in rows)


def write_sample(
    path: Path,
    *,
    layout: dict[str, Any] | None = None,
    content: bytes | None = None,
    info: dict[str, Any] | None = None,
    manifest: dict[str, Any] | None = None,
) -> Path:
    described = {
        "format_version": "0.2",
        "formats": {"t": LAYOUT | (layout or {})},
        "files": [
            {
                "name": "a.bin",
                "type": "table",
                "format": "t",
                "channel": "alexa647",
                "rows": 2,
                "offset": {"x": 300},
            }
            | (info or {})
        ],
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json.dumps(described | (manifest or {})))
        archive.writestr("a.bin", packed(ROWS) if content is None else content)
    return path


def table(count: int = 2) -> Localizations:
    return Localizations(
        pl.DataFrame(
            {
                "id": range(count),
                "frame": range(count),
                "x_nm": [50.0 + 10 * row for row in range(count)],
                "y_nm": [75.0] * count,
                "z_nm": [-20.5] * count,
                "photons": [1000.5] * count,
                "background_photons": [10.0] * count,
                "sigma_nm": [125.0] * count,
                "uncertainty_nm": [6.25] * count,
                "significance": [float("nan")] * count,
                "flags": [3] * count,
                "mine": [1.5] * count,
            }
        ),
        Metadata(pixel_size_nm=100.0, software="cellstorm", notices=("one",)),
    )


def test_frames_count_from_zero_units_become_nm_and_offsets_are_added(tmp_path: Path) -> None:
    read = read_table(write_sample(tmp_path / "a.smlm"))
    assert read.data["frame"].to_list() == [0, 41]
    assert read.data["x_nm"].to_list() == [50.0, 1250.0]
    assert read.data["y_nm"].to_list() == pytest.approx([75, 150])
    assert read.data["photons"].to_list() == [1000.5, 20.0]
    assert read.data["quality"].to_list() == [7, 8]
    assert "raw-patch" in " ".join(read.metadata.notices)


def test_frames_that_begin_at_zero_are_taken_so(tmp_path: Path) -> None:
    rows = [(0, *ROWS[0][1:]), ROWS[1]]
    read = read_table(write_sample(tmp_path / "a.smlm", content=packed(rows)))
    assert read.data["frame"].to_list() == [0, 42]


def test_a_width_is_the_full_one_at_half_maximum(tmp_path: Path) -> None:
    headers = ["frame", "x", "y", "width", "quality", "raw-patch"]
    units = ["", "", "", "", "", ""]
    read = read_table(
        write_sample(tmp_path / "a.smlm", layout={"headers": headers, "units": units})
    )
    assert read.data["sigma_nm"][0] == pytest.approx(1000.5 / 2.3548, rel=1e-4)


def test_thunderstorm_s_and_locan_s_names_are_known(tmp_path: Path) -> None:
    for headers in (
        ["frame", "x", "y", "uncertainty", "detections", "raw-patch"],
        ["frame", "position_x", "position_y", "uncertainty_x", "original_index", "raw-patch"],
    ):
        layout = {"headers": headers, "units": ["", "nm", "um", "nm", "", ""]}
        read = read_table(
            write_sample(tmp_path / "a.smlm", layout=layout, info={"offset": {headers[1]: 300}})
        )
        assert read.data["x_nm"].to_list() == [50.0, 1250.0]
        assert {"uncertainty_nm", "detections"} <= set(read.columns) or {
            "uncertainty_x_nm",
            "id",
        } <= set(read.columns)


def test_light_in_counts_is_no_photons(tmp_path: Path) -> None:
    units = ["", "nm", "um", "A/D count", "", ""]
    read = read_table(write_sample(tmp_path / "a.smlm", layout={"units": units}))
    assert "photons" not in read.columns
    assert read.data["intensity_adu"].to_list() == [1000.5, 20.0]


def test_several_tables_are_read_as_one_with_their_channel(tmp_path: Path) -> None:
    first: dict[str, Any] = {
        "name": "a.bin",
        "type": "table",
        "format": "t",
        "channel": "red",
        "rows": 2,
        "offset": {},
    }
    files = [first, first | {"channel": "blue"}, {"name": "b.png", "type": "image"}]
    read = read_table(write_sample(tmp_path / "a.smlm", manifest={"files": files}))
    assert read.data["channel"].to_list() == ["red", "red", "blue", "blue"]
    assert any("2 tables" in notice for notice in read.metadata.notices)


def test_what_is_written_is_what_the_specification_and_its_viewer_ask_for(
    tmp_path: Path,
) -> None:
    write_table(table(), tmp_path / "out.smlm")
    with zipfile.ZipFile(tmp_path / "out.smlm") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        info = manifest["files"][0]
        layout = manifest["formats"][info["format"]]
        content = archive.read(info["name"])
    assert manifest["format_version"] == "0.2"
    assert layout["headers"][:5] == ["frame", "x", "y", "z", "intensity"]
    assert layout["units"][:5] == ["frame", "nm", "nm", "nm", "photon"]
    assert set(layout["dtype"]) == {"float32"}
    assert layout["columns"] == len(layout["headers"]) == len(layout["shape"])
    assert info["rows"] == 2
    values = np.frombuffer(content, "<f4").reshape(2, -1)
    assert values[:, :5].tolist() == [[1, 50, 75, -20.5, 1000.5], [2, 60, 75, -20.5, 1000.5]]
    width = layout["headers"].index("width")
    assert values[0, width] == pytest.approx(125 * 2.35482, rel=1e-5)
    assert (info["min"]["x"], info["max"]["x"]) == (50, 60)
    assert "significance" not in info["min"]


def test_smlm_round_trip_keeps_every_column_and_the_metadata(tmp_path: Path) -> None:
    there = table()
    assert write_table(there, tmp_path / "out.smlm") == ()
    back = read_table(tmp_path / "out.smlm")
    assert set(back.columns) == set(there.columns)
    for name in there.columns:
        assert back.data[name].to_list() == pytest.approx(
            there.data[name].to_list(), rel=1e-6, nan_ok=True
        )
    assert back.metadata.pixel_size_nm == 100
    assert back.metadata.notices == ("one",)


def test_blocks_make_the_same_table_as_one_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("smlm", "_smlm_archive"):
        monkeypatch.setattr(f"cellstorm.localizations.formats.{module}.BLOCK_ROWS", 10)
    write_table(table(103), tmp_path / "out.smlm")
    rows, _ = scan_table(tmp_path / "out.smlm")
    assert rows.select(pl.len()).collect().item() == 103
    assert rows.collect()["x_nm"].to_list() == table(103).data["x_nm"].to_list()
    assert rows.tail(2).collect()["frame"].to_list() == [101, 102]


def test_what_the_format_s_short_numbers_lose_is_told(tmp_path: Path) -> None:
    far = table().with_data(table().data.with_columns(x_nm=pl.lit(5e7), id=pl.lit(1 << 25)))
    notices = write_table(far, tmp_path / "out.smlm")
    assert any("rounded to 4 nm" in notice for notice in notices)
    assert any("id (over 2^24)" in notice for notice in notices)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"content": packed(ROWS)[:-3]}, "has 47 bytes, not the 50 of 2 rows"),
        ({"layout": {"mode": "text"}}, "is text"),
        ({"layout": {"headers": ["frame", "x", "b", "c", "d", "e"]}}, "has no y_nm"),
        ({"layout": {"dtype": ["uint32"] * 5}}, "does not describe a table"),
        ({"layout": {"dtype": ["uint32"] * 5 + ["text"]}}, "numbers of the type 'text'"),
        (
            {"layout": {"units": ["", "furlong", "", "", "", ""]}},
            "the column 'x' is in 'furlong'",
        ),
        ({"layout": {"units": ["", "px", "px", "", "", ""]}}, "is in pixels"),
        ({"info": {"name": "b.bin"}}, "has no file 'b.bin'"),
        ({"info": {"format": "u"}}, "does not describe a table"),
        ({"manifest": {"files": []}}, "holds no table"),
        (
            {"content": packed([(1, float("nan"), *ROWS[0][2:]), ROWS[1]])},
            "1 of 2 rows have no finite",
        ),
    ],
)
def test_what_cannot_be_read_is_one_sentence(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(TableError, match=message) as caught:
        read_table(write_sample(tmp_path / "a.smlm", **options))
    assert len(str(caught.value).splitlines()) <= 2


def test_damaged_archives_are_one_sentence(tmp_path: Path) -> None:
    path = write_sample(tmp_path / "a.smlm")
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    with pytest.raises(TableError, match="not a whole SMLM file"):
        read_table(path)
    place = whole.index(b"a.bin") + 10
    path.write_bytes(whole[:place] + b"\x00\xff\x00\xff" + whole[place + 4 :])
    with pytest.raises(TableError, match=r"a\.smlm: .*(damaged|cannot be read)"):
        read_table(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other.txt", "hello")
    with pytest.raises(TableError, match=r"holds no manifest\.json"):
        read_table(path)
