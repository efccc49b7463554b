"""Tables keep all digits in the file and few on the screen."""

import math

import pytest

from cellstorm.reproduce import FigureTable

TABLE = FigureTable(
    "Title",
    ("method", "events", "distance, nm", "p"),
    (("gan", 12345, 21.987654321, 1.5e-7), ("net", None, math.nan, 0.25)),
)


def test_the_file_has_all_digits_and_nothing_where_there_is_none() -> None:
    lines = TABLE.to_csv().splitlines()
    assert lines[0] == 'method,events,"distance, nm",p'
    assert lines[1] == "gan,12345,21.987654321,1.5e-07"
    assert lines[2] == "net,,,0.25"


def test_a_person_reads_few_digits() -> None:
    assert TABLE.texts() == [("gan", "12,345", "22.0", "1.5e-07"), ("net", "–", "–", "0.25")]
    assert TABLE.to_markdown().splitlines()[2] == "| gan | 12,345 | 22.0 | 1.5e-07 |"


def test_rows_must_fit_their_headings() -> None:
    with pytest.raises(ValueError, match="1 values under 2 headings"):
        FigureTable("Title", ("a", "b"), ((1,),))
