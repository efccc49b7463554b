"""A certificate made on the spot, by an authority of the server's own that a phone can trust.

The authority is kept, so that it is trusted once; what it vouches for is bound to this
computer's names and to private addresses, so that trusting it gives nobody power over any
other site.
"""

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cellstorm.atomic_file import output_error

__all__ = ["ServerCertificate", "make_certificate"]

_AUTHORITY_DAYS = 3650
# phones refuse longer ones
_SERVER_DAYS = 365
_CLOCKS_DIFFER = timedelta(days=1)
_PRIVATE = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "127.0.0.0/8",
    "100.64.0.0/10",
    "fc00::/7",
    "fe80::/10",
    "::1/128",
)


@dataclass(frozen=True)
class ServerCertificate:
    """Files to serve https with.

    Attributes
    ----------
    chain, key
        PEM files.
    fingerprint
        SHA-256 of the authority, to compare by eye; None for a certificate that was given.
    """

    chain: Path
    key: Path
    fingerprint: str | None = None


def make_certificate(folder: Path, names: Sequence[str]) -> ServerCertificate:
    """Make a certificate for this computer; the authority is that of the last time.

    Parameters
    ----------
    folder
        Where both are kept, readable by the user alone.
    names
        Names and addresses that the server is reached by.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        authority, key = _authority(folder, names)
        return _issue(folder, authority, key, names)
    except OSError as error:
        raise output_error(error, folder) from error


def _authority(
    folder: Path, names: Sequence[str]
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    certificate_path, key_path = folder / "authority.crt", folder / "authority.key"
    permitted = _permitted(names)
    try:
        kept = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        key = serialization.load_pem_private_key(key_path.read_bytes(), None)
        covered = kept.extensions.get_extension_for_class(x509.NameConstraints).value
        current = kept.not_valid_after_utc - datetime.now(UTC) > timedelta(days=_SERVER_DAYS)
        if (
            current
            and isinstance(key, ec.EllipticCurvePrivateKey)
            and set(permitted) <= set(covered.permitted_subtrees or ())
        ):
            return kept, key
    except (OSError, ValueError, x509.ExtensionNotFound):
        # none yet, or one that cannot be used
        pass
    key = ec.generate_private_key(ec.SECP256R1())
    host = names[0] if names else "this computer"
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"cellstorm on {host}"[:64])])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now + timedelta(days=_AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_key(key_path, key)
    certificate_path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return made, key


def _issue(
    folder: Path,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    names: Sequence[str],
) -> ServerCertificate:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cellstorm serve")])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now + timedelta(days=_SERVER_DAYS))
        .add_extension(
            x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())
    )
    chain, key_path = folder / "server.crt", folder / "server.key"
    _write_key(key_path, key)
    pem = serialization.Encoding.PEM
    chain.write_bytes(made.public_bytes(pem) + authority.public_bytes(pem))
    digest = authority.fingerprint(hashes.SHA256())
    return ServerCertificate(chain, key_path, digest.hex(":").upper())


def _permitted(names: Sequence[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_network(network)) for network in _PRIVATE
    ]
    for name in names:
        general = _general_name(name)
        if isinstance(general, x509.DNSName):
            found.append(general)
        elif not any(general.value in item.value for item in found if _is_network(item)):
            found.append(x509.IPAddress(ipaddress.ip_network(general.value)))
    return found


def _is_network(name: x509.GeneralName) -> bool:
    return isinstance(name, x509.IPAddress)


def _general_name(name: str) -> x509.DNSName | x509.IPAddress:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    content = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
