"""Passwords are made, shown once, and known again only by their hash."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.identity.passwords import matching_credential, new_password
from seawall.metadata.principals import Principal

FIRST, FIRST_KEPT = new_password()
SECOND, SECOND_KEPT = new_password()
USER = Principal("edge-device", {"password": FIRST_KEPT, "password2": SECOND_KEPT})


def test_a_password_cannot_be_guessed() -> None:
    made = [new_password() for _ in range(50)]
    assert len({password for password, _ in made}) == 50
    assert len({kept.identifier for _, kept in made}) == 50
    assert all(len(password) >= 43 and password.isascii() for password, _ in made)


def test_nothing_that_is_kept_tells_the_password() -> None:
    assert FIRST not in repr(FIRST_KEPT)
    assert FIRST_KEPT.identifier not in FIRST


def test_either_password_signs_in() -> None:
    assert matching_credential(USER, FIRST) == FIRST_KEPT
    assert matching_credential(USER, SECOND) == SECOND_KEPT


@pytest.mark.parametrize(
    "password",
    ["", FIRST[:-1], FIRST + "x", FIRST.swapcase(), " " + FIRST, FIRST + "\0", "\ud800"],
    # The passwords are new in every process, and so would the names of the tests be.
    ids=["none", "too short", "too long", "case", "space before", "zero after", "no text"],
)
def test_another_password_does_not(password: str) -> None:
    assert matching_credential(USER, password) is None


@given(st.text())
def test_no_text_signs_in(password: str) -> None:
    assert matching_credential(USER, password) is None
    assert matching_credential(None, password) is None


def test_the_hash_is_no_password() -> None:
    assert matching_credential(USER, FIRST_KEPT.sha256) is None


def test_nobody_signs_in_without_a_password_of_their_own() -> None:
    assert matching_credential(Principal("edge-device", {}), "") is None
    assert matching_credential(Principal("edge-device", {}), FIRST) is None
    assert matching_credential(None, "") is None


def test_somebody_who_is_locked_out_does_not() -> None:
    assert matching_credential(Principal(USER.name, USER.credentials, enabled=False), FIRST) is None
