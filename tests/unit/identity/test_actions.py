"""Scope maps, and what they allow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.identity.actions import (
    ALL_ACTIONS,
    BUILT_IN_SCOPE_MAPS,
    Action,
    Rights,
    ScopeMapError,
    check_scope_map_action,
)
from tests.unit.strategies import repositories

SPELLINGS = {
    "content/read": Action.PULL,
    "content/write": Action.PUSH,
    "content/delete": Action.DELETE,
    "metadata/read": Action.METADATA_READ,
    "metadata/write": Action.METADATA_WRITE,
}
spellings = st.sampled_from(sorted(SPELLINGS))
few_names = st.sampled_from(["team", "team/app", "team/app/x", "teams", "team-app", "other", "te"])


def test_tokens_spell_actions_as_documented() -> None:
    assert {action.value for action in Action} == {"pull", "push", "delete", "metadata_read", "metadata_write"}
    assert frozenset(SPELLINGS.values()) == ALL_ACTIONS


@given(repositories, spellings)
def test_an_action_on_one_repository(name: str, spelling: str) -> None:
    assert check_scope_map_action(f"repositories/{name}/{spelling}") == (name, SPELLINGS[spelling])


@given(st.lists(st.tuples(few_names, st.sampled_from(["", "*", "/*"]), spellings), max_size=5), few_names)
def test_a_scope_map_allows_what_it_says_and_nothing_else(entries: list[tuple[str, str, str]], asked: str) -> None:
    rights = Rights.of_scope_map(f"repositories/{name}{star}/{spelling}" for name, star, spelling in entries)
    expected = set()
    for name, star, spelling in entries:
        prefix = name + star.removesuffix("*")
        if (asked == name and not star) or (star and asked.startswith(prefix)):
            expected.add(SPELLINGS[spelling])
    assert rights.on(asked) == expected


@given(repositories, spellings)
def test_a_star_alone_stands_for_every_repository(name: str, spelling: str) -> None:
    assert Rights.of_scope_map([f"repositories/*/{spelling}"]).on(name) == {SPELLINGS[spelling]}


@pytest.mark.parametrize("prefix", ["team*", "team/*", "team-*", "team.*", "team_*", "team/app-*", "t*", "0*"])
def test_any_beginning_of_a_name_may_stand_before_a_star(prefix: str) -> None:
    rights = Rights.of_scope_map([f"repositories/{prefix}/content/read"])
    assert rights.on(prefix.removesuffix("*") + "x") == {Action.PULL}
    assert rights.on("x" + prefix.removesuffix("*") + "x") == frozenset()


@pytest.mark.parametrize("name", BUILT_IN_SCOPE_MAPS)
def test_the_scope_maps_that_every_registry_has(name: str) -> None:
    rights = Rights.of_scope_map(BUILT_IN_SCOPE_MAPS[name]).on("team/app")
    expected = {Action.PULL}
    if "push" in name:
        expected |= {Action.PUSH}
    if "metadata" in name:
        expected |= {Action.METADATA_READ}
    if "metadata_write" in name:
        expected |= {Action.METADATA_WRITE}
    assert rights == (ALL_ACTIONS if "admin" in name else expected)


@given(repositories)
def test_the_admin_user_may_do_everything_and_nobody_nothing(name: str) -> None:
    assert Rights(everything=True).on(name) == ALL_ACTIONS
    assert Rights().on(name) == frozenset()
    assert Rights.of_scope_map([]).on(name) == frozenset()


@pytest.mark.parametrize(
    "action",
    [
        "",
        "/",
        "content/read",
        "repositories",
        "repositories/content/read",
        "repositories//content/read",
        "repositories///content/read",
        "repositories/team/",
        "repositories/team/content",
        "repositories/team/content/read/",
        "repositories/team/content/Read",
        "repositories/team/content/pull",
        "repositories/team/content/*",
        "repositories/team/*",
        "repositories/team//content/read",
        "repositories/team/../other/content/read",
        "repositories/Team/content/read",
        "repositories/ team/content/read",
        "repositories/team\n/content/read",
        "repositories/**/content/read",
        "repositories/*/*/content/read",
        "repositories/*team/content/read",
        "repositories/te*am/content/read",
        "repositories/team/*/app/content/read",
        "repositories/team//*/content/read",
        "repositories/Team*/content/read",
        "repositories/../*/content/read",
        "repositories/.*/content/read",
        "repositories/" + "a" * 256 + "/content/read",
        "repository/team/content/read",
        "Repositories/team/content/read",
        " repositories/team/content/read",
        "gateway/team/config/read",
    ],
)
def test_what_is_no_action(action: str) -> None:
    with pytest.raises(ScopeMapError):
        check_scope_map_action(action)
    with pytest.raises(ScopeMapError):
        Rights.of_scope_map(["repositories/ok/content/read", action])


@given(st.text(max_size=60))
def test_nonsense_is_refused_and_nothing_else(text: str) -> None:
    for action in (text, f"repositories/{text}", f"repositories/{text}/content/reed"):
        with pytest.raises(ScopeMapError):
            check_scope_map_action(action)
