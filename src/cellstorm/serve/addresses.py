"""What this computer is called by others."""

import ipaddress
import re
import socket
from collections.abc import Sequence

from cellstorm.serve.settings import ServeSettings, is_loopback

__all__ = ["host_names", "network_addresses"]

_DNS_NAME = re.compile(r"^(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$")
# nothing is sent there: the system only says which of its addresses it would send from
_SOMEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


def network_addresses() -> list[str]:
    """Addresses of this computer in its networks, the one in use first."""
    found: list[str] = []
    for family, elsewhere in _SOMEWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((elsewhere, 9))
                found.append(probe.getsockname()[0])
        except OSError:
            continue
    try:
        found += [str(item[4][0]) for item in socket.getaddrinfo(socket.gethostname(), None)]
    except OSError:
        # a computer may not know its own name
        pass
    return [
        address
        for address in dict.fromkeys(found)
        if "%" not in address and not ipaddress.ip_address(address).is_loopback
    ]


def host_names(settings: ServeSettings) -> list[str]:
    """Names and addresses, in small letters, that the server is reached by."""
    found = ["localhost", "127.0.0.1", "::1"]
    if settings.on_network:
        own = socket.gethostname().lower()
        found = [own, own.partition(".")[0], f"{own.partition('.')[0]}.local", *found]
        found += network_addresses()
        if not _is_any(settings.host):
            found.append(settings.host.lower())
    found += [name.lower() for name in settings.allowed_hosts]
    return _usable(found)


def _usable(names: Sequence[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if _DNS_NAME.match(name) or _is_address(name)]


def _is_any(host: str) -> bool:
    return host in ("0.0.0.0", "::", "")


def _is_address(name: str) -> bool:
    if is_loopback(name):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
