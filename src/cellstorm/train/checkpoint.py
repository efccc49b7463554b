"""Checkpoints of runs that are gone on with, and what stands still towards their ends."""

from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

import torch
from torch import nn

from cellstorm.errors import ConfigurationError

__all__ = ["freeze_norm", "read_checkpoint"]


class _Settings(Protocol):
    @classmethod
    def model_validate_json(cls, json_data: str, /) -> Self: ...

    def model_copy(self, *, update: dict[str, Any]) -> Self: ...

    @property
    def steps(self) -> int: ...


_Run = TypeVar("_Run", bound=_Settings)


def read_checkpoint(path: Path, settings: _Run) -> tuple[_Run, dict[str, Any]] | None:
    """The settings of a checkpoint and all that it holds, on the processor; None without one.

    Parameters
    ----------
    path
        The file.
    settings
        Of the run that is to go on; only the number of steps may be another.

    Raises
    ------
    ConfigurationError
        The checkpoint was made with other settings.
    """
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    before = type(settings).model_validate_json(state["settings"])
    if before.model_copy(update={"steps": settings.steps}) != settings:
        raise ConfigurationError(
            "the checkpoint there was made with other settings.",
            where=path,
            todo="Give another folder, or the same settings.",
        )
    return before, state


def freeze_norm(network: nn.Module) -> None:
    """Take the statistics of batch norm as they will be when the network is run.

    Those of a batch hang on which recordings met in it, and blur how bright each is.
    """
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
