from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from cellstorm.errors import ConfigurationError, OutputError, TableError
from cellstorm.localizations import Localizations, Metadata, MovieFacts, read_table, write_table
from cellstorm.refine import (
    Condition,
    Density,
    Duplicates,
    FilterStep,
    Percentiles,
    Polygon,
    Region,
    filter_localizations,
    filter_table,
    undo_table,
)

FIELD_NM = 12_800.0


def molecules(count: int = 1000, seed: int = 1) -> Localizations:
    """Molecules all over a movie of 128 x 128 px of 100 nm."""
    rng = np.random.default_rng(seed)
    return Localizations(
        pl.DataFrame(
            {
                "frame": np.sort(rng.integers(0, 200, count)),
                "x_nm": rng.uniform(0, FIELD_NM, count),
                "y_nm": rng.uniform(0, FIELD_NM, count),
                "photons": rng.uniform(50, 1000, count),
                "sigma_nm": rng.uniform(110, 150, count),
                "uncertainty_nm": rng.uniform(5, 50, count),
                "flags": rng.integers(0, 4, count),
            }
        ),
        Metadata(
            pixel_size_nm=100.0,
            movie=MovieFacts(name="holiday.mp4", shape=(200, 128, 128), frame_rate_hz=20.0),
            history=("localized from holiday.mp4",),
        ),
    )


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "holiday.locs.parquet"
    write_table(molecules(), path)
    return path


def files(folder: Path) -> list[str]:
    return sorted(item.name for item in folder.iterdir())


@pytest.mark.parametrize(
    ("expression", "same"),
    [
        (
            "uncertainty_nm < 30 and photons > 200",
            (pl.col("uncertainty_nm") < 30) & (pl.col("photons") > 200),
        ),
        ("x_nm between 3 um and 5 um", pl.col("x_nm").is_between(3000, 5000)),
        ("x_nm < 20 px", pl.col("x_nm") < 2000),
        (
            "flags & 1 = 0 or frame in (3, 4)",
            pl.col("flags").is_in([0, 2]) | pl.col("frame").is_in([3, 4]),
        ),
        ("abs(x_nm - 6400) <= 2e3", (pl.col("x_nm") - 6400).abs() <= 2000),
        (
            "photons > 2 * avg(photons) - 300",
            pl.col("photons") > 2 * pl.col("photons").mean() - 300,
        ),
    ],
)
def test_an_expression_keeps_the_rows_that_it_says(expression: str, same: pl.Expr) -> None:
    there = molecules()
    kept = filter_localizations(there, expression)
    assert kept.data.equals(there.data.filter(same))
    assert 0 < len(kept) < len(there)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("uncertainty < 30", r"no column 'uncertainty'\.\nDid you mean uncertainty_nm \(in nm\)\?"),
        ("fotons > 200", r"no column 'fotons'\.\nDid you mean photons \(in photon\)\?"),
        ("chi2 < 2", r"this table has no chi2 .*\nThere are frame, x_nm"),
        ("x_nm < photons", r"compares x_nm \(in nm\) with photons \(in photon\)"),
        ("photons > 30 nm", "compares photons .* with a number of nm"),
        ("x_nm + frame < 3", "compares x_nm .* with frame"),
        ("photons + 1", "a value, not a condition"),
        ("2 < photons < 5", "Write each on its own"),
        ("photons > 3 bananas", "the word 'bananas' after the condition means nothing"),
        ("photons > 'abc'", "cannot be computed .*string"),
        ("photons >", r"no condition .*\nWrite it as in SQL"),
        ("photons > 3; drop table a", "no condition"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence_with_what_may_be(
    table: Path, expression: str, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        filter_table(table, table.with_name("out.parquet"), [expression])
    assert files(table.parent) == ["holiday.locs.parquet"]


def test_lengths_in_pixels_need_the_pixel_size() -> None:
    there = Localizations(molecules().data)
    with pytest.raises(ConfigurationError, match="does not say how large a pixel is"):
        filter_localizations(there, "x_nm < 20 px")


def test_missing_values_fulfil_no_comparison_and_the_others_are_not_touched() -> None:
    there = Localizations(
        pl.DataFrame(
            {
                "frame": [0, 1, 2, 3],
                "x_nm": [1.0, 2.0, 3.0, 4.0],
                "y_nm": [1.0, 2.0, 3.0, 4.0],
                "photons": [float("nan"), 500.0, None, float("nan")],
                "uncertainty_nm": [9.0, 9.0, 9.0, 90.0],
            }
        )
    )
    bright = filter_localizations(there, "photons > 200")
    assert bright.column("frame").tolist() == [1]
    either = filter_localizations(there, "photons > 200 or uncertainty_nm < 10")
    assert either.column("frame").tolist() == [0, 1, 2]
    # NaN is NaN still, and null is null
    assert np.isnan(either.data["photons"][0]) and either.data["photons"][2] is None


def test_percentiles_keep_their_share_and_take_missing_values_out() -> None:
    data = molecules(2000).data.with_columns(
        photons=pl.when(pl.col("frame") < 20).then(float("nan")).otherwise(pl.col("photons"))
    )
    kept = filter_localizations(Localizations(data), Percentiles(column="photons", low=10, high=95))
    valid = data.filter(pl.col("photons").is_not_nan())
    assert len(kept) == pytest.approx(0.85 * len(valid), abs=2)
    assert kept.data["photons"].is_nan().sum() == 0
    with pytest.raises(ConfigurationError, match="Did you mean photons"):
        filter_localizations(Localizations(data), Percentiles(column="photon", low=10))


def test_regions_and_polygons_agree_with_geometry() -> None:
    there = molecules(5000)
    x, y = there.column("x_nm"), there.column("y_nm")
    region = filter_localizations(there, Region(x0_nm=1e3, x1_nm=5e3, y1_nm=4e3))
    assert len(region) == np.count_nonzero((x >= 1e3) & (x < 5e3) & (y < 4e3))
    square = Polygon(corners_nm=((1e3, -1.0), (5e3, -1.0), (5e3, 4e3), (1e3, 4e3)))
    assert filter_localizations(there, square).data.equals(region.data)
    # a concave one: the square without the triangle that points into it from the left
    notch = Polygon(corners_nm=((0, 0), (8e3, 0), (8e3, 8e3), (0, 8e3), (4e3, 4e3)))
    inside = (x < 8e3) & (y < 8e3) & ~((x < y) & (x < 8e3 - y))
    assert len(filter_localizations(there, notch)) == np.count_nonzero(inside)


def test_density_counts_neighbours_as_all_pairs_do() -> None:
    there = molecules(1500)
    places = np.column_stack([there.column("x_nm"), there.column("y_nm")])
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    others = np.count_nonzero(apart <= 400.0, axis=1) - 1
    kept = filter_localizations(there, Density(radius_nm=400, least=4, most=6))
    expected = there.data.filter(pl.Series((others >= 4) & (others <= 6)))
    assert kept.data.equals(expected)
    assert 0 < len(kept) < len(there)


@pytest.mark.parametrize("shuffled", [False, True])
def test_of_a_molecule_found_twice_in_a_frame_the_best_stays(shuffled: bool) -> None:
    once = molecules(500, seed=2).data.with_columns(uncertainty_nm=pl.lit(10.0))
    again = once.head(200).with_columns(
        x_nm=pl.col("x_nm") + 15.0, y_nm=pl.col("y_nm") - 10.0, uncertainty_nm=pl.lit(20.0)
    )
    other_frame = once.head(200).with_columns(frame=pl.col("frame") + 1000)
    both = pl.concat([once, again, other_frame])
    both = both.sample(fraction=1.0, shuffle=True, seed=3) if shuffled else both.sort("frame")
    kept = filter_localizations(Localizations(both), Duplicates(radius_nm=20))
    assert kept.data.filter(pl.col("uncertainty_nm") > 15).is_empty()
    assert len(kept) == 700
    # rows stay in their order
    assert kept.data["x_nm"].to_list() == [
        value
        for value, bad in zip(both["x_nm"], both["uncertainty_nm"] > 15, strict=True)
        if not bad
    ]


def test_a_chain_of_duplicates_keeps_its_ends() -> None:
    chain = pl.DataFrame(
        {
            "frame": [5] * 3,
            "x_nm": [0.0, 15.0, 30.0],
            "y_nm": [0.0] * 3,
            "photons": [300.0, 200.0, 250.0],
        }
    )
    kept = filter_localizations(Localizations(chain), Duplicates(radius_nm=20))
    assert kept.column("x_nm").tolist() == [0.0, 30.0]


def test_the_file_holds_what_the_memory_does_and_says_how_it_was_made(table: Path) -> None:
    steps: list[FilterStep | str] = [
        "photons > 300",
        Percentiles(column="uncertainty_nm", high=90),
        Density(radius_nm=600, least=2),
    ]
    output = table.with_name("good.parquet")
    before = table.read_bytes()
    done = filter_table(table, output, steps)
    good = read_table(output)
    assert good.data.equals(filter_localizations(molecules(), *steps).data)
    assert table.read_bytes() == before
    assert (done.before, done.after) == (1000, len(good))
    assert [step.after for step in done.steps][-1] == len(good)
    assert good.metadata.history[0] == "localized from holiday.mp4"
    entry = good.metadata.history[-1]
    assert entry.startswith("filter: photons > 300; uncertainty_nm from ")
    assert "holiday.locs.parquet" in entry
    assert good.metadata.pixel_size_nm == 100.0


def test_a_filter_can_be_undone_while_its_source_is_there(table: Path) -> None:
    filter_table(table, table.with_name("good.parquet"), ["photons > 300"])
    found, rows, _ = undo_table(table.with_name("good.parquet"))
    assert (found, rows) == (table, 1000)
    assert files(table.parent) == ["good.parquet", "holiday.locs.parquet"]


def test_a_filter_can_be_undone_though_the_table_before_is_gone(table: Path) -> None:
    bright, good = table.with_name("bright.parquet"), table.with_name("good.parquet")
    filter_table(table, bright, ["photons > 300", Density(radius_nm=900, least=2)])
    was = read_table(bright)
    filter_table(bright, good, ["uncertainty_nm < 20"])
    bright.unlink()
    found, rows, _ = undo_table(good)
    assert (found, rows) == (bright, len(was))
    assert read_table(bright).data.equals(was.data)
    assert read_table(bright).metadata == was.metadata


def test_a_source_that_was_changed_is_not_taken_for_the_one_before(table: Path) -> None:
    good = table.with_name("good.parquet")
    filter_table(table, good, ["photons > 300"])
    write_table(molecules(seed=9), table)
    with pytest.raises(TableError, match="gone or was changed"):
        undo_table(good)
    with pytest.raises(TableError, match=r"cannot be undone|can be undone \(it is: localized"):
        undo_table(table)


def test_the_source_is_never_written_over(table: Path) -> None:
    before = table.read_bytes()
    for output in (table, table.parent / "." / table.name):
        with pytest.raises(OutputError, match="written over the one it is made from"):
            filter_table(table, output, ["photons > 300"])
    (table.parent / "link.parquet").symlink_to(table)
    with pytest.raises(OutputError, match="written over"):
        filter_table(table, table.parent / "link.parquet", ["photons > 300"])
    assert table.read_bytes() == before


def test_nothing_left_says_where_the_values_lie(table: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"no row is left of 1000 .*\nuncertainty_nm lies between 5.* nm"
    ):
        filter_table(table, table.with_name("out.parquet"), ["uncertainty_nm < 0.03"])
    assert files(table.parent) == ["holiday.locs.parquet"]


def test_rows_without_a_position_go_and_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "holes.parquet"
    x_nm = molecules().data["x_nm"].to_numpy().copy()
    x_nm[:7] = np.nan
    x_nm[7] = np.inf
    molecules().data.with_columns(x_nm=pl.Series(x_nm)).write_parquet(path)
    done = filter_table(path, tmp_path / "out.parquet", ["frame >= 0"])
    assert (done.before, done.after) == (1000, 992)
    assert "finite" in done.steps[0].text
    assert len(read_table(tmp_path / "out.parquet")) == 992


def test_other_formats_come_and_go(table: Path) -> None:
    csv = table.with_name("holiday.csv")
    write_table(read_table(table), csv)
    done = filter_table(csv, table.with_name("good.csv"), ["photons > 300"])
    assert len(read_table(done.output)) == done.after
    assert any("no place" in notice for notice in done.notices)


@pytest.mark.parametrize(
    "step",
    [
        lambda: Region(x0_nm=5, x1_nm=1),
        lambda: Percentiles(column="photons", low=90, high=10),
        lambda: Density(radius_nm=float("inf")),
        lambda: Duplicates(radius_nm=0),
        lambda: Polygon(corners_nm=((0, 0), (1, 1))),
        lambda: Polygon(corners_nm=((0, 0), (1, 1), (float("nan"), 3))),
        lambda: Condition(expression=""),
    ],
)
def test_senseless_steps_are_refused(step: object) -> None:
    assert callable(step)
    with pytest.raises(ValidationError):
        step()
