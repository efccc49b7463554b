"""Serving to the network: a link with a token, https that a phone can trust."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from cellstorm.cli import main
from cellstorm.serve.certificate import make_certificate

StartServer = Callable[..., Any]


def link_of(server: Any) -> str:
    """The address that is printed for this computer."""
    (line,) = (line for line in server.printed.splitlines() if "or https://localhost:" in line)
    return str(line.partition("or ")[2])


def test_on_the_network_there_are_a_token_https_a_code_and_the_ways_for_a_phone(
    start: StartServer,
) -> None:
    server = start("--network")
    for promised in (
        "https://",
        "/open?token=",
        "adb reverse tcp:",
        "/certificate.crt",
        "--allow-origin",
        "█",
    ):
        assert promised in server.printed

    unknown = server.client(verify=False)
    authority = unknown.get("/certificate.crt")
    assert authority.headers["content-type"] == "application/x-x509-ca-cert"
    made = x509.load_pem_x509_certificate(authority.content)
    fingerprint = made.fingerprint(hashes.SHA256()).hex(":").upper()
    assert fingerprint in server.printed

    # a phone that trusts the authority trusts the server
    context = ssl.create_default_context(cadata=authority.text)
    phone = server.client(verify=context)
    assert phone.get("/api/jobs").status_code == 401
    opened = phone.get(link_of(server))
    assert opened.status_code == 303
    assert "secure" in opened.headers["set-cookie"].lower()
    assert phone.get("/api/jobs").status_code == 200
    # numbers are let in (no name can be made to be one), foreign names are not
    assert phone.get("/api/jobs", headers={"Host": "192.0.2.7"}).status_code == 200
    assert phone.get("/api/jobs", headers={"Host": "evil.example"}).status_code == 421

    # the phone goes on working after a restart: the same token, the same authority
    before = server.printed
    server.stop()
    server.start()
    assert link_of(server) in before
    assert phone.get("/api/jobs").status_code == 200
    assert (server.state / "token").stat().st_mode & 0o077 == 0
    assert (server.state / "certificates" / "authority.key").stat().st_mode & 0o077 == 0


def test_the_authority_is_good_for_this_computer_only_and_for_no_other_authority(
    tmp_path: Path,
) -> None:
    made = make_certificate(tmp_path / "certificates", ["labpc", "localhost", "10.0.0.7"])
    leaf, authority = x509.load_pem_x509_certificates(made.chain.read_bytes())
    bounds = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    names = {
        item.value for item in bounds.permitted_subtrees or () if item.__class__ is x509.DNSName
    }
    assert names == {"labpc", "localhost"}
    basic = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert basic.path_length == 0
    alternatives = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(alternatives.get_values_for_type(x509.DNSName)) == {"labpc", "localhost"}
    assert leaf.not_valid_after_utc - datetime.now(UTC) < timedelta(days=398)

    again = make_certificate(tmp_path / "certificates", ["labpc", "10.0.0.8"])
    assert again.fingerprint == made.fingerprint
    renamed = make_certificate(tmp_path / "certificates", ["other"])
    assert renamed.fingerprint != made.fingerprint


def refused(*tokens: str | Path) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["serve", *(str(token) for token in tokens)])
    assert exit_.value.code == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--token", "short"), "token"),
        (("--network", "--host", "10.0.0.1"), "exclude each other"),
        (("--folder", "no-such-folder"), "no such folder"),
        (("--allow-origin", "example.org/app"), "is no origin"),
        (("--certificate", "x.pem"), "together"),
        (("--host", "192.0.2.1"), "cannot listen"),
        (("--max-upload-gb", "nan"), "must be over 0"),
        (("--jobs", "0"), "jobs_at_once"),
    ],
)
def test_options_that_cannot_be_are_refused_in_a_sentence(
    options: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused("--state", tmp_path / "state", "--port", "0", *options)
    assert message in capsys.readouterr().err


def test_two_servers_do_not_work_on_one_queue(
    start: StartServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = start()
    refused("--state", server.state, "--port", "0")
    assert "another cellstorm serve" in capsys.readouterr().err
    refused("--state", tmp_path / "other", "--port", str(server.port))
    assert "cannot listen" in capsys.readouterr().err


def test_ctrl_c_ends_it_though_someone_watches(start: StartServer) -> None:
    server = start()
    with server.http.stream("GET", "/api/events") as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry")
        said = server.stop()
    assert said.strip() == "Stopped."
