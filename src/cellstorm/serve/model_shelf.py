"""The networks that a job can ask for by name."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from cellstorm.errors import CellstormError, ConfigurationError
from cellstorm.localize.model_library import describe_model
from cellstorm.localize.model_names import known_models

__all__ = ["ModelShelf", "ShelvedModel"]

_ID_LENGTH = 16


class ShelvedModel(BaseModel):
    """A network as it is told about."""

    id: str
    name: str
    method: str = Field(description="what it is for: net or gan")
    comes_along: bool
    size_bytes: int
    weights: int
    sha256: str
    url: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class _Shelved:
    path: Path
    told: ShelvedModel


class ModelShelf:
    """The models that come along and those in the user's folder; no other file."""

    def all(self) -> list[ShelvedModel]:
        """All that can be used, those that come along first."""
        return [shelved.told for shelved in self._shelved()]

    def find(self, name: str, method: str | None = None) -> _Shelved:
        """The model of a name or id.

        Parameters
        ----------
        name
            Name or id.
        method
            What it is for; None when any will do.

        Raises
        ------
        ConfigurationError
            There is none, or there are several of this name.
        """
        shelved = [item for item in self._shelved() if method in (None, item.told.method)]
        found = [item for item in shelved if name in (item.told.id, item.told.name)]
        if len({item.told.id for item in found}) == 1:
            return found[0]
        if found:
            raise ConfigurationError(
                f"there are {len(found)} models called {name}.", todo="Give the id of one."
            )
        names = ", ".join(dict.fromkeys(item.told.name for item in shelved))
        raise ConfigurationError(f"there is no such model; there are {names}.")

    def _shelved(self) -> list[_Shelved]:
        found = []
        for path in known_models():
            try:
                found.append(_looked_at(path, path.stat().st_mtime_ns))
            except (CellstormError, OSError):
                # what is no model cannot be asked for; `cellstorm models` says why
                continue
        return found


@lru_cache(maxsize=64)
def _looked_at(path: Path, modified_ns: int) -> _Shelved:
    entry = describe_model(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    model_id = digest[:_ID_LENGTH]
    return _Shelved(
        path,
        ShelvedModel(
            id=model_id,
            name=entry.facts.name,
            method=entry.facts.METHOD,
            comes_along=entry.comes_along,
            size_bytes=entry.size_bytes,
            weights=entry.weights,
            sha256=digest,
            url=f"/api/models/{model_id}/file",
            facts=entry.facts.model_dump(mode="json"),
        ),
    )
