"""Signing in: the challenge, the token service, what tokens may do, and when that ends."""

from __future__ import annotations

import base64
import itertools
import re
import time
from typing import TYPE_CHECKING

import jwt
import pytest

from seawall.metadata import keys
from tests.support import content, forge
from tests.support.registry import Registry, User, basic

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.support.server import Server

NOBODY_KNOWN = "00000000-0000-0000-0000-000000000000"
BLOB = b"a layer"
DIGEST = content.digest_of(BLOB)
_numbers = itertools.count()


@pytest.fixture(scope="module")
def registry(server: Server) -> Registry:
    """A registry in which anything may be switched, as long as it is switched back."""
    made = Registry.create(server, "identity")
    for name in ("team/app", "team/web", "other/app"):
        made.admin.push_image(name, "v1", BLOB)
    return made


def limited(registry: Registry, *actions: str) -> User:
    """Make a user who may do what a scope map of his own says."""
    name = f"user-{next(_numbers)}"
    options = [part for action in actions for part in ("--action", action)]
    registry.server.run("scope-map", "create", name, "-r", registry.name, *options)
    return registry.token_user(name, "--scope-map", name)


@pytest.fixture(scope="module")
def mapped(registry: Registry) -> User:
    """A user whose scope map is written anew by each test."""
    return limited(registry, "repositories/none/content/read")


def header(registry: Registry, scope: str = "", error: str = "") -> str:
    """The one right spelling of the challenge."""
    text = f'Bearer realm="https://{registry.authority}/oauth2/token",service="{registry.authority}"'
    return text + (f',scope="{scope}"' if scope else "") + (f',error="{error}"' if error else "")


# The challenge


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/v2/", ""),
        ("GET", "/v2/_catalog", "registry:catalog:*"),
        ("GET", "/v2/a/b/manifests/v1", "repository:a/b:pull"),
        ("HEAD", "/v2/a/b/manifests/v1", "repository:a/b:pull"),
        ("PUT", "/v2/a/b/manifests/v1", "repository:a/b:pull,push"),
        ("DELETE", "/v2/a/b/manifests/v1", "repository:a/b:delete"),
        ("GET", f"/v2/a/b/blobs/{DIGEST}", "repository:a/b:pull"),
        ("HEAD", f"/v2/a/b/blobs/{DIGEST}", "repository:a/b:pull"),
        ("DELETE", f"/v2/a/b/blobs/{DIGEST}", "repository:a/b:delete"),
        ("POST", "/v2/a/b/blobs/uploads/", "repository:a/b:pull,push"),
        ("PATCH", "/v2/a/b/blobs/uploads/x", "repository:a/b:pull,push"),
        ("GET", "/v2/a/b/tags/list", "repository:a/b:pull"),
        ("GET", f"/v2/a/b/referrers/{DIGEST}", "repository:a/b:pull"),
    ],
)
def test_the_challenge_is_spelt_for_the_least_forgiving_reader(
    first: Registry, method: str, path: str, scope: str
) -> None:
    answer = first.raw_call(method, path)
    assert answer.status_code == 401
    assert answer.headers.get_list("www-authenticate") == [header(first, scope)]
    if method != "HEAD":
        error = answer.json()["errors"][0]
        assert error["code"] == "UNAUTHORIZED"
        repository = re.fullmatch("repository:(.*):(.*)", scope)
        wanted = repository and [
            {"Type": "repository", "Name": repository[1], "Action": action} for action in repository[2].split(",")
        ]
        assert error["detail"] == wanted


def test_schemes_are_written_in_any_case(first: Registry) -> None:
    token = first.admin.token()
    password = basic(first.name, first.password).removeprefix("Basic ")
    for value in (f"bearer {token}", f"BEARER {token}", f"Bearer   {token}", f"basic {password}", f"BASIC {password}"):
        assert first.raw_call("GET", "/v2/", headers={"Authorization": value}).status_code == 200, value
    for value in (
        f"Token {token}",
        token,
        f"Bearer{token}",
        f"Bearer {token} x",
        f"Basic {token}",
        "Bearer",
        "Negotiate",
    ):
        assert first.raw_call("GET", "/v2/", headers={"Authorization": value}).status_code == 401, value


def test_a_weak_token_is_told_so(registry: Registry) -> None:
    weak = registry.admin.bearer("repository:team/app:pull")
    answer = registry.raw_call("PUT", "/v2/team/app/manifests/v2", headers=weak, content=b"{}")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == header(registry, "repository:team/app:pull,push", "insufficient_scope")
    nothing = registry.admin.bearer()
    assert registry.raw_call("GET", "/v2/", headers=nothing).status_code == 200
    answer = registry.raw_call("GET", "/v2/_catalog", headers=nothing)
    assert answer.headers["www-authenticate"] == header(registry, "registry:catalog:*", "insufficient_scope")


# The token service


def test_a_token_as_docker_asks_for_it(registry: Registry) -> None:
    answer = registry.ask_token(
        registry.name, registry.password, "repository:team/app:pull,push", "registry:catalog:*", account="someone"
    )
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert set(told) == {"access_token", "token", "expires_in", "issued_at"}
    assert told["token"] == told["access_token"]
    assert told["expires_in"] == 75 * 60
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["issued_at"])
    head = jwt.get_unverified_header(told["token"])
    assert head["alg"] == "RS256"
    assert re.fullmatch("([A-Z2-7]{4}:){11}[A-Z2-7]{4}", head["kid"])
    claims = forge.claims_of(told["token"])
    assert claims["iss"] == "Azure Container Registry"
    assert claims["aud"] == registry.authority
    assert claims["sub"] == registry.name
    assert claims["version"] == "1.0"
    assert claims["grant_type"] == "access_token"
    assert claims["roles"] == []
    assert claims["access"] == [
        {"type": "repository", "name": "team/app", "actions": ["pull", "push"]},
        {"type": "registry", "name": "catalog", "actions": ["*"]},
    ]
    assert claims["exp"] - claims["iat"] == 75 * 60
    assert claims["nbf"] <= claims["iat"] <= time.time() + 1
    again = registry.ask_token(registry.name, registry.password).json()["token"]
    assert forge.claims_of(again)["jti"] != claims["jti"]


def test_a_refresh_token_goes_on(registry: Registry) -> None:
    asked = registry.ask_token(registry.name, registry.password, offline_token="true").json()["refresh_token"]
    posted = registry.post_token(
        grant_type="password", username=registry.name, password=registry.password, access_type="offline"
    ).json()["refresh_token"]
    for refresh in (asked, posted):
        claims = forge.claims_of(refresh)
        assert claims["grant_type"] == "refresh_token"
        assert claims["exp"] - claims["iat"] == 3 * 3600
        assert set(claims["permissions"]) == {"actions", "notActions"}
        assert "access" not in claims
        scopes = ["repository:team/app:pull repository:team/web:pull", "repository:other/app:push"]
        answer = registry.post_token(grant_type="refresh_token", refresh_token=refresh, scope=scopes)
        assert answer.status_code == 200
        access = forge.claims_of(answer.json()["access_token"])["access"]
        assert [(entry["name"], entry["actions"]) for entry in access] == [
            ("team/app", ["pull"]),
            ("team/web", ["pull"]),
            ("other/app", ["push"]),
        ]
        # As docker and helm do after `az acr login`.
        assert registry.ask_token(NOBODY_KNOWN, refresh, "repository:team/app:pull").status_code == 200
        assert (
            registry.raw_call("GET", "/v2/", headers={"Authorization": basic(NOBODY_KNOWN, refresh)}).status_code == 200
        )
        # But it is no access token, nor the other way round.
        wrong = registry.raw_call("GET", "/v2/", headers={"Authorization": f"Bearer {refresh}"})
        assert (wrong.status_code, 'error="invalid_token"' in wrong.headers["www-authenticate"]) == (401, True)
        access_token = answer.json()["access_token"]
        assert registry.post_token(grant_type="refresh_token", refresh_token=access_token).status_code == 401
        assert registry.ask_token(NOBODY_KNOWN, access_token).status_code == 401


def test_an_exchange_as_the_azure_cli_asks_for_it(registry: Registry, second: Registry) -> None:
    signed_in = registry.server.run("token", "sign-in", "-r", registry.name).strip()
    registry.server.secrets.add(signed_in)
    host = registry.host
    answer = registry.post_token(
        "/oauth2/exchange", grant_type="access_token", tenant="t", access_token=signed_in, service=host
    )
    assert answer.status_code == 200
    assert list(answer.json()) == ["refresh_token"]
    refresh = answer.json()["refresh_token"]
    again = registry.post_token("/oauth2/exchange", grant_type="refresh_token", refresh_token=refresh)
    assert again.status_code == 200
    tokens = registry.post_token(
        grant_type="refresh_token", refresh_token=refresh, scope="repository:team/app:pull", service=host
    )
    assert tokens.status_code == 200
    for grant, field, value in (
        ("access_token", "access_token", refresh),
        ("access_token", "access_token", tokens.json()["access_token"]),
        ("access_token", "access_token", ""),
        ("refresh_token", "refresh_token", signed_in),
    ):
        refused = registry.post_token("/oauth2/exchange", grant_type=grant, **{field: value})
        assert refused.status_code == 401, (grant, field)
    assert second.post_token("/oauth2/exchange", grant_type="access_token", access_token=signed_in).status_code == 401
    assert registry.raw_call("GET", "/v2/", headers={"Authorization": f"Bearer {signed_in}"}).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("POST", "/oauth2/token", {}, 400),
        ("POST", "/oauth2/token", {"data": {"grant_type": "root"}}, 400),
        ("POST", "/oauth2/token", {"data": {"grant_type": "refresh_token"}}, 401),
        ("POST", "/oauth2/token", {"data": {"grant_type": "password"}}, 401),
        ("POST", "/oauth2/token", {"data": {"grant_type": "password", "username": "x"}}, 401),
        ("POST", "/oauth2/token", {"json": {"grant_type": "password"}}, 400),
        ("POST", "/oauth2/token", {"content": b"\xff\xfe=&&&=%"}, 400),
        ("POST", "/oauth2/token", {"content": b"a=b&" * 5000}, 400),
        ("POST", "/oauth2/token", {"content": b"a=" + b"b" * 200_000}, 413),
        ("POST", "/oauth2/token", {"content": b"x", "headers": {"Content-Encoding": "gzip"}}, 415),
        ("POST", "/oauth2/exchange", {}, 400),
        ("POST", "/oauth2/exchange", {"data": {"grant_type": "access_token"}}, 401),
        ("GET", "/oauth2/exchange", {}, 405),
        ("DELETE", "/oauth2/token", {}, 405),
        ("GET", "/oauth2/", {}, 404),
        ("GET", "/oauth2/keys", {}, 404),
        ("GET", "/oauth2/token?service=evil.example", {}, 400),
        ("GET", "/oauth2/token", {"headers": {"Authorization": "Bearer x"}}, 401),
        ("GET", "/oauth2/token", {"headers": {"Authorization": "Basic"}}, 401),
        ("GET", "/oauth2/token", {"headers": {"Authorization": "Basic !!!"}}, 401),
        ("GET", "/oauth2/token", {"headers": {"Authorization": "Basic Og=="}}, 401),
        ("GET", "/oauth2/token", {"headers": {"Authorization": "Basic /w=="}}, 401),
        ("GET", "/oauth2/token", {"headers": {"Authorization": basic("a\0b", "c")}}, 401),
        ("GET", "/oauth2/token", {"headers": {"Authorization": basic("\ud7ff\u202e", "\0")}}, 401),
        ("GET", "/oauth2/token", {"headers": {"Authorization": basic("x" * 50_000, "y" * 50_000)}}, 401),
        ("GET", "/v2/", {"headers": {"Authorization": basic("a\0b", "c")}}, 401),
        ("GET", "/v2/", {"headers": {"Authorization": "Basic \xff".encode("latin-1")}}, 401),
    ],
)
def test_odd_questions_to_the_token_service(
    first: Registry, method: str, path: str, options: dict[str, object], status: int
) -> None:
    answer = first.server.client.request(method, first.url(path), **options)  # type: ignore[arg-type]
    assert answer.status_code == status
    assert answer.json()["errors"][0]["message"]
    if status == 401:
        assert answer.headers["www-authenticate"].startswith(header(first))


# What is granted


@pytest.mark.parametrize(
    ("scope", "granted"),
    [
        ("", {}),
        ("repository:team/app:pull", {"team/app": "pull"}),
        ("repository:team/app:*", {"team/app": "pull push delete metadata_read metadata_write"}),
        ("repository:team/app:pull,fly,push", {"team/app": "pull push"}),
        ("repository:team/app:fly", {}),
        ("repository:team/app:", {}),
        ("repository:team/app", {}),
        ("repository:team/app:PULL", {}),
        ("repository:team/app:pull repository:team/app:push", {"team/app": "pull push"}),
        ("repository:not/there/yet:pull", {"not/there/yet": "pull"}),
        ("registry:None:*", {}),
        ("registry:catalog:*", {"catalog": "*"}),
        ("artifact-repository:team/app:pull", {}),
        ("repository(plugin):team/app:pull", {}),
        ("repository:*:*", {}),
        ("repository:team/*:*", {}),
        ("repository:team/../other:pull", {}),
        ("repository:../team/app:pull", {}),
        ("repository:Team/App:pull", {}),
        ("repository:te\u0430m/app:pull", {}),
        ("repository:\u212aey:pull", {}),
        ("repository:team/app\0:pull", {}),
        (f"repository:{'a' * 256}:pull", {}),
        ("x" * 5000, {}),
        (":::::::", {}),
    ],
)
def test_what_an_admin_is_granted(first: Registry, scope: str, granted: dict[str, str]) -> None:
    answer = first.ask_token(first.name, first.password, scope)
    assert answer.status_code == 200
    access = forge.claims_of(answer.json()["token"])["access"]
    assert {entry["name"]: " ".join(entry["actions"]) for entry in access} == granted
    assert first.raw_call("GET", "/v2/", headers={"Authorization": f"Bearer {answer.json()['token']}"}).is_success


def test_many_scopes(first: Registry) -> None:
    # As many as are granted must also be taken.
    scopes = [f"repository:{'a' * 240}{number}:pull" for number in range(100)]
    answer = first.post_token(
        grant_type="password", username=first.name, password=first.password, scope=" ".join(scopes)
    )
    assert answer.status_code == 200
    token = answer.json()["access_token"]
    assert first.raw_call("GET", "/v2/", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    too_many = " ".join(f"repository:r{number}:pull" for number in range(1000))
    assert first.ask_token(first.name, first.password, too_many).status_code == 400
    repeated = [f"repository:r{number}:pull" for number in range(1000)]
    assert first.ask_token(first.name, first.password, *repeated).status_code == 400


@pytest.mark.parametrize(
    ("actions", "allowed"),
    [
        (["repositories/team/app/content/read"], "get head tags referrers blob headblob"),
        (["repositories/team/*/content/read"], "get head tags referrers blob headblob"),
        (["repositories/team*/content/read"], "get head tags referrers blob headblob"),
        (["repositories/team/app*/content/read"], "get head tags referrers blob headblob"),
        (["repositories/*/content/read"], "get head tags referrers blob headblob"),
        (["repositories/team/ap/content/read"], ""),
        (["repositories/team/app/x/content/read"], ""),
        (["repositories/team/app/*/content/read"], ""),
        (["repositories/other/*/content/read"], ""),
        (["repositories/team/app/metadata/read"], "tags"),
        (["repositories/team/app/metadata/write"], ""),
        (["repositories/team/app/content/write"], "put upload headblob"),
        (["repositories/team/app/content/delete"], "delete deleteblob"),
        (
            ["repositories/team/app/content/read", "repositories/team/app/content/delete"],
            "get head tags referrers blob headblob delete deleteblob",
        ),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else "",
)
def test_what_a_scope_map_allows(registry: Registry, mapped: User, actions: list[str], allowed: str) -> None:
    options = [part for action in actions for part in ("--action", action)]
    registry.server.run("scope-map", "create", mapped.username, "-r", registry.name, *options)
    # A new token for each row: what was granted to an earlier one does not grow.
    user = User(registry, mapped.username, mapped.password)
    manifest = content.image(b"{}", BLOB)
    calls: dict[str, Callable[[dict[str, str]], httpx.Response]] = {}

    def call(name: str, method: str, path: str, **options: object) -> None:
        kind = {"Content-Type": content.OCI_IMAGE}
        calls[name] = lambda head: registry.raw_call(
            method, f"/v2/team/app/{path}", headers={**head, **kind}, **options
        )

    call("get", "GET", "manifests/v1")
    call("head", "HEAD", "manifests/v1")
    call("tags", "GET", "tags/list")
    call("referrers", "GET", f"referrers/{DIGEST}")
    call("blob", "GET", f"blobs/{DIGEST}")
    call("headblob", "HEAD", f"blobs/{DIGEST}")
    call("put", "PUT", "manifests/copy", content=manifest)
    call("upload", "POST", "blobs/uploads/")
    call("delete", "DELETE", "manifests/unknown")
    call("deleteblob", "DELETE", f"blobs/{content.digest_of(b'unknown')}")
    for head in (user.bearer("repository:team/app:*"), {"Authorization": basic(user.username, user.password)}):
        statuses = {name: send(head).status_code for name, send in calls.items()}
        assert set(statuses.values()) <= {200, 201, 202, 307, 401, 404}
        assert {name for name, status in statuses.items() if status != 401} == set(allowed.split())


@pytest.mark.parametrize(
    ("scope_map", "actions"),
    [
        ("_repositories_pull", "pull"),
        ("_repositories_pull_metadata_read", "pull metadata_read"),
        ("_repositories_push", "pull push"),
        ("_repositories_push_metadata_write", "pull push metadata_read metadata_write"),
        ("_repositories_admin", "pull push delete metadata_read metadata_write"),
    ],
)
def test_scope_maps_that_every_registry_has(registry: Registry, scope_map: str, actions: str) -> None:
    user = registry.token_user(f"{scope_map.strip('_')}-{next(_numbers)}", "--scope-map", scope_map)
    access = forge.claims_of(user.token("repository:any/thing:*"))["access"]
    assert access == [{"type": "repository", "name": "any/thing", "actions": actions.split()}]


def test_a_mount_takes_two_rights(registry: Registry) -> None:
    user = limited(registry, "repositories/own/*/content/read", "repositories/own/*/content/write")
    begun = []
    for source in ("&from=team/app", "&from=not/there", "&from=own/nothing", ""):
        answer = user.call("POST", f"/v2/own/copy/blobs/uploads/?mount={DIGEST}{source}")
        begun.append((answer.status_code, sorted(answer.headers), answer.text))
    # No answer tells whether the blob is anywhere.
    assert len({repr(told) for told in begun}) == 1
    assert begun[0][0] == 202
    assert user.call("HEAD", f"/v2/own/copy/blobs/{DIGEST}").status_code == 404


@pytest.mark.parametrize(
    "source", ["%00", "%E2%82%AC", "a%0d%0aX-Evil:%201", "a%22,realm=%22https://evil.example/", "..%2Fx", "", "A"]
)
def test_mounting_from_what_is_no_name(registry: Registry, source: str) -> None:
    bearer = registry.admin.bearer("repository:own/copy:pull,push")
    answer = registry.raw_call(
        "POST", f"/v2/own/copy/blobs/uploads/?mount={content.digest_of(b'?')}&from={source}", headers=bearer
    )
    assert answer.status_code in {202, 400}
    assert not re.search("evil", str(answer.headers), re.IGNORECASE)


# Anonymous pull


def test_anonymous_pull(server: Server) -> None:
    registry = Registry.create(server, "anonymous")
    registry.admin.push_image("public/app", "v1", BLOB)
    for answer in (registry.ask_token("", ""), registry.post_token(grant_type="password")):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == header(registry)
    registry.update("--anonymous-pull")
    told = registry.ask_token("", "", "repository:public/app:pull,push,delete", offline_token="true").json()
    assert "refresh_token" not in told
    assert told["expires_in"] == 20 * 60
    claims = forge.claims_of(told["token"])
    assert claims["sub"] == "acr_anon_pull"
    assert claims["access"] == [{"type": "repository", "name": "public/app", "actions": ["pull"]}]
    assert registry.post_token(grant_type="password", scope="repository:public/app:pull").status_code == 200
    head = {"Authorization": f"Bearer {told['token']}"}
    assert registry.raw_call("GET", "/v2/", headers=head).status_code == 200
    assert registry.raw_call("GET", "/v2/public/app/manifests/v1", headers=head).status_code == 200
    assert registry.raw_call("GET", "/v2/public/app/tags/list", headers=head).status_code == 200
    link = registry.raw_call("GET", f"/v2/public/app/blobs/{DIGEST}", headers=head).headers["location"]
    assert registry.raw_call("GET", link).content == BLOB
    for method, path in (("PUT", "manifests/v1"), ("POST", "blobs/uploads/"), ("DELETE", "manifests/v1")):
        assert registry.raw_call(method, f"/v2/public/app/{path}", headers=head).status_code == 401
    # Without any token it is a challenge all the same, which is how clients learn where to get one.
    assert registry.raw_call("GET", "/v2/public/app/manifests/v1").status_code == 401
    registry.update("--no-anonymous-pull")
    assert registry.raw_call("GET", "/v2/public/app/manifests/v1", headers=head).status_code == 401
    assert registry.raw_call("GET", link).status_code == 403


# When it ends


def _delete(user: User) -> None:
    user.registry.server.run("token", "delete", user.username, "-r", user.registry.name)


def _disable(user: User) -> None:
    user.registry.server.run("token", "update", user.username, "--disable", "-r", user.registry.name)


def _renew(user: User) -> None:
    user.registry.server.run("token", "renew-password", user.username, "-r", user.registry.name)


def _create_again(user: User) -> None:
    _delete(user)
    user.registry.token_user(user.username, "--scope-map", "_repositories_pull")


def _lose_scope_map(user: User) -> None:
    user.registry.server.run("scope-map", "delete", user.username, "-r", user.registry.name)


def _limit(user: User) -> None:
    action = "repositories/other/app/content/read"
    user.registry.server.run("scope-map", "create", user.username, "--action", action, "-r", user.registry.name)


def _other_scope_map(user: User) -> None:
    limited(user.registry, "repositories/other/*/content/read")
    name = f"user-{next(_numbers) - 1}"
    user.registry.server.run("token", "update", user.username, "--scope-map", name, "-r", user.registry.name)


@pytest.mark.parametrize("end", [_delete, _disable, _renew, _create_again, _lose_scope_map, _limit, _other_scope_map])
def test_what_was_signed_in_is_over_at_once(registry: Registry, end: Callable[[User], None]) -> None:
    user = limited(registry, "repositories/team/*/content/read")
    head = user.bearer("repository:team/app:pull")
    refresh = registry.ask_token(user.username, user.password, offline_token="true").json()["refresh_token"]
    link = user.link("team/app", BLOB)

    def access() -> list[int]:
        registry.server.close_client()  # so that now one worker answers, now the other
        password = {"Authorization": basic(user.username, user.password)}
        pull = [{"Authorization": f"Bearer {user.token('repository:team/app:pull')}"}, head, password]
        return [registry.raw_call("GET", "/v2/team/app/manifests/v1", headers=one).status_code for one in pull] + [
            registry.raw_call("GET", link).status_code,
            registry.raw_call("HEAD", link).status_code,
        ]

    for _ in range(4):
        assert access() == [200, 200, 200, 200, 200]
    # Both workers have seen it now and may remember; they must not go on remembering.
    end(user)
    for _ in range(4):
        assert access() == [401, 401, 401, 403, 403]
    again = registry.post_token(grant_type="refresh_token", refresh_token=refresh, scope="repository:team/app:pull")
    if end in {_lose_scope_map, _limit, _other_scope_map}:
        assert forge.claims_of(again.json()["access_token"])["access"] == []
    else:
        assert again.status_code == 401
        assert registry.ask_token(NOBODY_KNOWN, refresh).status_code == 401
        assert (
            registry.post_token("/oauth2/exchange", grant_type="refresh_token", refresh_token=refresh).status_code
            == 401
        )


def test_the_admin_user_is_switched_off_and_renewed(server: Server) -> None:
    registry = Registry.create(server, "adminless")
    registry.admin.push_image("a", "v1", BLOB)
    link = registry.admin.link("a", BLOB)
    head = registry.admin.bearer("repository:a:pull")
    registry.update("--no-admin")
    assert registry.raw_call("GET", "/v2/a/manifests/v1", headers=head).status_code == 401
    assert registry.raw_call("GET", link).status_code == 403
    assert registry.ask_token(registry.name, registry.password).status_code == 401
    registry.update("--admin")
    assert registry.raw_call("GET", "/v2/a/manifests/v1", headers=head).status_code == 200
    second = server.run_json("registry", "renew-password", registry.name, "--slot", "password2")["password"]
    server.secrets.add(second)
    # A second password leaves the first one and what hangs on it alone.
    assert registry.raw_call("GET", link).status_code == 200
    assert registry.ask_token(registry.name, second).status_code == 200
    renewed = server.run_json("registry", "renew-password", registry.name)["password"]
    server.secrets.add(renewed)
    assert registry.raw_call("GET", "/v2/a/manifests/v1", headers=head).status_code == 401
    assert registry.raw_call("GET", link).status_code == 403
    assert registry.ask_token(registry.name, registry.password).status_code == 401
    assert registry.ask_token(registry.name, second).status_code == 200
    assert registry.ask_token(registry.name, renewed).status_code == 200


def test_changing_the_keys_logs_nobody_out(registry: Registry) -> None:
    user = limited(registry, "repositories/team/*/content/read")
    head = user.bearer("repository:team/app:pull")
    refresh = registry.ask_token(user.username, user.password, offline_token="true").json()["refresh_token"]
    link = user.link("team/app", BLOB)
    before = {key.name for key in registry.server.keys(keys.TOKEN)}
    registry.server.run("keys", "rotate")
    assert before < {key.name for key in registry.server.keys(keys.TOKEN)}
    for _ in range(4):
        assert registry.raw_call("GET", "/v2/team/app/manifests/v1", headers=head).status_code == 200
        assert registry.raw_call("GET", link).content == BLOB
        answer = registry.post_token(grant_type="refresh_token", refresh_token=refresh)
        assert answer.status_code == 200
        assert jwt.get_unverified_header(answer.json()["access_token"])["kid"] not in before
    assert user.link("team/app", BLOB).partition("?")[2].partition(".")[0] not in link


def test_a_token_that_ends_during_an_upload_loses_nothing(registry: Registry, repository: str) -> None:
    user, blob = registry.admin, b"0123456789" * 1000
    digest = content.digest_of(blob)
    upload = user.begin(repository)
    key, *_ = registry.server.keys(keys.TOKEN)
    claims = forge.claims_of(user.token(f"repository:{repository}:*"))
    short = {"Authorization": f"Bearer {forge.sign(key, {**claims, 'exp': int(time.time()) + 2})}"}

    def slowly() -> object:
        yield blob[:4000]
        time.sleep(2.5)
        yield blob[4000:8000]

    # Whoever was let in may finish the request, however long it takes.
    assert registry.raw_call("PATCH", upload, headers=short, content=slowly()).status_code == 202
    ended = registry.raw_call("PATCH", upload, headers=short, content=blob[8000:])
    assert (ended.status_code, 'error="invalid_token"' in ended.headers["www-authenticate"]) == (401, True)
    assert user.call("GET", upload).headers["range"] == "0-7999"
    assert user.call("PUT", f"{upload}?digest={digest}", content=blob[8000:]).status_code == 201
    assert user.follow(f"/v2/{repository}/blobs/{digest}").content == blob


# Who is not let in


def test_nobody_learns_which_users_there_are(registry: Registry, second: Registry) -> None:
    known = limited(registry, "repositories/team/*/content/read")
    disabled = limited(registry, "repositories/team/*/content/read")
    _disable(disabled)
    tries = [
        ("unknown", "x"),
        (known.username, "x"),
        (known.username, ""),
        (known.username.upper(), known.password),
        (disabled.username, disabled.password),
        (disabled.username, "x"),
        (registry.name, "x"),
        (registry.name, registry.password + " "),
        (second.name, second.password),
        ("admin", "admin"),
        ("acr_anon_pull", ""),
        ("' OR 1=1 --", "x"),
    ]

    def told(answer: httpx.Response) -> tuple[int, str, list[tuple[str, str]]]:
        varying = {"date", "x-ms-correlation-request-id"}
        return (
            answer.status_code,
            answer.text,
            [(name, value) for name, value in answer.headers.items() if name not in varying],
        )

    answers = [
        (
            told(registry.ask_token(username, password)),
            told(registry.post_token(grant_type="password", username=username, password=password)),
            told(registry.raw_call("GET", "/v2/", headers={"Authorization": basic(username, password)})),
        )
        for username, password in tries
    ]
    assert answers[0][0][0] == 401
    assert all(answer == answers[0] for answer in answers)


def test_nobody_learns_which_repositories_there_are(registry: Registry) -> None:
    user = limited(registry, "repositories/own/*/content/read")
    manifest = content.digest_of(content.image(b"{}", BLOB))
    paths = [f"blobs/{DIGEST}", "manifests/v1", f"manifests/{manifest}", "tags/list", f"referrers/{manifest}"]
    for head in (user.bearer("repository:team/app:*", "repository:team/no:*"), {}):
        for path in paths:
            for method in ("GET", "HEAD", "DELETE", "PUT"):
                there = registry.raw_call(method, f"/v2/team/app/{path}", headers=head)
                absent = registry.raw_call(method, f"/v2/team/no/{path}", headers=head)
                assert there.status_code == absent.status_code, (method, path)
                assert there.text.replace("team/app", "team/no") == absent.text, (method, path)
                assert there.status_code in {401, 405}, (method, path)


def test_forged_tokens(registry: Registry) -> None:
    key = registry.server.keys(keys.TOKEN)[0]
    token = User(registry, registry.name, registry.password).token("repository:team/app:pull")
    assert registry.raw_call(
        "GET", "/v2/team/app/manifests/v1", headers={"Authorization": f"Bearer {token}"}
    ).is_success
    signed_again = forge.sign(key, forge.claims_of(token))
    assert registry.raw_call(
        "GET", "/v2/team/app/manifests/v1", headers={"Authorization": f"Bearer {signed_again}"}
    ).is_success
    for kind, forged in forge.forgeries(token, key).items():
        answer = registry.raw_call("GET", "/v2/team/app/manifests/v1", headers={"Authorization": f"Bearer {forged}"})
        assert answer.status_code == 401, kind
        assert answer.headers["www-authenticate"] == header(registry, "repository:team/app:pull", "invalid_token"), kind


# Secrets


def test_secrets_are_in_no_log(registry: Registry, server: Server) -> None:
    user = limited(registry, "repositories/team/*/content/read")
    secret = "do-not-write-this-down"
    link = user.link("team/app", BLOB)
    encoded = base64.b64encode(f"x:{secret}".encode()).decode()
    registry.raw_call("GET", link)
    registry.raw_call("GET", f"{link}{secret}")
    registry.raw_call("GET", f"/v2/?access_token={secret}&sig={secret}")
    registry.raw_call("GET", "/v2/", headers={"Authorization": f"Bearer {secret}", "Cookie": secret, "Referer": secret})
    registry.raw_call("GET", "/v2/", headers={"Authorization": basic("x", secret)})
    registry.raw_call("GET", "/v2/", headers={"X-Token": secret, "User-Agent": secret})
    registry.ask_token("x", secret)
    registry.ask_token(secret, "x")
    registry.post_token(grant_type="password", username="x", password=secret)
    registry.post_token(grant_type="refresh_token", refresh_token=secret)
    registry.post_token("/oauth2/exchange", grant_type="access_token", access_token=secret)
    registry.post_token("/oauth2/token", grant_type=secret)
    registry.raw_call("POST", "/oauth2/token", content=secret)
    registry.raw_call(
        "PUT", "/v2/team/app/manifests/v1", headers=registry.admin.bearer("repository:team/app:*"), content=secret
    )
    assert secret not in server.log
    assert encoded not in server.log
    assert link.partition("?")[2] not in server.log
    assert "/blobs/sha256:" in server.log
    assert "?" not in "".join(re.findall('"path": "[^"]*"', server.log))
    assert not any(secret in server.log for secret in server.secrets)
