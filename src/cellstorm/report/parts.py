"""What a report is made of: numbers with units, drawings, sentences, warnings."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from cellstorm.errors import CellstormError

__all__ = [
    "Concern",
    "Drawing",
    "Number",
    "Section",
    "Untold",
    "as_sentence",
    "as_text",
    "error_text",
    "length",
    "told_or_why",
    "untold_number",
]

T = TypeVar("T")


@dataclass(frozen=True)
class Untold:
    """A figure that cannot be told.

    Attributes
    ----------
    why
        One sentence.
    todo
        What would help; may be empty.
    """

    why: str
    todo: str = ""


@dataclass(frozen=True)
class Number:
    """A figure for a person.

    Attributes
    ----------
    name
        What it is.
    value
        As text; empty with ``untold``.
    unit
        Never empty where there is a value.
    meaning
        A few words for those who do not know the name.
    error
        Standard error in the same unit; empty where there is none.
    untold
        Why there is no value.
    """

    name: str
    value: str
    unit: str
    meaning: str = ""
    error: str = ""
    untold: str = ""

    def __post_init__(self) -> None:
        if self.value and not self.unit:
            raise ValueError(f"the figure {self.name!r} needs a unit")


@dataclass(frozen=True)
class Drawing:
    """A drawing or picture with its caption.

    Attributes
    ----------
    title, caption
        Over and under it.
    alt
        What it shows, for those who cannot see it.
    svg
        The drawing as SVG text; its colours are the page's own.
    units
        Of its axes, each not empty.
    """

    title: str
    caption: str
    alt: str
    svg: str
    units: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A question and what the table answers.

    Attributes
    ----------
    name
        Of the anchor, one word.
    question
        The heading.
    readings
        Sentences that answer it.
    numbers, drawings
        What these are taken from.
    """

    name: str
    question: str
    readings: tuple[str, ...]
    numbers: tuple[Number, ...]
    drawings: tuple[Drawing, ...] = ()


@dataclass(frozen=True)
class Concern:
    """Something to look at.

    Attributes
    ----------
    level
        ``"warning"``: the picture may mislead; ``"note"``: good to know.
    title
        A few words.
    text
        What was seen.
    todo
        What to do about it; may be empty in a note.
    """

    level: Literal["warning", "note"]
    title: str
    text: str
    todo: str = ""


def told_or_why(measure: Callable[[], T]) -> T | Untold:
    """The result, or why there is none."""
    try:
        return measure()
    except CellstormError as error:
        return Untold(as_sentence(error.what), error.todo or "")
    except MemoryError:
        return Untold("There is not enough memory for it on this computer.")
    except np.linalg.LinAlgError:
        return Untold("The numbers of this table do not determine it.")


def as_sentence(text: str) -> str:
    """With a capital letter and a full stop."""
    text = text.strip().replace(" +- ", " ± ")
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return text if text[-1] in ".?!" else f"{text}."


def as_text(value: float, digits: int = 3) -> str:
    """A number with so many digits that mean something, thousands set apart."""
    if not math.isfinite(value):
        return "unknown"
    if value == 0:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    if places <= 0:
        # 1,234 has four digits, but nobody reads 1,230 as rounded
        return f"{value:,.0f}"
    if places > 7:
        return f"{value:.{digits - 1}e}"
    return f"{round(value, places):,.{places}f}"


def error_text(value: float) -> str:
    """A standard error; empty where there is none."""
    return as_text(value, 2) if math.isfinite(value) else ""


def length(name: str, value_nm: float, meaning: str, error_nm: float = math.nan) -> Number:
    """A length with its standard error."""
    if not math.isfinite(value_nm):
        return Number(name, "", "", meaning, untold="The curve does not tell it.")
    return Number(name, as_text(value_nm), "nm", meaning, error_text(error_nm))


def untold_number(name: str, why: Untold) -> Number:
    """A figure that cannot be told, with the reason and what would help."""
    return Number(name, "", "", untold=" ".join(filter(None, (why.why, why.todo))))
