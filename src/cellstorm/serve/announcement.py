"""What the server prints when it starts: where it is, and the ways for a phone."""

import io
import sys
from typing import TextIO

import segno

from cellstorm.serve.addresses import network_addresses
from cellstorm.serve.certificate import ServerCertificate
from cellstorm.serve.settings import ServeSettings

__all__ = ["announce", "links"]


def links(settings: ServeSettings, port: int, token: str | None) -> list[str]:
    """Addresses to open, the best first; each holds the token where there is one."""
    scheme = "https" if settings.encrypts else "http"
    if not settings.on_network:
        hosts = ["localhost" if settings.host in ("localhost", "127.0.0.1") else settings.host]
    elif settings.host in ("0.0.0.0", "::"):
        hosts = [*network_addresses(), "localhost"]
    else:
        hosts = [settings.host]
    way = "/" if token is None else f"/open?token={token}"
    return [f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}{way}" for host in hosts]


def announce(
    settings: ServeSettings,
    port: int,
    token: str | None,
    certificate: ServerCertificate | None,
    out: TextIO | None = None,
) -> None:
    """Print where the server is, a code to scan, and how a phone gets there.

    Parameters
    ----------
    settings, port, token, certificate
        Of the server.
    out
        Where to; standard output when None.
    """
    out = sys.stdout if out is None else out
    found = links(settings, port, token)
    lines = [f"cellstorm is at {found[0]}", *(f"            or {link}" for link in found[1:])]
    if settings.on_network:
        lines += [
            "",
            _code(found[0], out),
            "Whoever has this link can use the server. Scan it with the phone's camera.",
        ]
    lines += _ways_for_a_phone(settings, port, token, certificate)
    lines.append(
        f"Movies that were sent are removed {settings.kept_upload_days:g} days after their job"
        " ended (--keep-uploads-days); results stay until you delete them."
    )
    lines.append("Ctrl-C ends it; unfinished jobs go on at the next start.")
    print("\n".join(lines), file=out, flush=True)


def _ways_for_a_phone(
    settings: ServeSettings, port: int, token: str | None, certificate: ServerCertificate | None
) -> list[str]:
    cable = links(settings.model_copy(update={"host": "localhost"}), port, token)[0]
    if settings.encrypts:
        cable = cable.replace("http:", "https:")
    lines = ["", "A phone's camera works only over https or as localhost. Three ways:"]
    lines += [
        f"  1. USB cable (Android): adb reverse tcp:{port} tcp:{port},"
        f" then open {cable} on the phone.",
    ]
    if certificate is not None and certificate.fingerprint is not None:
        address = links(settings, port, None)[0].rstrip("/")
        lines += [
            f"  2. This certificate: open {address}/certificate.crt on the phone once, go on"
            " past the warning, and install it as a CA certificate. Its SHA-256 is",
            f"     {certificate.fingerprint}",
        ]
    elif certificate is not None:
        lines += ["  2. Your certificate: the phone must trust who made it."]
    elif settings.on_network:
        lines += ["  2. Without --no-https the server makes a certificate that a phone can trust."]
    else:
        lines += ["  2. cellstorm serve --network: https with a certificate, and a token."]
    lines += [
        "  3. Any static https host: put the app's files there; it then works without this"
        " server, and with it after --allow-origin https://THAT.HOST.",
        "",
    ]
    if settings.on_network and not settings.encrypts:
        lines += ["Note: without https, others in the network can read the token.", ""]
    return lines


def _code(link: str, out: TextIO) -> str:
    """The link as a QR code in characters; nothing where these cannot be shown."""
    drawn = io.StringIO()
    segno.make(link, error="l", micro=False).terminal(out=drawn, border=2, compact=True)
    text = drawn.getvalue().rstrip("\n")
    try:
        text.encode(getattr(out, "encoding", None) or "utf-8")
    except (UnicodeError, LookupError):
        return ""
    return text
