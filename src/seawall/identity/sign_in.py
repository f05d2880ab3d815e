"""Where operators sign in, shaped like an AD FS: one such the Azure CLI believes without asking Microsoft.

Sources: RFC 6749 section 4.4 (client credentials) and 5.2 (errors); OpenID Connect Discovery 1.0 section 3; RFC 7517.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from jwt.algorithms import RSAAlgorithm
from starlette.responses import JSONResponse

from seawall import bodies
from seawall.errors import ApiError
from seawall.identity.gate import SignInError, basic_credentials
from seawall.identity.issuing import answer, sign
from seawall.identity.keyring import load_private_key
from seawall.identity.tokens import SIGN_IN_AUDIENCE, TokenKind
from seawall.metadata import keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from seawall.identity.operators import OperatorGate
    from seawall.metadata.database import Database

__all__ = ["PREFIX", "REGISTRY_RESOURCE", "SignInService"]

PREFIX: Final = "/adfs"
"""What the paths of a sign-in service begin with that is to be taken for an AD FS."""

REGISTRY_RESOURCE: Final = "https://containerregistry.azure.net"
"""What the Azure CLI wants a token for before it speaks to a registry, in every cloud."""

_WELL_KNOWN: Final = "/.well-known/openid-configuration"
# The Azure CLI looks for the first by itself, and its library for the second.
_CONFIGURATIONS: Final = frozenset((f"{PREFIX}/adfs/v2.0{_WELL_KNOWN}", f"{PREFIX}{_WELL_KNOWN}"))
_LONGEST_FORM: Final = 16 * 1024


class SignInService:
    """Answers below ``/adfs``."""

    def __init__(self, database: Database, gate: OperatorGate) -> None:
        self._database = database
        self._gate = gate

    async def handle(self, origin: str, request: Request) -> Response:
        """Answer a request.

        Args:
            origin: Under which clients reach this service, such as ``https://arm.registry.example``.
            request: The request.

        Raises:
            ApiError: 404, if there is no such thing.
        """
        path = request.scope["path"]
        match request.method:
            case "GET" if path in _CONFIGURATIONS:
                return JSONResponse(_configuration(origin))
            case "GET" if path == f"{PREFIX}/discovery/keys":
                return JSONResponse(await self._keys())
            case "POST" if path == f"{PREFIX}/oauth2/token":
                return await self._token(origin, request)
        raise ApiError(404, "UNSUPPORTED", f"there are {PREFIX}{_WELL_KNOWN} and what it names")

    async def _keys(self) -> dict[str, Any]:
        ring = await self._database.cached(keys.newest_first, keys.TOKEN)
        public = [
            json.loads(RSAAlgorithm.to_jwk(load_private_key(key.secret).public_key())) | {"kid": key.name, "use": "sig"}
            for key in ring
        ]
        return {"keys": public}

    async def _token(self, origin: str, request: Request) -> Response:
        body = await bodies.read(request, _LONGEST_FORM, "UNSUPPORTED")
        try:
            form = {name: values[0] for name, values in parse_qs(body.decode("utf-8"), max_num_fields=100).items()}
        except ValueError:
            return _refused(400, "invalid_request", "send the parameters as application/x-www-form-urlencoded")
        if form.get("grant_type") != "client_credentials":
            return _refused(400, "unsupported_grant_type", "only service principals sign in here: client_credentials")
        resource = form.get("scope", "").removesuffix("/.default").rstrip("/") or form.get("resource", "").rstrip("/")
        purposes = {
            origin: (TokenKind.MANAGEMENT, origin),
            REGISTRY_RESOURCE: (TokenKind.SIGN_IN, SIGN_IN_AUDIENCE.format("*")),
        }
        if resource not in purposes:
            return _refused(400, "invalid_scope", f"there are tokens for {' and '.join(purposes)}")
        try:
            identity = await self._gate.sign_in(*_client(form, request.headers.get("authorization")))
        except SignInError as error:
            refusal = _refused(401, "invalid_client", error.message)
            refusal.headers["WWW-Authenticate"] = f'Basic realm="{origin}{PREFIX}"'
            return refusal
        token, lifetime = await sign(self._database, *purposes[resource], identity)
        return answer({"token_type": "Bearer", "expires_in": lifetime, "resource": resource, "access_token": token})


def _client(form: Mapping[str, str], authorization: str | None) -> tuple[str, str]:
    scheme, _, value = (authorization or "").partition(" ")
    if scheme.lower() == "basic":
        return basic_credentials(value)
    return form.get("client_id", ""), form.get("client_secret", "")


def _configuration(origin: str) -> dict[str, Any]:
    base = f"{origin}{PREFIX}"
    return {
        "issuer": base,
        "authorization_endpoint": f"{base}/oauth2/authorize",
        "token_endpoint": f"{base}/oauth2/token",
        "jwks_uri": f"{base}/discovery/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": ["token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


def _refused(status: int, error: str, words: str) -> Response:
    return answer({"error": error, "error_description": words}, status)
