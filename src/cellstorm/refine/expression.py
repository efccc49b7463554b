"""Conditions in the words of SQL, with names and units checked before a row is read.

The data frame engine reads the text (``pl.sql_expr``); what it does not know is what a
column means. So names are looked up with a suggestion for those misspelt, a number may
carry its unit (``x_nm < 5 um``), and a length is never compared with photons.
"""

import difflib
import operator
import re

import polars as pl

from cellstorm.errors import ConfigurationError
from cellstorm.localizations import COLUMNS

__all__ = ["parse_condition", "unknown_column", "where_true"]

# unit as written: the registry's unit, and how many of those it is (None: pixels)
_UNITS: dict[str, tuple[str, float | None]] = {
    "nm": ("nm", 1.0),
    "um": ("nm", 1e3),
    "µm": ("nm", 1e3),
    "μm": ("nm", 1e3),
    "mm": ("nm", 1e6),
    "px": ("nm", None),
    "s": ("s", 1.0),
    "ms": ("s", 1e-3),
    "min": ("s", 60.0),
    "photon": ("photon", 1.0),
    "photons": ("photon", 1.0),
    "frame": ("frame", 1.0),
    "frames": ("frame", 1.0),
}
_NUMBER_WITH_UNIT = re.compile(
    r"(?<![\w.])(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*"
    rf"(?P<unit>{'|'.join(sorted(_UNITS, key=len, reverse=True))})(?![\w(])"
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_MARK = "__unit_"
_KEPT = "__kept_"
_COMPARISONS = (
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
    operator.eq,
    operator.ne,
)
_SAME_UNIT = (operator.add, operator.sub)
_LOGICAL = (operator.and_, operator.or_)
_EXAMPLE = "Write it as in SQL: uncertainty_nm < 30 and photons > 200."


def parse_condition(text: str, schema: pl.Schema, *, pixel_size_nm: float | None) -> pl.Expr:
    """A condition on rows.

    Parameters
    ----------
    text
        As after SQL's WHERE: comparisons, ``and``, ``or``, ``not``, ``between``, ``in``,
        ``is null``, arithmetic and functions. A number may have a unit behind it (nm, um,
        mm, px, s, ms, min, photons, frames) and is then turned into the column's.
    schema
        The table's columns and types.
    pixel_size_nm
        Pixel of the movie, for numbers in px; None where it is not known.

    Returns
    -------
    pl.Expr
        Boolean; null where a value that it needs is missing (see `where_true`).

    Raises
    ------
    ConfigurationError
        The text is no condition, names a column that the table does not have, or compares
        different units; the message says what is meant instead.
    """
    where = f"{text!r}"
    marked, plain = _units_apart(text, pixel_size_nm)
    units = {name: COLUMNS[name].unit for name in schema if name in COLUMNS}
    tree = _parsed(marked, where)
    names = [name for name in tree.meta.root_names() if not name.startswith(_MARK)]
    for name in names:
        if name not in schema:
            raise unknown_column(name, schema, where=where)
    _unit_of(tree, units, where)
    condition = _parsed(plain, where)
    none = pl.LazyFrame(schema=schema)
    try:
        # computed for no rows: types that cannot be compared show only then
        dtype = none.select(condition).collect().dtypes[0]
    except pl.exceptions.PolarsError as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise ConfigurationError(
            f"this cannot be computed ({reason}).", where=where, todo=_EXAMPLE
        ) from error
    if dtype != pl.Boolean:
        raise ConfigurationError(
            "this is a value, not a condition that a row fulfils or not.",
            where=where,
            todo=_EXAMPLE,
        )
    return condition


def where_true(rows: pl.LazyFrame, condition: pl.Expr) -> pl.LazyFrame:
    """The rows for which a condition holds, unchanged.

    NaN counts as missing in it, as null does: to the engine NaN is larger than every
    number, and a molecule without photons would be brighter than any limit.
    """
    schema = rows.collect_schema()
    used = sorted(
        {name for name in condition.meta.root_names() if schema[name] in (pl.Float32, pl.Float64)}
    )
    if not used:
        return rows.filter(condition)
    return (
        rows.with_columns(pl.col(used).name.prefix(_KEPT))
        .with_columns(pl.col(used).fill_nan(None))
        .filter(condition)
        .with_columns(pl.col(f"{_KEPT}{name}").alias(name) for name in used)
        .drop(f"{_KEPT}{name}" for name in used)
    )


def unknown_column(name: str, schema: pl.Schema, *, where: str) -> ConfigurationError:
    """Say which column is not there, and which one may be meant."""
    there = list(schema)
    stem = name.lower().removesuffix("_px").removesuffix("_um")
    near = [item for item in there if item.lower().startswith(stem)] if stem else []
    near += difflib.get_close_matches(name.lower(), there, n=3, cutoff=0.6)
    near = list(dict.fromkeys(near))[:3]
    what = f"the table has no column {name!r}."
    if near:
        told = " or ".join(
            f"{item} (in {COLUMNS[item].unit})" if item in COLUMNS and COLUMNS[item].unit else item
            for item in near
        )
        return ConfigurationError(what, where=where, todo=f"Did you mean {told}?")
    if name in COLUMNS:
        what = f"this table has no {name} ({COLUMNS[name].meaning})."
    return ConfigurationError(what, where=where, todo=f"There are {', '.join(there)}.")


def _parsed(text: str, where: str) -> pl.Expr:
    try:
        expression = pl.sql_expr(text)
    except pl.exceptions.PolarsError as error:
        raise ConfigurationError(
            f"this is no condition ({str(error).strip().splitlines()[0].rstrip('.')}).",
            where=where,
            todo=_EXAMPLE,
        ) from error
    bare = expression.meta.undo_aliases()
    if not bare.meta.eq(expression):
        name = expression.meta.output_name()
        raise ConfigurationError(
            f"the word {name!r} after the condition means nothing"
            f" (units are {', '.join(sorted(_UNITS))}).",
            where=where,
            todo=_EXAMPLE,
        )
    return expression


def _units_apart(text: str, pixel_size_nm: float | None) -> tuple[str, str]:
    """The text with units as marks that the check sees, and with plain numbers."""

    def split(number: str, unit: str) -> tuple[str, str]:
        base, factor = _UNITS[unit]
        if factor is None:
            if pixel_size_nm is None:
                raise ConfigurationError(
                    "the table does not say how large a pixel is.",
                    where=f"{text!r}",
                    todo="Give lengths in nm, or the pixel with --pixel-size-nm.",
                )
            factor = pixel_size_nm
        # with an exponent: without one the engine takes it for a decimal of fixed digits
        return f'("{_MARK}{base}")', f"{float(number) * factor:.16e}"

    marked, plain, position = [], [], 0
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    for match in _NUMBER_WITH_UNIT.finditer(text):
        if any(start <= match.start() < stop for start, stop in quoted):
            continue
        mark, value = split(match["number"], match["unit"])
        marked += [text[position : match.start()], mark]
        plain += [text[position : match.start()], value]
        position = match.end()
    return "".join([*marked, text[position:]]), "".join([*plain, text[position:]])


def _unit_of(node: pl.Expr, units: dict[str, str], where: str) -> str | None:
    """Unit of what a node gives; None where it has none or nobody knows.

    Raises `ConfigurationError` where two units meet that are not the same.
    """
    if node.meta.is_column():
        name = node.meta.output_name()
        return name.removeprefix(_MARK) if name.startswith(_MARK) else units.get(name)
    if node.meta.is_literal():
        return None
    parts = node.meta.pop()
    found = [_unit_of(part, units, where) for part in parts]
    if len(parts) != 2:
        return None
    right, left = parts
    compares = any(node.meta.eq(make(left, right)) for make in _COMPARISONS)
    if compares and any(_is_truth(part) for part in parts):
        raise ConfigurationError(
            "a comparison is compared with a number.",
            where=where,
            todo="Write each on its own: 2 < photons and photons < 5.",
        )
    if compares or any(node.meta.eq(make(left, right)) for make in _SAME_UNIT):
        first, second = found[1], found[0]
        if first is not None and second is not None and first != second:
            raise ConfigurationError(
                f"this compares {_told(left, first)} with {_told(right, second)}.",
                where=where,
                todo="Both sides need the same unit.",
            )
        return None if compares else (first or second)
    return None


def _is_truth(node: pl.Expr) -> bool:
    if node.meta.is_column() or node.meta.is_literal():
        return False
    parts = node.meta.pop()
    if len(parts) != 2:
        return False
    right, left = parts
    if any(node.meta.eq(make(left, right)) for make in _COMPARISONS):
        return True
    # the same sign joins conditions and bits: flags & 3
    joins = any(node.meta.eq(make(left, right)) for make in _LOGICAL)
    return joins and (_is_truth(left) or _is_truth(right))


def _told(node: pl.Expr, unit: str) -> str:
    shown = f"a number of {unit or 'no unit'}"
    if node.meta.is_column():
        name = node.meta.output_name()
        if not name.startswith(_MARK):
            shown = f"{name} (in {unit})" if unit else f"{name} (without unit)"
    return shown
