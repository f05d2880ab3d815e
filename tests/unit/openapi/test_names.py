"""The patterns that the documents tell, and the code that checks names, say the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.blobs.digest import parse_digest
from seawall.identity.actions import BUILT_IN_SCOPE_MAPS, check_scope_map_action
from seawall.identity.names import check_scope_map_name, check_token_name
from seawall.management.errors import ManagementError
from seawall.management.imports import read_order
from seawall.metadata import tags
from seawall.metadata.webhooks import Webhook
from seawall.naming import check_region, check_registry, check_repository
from seawall.network import parse_range
from seawall.openapi import names
from seawall.private_endpoint import PrivateEndpoint

if TYPE_CHECKING:
    from collections.abc import Callable

ODD: Final = st.text("aZ0._-:/*@ \n\u00e9", max_size=3)
"""What makes of a name something that is nearly one, or another."""

SHA256: Final = f"sha256:{'0' * 64}"
OFFICE: Final = parse_range("10.0.0.0/24")


def tag(text: str) -> None:
    if not tags.GRAMMAR.fullmatch(text):
        raise ValueError(text)


def image(text: str) -> None:
    order({"source": {"registryUri": "a.example", "sourceImage": text}})


def target(text: str) -> None:
    order({"source": {"registryUri": "a.example", "sourceImage": "a"}, "targetTags": [text]})


def login_server(text: str) -> None:
    order({"source": {"registryUri": text, "sourceImage": "a"}})


def order(body: dict[str, object]) -> None:
    try:
        read_order("myregistry", body)
    except ManagementError as error:
        raise ValueError(error.message) from None


def is_taken(check: Callable[[str], object], text: str) -> bool:
    """Say whether the code takes a name."""
    try:
        check(text)
    except ValueError:
        return False
    return True


CHECKS: Final[dict[str, tuple[Callable[[str], object], tuple[str, ...]]]] = {
    "ACTION": (
        check_scope_map_action,
        ("repositories/*/content/read", "repositories/team/app-*/metadata/write", "repositories/a__b/content/delete"),
    ),
    "DIGEST": (parse_digest, (SHA256, f"sha512:{'f' * 128}")),
    "IMAGE": (image, ("team/app", "app:v1", f"a.b@{SHA256}", f"app:v1@{SHA256}", "app:")),
    "PRIVATE_ENDPOINT": (lambda text: PrivateEndpoint(text, OFFICE), ("Office", "a", "of.fi_ce")),
    "REGION": (lambda text: check_region(text.lower()), ("eastus", "EastUS2")),
    "REGISTRY": (lambda text: check_registry(text.lower()), ("MyRegistry", "12345", "myregistry-x1y2z3")),
    "REPOSITORY": (check_repository, ("app", "team/app", "a-b__c.d/0---0")),
    "SCOPE_MAP": (check_scope_map_name, ("a", "Team-map_1")),
    "TAG": (tag, ("v1", "_", "1.2-rc")),
    "TAGGED": (target, ("app", "team/app:v1", "app:")),
    "TOKEN": (lambda text: check_token_name(text, ""), ("edge", "Edge-device_1")),
    "WEBHOOK": (lambda text: Webhook("myregistry", text, "https://ci.example"), ("a", "Builds_1-2")),
    "WEBHOOK_SCOPE": (
        lambda text: Webhook("myregistry", "a", "https://ci.example", scope=text or "*"),
        ("", "*", "app:v1", "team/*", "*:v1*", "a.b"),
    ),
}
"""By the name of the pattern, what checks such names, and some that are right."""

LOGIN_SERVERS: Final = ("mcr.microsoft.com", "https://a.example:5000/", "localhost", "127.0.0.1:1", "A-b.C")


@pytest.mark.parametrize("name", CHECKS)
@given(data=st.data())
def test_the_code_takes_what_the_pattern_matches_and_nothing_else(name: str, data: st.DataObject) -> None:
    check, right = CHECKS[name]
    text = data.draw(st.sampled_from(right))
    assert (is_taken(check, text), matches(name, text)) == (True, True)
    # The same with something else put into it, or taken out.
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    text = text[:start] + data.draw(ODD) + text[end:]
    assert is_taken(check, text) == matches(name, text), text


@given(st.sampled_from(LOGIN_SERVERS), st.integers(0, 30), ODD)
def test_the_code_takes_every_login_server_that_the_pattern_matches(right: str, place: int, odd: str) -> None:
    # And more, such as ports of five digits.
    assert matches("LOGIN_SERVER", right)
    text = right[:place] + odd + right[place:]
    assert is_taken(login_server, text) or not matches("LOGIN_SERVER", text)


def test_every_pattern_is_tried() -> None:
    patterns = {name for name in names.__all__ if isinstance(getattr(names, name), str)}
    assert patterns == {*CHECKS, "LOGIN_SERVER", "BUILT_IN_SCOPE_MAP"}
    assert all(matches("BUILT_IN_SCOPE_MAP", name) for name in BUILT_IN_SCOPE_MAPS)
    assert is_taken(check_repository, "a" * names.REPOSITORY_LENGTH)
    assert not is_taken(check_repository, "a" * (names.REPOSITORY_LENGTH + 1))


def matches(name: str, text: str) -> bool:
    """Say whether a pattern matches a text from end to end, which to Python it does not where a line feed follows."""
    pattern: str = getattr(names, name)
    return re.fullmatch(pattern, text) is not None
