"""One request to a registry, and what answering it takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seawall.blobs.digest import Digest, DigestError, parse_digest
from seawall.elsewhere import Nowhere
from seawall.errors import ApiError
from seawall.metadata.repositories import Repository
from seawall.rates import Uncounted
from seawall.registry.quota import Unbounded
from seawall.sightings import Nobody

if TYPE_CHECKING:
    from starlette.requests import Request

    from seawall.blobs.contract import BlobStore
    from seawall.doors import Doors
    from seawall.elsewhere import Elsewhere
    from seawall.identity.gate import Access, Site
    from seawall.metadata.database import Database
    from seawall.rates import Rates
    from seawall.registry.quota import Quota
    from seawall.registry.routes import Route
    from seawall.sightings import Watch

__all__ = ["Call", "Services", "checked_digest"]


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers work with.

    Attributes:
        region: The region this node serves; redirects stay in it.
        elsewhere: What other regions have.
        sparse: Whether manifests may refer to content that is not here.
        watch: Whoever keeps what is seen of clients.
        rates: Whoever counts requests.
        quota: Whoever knows whether there is room for more.
    """

    database: Database
    store: BlobStore
    doors: Doors
    region: str
    elsewhere: Elsewhere = field(default_factory=Nowhere)
    sparse: bool = False
    watch: Watch = field(default_factory=Nobody)
    rates: Rates = field(default_factory=Uncounted)
    quota: Quota = field(default_factory=Unbounded)


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was let in as far as the registry's door."""

    services: Services
    site: Site
    access: Access
    request: Request
    route: Route

    @property
    def repository(self) -> Repository:
        """The repository the request names."""
        return Repository(self.site.registry.name, self.route.repository)

    def require_deletes(self) -> None:
        """Go on only if the registry allows deleting.

        Raises:
            ApiError: 405.
        """
        if not self.site.registry.deletes:
            raise ApiError(405, "UNSUPPORTED", "deleting is switched off in this registry")

    def unknown_repository(self) -> ApiError:
        """Word the refusal where the repository is not there, or not for the caller to know of."""
        return ApiError(404, "NAME_UNKNOWN", "there is no such repository", detail={"name": self.route.repository})

    @property
    def address(self) -> str:
        """Where the client comes from."""
        client = self.request.scope.get("client")
        return client[0] if client else "unknown"

    def path(self, *parts: str) -> str:
        """Write a path below the repository, for ``Location`` and ``Link``; relative, so that no host is involved."""
        return "/".join(("/v2", self.route.repository, *parts))


def checked_digest(text: str) -> Digest:
    """Check a digest that a client sent.

    Raises:
        ApiError: 400.
    """
    try:
        return parse_digest(text)
    except DigestError as error:
        raise ApiError(400, "DIGEST_INVALID", str(error)) from None
