"""Certificates: which are shown, how they are renewed, and what happens to those that cannot be used."""

from __future__ import annotations

import shutil
import signal
import socket
import time
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from seawall.server.authority import OwnAuthority
from seawall.server.certificates import wildcards
from seawall.wildcards import covers
from tests.support import network
from tests.support.registry import Registry
from tests.support.server import CLOUD, DOMAIN, REGION, STORAGE, Hammer, Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVERY_HOST = wildcards(CLOUD, REGION)


class Certified:
    """A server that is given its certificate, and the authority that issues it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = OwnAuthority(folder / "authority")
        self._authority.ensure()
        self._issued = 0
        self.certificate = folder / "chain.pem"
        self.key = folder / "key.pem"
        self.renew()
        self.server = Server(folder, door='certificate = "chain.pem"\nkey = "key.pem"')
        self.server.ca_file = self._authority.certificate_file

    def renew(self, *names: str) -> None:
        """Replace both files by those of another certificate, as renewal tools do."""
        self._issued += 1
        issued = self._authority.certificate_for(names or EVERY_HOST, self._folder / f"issued-{self._issued}")
        for source, target in zip(issued, (self.certificate, self.key), strict=True):
            shutil.copy(source, target.with_suffix(".new"))
            target.with_suffix(".new").rename(target)

    @property
    def serial(self) -> int:
        """The serial number of the certificate in the file."""
        return x509.load_pem_x509_certificates(self.certificate.read_bytes())[0].serial_number

    def shown(self, host: str) -> x509.Certificate:
        """The certificate that a new connection is shown."""

        def look() -> bytes:
            with self.server.raw(host) as connection:
                return connection.certificate()

        return x509.load_der_x509_certificate(network.once_more(look))


@pytest.fixture
def certified(tmp_path: Path) -> Iterator[tuple[Certified, Registry]]:
    """A running server with a certificate of its own, and a registry on it."""
    made = Certified(tmp_path)
    with made.server:
        yield made, Registry.create(made.server, "first")


def _await_everywhere(certified: Certified, host: str, serial: int) -> None:
    """Wait until every worker shows a certificate: twelve connections in a row."""
    deadline = time.monotonic() + 20
    in_a_row = 0
    while in_a_row < 12:
        assert time.monotonic() < deadline, "the renewed certificate is not shown"
        in_a_row = in_a_row + 1 if certified.shown(host).serial_number == serial else 0


@pytest.mark.parametrize("signalled", [True, False], ids=["by a signal", "by itself"])
def test_a_renewed_certificate_is_picked_up_without_a_failed_request(
    certified: tuple[Certified, Registry], *, signalled: bool
) -> None:
    node, registry = certified
    before = node.serial

    def call() -> None:
        with node.server.new_client() as client:
            assert client.get(registry.url("/v2/")).status_code == 401

    def patiently() -> None:
        network.once_more(call)

    with Hammer(patiently) as one, Hammer(patiently) as other:
        assert node.shown(registry.host).serial_number == before
        node.renew()
        if signalled:
            node.server.signal(signal.SIGHUP)
        _await_everywhere(node, registry.host, node.serial)
    assert node.serial != before
    assert one.failures + other.failures == []
    assert one.rounds + other.rounds > 20
    node.server.await_workers(2)


def test_a_certificate_that_cannot_be_used_costs_nothing(certified: tuple[Certified, Registry]) -> None:
    node, registry = certified
    good, workers = node.serial, node.server.workers()
    chain = node.certificate.read_bytes()
    for broken in (b"", chain[: len(chain) // 3]):
        node.certificate.write_bytes(broken)
        node.server.signal(signal.SIGHUP)
        time.sleep(1.5)
        for _ in range(8):
            assert node.shown(registry.host).serial_number == good
    # A certificate without its key, which is how a renewal looks half way through.
    node.certificate.write_bytes(chain)
    key = node.key.read_bytes()
    node.renew()
    node.key.write_bytes(key)
    node.server.signal(signal.SIGHUP)
    time.sleep(1.5)
    assert {node.shown(registry.host).serial_number for _ in range(8)} == {good}
    assert node.server.workers() == workers
    assert registry.ask_token(registry.name, registry.password).status_code == 200
    node.renew()
    _await_everywhere(node, registry.host, node.serial)


def test_every_host_is_covered(server: Server, first: Registry) -> None:
    for host in (first.host, first.regional_host, first.data_host, first.account_host, DOMAIN):
        with server.raw(host) as connection:
            leaf = x509.load_der_x509_certificate(connection.certificate())
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert any(covers(name, host) for name in names.get_values_for_type(x509.DNSName))
        assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days <= 398


def test_what_is_spoken(server: Server, first: Registry) -> None:
    """HTTP/1.1 alone: over HTTP/2 uploads crawl; and nothing older than TLS 1.2."""
    context = network.trusting(server.ca_file)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection((network.LOOPBACK, server.port)) as plain,
        context.wrap_socket(plain, server_hostname=first.host) as stream,
    ):
        assert stream.selected_alpn_protocol() in {None, "http/1.1"}
        assert stream.version() in {"TLSv1.2", "TLSv1.3"}
    with socket.create_connection((network.LOOPBACK, server.port), 5) as plain:
        plain.sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert not plain.recv(100).startswith(b"HTTP/1.1 2")


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        ([DOMAIN, f"*.{DOMAIN}"], ["first.eastus.data", "first.eastus.geo", f".blob.{STORAGE}"]),
        ([f"*.{DOMAIN}", f"*.eastus.data.{DOMAIN}", f"*.eastus.geo.{DOMAIN}", f"*.blob.{STORAGE}"], [DOMAIN]),
        ([name for name in EVERY_HOST if "data" not in name], [f"first.eastus.data.{DOMAIN}"]),
        ([name for name in EVERY_HOST if "blob" not in name], [f".blob.{STORAGE}"]),
    ],
)
def test_hosts_without_a_certificate_are_named(tmp_path: Path, names: list[str], missing: list[str]) -> None:
    node = Certified(tmp_path)
    node.server.run("registry", "create", "first")
    node.renew(*names)
    told = node.server.fails("serve", "--check")
    assert "door.certificate" in told
    assert all(host in told for host in missing)
    # It also says what to ask an authority for.
    assert all(name in told for name in EVERY_HOST)
    assert "Traceback" not in told


def test_a_certificate_and_a_strangers_key(tmp_path: Path) -> None:
    node = Certified(tmp_path)
    key = node.key.read_bytes()
    node.renew()
    node.key.write_bytes(key)
    assert "door.1.certificate" in node.server.fails("serve", "--check")
    node.certificate.write_bytes(b"")
    assert "door.1.certificate" in node.server.fails("serve", "--check")
    node.certificate.unlink()
    assert "certificate" in node.server.fails("serve", "--check")
