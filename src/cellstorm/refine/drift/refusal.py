"""Why a drift was not corrected."""

from cellstorm.errors import TableError

__all__ = ["DriftRefusedError"]


class DriftRefusedError(TableError):
    """The table does not carry a drift that can be trusted; it says what is missing."""
