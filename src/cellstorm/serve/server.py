"""Running the server until Ctrl-C."""

import contextlib
import secrets
import socket
import threading
import webbrowser
from collections.abc import Iterator
from types import FrameType

import uvicorn
from fastapi import FastAPI

from cellstorm.errors import ConfigurationError
from cellstorm.serve.addresses import host_names
from cellstorm.serve.announcement import announce, links
from cellstorm.serve.application import create_app
from cellstorm.serve.certificate import ServerCertificate, make_certificate
from cellstorm.serve.gate import GateRules
from cellstorm.serve.services import Services
from cellstorm.serve.settings import ServeSettings
from cellstorm.serve.state_folder import StateFolder

__all__ = ["serve"]

_TOKEN_BYTES = 24
_SECONDS_TO_END = 3
_MOST_CONNECTIONS = 1000


def serve(settings: ServeSettings, *, open_browser: bool = False) -> None:
    """Serve until Ctrl-C (or SIGTERM), which ends it cleanly.

    Parameters
    ----------
    settings
        What the user asked for.
    open_browser
        Show the app as soon as it is there.

    Raises
    ------
    CellstormError
        The port is taken, the folder of the state cannot be used, or a folder is not there.
    """
    with StateFolder(settings.state) as state, _listening(settings) as listener:
        port = int(listener.getsockname()[1])
        token = settings.token
        if token is None and settings.on_network:
            token = state.kept_token(secrets.token_urlsafe(_TOKEN_BYTES))
        names = host_names(settings)
        certificate = _certificate(settings, state, names)
        rules = GateRules(
            hosts=frozenset(names),
            any_address=settings.on_network,
            origins=frozenset(settings.allowed_origins),
            token=token,
            cookie=f"cellstorm_{port}",
        )
        server = _Server(create_app(settings, state, rules), certificate)
        announce(settings, port, token, certificate)
        if open_browser:
            link = links(settings, port, token)[-1 if settings.on_network else 0]
            threading.Timer(0.5, webbrowser.open, (link,)).start()
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
    print("Stopped.")


class _Server(uvicorn.Server):
    """Ends streams of events before it waits for connections to end."""

    def __init__(self, app: FastAPI, certificate: ServerCertificate | None) -> None:
        services = app.state.services
        assert isinstance(services, Services)
        self._services = services
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws="none",
                lifespan="on",
                limit_concurrency=_MOST_CONNECTIONS,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=_SECONDS_TO_END,
                ssl_certfile=None if certificate is None else certificate.chain,
                ssl_keyfile=None if certificate is None else str(certificate.key),
            )
        )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called on Ctrl-C and SIGTERM."""
        self._services.changes.close()
        super().handle_exit(sig, frame)


def _certificate(
    settings: ServeSettings, state: StateFolder, names: list[str]
) -> ServerCertificate | None:
    if not settings.encrypts:
        return None
    if settings.certificate is not None and settings.certificate_key is not None:
        for path in (settings.certificate, settings.certificate_key):
            if not path.is_file():
                raise ConfigurationError("there is no such file.", where=path)
        return ServerCertificate(settings.certificate, settings.certificate_key)
    return make_certificate(state.certificates, names)


@contextlib.contextmanager
def _listening(settings: ServeSettings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # else the port is taken for a minute after the server was killed
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
            # from now on who connects waits, also before the application is up
            listener.listen(_MOST_CONNECTIONS)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ConfigurationError(
                f"cannot listen on {settings.host} port {settings.port} ({reason}).",
                todo="Is a cellstorm serve running already? Else give another --port.",
            ) from error
        yield listener
    finally:
        listener.close()
