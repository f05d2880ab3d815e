"""Which hosts a certificate is for, checked before a client has to find out."""

from __future__ import annotations

import datetime
import ssl
from typing import TYPE_CHECKING

from cryptography import x509

from seawall.wildcards import covers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from seawall.naming import Cloud
    from seawall.topology import Registry

__all__ = ["CertificateError", "check_pair", "names_of", "names_to_serve", "uncovered", "wildcards"]


class CertificateError(ValueError):
    """A certificate or key cannot be used. The message says which, and why."""


def check_pair(certificate: Path, key: Path) -> None:
    """Check that two files are a certificate chain and its key.

    Raises:
        CertificateError: If they are not.
    """

    def no_password() -> str:
        raise CertificateError(f"{key} is encrypted; nobody is there to type its password")

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, no_password)
        ends = x509.load_pem_x509_certificates(certificate.read_bytes())[0].not_valid_after_utc
    except FileNotFoundError as error:
        missing = certificate if not certificate.exists() else key
        raise CertificateError(f"{missing} does not exist") from error
    except (ssl.SSLError, OSError) as error:
        raise CertificateError(f"{certificate} and {key} are no certificate and its key: {error}") from error
    if ends < datetime.datetime.now(datetime.UTC):
        raise CertificateError(f"{certificate} ended on {ends:%Y-%m-%d}; renew it")


def names_of(certificate: Path) -> list[str]:
    """Return the DNS names that a certificate is for."""
    leaf = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    try:
        alternative = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return alternative.get_values_for_type(x509.DNSName)


def names_to_serve(cloud: Cloud, region: str, registries: Iterable[Registry]) -> list[str]:
    """List the hosts a node in a region answers for."""
    names = [cloud.apex]
    for registry in registries:
        replica = registry.replica(region)
        if replica is not None:
            names += [
                cloud.login(registry.name),
                cloud.regional(registry.name, region),
                cloud.data(registry.name, region),
                cloud.blob(replica.account),
            ]
    return names


def wildcards(cloud: Cloud, region: str) -> list[str]:
    """List the names that cover every registry of a cloud in one region: a wildcard stands for one label only."""
    return [
        cloud.apex,
        f"*.{cloud.domain}",
        f"*.{region}.data.{cloud.domain}",
        f"*.{region}.geo.{cloud.domain}",
        cloud.node(region),
        cloud.blob_wildcard,
    ]


def uncovered(names: Iterable[str], certificates: Iterable[Path]) -> list[str]:
    """Return those of some hosts that no certificate is for."""
    patterns = [pattern for certificate in certificates for pattern in names_of(certificate)]
    return [name for name in names if not any(covers(pattern, name) for pattern in patterns)]
