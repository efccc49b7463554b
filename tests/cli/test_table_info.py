import json
from pathlib import Path

import polars as pl
import pytest

from cellstorm.cli import main
from cellstorm.localizations import Localizations, Metadata, MovieFacts, write_table


def table() -> Localizations:
    return Localizations(
        pl.DataFrame(
            {
                "frame": [3, 41],
                "x_nm": [50.5, 1250.0],
                "y_nm": [75.0, 150.0],
                "photons": [1000.5, None],
                "mine": ["a", "b"],
            }
        ),
        Metadata(
            pixel_size_nm=100.0,
            software="cellstorm",
            movie=MovieFacts(name="holiday.mp4"),
            history=("made by hand",),
            notices=("take care",),
        ),
    )


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as exit_:
        main(["info", *words])
    printed = capsys.readouterr()
    assert isinstance(exit_.value.code, int)
    return exit_.value.code, printed.out, printed.err


def test_info_says_what_a_table_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_table(table(), tmp_path / "a.parquet")
    code, out, _ = run(capsys, str(tmp_path / "a.parquet"))
    assert code == 0
    said = " ".join(out.split())
    for part in (
        "format Parquet, native",
        "movie holiday.mp4",
        "localizations 2",
        "frames 3 to 41, counted from 0",
        "x 50.5 to 1250 nm, y 75 to 150 nm",
        "pixel size 100 nm",
        "history 1 step",
        "photons 1000 to 1000 photon, missing in 1 rows",
        "Note: take care",
    ):
        assert part in said


def test_info_is_json_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_table(table(), tmp_path / "a.smlm")
    _, out, _ = run(capsys, str(tmp_path / "a.smlm"), "--json")
    facts = json.loads(out)
    assert facts["format"] == "SMLM (ShareLoc)"
    assert facts["molecules"] == 2
    assert facts["columns"][1] == {
        "name": "x_nm",
        "unit": "nm",
        "lowest": 50.5,
        "highest": 1250.0,
        "missing": 0,
    }


def test_info_of_an_empty_table_and_of_a_broken_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_table(Localizations(table().data.clear()), tmp_path / "a.parquet")
    code, out, _ = run(capsys, str(tmp_path / "a.parquet"))
    assert code == 0
    assert "localizations 0" in " ".join(out.split())
    (tmp_path / "b.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:200])
    code, _, error = run(capsys, str(tmp_path / "b.parquet"))
    assert code == 2
    assert "b.parquet: this is not a whole Parquet file" in error
