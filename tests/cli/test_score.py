"""``cellstorm score`` on files typed by hand or made of random numbers."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from cellstorm.cli import main
from cellstorm.localizations import (
    Localizations,
    Metadata,
    MovieFacts,
    read_table,
    write_table,
)

FIELD_PX, PIXEL_NM, FRAMES = 64, 100.0, 60


def make_truth(random: np.random.Generator) -> pl.DataFrame:
    """Molecules anywhere in the field, 12 a frame, as a simulation writes them."""
    count = 12 * FRAMES
    return pl.DataFrame(
        {
            "frame": np.repeat(np.arange(FRAMES, dtype=np.uint32), 12),
            "id": np.arange(count, dtype=np.uint64),
            "x_nm": random.uniform(0, FIELD_PX * PIXEL_NM, count),
            "y_nm": random.uniform(0, FIELD_PX * PIXEL_NM, count),
            "z_nm": np.zeros(count),
            "photons": random.gamma(2.0, 400.0, count),
            "background_photons": np.full(count, 20.0),
        }
    )


@pytest.fixture
def truth() -> pl.DataFrame:
    return make_truth(np.random.default_rng(1))


@pytest.fixture
def found(truth: pl.DataFrame) -> pl.DataFrame:
    """Three quarters of the truth, 20 nm off along each axis, 10 % more photons."""
    random = np.random.default_rng(2)
    kept = truth.filter(pl.Series(random.random(truth.height) < 0.75)).drop("z_nm", "id")
    return kept.with_columns(
        pl.col("x_nm") + random.normal(0, 20, kept.height),
        pl.col("y_nm") + random.normal(0, 20, kept.height),
        pl.col("photons") * 1.1,
    )


def save(found: pl.DataFrame, path: Path, **metadata: Any) -> Path:
    """A table of ours that knows its movie."""
    facts = MovieFacts(name="film.mp4", shape=(FRAMES, FIELD_PX, FIELD_PX))
    known: dict[str, Any] = {"pixel_size_nm": PIXEL_NM, "movie": facts, "frames": (0, FRAMES)}
    write_table(Localizations(found, Metadata(**(known | metadata))), path)
    return path


def run(*words: str | Path) -> int:
    with pytest.raises(SystemExit) as exit_:
        main(["score", *map(str, words)])
    assert isinstance(exit_.value.code, int)
    return exit_.value.code


def as_json(capsys: pytest.CaptureFixture[str], *words: str | Path) -> dict[str, Any]:
    assert run(*words, "--json") == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    return report


@pytest.fixture
def table(found: pl.DataFrame, tmp_path: Path) -> Path:
    return save(found, tmp_path / "film.locs.parquet")


@pytest.fixture
def truth_file(truth: pl.DataFrame, tmp_path: Path) -> Path:
    truth.write_parquet(tmp_path / "truth.parquet")
    return tmp_path / "truth.parquet"


def test_a_person_reads_figures_with_intervals_and_splits(
    table: Path, truth_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(table, truth_file) == 0
    printed = capsys.readouterr().out
    for words in ("recall", "95 % interval", "RMSE", "efficiency", "neighbours", "photons"):
        assert words in printed
    assert "axial" not in printed
    assert "nan" not in printed
    assert "Note:" not in printed


def test_a_program_reads_the_same_figures(
    table: Path,
    truth: pl.DataFrame,
    found: pl.DataFrame,
    truth_file: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = as_json(capsys, table, truth_file)
    figures = report["figures"]
    assert report["true_positives"] + report["false_negatives"] == truth.height
    assert figures["recall"]["value"] == pytest.approx(found.height / truth.height, abs=0.01)
    assert figures["rmse_nm"]["value"] == pytest.approx(20 * 2**0.5, rel=0.1)
    assert figures["photon_ratio"]["value"] == pytest.approx(1.1, rel=0.02)
    for name in ("recall", "rmse_nm", "efficiency", "photon_correlation"):
        assert figures[name]["low"] < figures[name]["value"] < figures[name]["high"]
    # without heights: null, not NaN
    assert figures["rmse_axial_nm"] == {"value": None, "low": None, "high": None}
    assert sum(row["true"] for row in report["by_photons"]) == truth.height
    assert sum(row["true"] for row in report["by_neighbours_500_nm"]) == truth.height
    assert report["nearest_truth_200_nm"]["true_events"] == truth.height
    assert report["options"]["frames"] == [0, FRAMES]
    assert report["notices"] == []


def test_a_simulations_truth_is_not_doubted(truth: pl.DataFrame, truth_file: Path) -> None:
    assert read_table(truth_file).metadata.notices == ()
    truth.drop("background_photons").write_parquet(truth_file)
    assert "says nothing of its origin" in read_table(truth_file).metadata.notices[0]


def test_the_truth_can_be_of_any_format(
    table: Path, truth: pl.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth.write_csv(tmp_path / "plain.csv")
    challenge = truth.select(
        pl.col("id").alias("Ground-truth"),
        pl.col("frame") + 1,
        pl.col("x_nm").alias("xnano"),
        pl.col("y_nm").alias("ynano"),
        pl.col("z_nm").alias("znano"),
        pl.col("photons").alias("intensity "),
    )
    challenge.write_csv(tmp_path / "activations.csv")
    challenge.write_csv(tmp_path / "bare.csv", include_header=False)
    write_table(Localizations(truth.drop("id")), tmp_path / "thunderstorm.csv")
    write_table(Localizations(truth), tmp_path / "native.parquet")
    recalls = {
        as_json(capsys, table, tmp_path / name)["figures"]["recall"]["value"]
        for name in ("plain.csv", "activations.csv", "bare.csv", "thunderstorm.csv")
    }
    recalls.add(as_json(capsys, table, tmp_path / "native.parquet")["figures"]["recall"]["value"])
    assert len(recalls) == 1


def test_only_what_was_localized_is_scored(
    found: pl.DataFrame, truth_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    half = (pl.col("x_nm") >= 3200) & (pl.col("frame") < 20)
    table = save(
        found.filter(half), tmp_path / "part.parquet", frames=(0, 20), region=(32, 64, 0, 64)
    )
    figures = as_json(capsys, table, truth_file)["figures"]
    assert figures["recall"]["value"] == pytest.approx(0.75, abs=0.08)
    assert figures["precision"]["value"] == pytest.approx(1.0)


def test_the_border_is_that_of_the_movie_or_as_given(
    table: Path,
    found: pl.DataFrame,
    truth: pl.DataFrame,
    truth_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    inside = truth.filter(pl.all_horizontal(pl.col("x_nm", "y_nm").is_between(450, 5950))).height
    report = as_json(capsys, table, truth_file, "--border-nm", "450")
    assert report["true_positives"] + report["false_negatives"] == inside
    assert report["options"]["field_nm"] == [6400.0, 6400.0]

    foreign = tmp_path / "foreign.csv"
    write_table(Localizations(found), foreign)
    assert run(foreign, truth_file, "--border-nm", "450") == 2
    assert "--field-nm W,H" in capsys.readouterr().err
    given = as_json(capsys, foreign, truth_file, "--border-nm", "450", "--field-nm", "6400,6400")
    assert given["true_positives"] == report["true_positives"]


def test_faint_molecules_and_frames_are_left_out_as_asked(
    table: Path, truth: pl.DataFrame, truth_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bright = truth.filter((pl.col("photons") >= 500) & pl.col("frame").is_between(10, 29)).height
    words = ("--faintest-photons", "500", "--frames", "10:30")
    strict = as_json(capsys, table, truth_file, *words)
    assert strict["true_positives"] + strict["false_negatives"] == bright
    ignored = as_json(capsys, table, truth_file, *words, "--faint", "ignored")
    assert ignored["figures"]["precision"]["value"] > strict["figures"]["precision"]["value"]
    quarter = as_json(capsys, table, truth_file, "--faintest-quantile", "0.25")
    assert quarter["true_positives"] + quarter["false_negatives"] == 0.75 * truth.height


def test_heights_are_scored_where_there_are_any(
    truth: pl.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(3)
    tall = truth.with_columns(z_nm=pl.Series(random.uniform(-400, 400, truth.height)))
    tall.write_parquet(tmp_path / "tall.parquet")
    table = save(tall.with_columns(pl.col("z_nm") + 30.0), tmp_path / "found.parquet")
    figures = as_json(capsys, table, tmp_path / "tall.parquet")["figures"]
    assert figures["rmse_axial_nm"]["value"] == pytest.approx(30.0, rel=1e-3)
    assert figures["efficiency_3d"]["value"] == pytest.approx(1 - 0.15 / 2, rel=1e-3)
    flat = as_json(capsys, table, tmp_path / "tall.parquet", "--in-plane")["figures"]
    assert flat["rmse_axial_nm"]["value"] is None
    assert run(table, tmp_path / "tall.parquet") == 0
    assert "efficiency, overall" in capsys.readouterr().out


def test_a_table_half_a_pixel_and_a_frame_off_is_told_so(
    found: pl.DataFrame, truth_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    off = found.with_columns(pl.col("frame") + 1, pl.col("x_nm", "y_nm") - 50.0)
    table = save(off, tmp_path / "off.parquet", frames=None)
    (notice,) = as_json(capsys, table, truth_file)["notices"]
    assert "-1 frame" in notice
    assert "half a pixel" in notice
    assert run(table, truth_file) == 0
    assert f"Note: {notice}" in capsys.readouterr().out


def test_a_table_of_the_first_frames_is_told_to_say_so(
    found: pl.DataFrame, truth_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = tmp_path / "first.csv"
    write_table(Localizations(found.filter(pl.col("frame") < 30)), foreign)
    report = as_json(capsys, foreign, truth_file)
    assert any("--frames 0:30" in notice for notice in report["notices"])
    assert as_json(capsys, foreign, truth_file, "--frames", "0:30")["notices"] == []


def test_a_merged_table_is_told_to_be_one(
    found: pl.DataFrame, truth_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    merged = save(found.with_columns(detections=pl.lit(3)), tmp_path / "merged.parquet")
    assert any("merged" in notice for notice in as_json(capsys, merged, truth_file)["notices"])


def test_another_movies_truth_is_told_to_be_one(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = make_truth(np.random.default_rng(9))
    other.write_parquet(tmp_path / "other.parquet")
    (notice,) = as_json(capsys, table, tmp_path / "other.parquet")["notices"]
    assert "do not seem to belong together" in notice
    other.filter(pl.col("frame") < 20).write_parquet(tmp_path / "short.parquet")
    notices = as_json(capsys, table, tmp_path / "short.parquet")["notices"]
    assert any("the truth ends at frame 19" in notice for notice in notices)


def test_files_given_the_wrong_way_round_are_told_so(
    table: Path,
    found: pl.DataFrame,
    truth_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert as_json(capsys, table, truth_file)["notices"] == []
    camera = save(found, tmp_path / "camera.parquet", camera={"gain_e_per_adu": 1.0})
    doubts = pl.lit(20.0, pl.Float32)
    doubtful = found.with_columns(uncertainty_x_nm=doubts, uncertainty_y_nm=doubts)
    for mine in (camera, save(doubtful, tmp_path / "doubtful.parquet")):
        assert as_json(capsys, mine, truth_file)["notices"] == []
        (notice,) = as_json(capsys, truth_file, mine)["notices"]
        assert "are they exchanged?" in notice


def test_the_figures_of_a_note_are_those_of_the_table_above_it(
    found: pl.DataFrame, truth_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    off = save(found.with_columns(pl.col("x_nm") + 60.0), tmp_path / "off.parquet")
    inside = pl.all_horizontal(pl.col("x_nm", "y_nm").is_between(1500, 4900))
    part = save(found.filter(inside).with_columns(pl.col("x_nm") + 60.0), tmp_path / "part.parquet")
    for table in (off, part):
        report = as_json(capsys, table, truth_file, "--border-nm", "1500")
        (notice,) = report["notices"]
        assert f"instead of {report['figures']['rmse_nm']['value']:.1f} nm" in notice
        # nothing more is found by it
        assert "recall" not in notice


def test_intervals_can_be_left_out_and_made_again(
    table: Path, truth_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    without = as_json(capsys, table, truth_file, "--bootstrap", "0")
    assert without["figures"]["recall"].keys() == {"value"}
    words = ("--bootstrap", "50", "--block-frames", "5", "--seed", "3")
    assert as_json(capsys, table, truth_file, *words) == as_json(capsys, table, truth_file, *words)


def test_nothing_found_is_a_score_too(
    found: pl.DataFrame, truth_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = save(found[:0], tmp_path / "empty.parquet")
    figures = as_json(capsys, empty, truth_file)["figures"]
    assert figures["recall"]["value"] == 0.0
    assert figures["precision"]["value"] is None
    assert run(empty, truth_file) == 0
    assert "nan" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--radius-nm", "-5"), "--radius-nm: input should be greater than 0"),
        (("--radius-nm", "nan"), "--radius-nm"),
        (("--faintest-quantile", "1.5"), "--faintest-quantile"),
        (("--field-nm", "wide"), "not a width and a height"),
        (("--border-nm", "4000"), "wider and higher than two borders"),
        (("--frames", "ten"), "--frames ten is not a range"),
        (("--frames", "30:10"), "frames must end after they begin"),
        (("--frames", "500:600"), "no molecule in frames 500 to 599; its own are 0 to 59"),
        (("--bootstrap", "1"), "--bootstrap"),
    ],
)
def test_options_that_make_no_sense_are_one_sentence(
    table: Path,
    truth_file: Path,
    words: tuple[str, str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(table, truth_file, *words) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_files_that_are_no_tables_are_one_sentence(
    table: Path, truth_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG")
    noise = tmp_path / "noise.parquet"
    noise.write_bytes(b"nothing like it")
    nameless = tmp_path / "nameless.parquet"
    pl.DataFrame({"frame": [0], "x": [1.0]}).write_parquet(nameless)
    for words, said in (
        ((tmp_path / "none.parquet", truth_file), "no such file"),
        ((table, picture), "tables do not end in '.png'"),
        ((table, noise), "not a whole Parquet file"),
        ((table, nameless), "x_nm, y_nm are missing"),
    ):
        assert run(*words) == 2
        printed = capsys.readouterr().err
        assert said in printed
        assert "Traceback" not in printed


def test_a_truth_without_light_cannot_be_asked_for_the_faint(
    table: Path, truth: pl.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth.drop("photons").write_parquet(tmp_path / "dark.parquet")
    assert run(table, tmp_path / "dark.parquet", "--faintest-photons", "10") == 2
    assert "no photons" in capsys.readouterr().err
    assert as_json(capsys, table, tmp_path / "dark.parquet")["by_photons"] == []
