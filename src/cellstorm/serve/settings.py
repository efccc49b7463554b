"""Everything that can be chosen about the server."""

import ipaddress
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from cellstorm.parameters import Parameters

__all__ = ["LEAST_TOKEN_LENGTH", "ServeSettings", "default_state_folder", "is_loopback"]

LEAST_TOKEN_LENGTH = 16
_GIBIBYTE = 1 << 30


def default_state_folder() -> Path:
    """``.cellstorm/serve`` in the home directory, the same on every system."""
    return Path.home() / ".cellstorm" / "serve"


def is_loopback(host: str) -> bool:
    """Whether an address or name means this computer only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class ServeSettings(Parameters):
    """The server as the user asked for it: safe where nothing is said."""

    host: str = Field("127.0.0.1", min_length=1, description="address or name to listen on")
    port: int = Field(8000, ge=0, le=65535, description="0: any that is free")
    folders: tuple[Path, ...] = Field((), description="folders whose movies can be opened")
    state: Path = Field(
        default_factory=default_state_folder, description="folder of uploads, results, queue"
    )
    token: str | None = Field(
        None,
        pattern=rf"^[A-Za-z0-9._~-]{{{LEAST_TOKEN_LENGTH},200}}$",
        description="what a client must know; None: made where the network can reach the server",
    )
    https: bool | None = Field(None, description="encrypt; None: where the network can reach it")
    certificate: Path | None = Field(None, description="PEM file; None: one is generated")
    certificate_key: Path | None = Field(None, description="PEM file of its private key")
    allowed_hosts: tuple[str, ...] = Field((), description="names it is reached by besides its own")
    allowed_origins: tuple[str, ...] = Field((), description="pages elsewhere that may ask")
    most_upload_bytes: int = Field(20 * _GIBIBYTE, ge=1, description="size of one upload")
    kept_free_bytes: int = Field(_GIBIBYTE, ge=0, description="left on the disk by uploads")
    kept_upload_days: float = Field(
        14.0,
        gt=0,
        le=36_500,
        allow_inf_nan=False,
        description="after which a sent movie is removed: since its job ended, or since the last"
        " byte of an unfinished one came, days; results stay",
    )
    most_unfinished_jobs: int = Field(1000, ge=1, description="waiting, uploading or running")
    jobs_at_once: int = Field(1, ge=1, le=64, description="worker processes")
    workers: int | None = Field(
        None, ge=1, le=1024, description="threads of a worker; None: one per processor"
    )
    most_hours_per_job: float = Field(
        24.0, gt=0, le=10_000, allow_inf_nan=False, description="after which it is stopped, h"
    )
    silent_upload_s: float = Field(
        60.0, gt=0, le=3600, allow_inf_nan=False, description="after which a connection is cut, s"
    )

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            parts = urlsplit(value)
            if parts.scheme not in ("http", "https") or value != f"{parts.scheme}://{parts.netloc}":
                raise ValueError(f"{value} is no origin such as https://app.example.org")
        return tuple(value.lower() for value in values)

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if (self.certificate is None) != (self.certificate_key is None):
            raise ValueError("a certificate and its key are given together")
        return self

    @property
    def on_network(self) -> bool:
        """Whether other computers can reach it."""
        return not is_loopback(self.host)

    @property
    def encrypts(self) -> bool:
        """Whether it speaks https."""
        given = self.certificate is not None
        return (self.on_network or given) if self.https is None else self.https
