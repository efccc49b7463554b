import numpy as np
import polars as pl
import pytest

from cellstorm.errors import TableError
from cellstorm.localizations import COLUMNS, Localizations, Metadata


def three_molecules(**more: object) -> pl.DataFrame:
    return pl.DataFrame(
        {"frame": [0, 0, 7], "x_nm": [10.0, 20.0, 30.5], "y_nm": [1.0, 2.0, 3.0], **more}
    )


def test_columns_get_the_registry_s_types_and_order() -> None:
    table = Localizations(
        three_molecules(mine=["a", "b", "c"], photons=[1, 2, 3], id=[5, 6, 7]).select(
            "mine", "photons", "y_nm", "x_nm", "frame", "id"
        )
    )
    assert table.columns == ("id", "frame", "x_nm", "y_nm", "photons", "mine")
    for name in ("id", "frame", "x_nm", "y_nm", "photons"):
        assert table.data[name].dtype == COLUMNS[name].dtype
    assert table.data["mine"].to_list() == ["a", "b", "c"]
    assert len(table) == 3


def test_a_missing_required_column_is_named() -> None:
    with pytest.raises(TableError, match=r"y_nm is missing \(there are frame, x_nm\)"):
        Localizations(pl.DataFrame({"frame": [0], "x_nm": [1.0]}))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, None])
def test_positions_that_are_not_finite_are_counted_and_refused(bad: float | None) -> None:
    data = pl.DataFrame({"frame": [0, 1, 2], "x_nm": [1.0, bad, bad], "y_nm": [1.0, 2.0, 3.0]})
    with pytest.raises(TableError, match="2 of 3 rows") as caught:
        Localizations(data)
    assert caught.value.todo is not None
    assert "Remove" in caught.value.todo


def test_a_frame_between_two_frames_is_refused_and_a_whole_float_is_taken() -> None:
    data = pl.DataFrame({"frame": [2000.0, 2001.0], "x_nm": [1.0, 2.0], "y_nm": [1.0, 2.0]})
    assert Localizations(data).column("frame").tolist() == [2000, 2001]
    with pytest.raises(TableError, match="does not fit its type"):
        Localizations(data.with_columns(frame=pl.col("frame") + 0.5))
    with pytest.raises(TableError, match="does not fit its type"):
        Localizations(data.with_columns(frame=-pl.col("frame")))


def test_a_name_that_differs_by_case_only_is_refused() -> None:
    with pytest.raises(TableError, match="'Photons' can be mistaken for 'photons'"):
        Localizations(three_molecules(Photons=[1.0, 2.0, 3.0]))


def test_missing_values_of_other_columns_stay_missing() -> None:
    table = Localizations(three_molecules(uncertainty_nm=[5.0, None, float("nan")]))
    assert np.isnan(table.column("uncertainty_nm")[1:]).all()


def test_filter_and_select_leave_the_table_alone_and_write_history() -> None:
    table = Localizations(three_molecules(photons=[100.0, 200.0, 300.0]), Metadata(history=("a",)))
    bright = table.filter(pl.col("photons") > 150)
    assert (len(table), len(bright)) == (3, 2)
    assert table.metadata.history == ("a",)
    assert bright.metadata.history[0] == "a"
    assert "photons" in bright.metadata.history[1]
    assert "150" in bright.metadata.history[1]
    assert table.select("x_nm").columns == ("frame", "x_nm", "y_nm")
    with pytest.raises(TableError, match="no column z_nm"):
        table.select("z_nm")
    with pytest.raises(TableError, match="no column 'z_nm'"):
        table.column("z_nm")


def test_an_empty_table_is_a_table() -> None:
    table = Localizations(
        pl.DataFrame(schema={"frame": pl.UInt32, "x_nm": pl.Float64, "y_nm": pl.Float64})
    )
    assert len(table) == 0
