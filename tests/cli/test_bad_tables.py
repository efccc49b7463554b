"""Tables that are damaged, empty or in the wrong units, given to every verb that takes one."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cellstorm.cli import main
from cellstorm.localizations import Localizations, Metadata, write_table

ROWS = 600
Rows = Callable[[pl.DataFrame], pl.DataFrame]
Run = Callable[[str, Path], tuple[int, str, str]]


def rows() -> pl.DataFrame:
    random = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "frame": np.sort(random.integers(0, 100, ROWS)).astype(np.uint32),
            "x_nm": random.uniform(0, 6_000, ROWS),
            "y_nm": random.uniform(0, 6_000, ROWS),
            "photons": random.exponential(900, ROWS).astype(np.float32),
            "sigma_nm": np.full(ROWS, 130, np.float32),
            "uncertainty_nm": np.full(ROWS, 12, np.float32),
        }
    )


def scaled(factor: float) -> Rows:
    lengths = pl.col("x_nm", "y_nm", "sigma_nm", "uncertainty_nm")
    return lambda data: data.with_columns(lengths * factor)


VERBS: dict[str, list[str]] = {
    "filter": ["filter", "TABLE", "photons > 100", "--output", "OUT.parquet"],
    "link": ["link", "TABLE", "--output", "OUT.parquet"],
    "drift": ["drift", "TABLE", "--output", "OUT.parquet"],
    "render": ["render", "TABLE", "--output", "OUT.png"],
    "convert": ["convert", "TABLE", "OUT.csv"],
    "score": ["score", "TABLE", "GOOD"],
    "score, the truth": ["score", "GOOD", "TABLE"],
    "info": ["info", "TABLE"],
}
DAMAGED: dict[str, tuple[Rows, str]] = {
    "a column is missing": (lambda data: data.drop("x_nm"), "x_nm is missing"),
    "frames are text": (
        lambda data: data.with_columns(frame=pl.lit("a")),
        'frame holds values that are no whole numbers from 0 on: "a"',
    ),
    "frames have decimals": (
        lambda data: data.with_columns(frame=pl.col("frame") + 0.5),
        "frame holds values that are no whole numbers from 0 on.",
    ),
    "frames are negative": (
        lambda data: data.with_columns(frame=pl.lit(-7)),
        "frame holds values that are no whole numbers from 0 on: -7",
    ),
}
QUESTIONS: dict[str, tuple[Rows, str]] = {
    "pixels": (scaled(0.01), "is it in pixels or micrometres?"),
    "micrometres": (scaled(0.001), "is it in pixels or micrometres?"),
    "far away": (
        lambda data: data.with_columns(pl.col("x_nm") * 1e12),
        "are they in another unit, or are some rows no molecules?",
    ),
    "one row far away": (
        lambda data: data.with_columns(
            x_nm=pl.when(pl.int_range(pl.len()) == 7).then(1e15).otherwise("x_nm")
        ),
        "are they in another unit, or are some rows no molecules?",
    ),
}


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a verb on a table; exit code, what was printed, and the errors."""
    write_table(Localizations(rows()), tmp_path / "good.parquet")
    (tmp_path / "out").mkdir()

    def run(verb: str, table: Path) -> tuple[int, str, str]:
        names = {"TABLE": str(table), "GOOD": str(tmp_path / "good.parquet")}
        words = [
            str(tmp_path / "out" / word) if word.startswith("OUT.") else names.get(word, word)
            for word in VERBS[verb]
        ]
        with pytest.raises(SystemExit) as ended:
            main(words)
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return run


def refused(run: Run, verb: str, table: Path, message: str) -> None:
    code, _, told = run(verb, table)
    assert code == 2
    assert told.startswith("Error: ")
    assert message in told
    assert len(told.splitlines()) <= 2
    assert list((table.parent / "out").iterdir()) == []


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("kind", DAMAGED)
def test_rows_that_are_none_are_one_sentence_and_nothing_is_written(
    tmp_path: Path, run: Run, verb: str, kind: str
) -> None:
    change, message = DAMAGED[kind]
    change(rows()).write_parquet(tmp_path / "bad.parquet")
    refused(run, verb, tmp_path / "bad.parquet", message)


@pytest.mark.parametrize("verb", VERBS)
def test_files_that_are_no_tables_are_one_sentence(tmp_path: Path, run: Run, verb: str) -> None:
    whole = (tmp_path / "good.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "nothing.parquet").touch()
    (tmp_path / "foreign.csv").write_text("a,b,c\n1,2,3\n")
    for name, message in {
        "cut.parquet": "not a whole Parquet file",
        "nothing.parquet": "not a whole Parquet file",
        "foreign.csv": "its first line has no column 'frame'",
    }.items():
        refused(run, verb, tmp_path / name, message)


@pytest.mark.parametrize("verb", ["filter", "link", "drift", "render"])
@pytest.mark.parametrize("kind", QUESTIONS)
def test_wrong_units_are_a_question_and_nothing_is_written(
    tmp_path: Path, run: Run, verb: str, kind: str
) -> None:
    change, message = QUESTIONS[kind]
    change(rows()).write_parquet(tmp_path / "bad.parquet")
    refused(run, verb, tmp_path / "bad.parquet", message)


@pytest.mark.parametrize("verb", ["convert", "info"])
@pytest.mark.parametrize("kind", QUESTIONS)
def test_what_only_copies_or_tells_asks_in_a_note(
    tmp_path: Path, run: Run, verb: str, kind: str
) -> None:
    change, message = QUESTIONS[kind]
    change(rows()).write_parquet(tmp_path / "bad.parquet")
    code, told, _ = run(verb, tmp_path / "bad.parquet")
    assert code == 0
    assert message in " ".join(told.split())


@pytest.mark.parametrize("verb", ["link", "render", "convert", "score", "score, the truth"])
def test_rows_without_a_position_are_counted_and_how_to_take_them_out_is_told(
    tmp_path: Path, run: Run, verb: str
) -> None:
    nowhere = pl.when(pl.col("frame") < 5).then(np.nan).otherwise(pl.col("x_nm"))
    rows().with_columns(x_nm=nowhere).write_parquet(tmp_path / "bad.parquet")
    bad = (rows()["frame"] < 5).sum()
    message = (
        f"{bad} of {ROWS} rows have no finite frame, x_nm and y_nm.\n"
        'Remove these rows first: cellstorm filter bad.parquet "frame is not null".'
    )
    refused(run, verb, tmp_path / "bad.parquet", message)


@pytest.mark.parametrize("verb", ["filter", "drift"])
def test_a_table_without_any_position_is_refused(tmp_path: Path, run: Run, verb: str) -> None:
    rows().with_columns(x_nm=pl.lit(np.nan)).write_parquet(tmp_path / "bad.parquet")
    refused(run, verb, tmp_path / "bad.parquet", "no row has a finite frame, x_nm and y_nm")


@pytest.mark.parametrize(
    ("verb", "message"),
    [
        ("filter", "the table is empty: there is nothing to filter"),
        ("link", "the table is empty: there is nothing to link"),
        ("drift", "the table is empty: there is nothing to correct"),
        ("render", "the table is empty and does not say how large its movie was"),
        ("score, the truth", "there is no molecule in it"),
    ],
)
def test_an_empty_table_is_refused_where_nothing_can_come_of_it(
    tmp_path: Path, run: Run, verb: str, message: str
) -> None:
    write_table(Localizations(rows().clear()), tmp_path / "bad.parquet")
    refused(run, verb, tmp_path / "bad.parquet", message)


@pytest.mark.parametrize("verb", ["convert", "score", "info"])
def test_an_empty_table_is_a_table(tmp_path: Path, run: Run, verb: str) -> None:
    write_table(Localizations(rows().clear(), Metadata()), tmp_path / "empty.parquet")
    assert run(verb, tmp_path / "empty.parquet")[0] == 0


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "drift"])
def test_one_molecule_is_enough(tmp_path: Path, run: Run, verb: str) -> None:
    write_table(
        Localizations(rows().filter(pl.col("photons") > 100).head(1)), tmp_path / "1.parquet"
    )
    assert run(verb, tmp_path / "1.parquet")[0] == 0


def test_one_molecule_shows_no_drift(tmp_path: Path, run: Run) -> None:
    write_table(Localizations(rows().head(1)), tmp_path / "1.parquet")
    refused(run, "drift", tmp_path / "1.parquet", "1 localizations are too few to see a drift in")
