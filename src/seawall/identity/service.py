"""The token service: ``/oauth2/token`` and ``/oauth2/exchange``.

Routes, parameters and answers: distribution, "Token Authentication Specification" and "OAuth2 Token Authentication";
Azure Container Registry documentation, "AAD OAuth".
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from seawall import bodies
from seawall.errors import ApiError
from seawall.identity.gate import Gate, Identity, SignInError, Site, basic_credentials, challenge
from seawall.identity.issuing import answer, sign
from seawall.identity.scopes import Grant, granted, parse_scopes
from seawall.identity.tokens import ANONYMOUS, TokenKind
from seawall.rates import Kind, Uncounted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from seawall.metadata.database import Database
    from seawall.rates import Rates

__all__ = ["TokenService"]

_LONGEST_FORM: Final = 128 * 1024


class TokenService:
    """Hands out tokens."""

    def __init__(self, database: Database, gate: Gate, rates: Rates | None = None) -> None:
        self._database = database
        self._gate = gate
        self._rates = rates or Uncounted()

    async def handle(self, site: Site, request: Request) -> Response:
        """Answer a request below ``/oauth2/``.

        Raises:
            ApiError: As the specification has it; 429 for too many.
        """
        self._rates.take(site.registry, Kind.SIGN_IN)
        try:
            return await self._answer(site, request)
        except SignInError as error:
            raise challenge(site, error=error.error, message=error.message) from None

    async def _answer(self, site: Site, request: Request) -> Response:
        match (request.method, request.scope["path"]):
            case ("GET", "/oauth2/token"):
                return await self._get_token(site, request)
            case ("POST", "/oauth2/token"):
                return await self._post_token(site, request)
            case ("POST", "/oauth2/exchange"):
                return await self._exchange(site, request)
            case (_, "/oauth2/token"):
                raise ApiError(405, "UNSUPPORTED", "use GET or POST", headers={"Allow": "GET, POST"})
            case (_, "/oauth2/exchange"):
                raise ApiError(405, "UNSUPPORTED", "use POST", headers={"Allow": "POST"})
        raise ApiError(404, "UNSUPPORTED", "there are /oauth2/token and /oauth2/exchange")

    async def _get_token(self, site: Site, request: Request) -> Response:
        query = request.query_params
        _check_service(site, query.get("service"))
        authorization = request.headers.get("authorization")
        if authorization:
            scheme, _, value = authorization.partition(" ")
            if scheme.lower() != "basic":
                raise SignInError("send the user name and password as Basic authentication")
            identity = await self._gate.sign_in(site, *basic_credentials(value))
        else:
            identity = await self._anonymous(site)
        offline = query.get("offline_token") == "true"
        return await self._token(site, identity, query.getlist("scope"), with_refresh=offline)

    async def _post_token(self, site: Site, request: Request) -> Response:
        form = await _form(request)
        _check_service(site, _one(form, "service"))
        username = _one(form, "username")
        match _one(form, "grant_type"):
            case "refresh_token":
                identity = await self._gate.identify(site, _one(form, "refresh_token"), TokenKind.REFRESH)
            case "password" if username:
                identity = await self._gate.sign_in(site, username, _one(form, "password"))
            case "password":
                identity = await self._anonymous(site)
            case other:
                raise ApiError(400, "UNSUPPORTED", f"grant_type {other!r} must be refresh_token or password")
        offline = _one(form, "access_type") == "offline"
        return await self._token(site, identity, form.get("scope", []), with_refresh=offline)

    async def _exchange(self, site: Site, request: Request) -> Response:
        form = await _form(request)
        _check_service(site, _one(form, "service"))
        match _one(form, "grant_type"):
            case "access_token":
                identity = await self._gate.identify(site, _one(form, "access_token"), TokenKind.SIGN_IN)
            case "access_token_refresh_token" | "refresh_token":
                identity = await self._gate.identify(site, _one(form, "refresh_token"), TokenKind.REFRESH)
            case other:
                raise ApiError(400, "UNSUPPORTED", f"grant_type {other!r} must be access_token")
        token, _ = await self._issue(site, TokenKind.REFRESH, identity)
        return answer({"refresh_token": token})

    async def _anonymous(self, site: Site) -> Identity:
        identity = Identity(ANONYMOUS, "")
        try:
            await self._gate.rights(site, identity)
        except SignInError:
            raise SignInError("sign in first") from None
        return identity

    async def _token(self, site: Site, identity: Identity, scopes: Sequence[str], *, with_refresh: bool) -> Response:
        rights = await self._gate.rights(site, identity)
        grant = granted(parse_scopes(scopes), rights, catalog=identity.subject != ANONYMOUS)
        token, lifetime = await self._issue(site, TokenKind.ACCESS, identity, grant)
        told: dict[str, Any] = {
            "access_token": token,
            "token": token,
            "expires_in": lifetime,
            "issued_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        }
        if with_refresh and identity.subject != ANONYMOUS:
            told["refresh_token"], _ = await self._issue(site, TokenKind.REFRESH, identity)
        return answer(told)

    async def _issue(
        self, site: Site, kind: TokenKind, identity: Identity, grant: Grant | None = None
    ) -> tuple[str, int]:
        return await sign(self._database, kind, site.authority, identity, grant)


def _check_service(site: Site, service: str | None) -> None:
    # Clients that go by a bare host name, as the Azure CLI does, leave the port out.
    if service and service not in {site.authority, site.authority.partition(":")[0]}:
        raise ApiError(400, "UNSUPPORTED", f"service {service!r} is not this one, {site.authority}")


async def _form(request: Request) -> Mapping[str, list[str]]:
    body = await bodies.read(request, _LONGEST_FORM, "UNSUPPORTED")
    try:
        return parse_qs(body.decode("utf-8"), max_num_fields=1000)
    except ValueError:
        raise ApiError(400, "UNSUPPORTED", "send the parameters as application/x-www-form-urlencoded") from None


def _one(form: Mapping[str, list[str]], name: str) -> str:
    return form.get(name, [""])[0]
