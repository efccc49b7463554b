from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cellstorm.errors import OutputError, TableError
from cellstorm.localizations import Localizations, Metadata, MovieFacts, read_table, write_table
from cellstorm.refine import (
    Linking,
    estimate_dark_frames,
    link_localizations,
    link_table,
    undo_table,
)
from cellstorm.refine.association import Association
from cellstorm.refine.frame_blocks import frame_ranges, read_block

FIELD_NM = 25_600.0
METADATA = Metadata(
    pixel_size_nm=100.0,
    movie=MovieFacts(name="holiday.mp4", shape=(2000, 256, 256), frame_rate_hz=20.0),
)


def blinking(
    molecules: int = 3000, frames: int = 2000, missed: float = 0.0, seed: int = 1
) -> tuple[Localizations, np.ndarray]:
    """Sparse molecules, each on once, and where they truly are (row: column ``truth``)."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(200, FIELD_NM - 200, (molecules, 2))
    on = rng.geometric(0.3, molecules)
    of = np.repeat(np.arange(molecules), on)
    frame = rng.integers(0, frames - 100, molecules)[of]
    frame = frame + np.concatenate([np.arange(count) for count in on])
    uncertainty = rng.uniform(8, 25, of.size)
    position = places[of] + uncertainty[:, None] * rng.normal(size=(of.size, 2))
    data = pl.DataFrame(
        {
            "frame": frame,
            "x_nm": position[:, 0],
            "y_nm": position[:, 1],
            "photons": rng.uniform(200, 900, of.size),
            "background_photons": rng.uniform(5, 9, of.size),
            "sigma_nm": rng.uniform(120, 140, of.size),
            "uncertainty_nm": uncertainty,
            "flags": rng.choice([0, 2], of.size),
            "truth": of,
        }
    )
    kept = data.filter(pl.Series(rng.random(of.size) >= missed)).sort("frame")
    return Localizations(kept, METADATA), places


def few(**columns: list[float]) -> Localizations:
    return Localizations(pl.DataFrame(columns))


def test_a_molecule_that_stays_on_becomes_one_row() -> None:
    there, _ = blinking()
    linked, summary = link_localizations(there, Linking(radius_sigmas=4, dark_frames=0))
    expected = there.data.group_by("truth").agg(
        pl.len().alias("detections"), pl.col("photons").sum(), pl.col("frame").min()
    )
    assert summary.molecules == len(linked)
    # exp(-4**2 / 2) of the pairs lie farther apart, and some molecules cross by chance
    assert len(linked) == pytest.approx(len(expected), rel=0.01)
    both = linked.data.join(expected, on="truth", suffix="_true").filter(
        pl.col("detections") == pl.col("detections_true")
    )
    assert len(both) > 0.98 * len(expected)
    assert (both["frame"] == both["frame_true"]).all()
    assert both["photons"].to_numpy() == pytest.approx(both["photons_true"].to_numpy(), rel=1e-5)
    assert linked.data["frame"].is_sorted()


def test_the_errors_of_merged_positions_are_what_their_uncertainties_say() -> None:
    there, places = blinking(8000, frames=6000, seed=2)
    linked, summary = link_localizations(there, Linking(radius_sigmas=4, dark_frames=0))
    long_on = linked.data.filter(pl.col("detections") >= 3)
    error = long_on["x_nm"].to_numpy() - places[long_on["truth"].to_numpy(), 0]
    z = error / long_on["uncertainty_nm"].to_numpy()
    # a standard deviation from about 2700 molecules is known to 1.4 %; the median leaves
    # the few aside that hold two
    assert np.median(np.abs(z)) * 1.4826 == pytest.approx(1.0, abs=0.05)
    assert summary.scatter == pytest.approx(1.0, abs=0.03)


def test_scatter_tells_uncertainties_that_are_too_small() -> None:
    there, _ = blinking(seed=3)
    small = there.data.with_columns(uncertainty_nm=pl.col("uncertainty_nm") / 2)
    _, summary = link_localizations(Localizations(small), Linking(radius_sigmas=10, dark_frames=0))
    assert summary.scatter == pytest.approx(2.0, abs=0.06)


def test_columns_become_what_is_documented() -> None:
    three = few(
        frame=[7, 8, 10],
        x_nm=[100.0, 110.0, 130.0],
        y_nm=[50.0, 50.0, 50.0],
        photons=[300.0, 200.0, 500.0],
        background_photons=[4.0, 6.0, float("nan")],
        uncertainty_nm=[10.0, 10.0, 20.0],
        uncertainty_photons=[3.0, 4.0, 12.0],
        probability=[0.5, 0.9, 0.7],
        flags=[1, 0, 4],
        mine=[5.0, 6.0, 7.0],
    )
    linked, summary = link_localizations(
        three.with_data(three.data), Linking(radius_nm=40, dark_frames=1)
    )
    row = linked.data.row(0, named=True)
    assert len(linked) == 1
    # weights 1/100, 1/100, 1/400
    assert row["x_nm"] == pytest.approx((100 + 110 + 130 / 4) / 2.25)
    assert row["uncertainty_nm"] == pytest.approx(10 / np.sqrt(2.25), rel=1e-6)
    assert row["photons"] == 1000
    assert row["background_photons"] == 5
    assert row["uncertainty_photons"] == 13
    assert row["probability"] == pytest.approx(0.9)
    assert (row["frame"], row["on_frames"], row["detections"]) == (7, 4, 3)
    assert (row["flags"], row["mine"]) == (5, 5.0)
    assert "on_s" not in linked.columns
    assert summary.mean_on_frames == 4


def test_the_time_on_is_known_where_the_frame_rate_is() -> None:
    there, _ = blinking(200)
    linked, _ = link_localizations(there, Linking(dark_frames=0))
    assert linked.column("on_s") == pytest.approx(linked.column("on_frames") / 20.0)


def test_dark_frames_bridge_as_many_as_allowed() -> None:
    gap_of_two = few(frame=[0, 3], x_nm=[10.0, 11.0], y_nm=[5.0, 5.0])
    for allowed, rows in ((0, 2), (1, 2), (2, 1)):
        linked, _ = link_localizations(gap_of_two, Linking(radius_nm=5, dark_frames=allowed))
        assert len(linked) == rows


def test_the_radius_follows_the_uncertainty_and_a_fixed_one_does_not() -> None:
    pairs = few(
        frame=[0, 1, 0, 1],
        x_nm=[0.0, 30.0, 1000.0, 1030.0],
        y_nm=[0.0, 0.0, 0.0, 0.0],
        uncertainty_nm=[5.0, 5.0, 10.0, 10.0],
    )
    # 3 * sqrt(2) * 5 = 21 nm and 42 nm
    linked, _ = link_localizations(pairs, Linking(dark_frames=0))
    assert sorted(linked.column("detections")) == [1, 1, 2]
    for radius, rows in ((29.9, 4), (30.0, 2)):
        linked, _ = link_localizations(pairs, Linking(radius_nm=radius, dark_frames=0))
        assert len(linked) == rows


def test_the_nearest_are_joined_first() -> None:
    crossing = few(
        frame=[0, 0, 1, 1],
        x_nm=[0.0, 20.0, 18.0, 38.0],
        y_nm=[0.0, 0.0, 0.0, 0.0],
    )
    linked, _ = link_localizations(crossing, Linking(radius_nm=25, dark_frames=0))
    # 20 goes on at 18, and 0 and 38 have nobody left within 25 nm
    assert sorted(linked.column("detections")) == [1, 1, 2]
    assert 19.0 in linked.column("x_nm")


def test_joining_equals_a_plain_search_over_all_pairs() -> None:
    rng = np.random.default_rng(4)
    data = pl.DataFrame(
        {
            "frame": rng.integers(0, 40, 1500),
            "x_nm": rng.uniform(0, 2000, 1500),
            "y_nm": rng.uniform(0, 2000, 1500),
            "uncertainty_nm": rng.uniform(5, 25, 1500),
        }
    ).sort("frame", "x_nm")
    found = Association(Linking(), 2)(data)
    assert found.tolist() == plain_numbers(data, 3.0, 2)


def plain_numbers(data: pl.DataFrame, sigmas: float, dark: int) -> list[int]:
    """The slow twin of the kernel."""
    rows = data.rows(named=True)
    numbers: list[int] = []
    last: dict[int, dict[str, float]] = {}
    for frame in sorted({row["frame"] for row in rows}):
        here = [index for index, row in enumerate(rows) if row["frame"] == frame]
        pairs = []
        for index in here:
            for number, old in last.items():
                row = rows[index]
                if row["frame"] - old["frame"] - 1 > dark:
                    continue
                apart2 = (row["x_nm"] - old["x_nm"]) ** 2 + (row["y_nm"] - old["y_nm"]) ** 2
                reach2 = sigmas**2 * (row["uncertainty_nm"] ** 2 + old["uncertainty_nm"] ** 2)
                if apart2 <= reach2:
                    pairs.append((apart2 / reach2, index, number))
        joined: dict[int, int] = {}
        for _, index, number in sorted(pairs):
            if index not in joined and number not in joined.values():
                joined[index] = number
        for index in here:
            number = joined.get(index, len(set(numbers)))
            numbers.append(number)
            last[number] = rows[index]
    return numbers


def test_blocks_make_no_difference() -> None:
    there, _ = blinking(missed=0.1)
    # one bead is on all the time, through every block
    bead = pl.DataFrame({"frame": range(2000)}, schema={"frame": pl.UInt32}).with_columns(
        x_nm=pl.lit(100.0), y_nm=pl.lit(100.0), uncertainty_nm=pl.lit(5.0, pl.Float32)
    )
    data = pl.concat([there.data, bead], how="diagonal").sort("frame", "x_nm")
    whole = Association(Linking(), 1)(data)
    cut = Association(Linking(), 1)
    ranges = frame_ranges(data.lazy(), rows_per_block=700)
    assert len(ranges) > 10
    parts = [cut(read_block(data.lazy(), frames)) for frames in ranges]
    assert np.concatenate(parts).tolist() == whole.tolist()


def test_the_file_holds_what_the_memory_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, _ = blinking(missed=0.1)
    bead = pl.DataFrame({"frame": range(2000)}, schema={"frame": pl.UInt32}).with_columns(
        x_nm=pl.lit(100.0), y_nm=pl.lit(100.0), uncertainty_nm=pl.lit(5.0, pl.Float32)
    )
    data = pl.concat([there.data, bead], how="diagonal").sample(fraction=1, shuffle=True, seed=1)
    there = there.with_data(data)
    in_memory, summary = link_localizations(there)
    write_table(there, tmp_path / "a.parquet")
    monkeypatch.setattr(
        "cellstorm.refine.linking.frame_ranges", lambda rows: frame_ranges(rows, 1000)
    )
    done = link_table(tmp_path / "a.parquet", tmp_path / "b.parquet")
    linked = read_table(tmp_path / "b.parquet")
    assert done.summary.molecules == summary.molecules == len(linked)
    assert linked.data["id"].to_list() == list(range(len(linked)))
    assert linked.data["frame"].is_sorted()
    assert linked.data.select(pl.exclude("id")).sort("frame", "x_nm").equals(
        in_memory.data.select(pl.exclude("id")).sort("frame", "x_nm")
    ) or np.allclose(linked.column("x_nm"), in_memory.column("x_nm"), rtol=1e-12)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["a.parquet", "b.parquet"]
    found, rows, _ = undo_table(tmp_path / "b.parquet")
    assert (found.name, rows) == ("a.parquet", len(there))


def test_dark_frames_are_estimated_from_the_gaps() -> None:
    never_missed, _ = blinking(6000, frames=4000, seed=5)
    # at 3 standard errors 1.1 % would miss their place and make gaps of their own
    wide = Linking(radius_sigmas=5)
    assert estimate_dark_frames(never_missed.data.lazy(), wide).dark_frames == 0
    often_missed, _ = blinking(6000, frames=4000, missed=0.2, seed=5)
    found = estimate_dark_frames(often_missed.data.lazy())
    # on for another frame with 0.7 and missed in it with 0.2: each dark frame more is 0.14
    # times as frequent, which makes 12 %, 1.7 % and 0.24 % of the pairs
    assert 2 <= found.dark_frames <= 4
    assert found.pairs[1] / found.pairs[:4].sum() == pytest.approx(0.12, abs=0.01)


def test_too_few_pairs_allow_one_dark_frame_and_say_so() -> None:
    there, _ = blinking(20)
    found = estimate_dark_frames(there.data.lazy())
    assert (found.dark_frames, found.enough) == (1, False)
    assert "too few" in found.text


def test_one_molecule_is_linked_to_itself(tmp_path: Path) -> None:
    write_table(few(frame=[3], x_nm=[10.0], y_nm=[5.0], uncertainty_nm=[4.0]), tmp_path / "a.csv")
    done = link_table(tmp_path / "a.csv", tmp_path / "b.csv")
    assert done.summary.molecules == 1
    assert len(read_table(tmp_path / "b.csv")) == 1


def test_molecules_without_a_usable_uncertainty_stay_alone() -> None:
    there = few(
        frame=[0, 1, 2],
        x_nm=[10.0, 10.0, 10.0],
        y_nm=[5.0, 5.0, 5.0],
        uncertainty_nm=[float("nan"), 0.0, 5.0],
    )
    linked, _ = link_localizations(there, Linking(dark_frames=5))
    assert len(linked) == 3
    assert linked.data["uncertainty_nm"].null_count() == 2
    assert linked.column("x_nm").tolist() == [10.0, 10.0, 10.0]


def test_tables_that_cannot_be_linked_are_refused_in_one_sentence(tmp_path: Path) -> None:
    bare = few(frame=[0, 1], x_nm=[1.0, 2.0], y_nm=[1.0, 2.0])
    with pytest.raises(TableError, match="no uncertainties"):
        link_localizations(bare)
    linked, _ = link_localizations(bare, Linking(radius_nm=5))
    with pytest.raises(TableError, match="merged over frames already"):
        link_localizations(linked, Linking(radius_nm=5))
    with pytest.raises(TableError, match="the table is empty"):
        link_localizations(bare.with_data(bare.data.clear()), Linking(radius_nm=5))
    write_table(bare, tmp_path / "a.parquet")
    with pytest.raises(OutputError, match="written over"):
        link_table(tmp_path / "a.parquet", tmp_path / "a.parquet", Linking(radius_nm=5))
    with pytest.raises(TableError, match=r"a\.parquet: the table has no uncertainties"):
        link_table(tmp_path / "a.parquet", tmp_path / "b.parquet")
    assert [item.name for item in tmp_path.iterdir()] == ["a.parquet"]
