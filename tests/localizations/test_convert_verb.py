from pathlib import Path

import pytest

from cellstorm.cli.convert import convert
from cellstorm.localizations import read_table


def test_convert_says_how_many_and_what_was_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "a.csv"
    source.write_text("frame,x [nm],y [nm],mine\n1,50,60,7\n2,70,80,8\n")
    convert(source, tmp_path / "a.hdf5", pixel_size_nm=100)
    printed = capsys.readouterr().out
    assert "a.hdf5: 2 localizations from a.csv" in printed
    assert "Note: Picasso's file has no place for: mine" in printed
    assert read_table(tmp_path / "a.hdf5").data["x_nm"].to_list() == pytest.approx([50.0, 70.0])


def test_what_thunderstorm_has_no_place_for_is_one_note(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "a.csv"
    source.write_text("frame,x [nm],y [nm],mine\n1,50,60,7\n")
    convert(source, tmp_path / "b.csv")
    notes = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Note: ")]
    assert len(notes) == 1
    assert "metadata (camera, movie, settings), mine" in notes[0]
