"""``cellstorm serve``: the app in the browser, and a queue of movies to localize."""

import importlib.util
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter
from pydantic import ValidationError

from cellstorm.errors import ConfigurationError
from cellstorm.parameters import describe_validation_error

__all__ = ["serve"]

_PLACE = Group("Where it is", sort_key=1)
_WHO = Group("Who may use it", sort_key=2)
_WORK = Group("Work", sort_key=3)

_NEEDED = ("fastapi", "uvicorn", "segno", "cryptography")
_EVERY_NETWORK = "0.0.0.0"


def serve(
    *,
    folder: Annotated[tuple[Path, ...], Parameter(group=_WORK, negative=())] = (),
    open: Annotated[bool, Parameter(group=_PLACE, negative=())] = False,
    port: Annotated[int, Parameter(group=_PLACE)] = 8000,
    network: Annotated[bool, Parameter(group=_PLACE, negative=())] = False,
    host: Annotated[str | None, Parameter(group=_PLACE)] = None,
    token: Annotated[str | None, Parameter(group=_WHO)] = None,
    https: Annotated[bool | None, Parameter(group=_WHO)] = None,
    certificate: Annotated[Path | None, Parameter(group=_WHO)] = None,
    certificate_key: Annotated[Path | None, Parameter(group=_WHO)] = None,
    allow_host: Annotated[tuple[str, ...], Parameter(group=_WHO, negative=())] = (),
    allow_origin: Annotated[tuple[str, ...], Parameter(group=_WHO, negative=())] = (),
    state: Annotated[Path | None, Parameter(group=_WORK)] = None,
    max_upload_gb: Annotated[float, Parameter(group=_WORK)] = 20.0,
    keep_uploads_days: Annotated[float, Parameter(group=_WORK)] = 14.0,
    jobs: Annotated[int, Parameter(group=_WORK)] = 1,
    workers: Annotated[int | None, Parameter(group=_WORK)] = None,
    write_app: Path | None = None,
) -> None:
    """Serve the app to this computer's browser, or to phones in the network.

    Movies are localized as jobs, one after another; they survive a restart. Without options
    only this computer reaches the server. With --network other devices do, by a link with a
    token, over https; the link is printed, also as a code to scan.

    Parameters
    ----------
    folder
        A folder whose movies can be opened in the app without sending them; may be repeated.
    open
        Open the app in the browser.
    port
        Port to listen on; 0 for any that is free.
    network
        Let other devices in the network reach it; the same as --host 0.0.0.0.
    host
        Address to listen on; 127.0.0.1 when not given.
    token
        What clients must know, 16 characters at least; made when not given and the network can
        reach the server.
    https
        Encrypt; on by itself where the network can reach the server.
    certificate
        PEM file; one is generated when not given.
    certificate_key
        PEM file of its private key.
    allow_host
        Another name that the server is reached by; may be repeated.
    allow_origin
        A page elsewhere that may use the server, as in https://app.example.org; may be repeated.
    state
        Folder of uploads, results and queue; .cellstorm/serve in the home folder when not given.
    max_upload_gb
        Largest movie that can be sent, GB.
    keep_uploads_days
        Days after which a sent movie is removed: since its job ended, or since the last byte of
        an unfinished one came. Results stay.
    jobs
        Movies that are localized at the same time.
    workers
        Threads for each; one per processor when not given.
    write_app
        Write the app's files into this folder, to be put on any https host, and serve nothing.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"the server needs {', '.join(missing)}, not installed here.",
            todo="Install it with: pip install 'cellstorm[serve]'",
        )
    if write_app is not None:
        from cellstorm.serve.static_app import write_app as write

        size = write(write_app)
        print(f"{write_app}: the app, {size / 1e6:.1f} MB; put it on any https host.")
        return
    from cellstorm.serve import ServeSettings
    from cellstorm.serve import serve as run_server

    if network and host is not None:
        raise ConfigurationError("--network and --host exclude each other.")
    if not 0 < max_upload_gb < 1e6:
        raise ConfigurationError("--max-upload-gb must be over 0.")
    values = {
        "host": _EVERY_NETWORK if network else host,
        "port": port,
        "folders": folder,
        "state": state,
        "token": token,
        "https": https,
        "certificate": certificate,
        "certificate_key": certificate_key,
        "allowed_hosts": allow_host,
        "allowed_origins": allow_origin,
        "most_upload_bytes": int(max_upload_gb * 1e9),
        "kept_upload_days": keep_uploads_days,
        "jobs_at_once": jobs,
        "workers": workers,
    }
    try:
        settings = ServeSettings.model_validate(
            {name: value for name, value in values.items() if value is not None}
        )
    except ValidationError as error:
        raise ConfigurationError(describe_validation_error(error)) from error
    run_server(settings, open_browser=open)
