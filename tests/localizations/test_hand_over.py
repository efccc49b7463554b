import json
import sys

import polars as pl
import pyarrow as pa
import pytest

from cellstorm.errors import CellstormError
from cellstorm.localizations import Localizations, Metadata


@pytest.fixture
def table() -> Localizations:
    return Localizations(
        pl.DataFrame(
            {
                "frame": [0, 7],
                "x_nm": [50.0, 60.5],
                "y_nm": [70.0, 80.5],
                "photons": [100.0, None],
                "uncertainty_nm": [6.25, 12.5],
                "mine": ["a", "b"],
            }
        ),
        Metadata(pixel_size_nm=100.0, software="cellstorm", history=("made by hand",)),
    )


def test_pandas_has_the_rows_and_the_metadata(table: Localizations) -> None:
    frame = table.to_pandas()
    assert list(frame.columns) == list(table.columns)
    assert frame["x_nm"].tolist() == [50.0, 60.5]
    assert str(frame["frame"].dtype) == "uint32"
    assert frame["photons"].isna().tolist() == [False, True]
    assert frame.attrs["cellstorm"]["pixel_size_nm"] == 100


def test_arrow_has_the_rows_and_the_metadata(table: Localizations) -> None:
    arrow = table.to_arrow()
    assert arrow["y_nm"].to_pylist() == [70.0, 80.5]
    assert json.loads(arrow.schema.metadata[b"cellstorm"])["history"] == ["made by hand"]
    from_arrow = pl.from_arrow(arrow)
    assert isinstance(from_arrow, pl.DataFrame)
    assert from_arrow.equals(table.data)


def test_libraries_of_arrow_s_stream_take_the_table_as_it_is(table: Localizations) -> None:
    assert pa.table(table)["x_nm"].to_pylist() == [50.0, 60.5]
    assert pl.DataFrame(table).equals(table.data)


def test_locan_has_its_own_names_and_nanometres(table: Localizations) -> None:
    pytest.importorskip("locan")
    data = table.to_locan()
    assert data.data["position_x"].tolist() == [50.0, 60.5]
    assert {"frame", "position_y", "intensity", "uncertainty", "mine"} <= set(data.data.columns)
    assert {item.unit for item in data.meta.localization_properties} == {"nm"}


@pytest.mark.parametrize(
    ("package", "method"),
    [("pandas", "to_pandas"), ("pyarrow", "to_arrow"), ("locan", "to_locan")],
)
def test_a_library_that_is_not_there_is_named(
    table: Localizations, monkeypatch: pytest.MonkeyPatch, package: str, method: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(CellstormError, match=f"Python package {package}") as caught:
        getattr(table, method)()
    assert caught.value.todo == f"Install it: pip install {package}"
