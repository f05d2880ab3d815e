"""The scopes that clients ask for and tokens grant.

Grammar: ``repository:<name>:<action>,...`` and ``registry:catalog:*``, several in one parameter parted by spaces, or in
several parameters. Sources: distribution, "Token Scope Documentation"; Azure Container Registry documentation, "AAD
OAuth".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from seawall.errors import ApiError
from seawall.identity.actions import ALL_ACTIONS, Action
from seawall.naming import NamingError, check_repository

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from seawall.identity.actions import Rights

__all__ = ["CATALOG", "Grant", "Scope", "granted", "parse_scopes", "repository_scope"]

_MOST_SCOPES: Final = 256
"""Far more than any client asks for (docker asks for one a layer it may mount), far fewer than would hurt."""

_ACTIONS: Final = {action.value: frozenset((action,)) for action in Action} | {"*": ALL_ACTIONS}


@dataclass(frozen=True, slots=True)
class Scope:
    """Something asked for: actions on a repository, or the catalog when there is no repository."""

    repository: str
    actions: frozenset[Action] = frozenset()


CATALOG: Final = Scope("")


@dataclass(frozen=True, slots=True)
class Grant:
    """What an access token carries."""

    repositories: Mapping[str, frozenset[Action]]
    catalog: bool = False

    @classmethod
    def of_claim(cls, access: Iterable[Mapping[str, Any]]) -> Grant:
        """Read the ``access`` claim."""
        repositories: dict[str, frozenset[Action]] = {}
        catalog = False
        for entry in access:
            if entry["type"] == "repository":
                repositories[entry["name"]] = frozenset(Action(action) for action in entry["actions"])
            elif entry["name"] == "catalog":
                catalog = True
        return cls(repositories, catalog)

    def claim(self) -> list[dict[str, Any]]:
        """Write the ``access`` claim."""
        entries: list[dict[str, Any]] = [
            {
                "type": "repository",
                "name": name,
                "actions": [action.value for action in Action if action in actions],
            }
            for name, actions in self.repositories.items()
        ]
        if self.catalog:
            entries.append({"type": "registry", "name": "catalog", "actions": ["*"]})
        return entries


def parse_scopes(parameters: Iterable[str]) -> list[Scope]:
    """Read the ``scope`` parameters of a token request.

    What cannot be granted anyway (unknown types, names that are no names, unknown actions) is passed over: clients ask
    for more than they need, and the answer shows what they got.

    Raises:
        ApiError: 400, if there are absurdly many.
    """
    texts = [text for parameter in parameters for text in parameter.split(" ") if text]
    if len(texts) > _MOST_SCOPES:
        raise ApiError(400, "UNSUPPORTED", f"ask for at most {_MOST_SCOPES} scopes in one token")
    return [scope for text in texts if (scope := _parse(text)) is not None]


def granted(scopes: Iterable[Scope], rights: Rights, *, catalog: bool) -> Grant:
    """Grant those of some scopes that a principal has a right to."""
    repositories: dict[str, frozenset[Action]] = {}
    asked_catalog = False
    for scope in scopes:
        if scope == CATALOG:
            asked_catalog = True
            continue
        allowed = scope.actions & rights.on(scope.repository)
        if allowed:
            repositories[scope.repository] = repositories.get(scope.repository, frozenset()) | allowed
    return Grant(repositories, catalog=asked_catalog and catalog)


def repository_scope(repository: str, actions: Iterable[Action]) -> str:
    """Write a scope for a challenge."""
    wanted = frozenset(actions)
    return f"repository:{repository}:{','.join(action.value for action in Action if action in wanted)}"


def _parse(text: str) -> Scope | None:
    kind, _, rest = text.partition(":")
    name, _, actions = rest.rpartition(":")
    if (kind, name) == ("registry", "catalog"):
        return CATALOG
    if kind != "repository":
        return None
    try:
        check_repository(name)
    except NamingError:
        return None
    known = [_ACTIONS[action] for action in actions.split(",") if action in _ACTIONS]
    return Scope(name, frozenset().union(*known))
