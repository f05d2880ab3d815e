"""Operators' sign-in: by the book for any client of OpenID Connect and OAuth 2, and nothing more than it."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import httpx
import jwt
import pytest
from starlette.requests import Request

from seawall.errors import ApiError
from seawall.identity.gate import Gate, SignInError, Site
from seawall.identity.keyring import ensure_keys
from seawall.identity.operators import OperatorGate, create_operator, renew_secret
from seawall.identity.sign_in import REGISTRY_RESOURCE, SignInService
from seawall.identity.tokens import TokenKind
from seawall.management.creation import blank, create
from seawall.metadata import principals, registries
from seawall.replication.wire import WireError, read_rows, write_rows
from seawall.topology import Registry, Replica

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from seawall.metadata.database import Database

ORIGIN: Final = "https://arm.registry.example"
TOKEN: Final = "/adfs/oauth2/token"
REGISTRY: Final = Registry("myregistry", "eastus", (Replica("eastus", "sw1"),))
SITE: Final = Site(REGISTRY, "myregistry.registry.example")


class SignIn:
    """The service, and one operator."""

    def __init__(self, database: Database) -> None:
        database.write_now(ensure_keys)
        self.database = database
        self.name, self.secret = database.write_now(create_operator)
        self.gate = OperatorGate(database)
        self._service = SignInService(database, self.gate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response: Response
        try:
            response = await self._service.handle(ORIGIN, Request(scope, receive))
        except ApiError as error:
            response = error.response()
        await response(scope, receive, send)

    def send(self, method: str, path: str, **how: Any) -> httpx.Response:  # noqa: ANN401
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(base_url=ORIGIN, transport=httpx.ASGITransport(self)) as client:
                return await client.request(method, path, **how)

        return asyncio.run(ask())

    def form(self, **instead: str) -> dict[str, str]:
        asked = {"client_id": self.name, "client_secret": self.secret, "scope": f"{ORIGIN}/.default"}
        return {"grant_type": "client_credentials"} | asked | instead

    def token(self, resource: str = ORIGIN) -> str:
        answer = self.send("POST", TOKEN, data=self.form(scope=f"{resource}/.default"))
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        return str(answer.json()["access_token"])


@pytest.fixture
def sign_in(database: Database, one_token_key: None) -> SignIn:  # noqa: ARG001 - it is there
    return SignIn(database)


def test_what_is_published_is_what_clients_need(sign_in: SignIn) -> None:
    plain = sign_in.send("GET", "/adfs/.well-known/openid-configuration").json()
    assert sign_in.send("GET", "/adfs/adfs/v2.0/.well-known/openid-configuration").json() == plain
    assert plain["issuer"] == f"{ORIGIN}/adfs"
    # A library that knows nothing of us finds the key of a token, and believes it.
    keys = jwt.PyJWKSet.from_dict(sign_in.send("GET", plain["jwks_uri"]).json())
    answer = sign_in.send("POST", plain["token_endpoint"], data=sign_in.form()).json()
    assert answer["token_type"] == "Bearer"
    key = keys[jwt.get_unverified_header(answer["access_token"])["kid"]]
    claims = jwt.decode(answer["access_token"], key.key, algorithms=["RS256"], audience=ORIGIN)
    assert claims["sub"] == sign_in.name
    assert claims["exp"] - claims["iat"] == answer["expires_in"]
    assert set(keys.keys[0]._jwk_data) == {"kty", "key_ops", "n", "e", "kid", "use"}, "more than the public half"


def test_the_secret_may_come_in_a_header(sign_in: SignIn) -> None:
    form = {name: value for name, value in sign_in.form().items() if not name.startswith("client")}
    basic = base64.b64encode(f"{sign_in.name}:{sign_in.secret}".encode()).decode()
    assert sign_in.send("POST", TOKEN, data=form, headers={"Authorization": f"Basic {basic}"}).status_code == 200
    assert sign_in.send("POST", TOKEN, data=form, headers={"Authorization": "Basic ?"}).status_code == 401


@pytest.mark.parametrize(
    ("instead", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_id": "a\0b"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "https://graph.microsoft.com/.default"}, 400, "invalid_scope"),
        ({"scope": ""}, 400, "invalid_scope"),
    ],
)
def test_refusals(sign_in: SignIn, instead: dict[str, str], status: int, error: str) -> None:
    answer = sign_in.send("POST", TOKEN, data=sign_in.form(**instead))
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_description"]
    assert sign_in.secret not in answer.text
    # RFC 9110 section 15.5.2 and RFC 6749 section 5.2: a 401 says how one may sign in.
    challenge = f'Basic realm="{ORIGIN}/adfs"' if status == 401 else None
    assert answer.headers.get("www-authenticate") == challenge


@pytest.mark.parametrize("body", [b"\xff", b"&" * 200, urlencode({"a": "b"}).encode()])
def test_bodies_that_are_no_such_form(sign_in: SignIn, body: bytes) -> None:
    assert sign_in.send("POST", TOKEN, content=body).status_code == 400


@pytest.mark.parametrize(("method", "path"), [("GET", TOKEN), ("GET", "/adfs/"), ("POST", "/adfs/discovery/keys")])
def test_there_is_nothing_else(sign_in: SignIn, method: str, path: str) -> None:
    assert sign_in.send(method, path).status_code == 404


def test_a_token_is_good_for_what_it_was_asked_for(sign_in: SignIn) -> None:
    sign_in.database.write_now(registries.put, REGISTRY)
    gate = Gate(sign_in.database)
    managing, registry = sign_in.token(), sign_in.token(REGISTRY_RESOURCE)
    assert asyncio.run(sign_in.gate.admit(ORIGIN, f"Bearer {managing}")).subject == sign_in.name
    identity = asyncio.run(gate.identify(SITE, registry, TokenKind.SIGN_IN))
    assert asyncio.run(gate.rights(SITE, identity)).everything
    for refused in (
        lambda: sign_in.gate.admit(ORIGIN, f"Bearer {registry}"),
        lambda: sign_in.gate.admit("https://arm.other.example", f"Bearer {managing}"),
        lambda: gate.identify(SITE, managing, TokenKind.SIGN_IN),
        lambda: gate.admit(SITE, f"Bearer {managing}"),
        lambda: gate.admit(SITE, f"Bearer {registry}"),
    ):
        with pytest.raises(SignInError):
            asyncio.run(refused())


def test_operators_do_not_sign_in_to_registries_with_their_secret(sign_in: SignIn) -> None:
    sign_in.database.write_now(registries.put, REGISTRY)
    with pytest.raises(SignInError):
        asyncio.run(Gate(sign_in.database).sign_in(SITE, sign_in.name, sign_in.secret))


def test_a_registrys_own_users_manage_nothing(sign_in: SignIn) -> None:
    _, password = sign_in.database.write_now(create, blank("myregistry", "eastus"))
    answer = sign_in.send("POST", TOKEN, data=sign_in.form(client_id="myregistry", client_secret=password))
    assert answer.json()["error"] == "invalid_client"


def test_a_new_secret_ends_what_was_signed_in_with_the_old_one(sign_in: SignIn) -> None:
    managing, registry = sign_in.token(), sign_in.token(REGISTRY_RESOURCE)
    operator = sign_in.database.read_now(principals.find, principals.CLOUD, sign_in.name)
    assert operator is not None
    sign_in.secret = sign_in.database.write_now(renew_secret, operator)
    with pytest.raises(SignInError):
        asyncio.run(sign_in.gate.admit(ORIGIN, f"Bearer {managing}"))
    with pytest.raises(SignInError):
        asyncio.run(Gate(sign_in.database).identify(SITE, registry, TokenKind.SIGN_IN))
    assert sign_in.token()


def test_operators_are_known_in_every_region(sign_in: SignIn) -> None:
    from seawall.metadata import log  # noqa: PLC0415 - only here

    told = write_rows(sign_in.database.read_now(log.read, 0).rows)
    [name] = {row.values["name"] for row in read_rows(told, 1e12) if row.table.name == "principal"}
    assert name == sign_in.name
    stray = [[table, values | {"registry": ""}] for table, values in told if table == "principal"]
    assert read_rows(stray, 1e12)
    with pytest.raises(WireError):
        read_rows([["repository", stray[0][1] | {"repository": "app"}]], 1e12)
