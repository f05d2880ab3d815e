"""Bringing images in from elsewhere: ``POST …/registries/{name}/importImage``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from seawall.blobs.digest import DigestError, parse_digest
from seawall.importing.contract import Order, Source, Target
from seawall.management.errors import ManagementError
from seawall.metadata import registries, tags
from seawall.naming import NamingError, check_repository, normalise
from seawall.network import address_of

if TYPE_CHECKING:
    from starlette.responses import Response

    from seawall.management.call import Call

__all__ = ["answer", "read_order"]

_MOST_TARGETS: Final = 100
_DOCKER_HUB: Final = {"docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}


async def answer(call: Call) -> Response:
    """Answer a request."""
    if call.question != ("POST", ()):
        raise call.no_such_path()
    importer, account = call.services.importer, call.services.account
    if importer is None:
        raise call.no_such_path()
    order = read_order(call.registry.name, await call.body())
    if order.source.registry:
        there = await call.services.database.cached(registries.find, order.source.registry)
        if there is None:
            raise ManagementError(404, "SourceNotFound", f"there is no registry {order.source.registry[:80]} here")
    place = f"{account.origin}{account.operations_path(call.registry.home)}"
    return await call.services.jobs.begin(call.registry.name, importer.run(order), place)


def read_order(registry: str, body: dict[str, Any]) -> Order:
    """Read what is to be imported.

    Raises:
        ManagementError: 400, with what is wrong; a password is not repeated.
    """
    mode = body.get("mode")
    if mode not in (None, "NoForce", "Force"):
        raise _bad("'mode' must be NoForce or Force")
    source = _source(body.get("source"))
    targets = [_target(one) for one in _texts(body, "targetTags")]
    targets += [Target(_repository(one)) for one in _texts(body, "untaggedTargetRepositories")]
    if not targets:
        targets = [Target(_repository(source.repository), "" if ":" in source.reference else source.reference)]
    if len(targets) > _MOST_TARGETS:
        raise _bad(f"name at most {_MOST_TARGETS} targets")
    return Order(registry, source, tuple(dict.fromkeys(targets)), force=mode == "Force")


def _source(value: object) -> Source:
    if not isinstance(value, dict):
        raise _bad("'source' must be a JSON object")
    repository, reference = _image(_text(value, "sourceImage"))
    credentials = value.get("credentials")
    if credentials is None:
        credentials = {}
    if not isinstance(credentials, dict):
        raise _bad("'credentials' must be a JSON object")
    username, password = _text(credentials, "username"), _text(credentials, "password")
    resource, server = _text(value, "resourceId"), _text(value, "registryUri")
    if resource:
        # The only thing of a path that matters is its last word: there is one subscription, and one group.
        return Source(repository, reference, registry=resource.rstrip("/").rpartition("/")[2].lower())
    host, colon, port = server.removeprefix("https://").rstrip("/").partition(":")
    try:
        host = host if address_of(host) else normalise(host)
    except NamingError:
        raise _bad("'registryUri' must be a login server, such as mcr.microsoft.com") from None
    if colon and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        raise _bad("'registryUri' has no such port")
    if host in _DOCKER_HUB and "/" not in repository:
        repository = f"library/{repository}"
    host = _DOCKER_HUB.get(host, host)
    if password and not username:
        # What the Azure CLI means by a password alone is a token that signs in by itself.
        username = "00000000-0000-0000-0000-000000000000"
    return Source(repository, reference, "", f"{host}{colon}{port}", username, password)


def _image(text: str) -> tuple[str, str]:
    name, at, digest = text.partition("@")
    if at:
        try:
            return _repository(name.partition(":")[0]), parse_digest(digest)
        except DigestError as error:
            raise _bad(str(error)) from None
    name, _, tag = text.partition(":")
    return _repository(name), _tag(tag or "latest")


def _target(text: str) -> Target:
    name, _, tag = text.partition(":")
    return Target(_repository(name), _tag(tag or "latest"))


def _texts(body: dict[str, Any], name: str) -> list[str]:
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _bad(f"'{name}' must be a list of strings")
    return value


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise _bad(f"'{name}' must be a text")
    return value or ""


def _repository(name: str) -> str:
    try:
        return check_repository(name)
    except NamingError as error:
        raise _bad(str(error)) from None


def _tag(tag: str) -> str:
    if not tags.GRAMMAR.fullmatch(tag):
        raise _bad(f"{tag[:80]!r} is no tag")
    return tag


def _bad(words: str) -> ManagementError:
    return ManagementError(400, "InvalidRequest", words)
