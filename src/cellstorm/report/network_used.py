"""The network that a table was made with, if one was."""

from cellstorm.localize import NetLocalizer
from cellstorm.report.table_at_hand import TableAtHand

__all__ = ["network_of"]


def network_of(table: TableAtHand) -> NetLocalizer | None:
    """The network that made the table; None for other methods and programs."""
    configuration = table.metadata.configuration
    if configuration is None or configuration.get("method") != "net":
        return None
    try:
        return NetLocalizer.model_validate(configuration)
    except ValueError:
        # of another version
        return None
