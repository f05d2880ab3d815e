"""Keys are made on first use, and changed without logging anybody out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from seawall.identity.keyring import ensure_keys, load_private_key, rotate
from seawall.identity.scopes import Grant
from seawall.identity.tokens import TokenError, TokenKind, Verifier, issue
from seawall.metadata import keys
from seawall.metadata.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from seawall.metadata.database import Database

DAY = 86_400
AUDIENCE = "myregistry.azurecr.io"


def names(database: Database, purpose: str) -> list[str]:
    return [key.name for key in database.read_now(keys.newest_first, purpose)]


@pytest.fixture
def at(tmp_path: Path, open_databases: Callable[..., Database]) -> Callable[[float], Database]:
    """One database as it is opened some seconds from now; clocks only stamp rows."""
    url = f"sqlite:///{tmp_path / 'seawall.db'}"
    migrate(url)

    def open_at(seconds: float) -> Database:
        return open_databases(url, wall=lambda: int((time.time() + seconds) * 1000))

    return open_at


def test_first_keys_are_made_once(database: Database) -> None:
    for _ in range(2):
        database.write_now(ensure_keys)
        [token_key] = database.read_now(keys.newest_first, keys.TOKEN)
        [link_key] = database.read_now(keys.newest_first, keys.LINK)
    assert load_private_key(token_key.secret).key_size >= 2048
    assert len(link_key.secret) >= 32
    assert token_key.secret != link_key.secret


def test_a_tokens_key_is_named_by_its_fingerprint(database: Database) -> None:
    database.write_now(ensure_keys)
    [name] = names(database, keys.TOKEN)
    groups = name.split(":")
    assert len(groups) == 12
    assert all((len(group) == 4 and group.isupper()) or group.isalnum() for group in groups)


def test_new_keys_sign_and_old_ones_still_hold(database: Database) -> None:
    database.write_now(ensure_keys)
    old = {purpose: names(database, purpose) for purpose in (keys.TOKEN, keys.LINK)}
    [signing] = database.read_now(keys.newest_first, keys.TOKEN)
    token, _ = issue(signing, TokenKind.ACCESS, AUDIENCE, "edge-device", "cred0001", Grant({}))
    assert rotate(database) == 0
    for purpose, before in old.items():
        now = names(database, purpose)
        assert len(now) == 2
        assert now[1:] == before
    ring = database.read_now(keys.newest_first, keys.TOKEN)
    assert Verifier().verify(token, TokenKind.ACCESS, AUDIENCE, ring).subject == "edge-device"


def test_a_key_that_signed_until_now_is_kept_however_old_it_is(at: Callable[[float], Database]) -> None:
    at(-400 * DAY).write_now(ensure_keys)
    [signing] = at(0).read_now(keys.newest_first, keys.TOKEN)
    token, _ = issue(signing, TokenKind.REFRESH, AUDIENCE, "edge-device", "cred0001")
    assert rotate(at(0)) == 0
    ring = at(0).read_now(keys.newest_first, keys.TOKEN)
    assert Verifier().verify(token, TokenKind.REFRESH, AUDIENCE, ring).subject == "edge-device"


def test_a_key_that_signed_nothing_valid_is_removed(at: Callable[[float], Database]) -> None:
    at(-3 * DAY).write_now(ensure_keys)
    first = {purpose: names(at(0), purpose) for purpose in (keys.TOKEN, keys.LINK)}
    token, _ = issue(at(0).read_now(keys.newest_first, keys.TOKEN)[0], TokenKind.REFRESH, AUDIENCE, "edge-device")
    for purpose in (keys.TOKEN, keys.LINK):
        at(-2 * DAY).write_now(keys.add, purpose, "successor", b"secret")
    assert rotate(at(0)) == 2
    for purpose, before in first.items():
        now = names(at(0), purpose)
        assert now[1:] == ["successor"]
        assert before[0] not in now
    with pytest.raises(TokenError):
        Verifier().verify(token, TokenKind.REFRESH, AUDIENCE, at(0).read_now(keys.newest_first, keys.TOKEN))


def test_new_keys_sign_also_when_the_clock_was_set_back(at: Callable[[float], Database]) -> None:
    at(0).write_now(ensure_keys)
    before = names(at(0), keys.TOKEN)
    rotate(at(-7 * DAY))
    assert names(at(0), keys.TOKEN)[1:] == before
