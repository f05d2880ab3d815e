"""The API of Azure Resource Manager, as far as registries need it.

Any ``api-version`` is answered alike, since every release of the Azure CLI asks for another one. Names of types and of
resources are compared without regard to case, as Azure Resource Manager does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse

from seawall.errors import ApiError
from seawall.identity.gate import SignInError
from seawall.identity.operators import OperatorGate
from seawall.identity.sign_in import PREFIX as SIGN_IN
from seawall.identity.sign_in import SignInService
from seawall.management import subscription
from seawall.management.account import Account
from seawall.management.call import Services, listed, no_such_path
from seawall.management.errors import ManagementError
from seawall.management.jobs import Jobs
from seawall.management.sizes import Sizes
from seawall.naming import Host, Role

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from seawall.doors import Doors
    from seawall.importing.importer import Importer
    from seawall.metadata.database import Database
    from seawall.naming import Cloud
    from seawall.tiers import TiersOf

__all__ = ["ManagementApi"]

_CODES: Final = {500: "InternalServerError", 503: "ServiceUnavailable", 507: "InsufficientStorage"}
"""What refusals are called that are no fault of the client's."""


class ManagementApi:
    """Answers at the operators' host."""

    def __init__(
        self, cloud: Cloud, doors: Doors, database: Database, tiers: TiersOf, importer: Importer | None = None
    ) -> None:
        """Take what is managed, under which names clients reach it, what tiers give, and what imports images."""
        self._account = Account(f"https://{doors.authority(Host(Role.OPERATORS))}", cloud, SIGN_IN)
        self._services = Services(self._account, doors, database, tiers, Jobs(database), Sizes(database), importer)
        self._gate = OperatorGate(database)
        self._sign_in = SignInService(database, self._gate)

    async def handle(self, request: Request) -> Response:
        """Answer a request."""
        try:
            return await self._answer(request)
        except ManagementError as error:
            return error.response()
        except ApiError as error:
            return self.refuse(error)

    @staticmethod
    def refuse(error: ApiError) -> Response:
        """Word a refusal as Azure Resource Manager does."""
        code = _CODES.get(error.status, "InvalidRequest")
        return ManagementError(error.status, code, error.message, error.headers).response()

    async def _answer(self, request: Request) -> Response:
        path: str = request.scope["path"]
        if path.startswith(f"{SIGN_IN}/"):
            return await self._sign_in.handle(self._account.origin, request)
        words = tuple(word for word in path.split("/") if word)
        if (request.method, *(word.lower() for word in words)) == ("GET", "metadata", "endpoints"):
            return JSONResponse(self._account.endpoints())
        operator = await self._admit(request)
        match request.method, words[0].lower() if words else "", words[1:]:
            case "GET", "tenants", ():
                return listed([self._account.tenant_document()])
            case "GET", "subscriptions", ():
                return listed([self._account.subscription_document()])
            case _, "subscriptions", (name, *rest):
                if name.lower() != self._account.subscription:
                    why = f"The subscription '{name}' could not be found."
                    raise ManagementError(404, "SubscriptionNotFound", why)
                return await subscription.answer(self._services, operator, tuple(rest), request)
        raise no_such_path(request)

    async def _admit(self, request: Request) -> str:
        try:
            identity = await self._gate.admit(self._account.origin, request.headers.get("authorization"))
        except SignInError as error:
            where = f'Bearer authorization_uri="{self._account.origin}{SIGN_IN}"'
            raise ManagementError(401, "AuthenticationFailed", error.message, {"WWW-Authenticate": where}) from None
        return identity.subject
