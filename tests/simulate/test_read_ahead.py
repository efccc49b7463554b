"""Items made early by a thread: in order, with the maker's errors, and without leftovers."""

import contextlib
import threading
from collections.abc import Iterator

import pytest

from cellstorm.simulate.read_ahead import read_ahead


def _names() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def test_everything_comes_in_order() -> None:
    assert list(read_ahead(range(100))) == list(range(100))
    assert "read-ahead" not in _names()


def test_an_error_of_the_maker_comes_where_its_item_would_have() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("no third")

    seen = []
    with pytest.raises(ValueError, match="no third"):
        for item in read_ahead(items()):
            seen.append(item)
    assert seen == [1, 2]


def test_leaving_early_stops_the_maker() -> None:
    made = []

    def items() -> Iterator[int]:
        for number in range(10_000):
            made.append(number)
            yield number

    with contextlib.closing(read_ahead(items(), ahead=2)) as ahead:
        assert next(ahead) == 0
    assert "read-ahead" not in _names()
    assert len(made) < 10
