"""A drift is found, told apart from nothing, and taken out."""

from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from cellstorm.errors import OutputError, TableError
from cellstorm.localizations import Localizations, Metadata, read_table, write_table
from cellstorm.refine.drift import (
    Aim,
    Dme,
    DriftCurve,
    DriftMethod,
    DriftRefusedError,
    Fiducials,
    RedundantCrossCorrelation,
    correct_drift,
    correct_table,
    draw_curve,
    find_drift,
    find_drift_of,
    molecules_of,
    read_curve,
    save_curve,
)


class Drifted(Protocol):
    """A table and the drift in it."""

    @property
    def table(self) -> Localizations: ...

    @property
    def path_nm(self) -> NDArray[np.float64]: ...


def left_nm(curve: DriftCurve, path_nm: NDArray[np.float64]) -> list[float]:
    """Root mean square of what is left of each axis."""
    axes = curve.axes()
    return [float(np.std(values - path_nm[:, k])) for k, (_, values) in enumerate(axes)]


def some_curve(frames: int = 50) -> DriftCurve:
    share = np.arange(frames) / frames
    return DriftCurve(
        frame=np.arange(3, 3 + frames),
        x_nm=30 * share,
        y_nm=-20 * share**2,
        uncertainty_x_nm=np.full(frames, 1.5),
        uncertainty_y_nm=1 + share,
        method="AIM",
    )


@pytest.mark.parametrize("method", [Aim(), Dme()])
@pytest.mark.parametrize("field", ["scattered", "lines"])
def test_slow_drift_and_a_jump_are_found_to_two_nanometres(
    field: str, method: DriftMethod, request: pytest.FixtureRequest
) -> None:
    drifted: Drifted = request.getfixturevalue(field)
    found = find_drift(drifted.table, method)
    assert max(left_nm(found.curve, drifted.path_nm)) < 2.0
    assert found.held_out.sharpening > 1.3


@pytest.mark.parametrize("method", [Aim(), Dme()])
def test_uncertainties_are_as_large_as_the_errors(scattered: Drifted, method: DriftMethod) -> None:
    curve = find_drift(scattered.table, method).curve
    for k, ((_, values), (_, errors)) in enumerate(
        zip(curve.axes(), curve.uncertainties(), strict=True)
    ):
        true = scattered.path_nm[:, k] - scattered.path_nm[:, k].mean()
        z = (values - true) / errors
        assert 0.3 < float(np.sqrt(np.mean(z**2))) < 2.0


@pytest.mark.parametrize("method", [Aim(), Dme()])
def test_a_jump_is_put_between_the_right_frames(scattered: Drifted, method: DriftMethod) -> None:
    curve = find_drift(scattered.table, method).curve
    steps = np.hypot(np.diff(curve.x_nm), np.diff(curve.y_nm))
    jump = round(0.6 * len(scattered.path_nm))
    assert abs(int(np.argmax(steps)) - (jump - 1)) <= 3
    assert steps.max() > 40


def test_cross_correlation_finds_it_too(scattered: Drifted) -> None:
    curve = find_drift(scattered.table, RedundantCrossCorrelation()).curve
    # straight lines between 20 blocks cut the corners of a jump of 50 nm
    assert max(left_nm(curve, scattered.path_nm)) < 8.0
    assert curve.z_nm is None


def test_beads_are_found_and_a_loose_one_is_left_out(beads: Drifted) -> None:
    curve = find_drift(beads.table, Fiducials()).curve
    assert curve.method == "3 fiducials"
    assert max(left_nm(curve, beads.path_nm)) < 2.0


def test_a_loose_bead_does_not_drag_the_molecules_along(beads: Drifted) -> None:
    curve = find_drift(beads.table, Aim()).curve
    assert max(left_nm(curve, beads.path_nm)) < 5.0


def test_without_beads_it_says_so(scattered: Drifted) -> None:
    with pytest.raises(DriftRefusedError, match="nothing is seen in 70 % of the frames"):
        find_drift(scattered.table, Fiducials())


@pytest.mark.parametrize("method", [Aim(), Dme(), RedundantCrossCorrelation()])
def test_no_drift_is_not_corrected(still: Drifted, method: DriftMethod) -> None:
    with pytest.raises(DriftRefusedError, match="no drift can be told from its uncertainty"):
        find_drift(still.table, method)


@pytest.mark.parametrize("method", [Aim(), Dme(), RedundantCrossCorrelation()])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_molecules_that_never_come_back_carry_no_drift(seed: int, method: DriftMethod) -> None:
    random = np.random.default_rng(seed)
    count = 20_000
    noise = pl.DataFrame(
        {
            "frame": np.sort(random.integers(0, 4_000, count)).astype(np.uint32),
            "x_nm": random.uniform(0, 8_000, count),
            "y_nm": random.uniform(0, 8_000, count),
        }
    )
    with pytest.raises(DriftRefusedError):
        find_drift(Localizations(noise), method)


def test_few_molecules_or_frames_are_refused_with_their_number(scattered: Drifted) -> None:
    data = scattered.table.data
    with pytest.raises(DriftRefusedError, match="57 localizations are too few"):
        find_drift(Localizations(data.head(57)))
    with pytest.raises(DriftRefusedError, match="15 frames are too few"):
        find_drift(Localizations(data.filter(pl.col("frame") < 15)))


def test_the_corrected_table_says_what_was_done(scattered: Drifted) -> None:
    corrected, found = correct_drift(scattered.table)
    assert corrected.metadata.history[-1].startswith("drift: corrected by AIM, frames 0 to 5999")
    assert corrected.columns == scattered.table.columns
    frame = corrected.column("frame")
    moved = scattered.table.column("x_nm") - corrected.column("x_nm")
    assert np.allclose(moved, found.curve.x_nm[frame])
    rose = scattered.table.column("z_nm") - corrected.column("z_nm")
    assert found.curve.z_nm is not None
    assert np.allclose(rose, found.curve.z_nm[frame], atol=1e-3)


def test_a_second_correction_finds_nothing_left(scattered: Drifted) -> None:
    corrected, _ = correct_drift(scattered.table)
    with pytest.raises(DriftRefusedError):
        correct_drift(corrected)


@pytest.mark.parametrize("method", [Aim(), Dme(), RedundantCrossCorrelation()])
def test_the_search_tells_how_far_it_is(lines: Drifted, method: DriftMethod) -> None:
    told: list[float] = []
    molecules = molecules_of(lines.table.data.lazy(), lines.table.metadata)
    find_drift_of(molecules, method, listener=told.append)
    assert told == sorted(told)
    assert told[0] < 0.1
    assert told[-1] == pytest.approx(1.0)


def test_the_order_of_rows_does_not_matter(lines: Drifted) -> None:
    shuffled = Localizations(
        lines.table.data.sample(fraction=1.0, shuffle=True, seed=3), lines.table.metadata
    )
    curve = find_drift(shuffled).curve
    assert max(left_nm(curve, lines.path_nm)) < 2.0


def test_a_field_far_from_the_origin_and_larger_than_the_grid_is_no_worse(
    scattered: Drifted,
) -> None:
    data = scattered.table.data
    far = data.with_columns(
        pl.col("x_nm") - 3e6, pl.col("y_nm") + 2e6 * (pl.col("frame") % 2).cast(pl.Float64)
    )
    curve = find_drift(Localizations(far, scattered.table.metadata)).curve
    assert max(left_nm(curve.without_z(), scattered.path_nm)) < 4.0


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_curve_comes_back_from_its_file(tmp_path: Path, suffix: str) -> None:
    curve = some_curve()
    save_curve(curve, tmp_path / f"a{suffix}")
    back = read_curve(tmp_path / f"a{suffix}")
    assert back.method == "AIM"
    assert np.array_equal(back.frame, curve.frame)
    for (_, one), (_, other) in zip(
        (*curve.axes(), *curve.uncertainties()), (*back.axes(), *back.uncertainties()), strict=True
    ):
        assert np.allclose(one, other, atol=1e-4)


def test_a_curve_has_a_picture(tmp_path: Path) -> None:
    draw_curve(some_curve(), tmp_path / "a.png", title="holiday")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_files_that_are_no_curves_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("frame,x_nm\n0,1\n")
    with pytest.raises(TableError, match="no drift curve: it has no y_nm"):
        read_curve(path)
    path.write_text("frame,x_nm,y_nm,uncertainty_x_nm,uncertainty_y_nm\n0,1,1,1,1\n2,1,1,1,1\n")
    with pytest.raises(TableError, match="consecutive"):
        read_curve(path)
    path.write_text("frame,x_nm,y_nm,uncertainty_x_nm,uncertainty_y_nm\n0,a,1,1,1\n")
    with pytest.raises(TableError, match="no number"):
        read_curve(path)
    with pytest.raises(OutputError, match="a drift curve is written as"):
        save_curve(some_curve(), tmp_path / "a.txt")


def test_frames_outside_the_curve_get_its_nearest_end() -> None:
    rows = pl.DataFrame({"frame": [0, 3, 52, 99], "x_nm": [0.0] * 4, "y_nm": [0.0] * 4})
    moved = some_curve().apply(Localizations(rows)).column("x_nm")
    assert moved == pytest.approx([0, 0, -29.4, -29.4])


def test_a_file_is_corrected_beside_itself(tmp_path: Path, lines: Drifted) -> None:
    source = tmp_path / "a.parquet"
    write_table(lines.table, source)
    before = source.read_bytes()
    done = correct_table(source, tmp_path / "b.parquet")
    assert source.read_bytes() == before
    assert done.rows == len(lines.table)
    corrected = read_table(tmp_path / "b.parquet")
    found = read_curve(tmp_path / "b.drift.csv")
    moved = lines.table.column("y_nm") - corrected.column("y_nm")
    assert np.allclose(moved, found.y_nm[corrected.column("frame")], atol=1e-3)
    assert (tmp_path / "b.drift.png").exists()
    with pytest.raises(OutputError, match="over the one it is made from"):
        correct_table(source, source)


def test_a_refusal_leaves_no_file(tmp_path: Path, still: Drifted) -> None:
    source = tmp_path / "a.parquet"
    write_table(still.table, source)
    with pytest.raises(DriftRefusedError, match=r"a\.parquet: no drift"):
        correct_table(source, tmp_path / "b.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]


def test_rows_without_a_position_are_left_out_and_counted(tmp_path: Path, lines: Drifted) -> None:
    source = tmp_path / "a.parquet"
    broken = lines.table.data.with_columns(
        pl.when(pl.col("frame") == 7).then(np.nan).otherwise(pl.col("x_nm")).alias("x_nm")
    )
    broken.write_parquet(source)
    done = correct_table(source, tmp_path / "b.parquet")
    assert done.rows == (lines.table.data["frame"] != 7).sum()
    assert any("rows without a finite frame" in notice for notice in done.notices)


def test_parameters_outside_their_range_are_refused() -> None:
    with pytest.raises(ValidationError):
        Aim(search_nm=float("inf"))
    with pytest.raises(ValidationError):
        Fiducials(seen_in=1.5)


def test_a_height_that_says_nothing_is_left_alone() -> None:
    rows = pl.DataFrame(
        {"frame": np.arange(300), "x_nm": np.zeros(300), "y_nm": np.zeros(300)}
    ).with_columns(z_nm=pl.lit(0.0))
    with pytest.raises(DriftRefusedError):
        find_drift(Localizations(rows, Metadata()))
