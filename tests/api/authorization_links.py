"""Links to layers that are none, made from one that is."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from seawall.dataplane.links import read_link, write_link
from seawall.metadata import keys
from tests.api.authorization_people import link_of
from tests.api.authorization_routes import DIGEST
from tests.support import content
from tests.support.server import CLOUD

if TYPE_CHECKING:
    from collections.abc import Callable

    from seawall.metadata.keys import SigningKey
    from tests.api.authorization_world import World

__all__ = ["NO_LINKS", "a_link", "signed"]

_OTHER: Final = content.digest_of(b"{}")
"""Another blob that is in the repository."""


def a_link(world: World) -> str:
    """Return a link that the reader was given."""
    return link_of(world.registry, world.people["reader by token"].shows)


def _said(link: str, place: int, value: object) -> str:
    """Let a link say something else, under the signature that it has."""
    base, _, query = link.partition("?")
    name, said, signature = query.split(".")
    values = json.loads(base64.urlsafe_b64decode(f"{said}=="))
    values[place] = value
    written = base64.urlsafe_b64encode(json.dumps(values).encode()).rstrip(b"=").decode()
    return f"{base}?{name}.{written}.{signature}"


def signed(world: World, link: str, seconds: float, key: SigningKey | None = None) -> str:
    """Sign a link anew that ends in so many seconds; with the registry's own key, unless it is another."""
    parts = urlsplit(link)
    ring = world.server.keys(keys.LINK)
    host = CLOUD.parse(str(parts.hostname))
    made = read_link(host, world.registry.name, parts.path, parts.query.encode(), ring, time.time())
    path = write_link(replace(made, expires=int(time.time() + seconds)), key or ring[0])
    return f"https://{parts.netloc}{path}"


def _with_a_key_of_ones_own(world: World, link: str) -> str:
    [known, *_] = world.server.keys(keys.LINK)
    return signed(world, link, 600, known._replace(secret=b"0" * len(known.secret)))


def _at(host: str, link: str) -> str:
    return link.replace(str(urlsplit(link).hostname), host)


NO_LINKS: Final[dict[str, Callable[[World, str], str]]] = {
    "nothing": lambda _, link: link.partition("?")[0],
    "no signature": lambda _, link: f"{link.rpartition('.')[0]}.",
    "an altered signature": lambda _, link: f"{link[:-2]}{'AA' if link[-2:] != 'AA' else 'BA'}",
    "a signature of another link": lambda _, link: (
        f"{link.rpartition('.')[0]}.{base64.urlsafe_b64encode(b'0' * 32).rstrip(b'=').decode()}"
    ),
    "another blob": lambda _, link: link.replace(DIGEST, _OTHER),
    "another repository": lambda _, link: _said(link, 0, "secret/app"),
    "somebody else": lambda world, link: _said(link, 1, world.registry.name),
    "a later end": lambda _, link: _said(link, 3, int(time.time()) + 1700),
    "another registry's host": lambda world, link: _at(world.registries["opened"].account_host, link),
    "the dedicated host of the same registry": lambda world, link: _at(world.registry.data_host, link),
    "a link that is over": lambda world, link: signed(world, link, -1),
    "a link that lasts too long": lambda world, link: signed(world, link, 24 * 3600),
    "a link that somebody else signed": _with_a_key_of_ones_own,
}
"""What opens nothing, by what is wrong with it."""
