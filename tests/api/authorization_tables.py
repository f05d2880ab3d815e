"""What the product itself says that there is, to see that the tables of the matrix lack nothing of it."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from seawall.acr import api as acr_api
from seawall.acr.routes import find_route as find_acr_route
from seawall.management import registry_api
from seawall.openapi.management import describe
from seawall.portal import views
from seawall.registry import api
from seawall.registry.routes import find_route
from seawall.replication.door import ReplicationDoor
from tests.api.authorization_operators import FORMS, MANAGED, MANAGEMENT, NODES, PAGES, SIGN_IN, SIGNING_IN
from tests.api.authorization_routes import ROUTES
from tests.api.authorization_world import REGISTRIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.api.authorization_routes import Route

__all__ = ["differences"]


def differences() -> set[object]:
    """List what either the product's tables or those of the matrix have alone."""
    return {
        *(_operations() ^ {_operation(route) for route in ROUTES}),
        *(_things() - {_thing(route) for route in MANAGEMENT}),
        *_described_only(public=False, routes=MANAGEMENT),
        *_described_only(public=True, routes=[*SIGN_IN, SIGNING_IN]),
        *(_views() ^ {route.needs for route in (*PAGES, *FORMS) if route.needs}),
        *(_questions() - {(route.method, re.split("[/?]", route.path)[0]) for route in NODES}),
    }


def _operations() -> set[tuple[str, str, str]]:
    """List what the login door answers: in which API, about which kind of thing, by which method."""
    tables = {"registry": api._OPERATIONS, "acr": acr_api._OPERATIONS}
    return {(of, str(kind), method) for of, table in tables.items() for kind in table for method in table[kind]}


def _operation(route: Route) -> tuple[str, str, str]:
    path = route.path.partition("?")[0]
    of, found = ("registry", find_route(path)) if path.startswith("/v2") else ("acr", find_acr_route(path))
    assert found is not None, path
    return of, str(found.kind), route.method


def _things() -> set[str]:
    """List the kinds of things that a registry has for operators."""
    return set(registry_api._THINGS)


def _thing(route: Route) -> str:
    return route.path.removeprefix(f"{REGISTRIES}/{MANAGED}/").partition("/")[0].lower()


def _described_only(*, public: bool, routes: Iterable[Route]) -> set[tuple[str, str]]:
    """List methods and paths that are described at the operators' host, for everybody or for them, and not asked."""
    asked = {(route.method, route.path.partition("?")[0]) for route in routes}
    described = {
        (method.upper(), path)
        for path, item in describe()["paths"].items()
        for method, one in item.items()
        if method != "parameters" and (one.get("security") == []) is public
    }
    return {
        (method, path)
        for method, path in described
        if not any(method == sent and _is_like(path, where) for sent, where in asked)
    }


def _is_like(template: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"\\{.*?\\}", "[^/]+", re.escape(template)), path, re.IGNORECASE) is not None


def _views() -> set[str]:
    """List what shows a page of the portal or takes a form, but for signing in."""
    modules = {one.name: import_module(f"{views.__name__}.{one.name}") for one in pkgutil.iter_modules(views.__path__)}
    return {f"{name}.{view}" for name, module in modules.items() for view in module.__all__} - {"signing.sign_in"}


def _questions() -> set[tuple[str, str]]:
    """List what a node answers others."""
    unused = cast("Any", SimpleNamespace(glance_seconds=1.0))
    return set(ReplicationDoor(unused, unused, unused)._routes)
