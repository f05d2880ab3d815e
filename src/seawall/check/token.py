"""Tokens: from a challenge and credentials to what requests are signed with.

Credentials go to the registry itself, or to a token server of the same owner, and to nobody else: a registry may name
any host it likes.
"""

from __future__ import annotations

import base64
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from seawall.check.addresses import is_address
from seawall.check.cause import Cause
from seawall.check.http import printable
from seawall.check.journal import Spot
from seawall.check.refusal import refusal
from seawall.check.step import Fault, Found, Place
from seawall.check.url import read_url
from seawall.naming import CLOUDS, lies_within

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

    from seawall.check.challenge import Challenge
    from seawall.check.credentials import Credentials
    from seawall.check.door import Door

__all__ = ["basic", "realm_spot", "same_owner", "token"]

_CLIENT: Final = "seawall-check"
_SHARED: Final = (*(cloud.domain for cloud in CLOUDS.values()), "cloudapp.azure.com")
"""Domains whose hosts have many owners, and that the public suffix list does not have."""


def basic(credentials: Credentials) -> str:
    """Write credentials as a header's value (RFC 7617)."""
    pair = f"{credentials.username}:{credentials.password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


def realm_spot(challenge: Challenge) -> Spot:
    """Return the host that hands tokens out.

    Raises:
        Fault: The registry names none that could be asked.
    """
    realm = read_url(challenge.realm)
    if realm is None:
        raise Fault(Cause.NOT_A_REGISTRY, f"names no place to get tokens at: {printable(challenge.realm, 80)}")
    if realm.scheme != "https":
        raise Fault(Cause.REDIRECT_INSECURE, f"hands out tokens without TLS, at {realm.host}: not asked")
    return Spot(realm.host, realm.port, Place.TOKEN)


def same_owner(host: str, other: str) -> bool:
    """Say whether two hosts belong to one owner: the same, or under one domain that somebody registered."""
    if host == other:
        return True
    shared = any(lies_within(one, domain) for one in (host, other) for domain in _SHARED)
    if shared or is_address(host) or is_address(other):
        return False
    owners = [_suffixes().privatesuffix(one) for one in (host, other)]
    return owners[0] is not None and owners[0] == owners[1]


@cache
def _suffixes() -> PublicSuffixList:
    # Slow to make, and needed for the few registries alone that have another host hand out tokens.
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415

    return PublicSuffixList()


async def token(
    door: Door, challenge: Challenge, scopes: tuple[str, ...], credentials: Credentials | None
) -> tuple[str, Found]:
    """Get a token; return the value of the ``Authorization`` header.

    Raises:
        Fault: None is given.
    """
    realm = read_url(challenge.realm)
    assert realm is not None, "realm_spot() has read it"
    fields = [("service", challenge.service), *(("scope", scope) for scope in scopes)]
    if credentials is not None and credentials.identity_token:
        form = [("grant_type", "refresh_token"), ("refresh_token", credentials.identity_token), *fields]
        body = urlencode([*form, ("client_id", _CLIENT)]).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await door.ask("POST", realm.target, kind, body=body)
    else:
        signed = {"Authorization": basic(credentials)} if credentials else {}
        query = "&".join(filter(None, (realm.query, urlencode(fields))))
        answer = await door.ask("GET", f"{realm.path}?{query}", signed)
    if answer.status != 200:
        raise refusal(answer, "a token", signed_in=credentials is not None)
    document = answer.document()
    found = document.get("token") or document.get("access_token")
    # What would not go into a header must not get there.
    if not isinstance(found, str) or not found.isascii() or not found.isprintable():
        raise Fault(Cause.NOT_A_REGISTRY, "answers without a token", ("answer", answer.words()))
    who = (
        f"for {printable(credentials.username, 60)}"
        if credentials and credentials.username
        else "for nobody in particular"
    )
    if credentials and credentials.identity_token:
        who = "for the identity that is signed in"
    return f"Bearer {found}", Found(f"a token {who}", (("scopes", " ".join(scopes) or "none"),))
