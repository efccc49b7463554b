"""The network that a table was made with, if one was."""

from cellstorm.localize import NetLocalizer
from cellstorm.report.table_at_hand import TableAtHand

__all__ = ["frames_looked_at", "network_of"]


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


def frames_looked_at(table: TableAtHand) -> int:
    """Frames that the localizer looked at for one; 1 where that is not known."""
    network = network_of(table)
    return 1 if network is None else network.context_frames
