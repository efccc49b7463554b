"""The figures there are, and making one."""

from collections.abc import Callable
from pathlib import Path

from cellstorm.errors import ConfigurationError
from cellstorm.reproduce.fig2 import make_fig2
from cellstorm.reproduce.fig3 import make_fig3
from cellstorm.reproduce.fig4 import make_fig4
from cellstorm.reproduce.fig5 import make_fig5
from cellstorm.reproduce.fig7 import make_fig7
from cellstorm.reproduce.fig8 import make_fig8
from cellstorm.reproduce.request import Request
from cellstorm.reproduce.result import Drawn, Reproduction, write_reproduction
from cellstorm.reproduce.speed import make_speed
from cellstorm.reproduce.workshop import StepListener, Workshop

__all__ = ["FIGURE_NAMES", "reproduce"]

_MAKERS: dict[str, Callable[[Workshop], Drawn]] = {
    "fig2": make_fig2,
    "fig3": make_fig3,
    "fig4": make_fig4,
    "fig5": make_fig5,
    "fig7": make_fig7,
    "fig8": make_fig8,
    "speed": make_speed,
}

FIGURE_NAMES = tuple(_MAKERS)
"""What can be made again."""


def reproduce(
    name: str,
    folder: Path,
    request: Request | None = None,
    *,
    listener: StepListener | None = None,
) -> Reproduction:
    """Make one of the paper's figures again.

    Parameters
    ----------
    name
        One of `FIGURE_NAMES`.
    folder
        Gets picture, tables and page; made when it is not there. Movies and tables of molecules
        are kept in ``work`` inside: an interrupted run goes on from there.
    request
        Which version; the full one when None.
    listener
        Told how far it is.

    Raises
    ------
    ConfigurationError
        There is no such figure or model.
    CellstormError
        A movie cannot be made or localized, or a file not be written.
    """
    if name not in _MAKERS:
        raise ConfigurationError(
            f"there is no figure {name!r} to reproduce.", todo=f"There are {', '.join(_MAKERS)}."
        )
    request = Request() if request is None else request
    workshop = Workshop(folder, request, listener)
    drawn = _MAKERS[name](workshop)
    return write_reproduction(name, drawn, folder, quick=request.quick)
