from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cellstorm.cli import main
from cellstorm.cli.refined_output import refined_output
from cellstorm.localizations import Localizations, Metadata, MovieFacts, read_table, write_table

FIELD_NM = 12_800.0
METADATA = Metadata(
    pixel_size_nm=100.0, movie=MovieFacts(name="holiday.mp4", shape=(100, 128, 128))
)


def rows(count: int = 400) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    return pl.DataFrame(
        {
            "frame": np.sort(rng.integers(0, 100, count)),
            "x_nm": rng.uniform(0, FIELD_NM, count),
            "y_nm": rng.uniform(0, FIELD_NM, count),
            "photons": rng.uniform(50, 1000, count),
            "sigma_nm": rng.uniform(110, 150, count),
            "uncertainty_nm": rng.uniform(5, 50, count),
        }
    )


def saved(path: Path, data: pl.DataFrame, metadata: Metadata = METADATA) -> Path:
    write_table(Localizations(data, metadata), path)
    return path


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    with pytest.raises(SystemExit) as exit_:
        main(list(words))
    printed = capsys.readouterr()
    assert exit_.value.code == code, printed.err
    return printed.err if code else printed.out


def test_filter_says_how_many_stay_and_what_went(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = saved(tmp_path / "holiday.locs.parquet", rows())
    printed = said(
        capsys,
        "filter",
        str(table),
        "uncertainty_nm < 30 and photons > 200",
        "--region-nm",
        "0:6400,0:12800",
        "--percentiles",
        "photons:0:90",
        "--percentiles",
        "sigma_nm:5:95",
    )
    good = read_table(tmp_path / "holiday.locs.filtered.parquet")
    assert f"holiday.locs.filtered.parquet: {len(good)} of 400 localizations" in printed
    went = [int(line.split()[0]) for line in printed.splitlines()[1:]]
    assert len(went) == 4
    assert sum(went) == 400 - len(good)
    assert said(capsys, "filter", str(tmp_path / "holiday.locs.filtered.parquet"), "--undo") == (
        f"{table}: the table before the last step, 400 rows\n"
    )


def test_link_says_what_became_of_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = rows(200)
    again = data.with_columns(frame=pl.col("frame") + 1, x_nm=pl.col("x_nm") + 3)
    table = saved(tmp_path / "holiday.locs.parquet", pl.concat([data, again]))
    printed = said(capsys, "link", str(table), "--dark-frames", "0")
    linked = read_table(tmp_path / "holiday.locs.linked.parquet")
    assert f"{len(linked)} molecules from 400 localizations, " in printed
    assert "dark for up to 0 frames" in printed
    assert "scatter" in printed
    assert len(linked) == pytest.approx(200, abs=10)


def test_a_name_is_never_that_of_the_table_itself() -> None:
    assert refined_output(Path("a.locs.csv"), "linked").name == "a.locs.linked.parquet"
    once = refined_output(Path("a.parquet"), "filtered")
    twice = refined_output(once, "filtered")
    assert (once.name, twice.name) == ("a.filtered.parquet", "a.filtered2.parquet")
    assert refined_output(twice, "filtered").name == "a.filtered3.parquet"


def in_pixels(data: pl.DataFrame) -> pl.DataFrame:
    return data.with_columns(pl.col("x_nm", "y_nm") / 100)


BAD = {
    "empty": (rows().clear(), METADATA, "the table is empty"),
    "pixels": (in_pixels(rows()), METADATA, r"are x_nm and y_nm in pixels (of 100 nm)"),
    "pixels, field unknown": (
        in_pixels(rows()),
        Metadata(),
        "less than one spot is wide",
    ),
    "micrometres": (rows().with_columns(pl.col("x_nm", "y_nm") / 1e3), METADATA, "micrometres?"),
    "huge": (
        rows().with_columns(x_nm=pl.col("x_nm") * 1e12),
        METADATA,
        "are they in another unit",
    ),
    "too large": (
        rows().with_columns(pl.col("x_nm", "y_nm") * 1e3),
        METADATA,
        "the movie is only 1.28e+04 x 1.28e+04 nm",
    ),
    "widths in pixels": (
        rows().with_columns(sigma_nm=pl.col("sigma_nm") / 100),
        METADATA,
        "nm in the middle: is it in pixels or micrometres?",
    ),
    "uncertainties in micrometres": (
        rows().with_columns(uncertainty_nm=pl.col("uncertainty_nm") / 1e3),
        METADATA,
        "uncertainty_nm is 0.02",
    ),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("verb", [["filter", "frame >= 0"], ["link"]])
def test_a_table_that_cannot_be_right_is_one_question_and_nothing_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, verb: list[str]
) -> None:
    data, metadata, message = BAD[kind]
    table = saved(tmp_path / "a.parquet", data, metadata)
    printed = said(capsys, verb[0], str(table), *verb[1:], code=2)
    assert printed.startswith(f"Error: {table}: ")
    assert message in printed
    assert len(printed.splitlines()) <= 2
    assert [item.name for item in tmp_path.iterdir()] == ["a.parquet"]


def test_units_that_are_right_all_the_same_can_be_vouched_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = saved(tmp_path / "a.parquet", in_pixels(rows()))
    assert "a.filtered.parquet" in said(
        capsys, "filter", str(table), "photons > 200", "--trust-units"
    )
    assert "a.linked.parquet" in said(capsys, "link", str(table), "--trust-units")


def test_a_small_part_of_a_table_is_not_taken_for_pixels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(2)
    cluster = rows().with_columns(
        x_nm=pl.Series(rng.normal(6400, 20, 400)), y_nm=pl.Series(rng.normal(6400, 20, 400))
    )
    table = saved(tmp_path / "a.parquet", pl.concat([rows(), cluster]).sort("frame"))
    part = tmp_path / "part.parquet"
    said(capsys, "filter", str(table), "--region-nm", "6300:6500,6300:6500", "-o", str(part))
    assert "molecules from" in said(capsys, "link", str(part))


@pytest.mark.parametrize("verb", [["filter", "frame >= 0"], ["link"]])
def test_broken_files_are_one_sentence_and_nothing_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: list[str]
) -> None:
    whole = saved(tmp_path / "whole.parquet", rows()).read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "whole.parquet").unlink()
    # the footer is whole and the rows are not
    (tmp_path / "rotten.parquet").write_bytes(
        whole[:4] + bytes(len(whole) // 3) + whole[4 + len(whole) // 3 :]
    )
    rows().drop("x_nm").write_parquet(tmp_path / "missing.parquet")
    messages = {
        "cut": "not a whole Parquet file",
        "rotten": "cannot be read",
        "missing": "x_nm is missing",
        "none": "no such file",
    }
    before = sorted(item.name for item in tmp_path.iterdir())
    for name, message in messages.items():
        table = tmp_path / f"{name}.parquet"
        printed = said(capsys, verb[0], str(table), *verb[1:], code=2)
        assert message in printed
        assert len(printed.splitlines()) <= 2
    assert sorted(item.name for item in tmp_path.iterdir()) == before


def test_link_says_how_to_take_rows_without_a_position_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "a.parquet"
    data = rows().with_columns(
        x_nm=pl.when(pl.col("frame") < 3).then(float("nan")).otherwise(pl.col("x_nm"))
    )
    data.write_parquet(table)
    printed = said(capsys, "link", str(table), code=2)
    assert 'cellstorm filter a.parquet "frame is not null"' in printed
    said(capsys, "filter", str(table), "frame is not null")
    assert "molecules from" in said(capsys, "link", str(tmp_path / "a.filtered.parquet"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "nothing to filter by"),
        (["--region-nm", "1:2"], "--region-nm: '1:2' cannot be understood"),
        (["--region-nm", "5:1,0:9"], "--region-nm: the region is empty"),
        (["--density", "50"], "Write it as RADIUS:NEIGHBOURS"),
        (["--density", "-5:3"], "--density: radius_nm: input should be greater than 0"),
        (["--percentiles", "photons:90:10"], "low (90 %) must be under high (10 %)"),
        (["--polygon-nm", "1,2 3,4"], "--polygon-nm: corners_nm"),
        (["--duplicates-nm", "nan"], "--duplicates-nm: radius_nm"),
    ],
)
def test_options_that_mean_nothing_are_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    table = saved(tmp_path / "a.parquet", rows())
    assert message in said(capsys, "filter", str(table), *words, code=2)
    assert [item.name for item in tmp_path.iterdir()] == ["a.parquet"]
