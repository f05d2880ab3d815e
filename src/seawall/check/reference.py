"""What is to be checked, as people write it: a registry, or an image in one. Pure.

Grammar: ``[https://|docker://] REGISTRY [/repository [:tag] [@digest]] [/]``. REGISTRY is a host name or an address,
with or without a port (IPv6 in brackets), or the bare name of a registry in a cloud. Unlike docker's references these
always begin with the registry, so ``alpine`` is a registry and ``docker.io/alpine`` is an image.

Sources: OCI distribution specification, "Pulling manifests"; OCI image specification, "Digests"; for Docker Hub's names
the reference package of distribution.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Final

from seawall.check.addresses import authority
from seawall.naming import NamingError, check_repository, normalise

if TYPE_CHECKING:
    from seawall.naming import Cloud

__all__ = ["DOCKER_HUB", "HTTPS", "BadReferenceError", "Reference", "is_tag", "read_reference"]

HTTPS: Final = 443
DOCKER_HUB: Final = "registry-1.docker.io"
"""Where Docker Hub answers; people call it docker.io."""

_DOCKER_HUB_NAMES: Final = frozenset(("docker.io", "index.docker.io", DOCKER_HUB))
_LOCALHOST: Final = "localhost"
_LARGEST_PORT: Final = 65535
_LONGEST: Final = 2048

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_AUTHORITY: Final = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([^:]*))?")
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}")
_TAG: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")

_FORM: Final = "write REGISTRY[/repository[:tag]], such as myregistry, ghcr.io or localhost:5000/app:1.2"


class BadReferenceError(ValueError):
    """A text names nothing that can be checked. The message says why, how to write it, and never a password."""


def is_tag(text: str) -> bool:
    """Say whether a text can be a tag."""
    return _TAG.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Reference:
    """A registry, and an image in it if one was named.

    Attributes:
        host: Host name in lower case, or an address; IPv6 without brackets.
        port: TCP port.
        repository: Empty when no image was named.
        tag: Empty when none was said.
        digest: Empty when none was said.
    """

    host: str
    port: int
    repository: str = ""
    tag: str = ""
    digest: str = ""

    @property
    def authority(self) -> str:
        """The host as it stands in a URL, with the port unless that is 443."""
        return authority(self.host, self.port)

    @property
    def subject(self) -> str:
        """The whole, as people write it; :func:`read_reference` reads it back."""
        subject = self.authority
        if subject == DOCKER_HUB:
            subject = "docker.io"
        elif _is_bare(subject):
            # Without its port it would read as the name of a registry in a cloud.
            subject = f"{subject}:{self.port}"
        if self.repository:
            subject += f"/{self.repository}"
        if self.tag:
            subject += f":{self.tag}"
        return f"{subject}@{self.digest}" if self.digest else subject

    @property
    def object(self) -> str:
        """What to ask for in the repository: the digest, else the tag, else ``latest``."""
        return self.digest or self.tag or "latest"


def read_reference(text: str, cloud: Cloud) -> Reference:
    """Read a reference.

    Args:
        text: As it was typed.
        cloud: Where a registry is that is given by its bare name.

    Raises:
        BadReferenceError: It is none.
    """
    rest, found, digest = _without_scheme(text.strip()).removesuffix("/").rpartition("@")
    if not found:
        rest, digest = digest, ""
    # What stands before another "@" may be a password, and so may be what a password's own characters split off: from
    # here on no message repeats a text that has one.
    if "@" in rest or (found and "/" not in rest):
        raise BadReferenceError(
            f"no user or password goes in front of a host, and a digest needs a repository: {_FORM}; sign in with "
            "--username and SEAWALL_PASSWORD"
        )
    if found and not _DIGEST.fullmatch(digest):
        raise BadReferenceError(
            "behind @ goes a digest, sha256: and 64 or sha512: and 128 lower-case hexadecimal digits; a user or "
            "password goes nowhere in here"
        )
    place, slash, path = rest.partition("/")
    host, port = _read_authority(place, cloud)
    if not slash:
        return Reference(host, port)
    repository, tag = _read_path(path, host, port)
    return Reference(host, port, repository, tag, digest)


def _without_scheme(text: str) -> str:
    if len(text) > _LONGEST:
        raise BadReferenceError(f"this is too long to name an image: {_FORM}")
    found = _SCHEME.match(text)
    scheme = found[1].lower() if found else ""
    if scheme == "http":
        raise BadReferenceError(
            "a registry without TLS is not checked: anybody on the way could change what it sends; leave out http:// "
            "if it answers with TLS"
        )
    if scheme not in {"", "https", "docker"}:
        raise BadReferenceError(f"{scheme[:20]}:// is no way to a registry: {_FORM}")
    return text[found.end() :] if found else text


def _read_authority(text: str, cloud: Cloud) -> tuple[str, int]:
    found = _AUTHORITY.fullmatch(text)
    if not found:
        raise BadReferenceError("an IPv6 address goes into brackets, such as [2001:db8::1]:5000; a name does not")
    name, number = found.groups()
    if number is not None and not (_PORT.fullmatch(number) and int(number) <= _LARGEST_PORT):
        raise BadReferenceError(
            f"behind the colon after a host goes a port from 1 to {_LARGEST_PORT}; a tag needs a repository: {_FORM}"
        )
    port = int(number) if number else HTTPS
    try:
        host = _read_host(name)
        if number is None and _is_bare(host):
            return cloud.login(host), port
    except NamingError as error:
        raise BadReferenceError(f"{error}; {_FORM}") from None
    return (DOCKER_HUB if host in _DOCKER_HUB_NAMES and port == HTTPS else host), port


def _read_host(name: str) -> str:
    inner = name.removeprefix("[").removesuffix("]")
    if inner == name and not name.replace(".", "").isdecimal():
        return normalise(name)
    try:
        address = ip_address(inner)
    except ValueError:
        address = None
    if address is None or "%" in inner:
        raise BadReferenceError(
            f"{name[:60]!r} is no address; write 192.0.2.1 or [2001:db8::1] (without a zone), or a name"
        )
    if isinstance(address, IPv6Address) is (inner == name):
        raise BadReferenceError(f"only an IPv6 address goes into brackets; write {address} without")
    return str(address)


def _is_bare(host: str) -> bool:
    """Say whether a host, standing alone, reads as the name of a registry in a cloud."""
    return host != _LOCALHOST and not {".", ":"} & set(host)


def _read_path(path: str, host: str, port: int) -> tuple[str, str]:
    name, colon, tag = path.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise BadReferenceError(
            f"tag {tag[:80]!r} must be 1 to 128 letters, digits, '_', '.' or '-', and begin with none of the last two"
        )
    if host == DOCKER_HUB and port == HTTPS and "/" not in name:
        name = f"library/{name}"
    try:
        return check_repository(name), tag
    except NamingError as error:
        raise BadReferenceError(str(error)) from None
