"""The one table: molecules as rows, columns from the registry, metadata beside them."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cellstorm.errors import TableError
from cellstorm.localizations.columns import COLUMNS, REQUIRED_COLUMNS
from cellstorm.localizations.metadata import Metadata

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["Localizations", "count_bad_positions", "refuse_bad_positions", "with_registry_types"]


@dataclass(frozen=True, eq=False)
class Localizations:
    """A table of localizations with its metadata.

    Columns of the registry are cast to their types and come first, in its order;
    other columns are kept as they are.

    Attributes
    ----------
    data
        One row a localization; at least ``frame``, ``x_nm`` and ``y_nm``.
    metadata
        Where the table came from and what was done to it.

    Raises
    ------
    TableError
        A required column is missing, a column cannot be turned into its type without
        loss, a name clashes with the registry, or a position is missing or infinite.
    """

    data: pl.DataFrame
    metadata: Metadata = field(default_factory=Metadata)

    def __post_init__(self) -> None:
        data = with_registry_types(self.data.lazy())
        try:
            checked = data.collect()
        except pl.exceptions.PolarsError as error:
            raise TableError(
                f"a column does not fit its type in the registry ({_first_line(error)})."
            ) from error
        bad = count_bad_positions(checked.lazy())
        refuse_bad_positions(bad, len(checked), where=None)
        object.__setattr__(self, "data", checked)

    def __len__(self) -> int:
        return len(self.data)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns there are."""
        return tuple(self.data.columns)

    def column(self, name: str) -> NDArray[Any]:
        """One column as a NumPy array; missing values of float columns become NaN.

        Raises
        ------
        TableError
            There is no such column.
        """
        if name not in self.data.columns:
            raise TableError(
                f"the table has no column {name!r} (it has {', '.join(self.data.columns)})."
            )
        values: NDArray[Any] = self.data[name].to_numpy()
        return values

    def filter(self, *predicates: pl.Expr) -> Self:
        """The rows for which all ``predicates`` hold; the history says which."""
        steps = [f"filter: {predicate}" for predicate in predicates]
        return self.with_data(self.data.filter(*predicates), *steps)

    def select(self, *names: str) -> Self:
        """The named columns and the required ones."""
        wanted = [name for name in self.data.columns if name in names or name in REQUIRED_COLUMNS]
        unknown = sorted(set(names) - set(self.data.columns))
        if unknown:
            raise TableError(
                f"the table has no column {', '.join(unknown)}"
                f" (it has {', '.join(self.data.columns)})."
            )
        return self.with_data(self.data.select(wanted), f"select: {', '.join(wanted)}")

    def with_data(self, data: pl.DataFrame, *steps: str) -> Self:
        """Other rows, the same metadata with ``steps`` added to its history."""
        return replace(self, data=data, metadata=self.metadata.with_step(*steps))

    def to_pandas(self) -> "pd.DataFrame":
        """The rows as a pandas frame, the metadata in its ``attrs``; see `hand_over`."""
        from cellstorm.localizations.hand_over import to_pandas

        return to_pandas(self)

    def to_arrow(self) -> "pa.Table":
        """The rows as an Arrow table, the metadata in its schema; see `hand_over`."""
        from cellstorm.localizations.hand_over import to_arrow

        return to_arrow(self)

    def to_locan(self) -> Any:
        """The rows as locan's ``LocData``, where locan is installed; see `hand_over`."""
        from cellstorm.localizations.hand_over import to_locan

        return to_locan(self)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows for any library that takes Arrow's C stream, without pyarrow."""
        return self.data.__arrow_c_stream__(requested_schema)


def with_registry_types(data: pl.LazyFrame, *, where: Path | None = None) -> pl.LazyFrame:
    """Cast the registry's columns to their types and put them first, in its order.

    Parameters
    ----------
    data
        Any columns; nothing but the schema is looked at.
    where
        The file, for messages.

    Raises
    ------
    TableError
        A required column is missing, or a name differs from the registry's by case only.
    """
    schema = data.collect_schema()
    missing = [name for name in REQUIRED_COLUMNS if name not in schema]
    if missing:
        raise TableError(
            f"a table needs the columns {', '.join(REQUIRED_COLUMNS)};"
            f" {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
            f" (there are {', '.join(schema) or 'none'}).",
            where=where,
        )
    clashing = [name for name in schema if name not in COLUMNS and name.lower() in COLUMNS]
    if clashing:
        raise TableError(
            f"the column {clashing[0]!r} can be mistaken for {clashing[0].lower()!r}.",
            where=where,
            todo="Rename it first.",
        )
    known = [_cast(column.name, schema) for column in COLUMNS.values() if column.name in schema]
    others = [pl.col(name) for name in schema if name not in COLUMNS]
    return data.select(*known, *others)


def count_bad_positions(data: pl.LazyFrame) -> int:
    """Rows whose ``frame``, ``x_nm`` or ``y_nm`` is missing, NaN or infinite."""
    sound = (
        pl.col("x_nm").is_finite().fill_null(value=False)
        & pl.col("y_nm").is_finite().fill_null(value=False)
        & pl.col("frame").is_not_null()
    )
    return int(data.select((~sound).sum()).collect(engine="streaming").item())


def refuse_bad_positions(bad: int, rows: int, *, where: Path | None) -> None:
    """Raise `TableError` when ``bad`` of ``rows`` rows have no usable position."""
    if bad:
        raise TableError(
            f"{bad} of {rows} rows have no finite frame, x_nm and y_nm.",
            where=where,
            todo="Remove these rows first: "
            + (
                "data.filter(pl.all_horizontal(pl.col('x_nm', 'y_nm').is_finite()))."
                if where is None
                else f'cellstorm filter {where.name} "frame is not null".'
            ),
        )


def _cast(name: str, schema: pl.Schema) -> pl.Expr:
    wanted, given = COLUMNS[name].dtype, schema[name]
    expression = pl.col(name)
    if given == wanted:
        return expression
    if wanted.is_integer() and given.is_float():
        # a strict cast cuts decimals off without a word; 2001.0 is a frame, 2001.5 is not
        whole = expression.is_null() | (expression == expression.round())
        # not a literal: in what the engine says of it the column would lose its name
        expression = pl.when(whole).then(expression).otherwise(expression * np.inf)
    return expression.cast(wanted, strict=True).alias(name)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".:")
