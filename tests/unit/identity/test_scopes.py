"""What clients ask for, and what they are given."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.errors import ApiError
from seawall.identity.actions import ALL_ACTIONS, Action, Rights
from seawall.identity.scopes import CATALOG, Grant, Scope, granted, parse_scopes, repository_scope
from tests.unit.strategies import repositories

EVERYTHING = Rights(everything=True)
some_actions = st.frozensets(st.sampled_from(list(Action)))


def given_for(*parameters: str, rights: Rights = EVERYTHING, catalog: bool = True) -> Grant:
    return granted(parse_scopes(parameters), rights, catalog=catalog)


@given(st.dictionaries(repositories, some_actions.filter(bool), max_size=5))
def test_scopes_are_read_as_they_are_written(wanted: dict[str, frozenset[Action]]) -> None:
    texts = [repository_scope(name, actions) for name, actions in wanted.items()]
    expected = [Scope(name, actions) for name, actions in wanted.items()]
    assert parse_scopes(texts) == expected
    assert parse_scopes([" ".join(texts)]) == expected
    assert parse_scopes(["  ".join(["", *texts, ""]), ""]) == expected


@given(repositories, some_actions)
def test_a_challenge_names_actions_in_one_order(name: str, actions: frozenset[Action]) -> None:
    order = ["pull", "push", "delete", "metadata_read", "metadata_write"]
    text = ",".join(action for action in order if Action(action) in actions)
    assert repository_scope(name, iter(actions)) == f"repository:{name}:{text}"


@given(repositories, some_actions.filter(bool), some_actions)
def test_nobody_is_given_more_than_asked_for_or_allowed(
    name: str, asked: frozenset[Action], allowed: frozenset[Action]
) -> None:
    rights = Rights(exact=tuple((name, action) for action in allowed))
    grant = given_for(repository_scope(name, asked), rights=rights)
    assert grant.repositories == ({name: asked & allowed} if asked & allowed else {})
    assert not grant.catalog


def test_a_star_asks_for_every_action() -> None:
    assert given_for("repository:a:*").repositories == {"a": ALL_ACTIONS}
    pull_only = Rights(prefixes=(("", Action.PULL),))
    assert given_for("repository:a:*", rights=pull_only).repositories == {"a": {Action.PULL}}


def test_the_same_repository_twice_is_added_up() -> None:
    grant = given_for("repository:a:pull repository:b:pull", "repository:a:push")
    assert grant.repositories == {"a": {Action.PULL, Action.PUSH}, "b": {Action.PULL}}


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("allowed", [True, False])
def test_the_catalog_is_given_to_those_who_ask_and_may(asked: bool, allowed: bool) -> None:
    texts = ["repository:a:pull", *["registry:catalog:*"][: int(asked)]]
    assert given_for(*texts, catalog=allowed).catalog is (asked and allowed)
    assert (CATALOG in parse_scopes(texts)) is asked


@pytest.mark.parametrize(
    "text",
    [
        "repository",
        "repository:",
        "repository::",
        "repository::pull",
        "repository:a",
        "repository:a:",
        "repository:a:,",
        "repository:a:PULL",
        "repository:a:Pull",
        "repository:a:pull;push",
        "repository:a:pu\N{LATIN SMALL LETTER LONG S}h",
        "repository:a: pull",
        "repository:a:pull\n",
        "repository:a:pull\0",
        "repository:a:**",
        "repository:a:pull*",
        "repository:*:pull",
        "repository:a/*:pull",
        "repository:A:pull",
        "repository:a/../b:pull",
        "repository:../a:pull",
        "repository:a//b:pull",
        "repository:a/:pull",
        "repository:/a:pull",
        "repository:a\0b:pull",
        "repository:a%2fb:pull",
        "repository:host.example:5000/a:pull",
        "repository:\N{LATIN SMALL LETTER A WITH DIAERESIS}:pull",
        "repository:\N{CYRILLIC SMALL LETTER A}:pull",
        "repository:\N{KELVIN SIGN}:pull",
        "repository:" + "a" * 256 + ":pull",
        "REPOSITORY:a:pull",
        "Repository:a:pull",
        "repo\N{LATIN SMALL LETTER LONG S}itory:a:pull",
        "repository(plugin):a:pull",
        "registry:catalog",
        "registry:Catalog:*",
        "registry:catalog2:*",
        "registry::*",
        "registry:*:*",
        "artifact-repository:a:pull",
        ":a:pull",
        "::",
        ":",
        "a",
    ],
)
def test_what_gives_nothing(text: str) -> None:
    # Split at spaces, such a text could leave a whole scope behind; none of these does.
    assert given_for(text) == Grant({})
    assert given_for("repository:ok:pull", text).repositories == {"ok": {Action.PULL}}


def test_unknown_actions_are_passed_over() -> None:
    assert given_for("repository:a:pull,fly,,push,metadata_reed").repositories == {"a": {Action.PULL, Action.PUSH}}


def test_only_spaces_part_scopes() -> None:
    assert given_for("repository:a:pull\trepository:b:pull").repositories.keys() <= {"a"}
    assert given_for("repository:a:pull\u00a0repository:b:pull") == Grant({})


def test_absurdly_many_scopes_are_refused_at_once() -> None:
    many = [f"repository:a{number}:pull" for number in range(10_000)]
    began = time.perf_counter()
    for parameters in (many, [" ".join(many)]):
        with pytest.raises(ApiError) as caught:
            parse_scopes(parameters)
        assert caught.value.status == 400
    assert time.perf_counter() - began < 1


def test_as_many_scopes_as_a_large_image_needs_are_fine() -> None:
    many = [f"repository:a{number}:pull" for number in range(200)]
    assert len(parse_scopes([" ".join(many)])) == 200


@given(st.lists(st.text(max_size=40), max_size=5))
def test_nonsense_gives_nothing(texts: list[str]) -> None:
    assert granted(parse_scopes(texts), Rights(), catalog=False) == Grant({})


@given(st.dictionaries(repositories, some_actions.filter(bool), max_size=4), st.booleans())
def test_a_token_carries_what_was_given(repository_actions: dict[str, frozenset[Action]], catalog: bool) -> None:
    grant = Grant(repository_actions, catalog)
    claim = grant.claim()
    assert Grant.of_claim(claim) == grant
    assert sorted(entry["type"] for entry in claim) == ["registry"] * catalog + ["repository"] * len(repository_actions)
