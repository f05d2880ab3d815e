"""Every route and every kind of principal: who is let in is what the tables say, and nobody else is."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, TypeAlias

import pytest

from seawall.identity.sign_in import REGISTRY_RESOURCE
from seawall.naming import Role
from tests.api import authorization_operators as operators
from tests.api.authorization_doors import KINDS, USES, by_role, cookies, grants, grants_due, tokens
from tests.api.authorization_everybody import STRANGERS, invite_everybody
from tests.api.authorization_links import NO_LINKS, a_link, signed
from tests.api.authorization_people import SCOPES, bearer, repositories_shown_to, unsigned
from tests.api.authorization_routes import DIGEST, LAYER, PUBLIC, ROUTES, Route
from tests.api.authorization_tables import differences
from tests.api.authorization_world import REGISTRIES, SUBSCRIPTION, World
from tests.support import content
from tests.support.server import CLOUD, Server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import httpx

    Shown: TypeAlias = dict[str, Mapping[str, str]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server of our own, to see that nothing is written in it."""
    with Server(tmp_path_factory.mktemp("authorization")) as server, server.database() as database:
        made = World(server, database)
        invite_everybody(made)
        operators.furnish(made)
        yield made
        told = [secret for secret in server.secrets if secret in server.log]
        assert not told, f"{len(told)} of {len(server.secrets)} secrets are in the log"


@pytest.fixture(scope="module")
def uninvited(world: World) -> Shown:
    """What opens no page of the portal."""
    return cookies(world)


def named(route: Route) -> str:
    return f"{route.method} {route.path.replace(REGISTRIES, '').replace(SUBSCRIPTION, '')}"


def statuses(answers: Mapping[str, httpx.Response]) -> dict[str, int]:
    return {name: answer.status_code for name, answer in answers.items()}


# The login door


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_the_login_door(world: World, route: Route) -> None:
    expected = {name: who.expects(route) for name, who in world.people.items()}
    before = world.written()
    # Those who are refused come first, to see that they have left nothing behind.
    for refused in (True, False):
        names = [name for name, (status, _) in expected.items() if (status in {401, 403}) is refused]
        found = {
            name: (answer.status_code, answer.headers.get("www-authenticate", ""))
            for name, answer in world.send_as_each(route, names).items()
        }
        assert found == {name: expected[name] for name in names}
        assert not refused or world.written() == before


@pytest.mark.parametrize("route", PUBLIC, ids=named)
def test_what_is_for_everybody(world: World, route: Route) -> None:
    answers = world.send_as_each(route, STRANGERS, f"https://{world.registry.authority}")
    assert statuses(answers) == dict.fromkeys(STRANGERS, route.done)


def test_a_feed_is_for_everybody(world: World) -> None:
    index = world.server.client.get(world.registry.url("/feeds/")).json()
    for path in [index["serviceTags"], *index["rules"]]:
        # Some firewalls cannot express a registry, which is no question of who asks.
        assert world.registry.raw_call("GET", path).status_code in {200, 409}, path


@pytest.mark.parametrize("path", ["/v2/_catalog", "/acr/v1/_catalog"])
def test_everybody_sees_the_repositories_they_may_read(world: World, path: str) -> None:
    lists = {name: who for name, who in world.people.items() if who.rights is not None and who.catalog}
    found = {
        name: world.registry.raw_call("GET", f"https://{who.authority}{path}", headers=who.shows).json()["repositories"]
        for name, who in lists.items()
    }
    assert found == {name: repositories_shown_to(name, who) for name, who in lists.items()}


# Tokens


def test_a_token_grants_what_its_bearer_may_do(world: World) -> None:
    found: dict[str, dict[str, set[str]] | None] = {}
    for name, who in world.people.items():
        url, query = f"https://{who.authority}/oauth2/token", {"scope": list(SCOPES)}
        answers = [world.server.client.get(url, params=query, headers=who.shows)]
        scheme, _, value = who.shows.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            username, _, password = base64.b64decode(value).decode().partition(":")
            form = {"grant_type": "password", "username": username, "password": password, **query}
            answers.append(world.server.client.post(url, data=form))
        given = [grants(one.json()["access_token"]) if one.status_code == 200 else None for one in answers]
        assert {one.status_code for one in answers} <= {200, 401}
        assert given[0] == given[-1], name
        found[name] = given[0]
    assert found == {name: grants_due(who) for name, who in world.people.items()}


def test_a_refresh_token_is_over_with_its_password(world: World) -> None:
    uses = ("as a password", "to be exchanged again", "to refresh")
    found = {name: [USES[use](world, token) for use in uses] for name, (token, _) in world.refresh_tokens.items()}
    assert found == {name: [200 if good else 401] * 3 for name, (_, good) in world.refresh_tokens.items()}


def test_each_kind_of_token_opens_one_door(world: World) -> None:
    found = {}
    for kind, token in tokens(world).items():
        found[kind] = {use for use, is_good in USES.items() if is_good(world, token) == 200}
        found[f"{kind}, without a signature"] = {
            use for use, is_good in USES.items() if is_good(world, unsigned(token)) == 200
        }
    assert found == {**KINDS, **{f"{kind}, without a signature": set() for kind in KINDS}}


# Operators


@pytest.mark.parametrize("route", operators.MANAGEMENT, ids=named)
def test_managing_is_for_operators(world: World, route: Route) -> None:
    before = world.written()
    challenge = f'Bearer authorization_uri="{world.origin}/adfs"'
    found = {
        name: (answer.status_code, answer.json()["error"]["code"], answer.headers.get("www-authenticate"))
        for name, answer in world.send_as_each(route, STRANGERS, world.origin).items()
    }
    assert found == dict.fromkeys(STRANGERS, (401, "AuthenticationFailed", challenge))
    assert world.written() == before
    answer = world.send(route, world.origin, world.manages)
    assert answer.status_code == route.done, answer.text


@pytest.mark.parametrize("route", operators.SIGN_IN, ids=named)
def test_where_to_sign_in_is_told_to_everybody(world: World, route: Route) -> None:
    assert statuses(world.send_as_each(route, STRANGERS, world.origin)) == dict.fromkeys(STRANGERS, route.done)


def test_operators_sign_in(world: World) -> None:
    found = {}
    for who, (name, secret) in world.secrets.items():
        form = {"grant_type": "client_credentials", "client_id": name, "client_secret": secret}
        answers = [
            world.server.client.post(f"{world.origin}/adfs/oauth2/token", data={**form, "scope": f"{what}/.default"})
            for what in (world.origin, REGISTRY_RESOURCE)
        ]
        form = {"name": name, "secret": secret}
        answers.append(world.server.client.post(f"{world.origin}/portal/sign-in", data=form, headers=operators.OURS))
        found[who] = [one.status_code for one in answers]
    assert found == {who: [401, 401, 403] for who in world.secrets} | {"an operator": [200, 200, 303]}


# The portal


@pytest.mark.parametrize("route", operators.PAGES, ids=named)
def test_a_page_is_for_whoever_signed_in(world: World, uninvited: Shown, route: Route) -> None:
    found = {}
    for name, shows in uninvited.items():
        answer = world.send(route, world.origin, shows)
        found[name] = answer.status_code, answer.headers["location"].partition("?")[0], answer.content
    assert found == dict.fromkeys(uninvited, (303, "/portal/sign-in", b""))
    answer = world.send(route, world.origin, world.session)
    assert answer.status_code == route.done, answer.text


@pytest.mark.parametrize("route", operators.FORMS, ids=named)
def test_a_form_is_for_whoever_has_its_page(world: World, uninvited: Shown, route: Route) -> None:
    session = world.session
    good = route.body + f"&proof={operators.proof_of(world, session)}".encode()
    other = route.body + f"&proof={operators.proof_of(world, {'Cookie': world.operator.session()})}".encode()
    before = world.written()
    found = {}
    for name, shows in uninvited.items():
        answer = world.send(route, world.origin, {**operators.OURS, **shows}, good)
        found[name] = answer.status_code, answer.headers["location"]
    assert found == dict.fromkeys(uninvited, (303, "/portal/sign-in"))
    tries = operators.no_forms(route, world.origin, good, other)
    refused = {
        how: world.send(route, world.origin, {**session, **headers}, body).status_code
        for how, (headers, body) in tries.items()
    }
    assert refused == dict.fromkeys(tries, 403)
    assert world.written() == before
    for headers in (operators.OURS, {"Origin": world.origin}):
        answer = world.send(route, world.origin, {**session, **headers}, good)
        assert answer.status_code == route.done, answer.text


def test_nobody_signs_in_from_elsewhere(world: World) -> None:
    form = {"name": world.operator.name, "secret": world.operator.secret}
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        answer = world.server.client.post(f"{world.origin}/portal/sign-in", data=form, headers=headers)
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


# The data door


def test_without_a_link_there_is_no_layer(world: World) -> None:
    for host in (world.registry.account_host, world.registry.data_host):
        origin = f"https://{world.server.authority(host)}"
        answers = world.send_as_each(Route("GET", f"/blobs/{DIGEST}"), world.people, origin)
        assert statuses(answers) == dict.fromkeys(world.people, 403)


def test_a_link_is_all_that_counts(world: World) -> None:
    link = a_link(world)
    for name in STRANGERS:
        answer = world.registry.raw_call("GET", link, headers=world.people[name].shows)
        assert (answer.status_code, answer.content) == (200, LAYER), name
    assert world.registry.raw_call("GET", signed(world, link, 600)).content == LAYER


@pytest.mark.parametrize("what", NO_LINKS)
def test_what_is_no_link(world: World, what: str) -> None:
    bad = NO_LINKS[what](world, a_link(world))
    for method in ("GET", "HEAD"):
        answer = world.registry.raw_call(method, bad, headers=world.people["the admin by token"].shows)
        assert answer.status_code == 403, answer.text


def test_a_link_is_over_with_the_right_to_it(world: World) -> None:
    """Each of them worked before; see :meth:`World.shut_out`."""
    found = {
        name: [world.registry.raw_call(method, link).status_code for method in ("GET", "HEAD")]
        for name, link in world.links.items()
    }
    assert found == {name: [403, 403] for name in world.links}


# The node's door


@pytest.mark.parametrize("route", operators.NODES, ids=named)
def test_a_node_answers_nodes(world: World, route: Route) -> None:
    before = world.written()
    others = [name for name in (*STRANGERS, "an operator to manage") if name != "a node"]
    assert statuses(world.send_as_each(route, others, f"{world.node}/")) == dict.fromkeys(others, 401)
    assert world.written() == before
    if route.path != "leave":
        answer = world.send(route, f"{world.node}/", world.people["a node"].shows)
        assert answer.status_code == route.done, answer.text


def test_a_node_that_has_left_is_answered_no_more(world: World) -> None:
    shows = bearer(world.join("northus"))
    found = [world.send(route, f"{world.node}/", shows).status_code for route in operators.NODES]
    assert found == [route.done for route in operators.NODES]
    found = [world.send(route, f"{world.node}/", shows).status_code for route in operators.NODES]
    assert found == [401] * len(operators.NODES)


def test_who_is_not_invited_does_not_join(world: World) -> None:
    before = world.written()
    body = content.encode({"secret": "guessed", "region": world.newcomer("southus")})
    answers = world.send_as_each(Route("POST", "/join", body=body), STRANGERS, world.node)
    assert statuses(answers) == dict.fromkeys(STRANGERS, 403)
    assert world.written() == before


# Whether that is all


def test_every_kind_of_host_is_asked(world: World) -> None:
    """At each of them nobody gets further than to the door."""
    hosts = by_role(world)
    assert set(hosts) == set(Role)
    for role, (host, status) in hosts.items():
        assert CLOUD.parse(host).role is role
        assert world.registry.raw_call("GET", f"https://{world.server.authority(host)}/v2/").status_code == status, role


def test_every_route_is_in_the_tables() -> None:
    assert differences() == set()
