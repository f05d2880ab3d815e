"""What can be asked at the login door: each route, who may use it, and what it answers whoever may.

The answers are chosen so that a request may be repeated: what is written is there already, what is deleted never was.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from tests.support import content
from tests.support.server import DOMAIN, REGION

__all__ = [
    "ANYBODY",
    "ASKS",
    "CATALOG",
    "DELETE",
    "DIGEST",
    "EVERY_RIGHT",
    "LAYER",
    "MANIFEST",
    "NAME",
    "NAMED",
    "PUBLIC",
    "PULL",
    "PUSH",
    "READ",
    "ROUTES",
    "SPELT",
    "WRITE",
    "Route",
]

NAME: Final = "matrix"
LAYER: Final = b"a layer that some may read"
DIGEST: Final = content.digest_of(LAYER)
MANIFEST: Final = content.image(b"{}", LAYER)
NOWHERE: Final = content.digest_of(b"nobody ever pushed this")

PULL, PUSH, DELETE = "content/read", "content/write", "content/delete"
READ, WRITE = "metadata/read", "metadata/write"
SPELT: Final = {PULL: "pull", PUSH: "push", DELETE: "delete", READ: "metadata_read", WRITE: "metadata_write"}
"""The rights as tokens and challenges have them."""
EVERY_RIGHT: Final = frozenset(SPELT)

ANYBODY: Final = "whoever is let in"
NAMED: Final = "whoever is let in by a name"
CATALOG: Final = "whoever may list repositories"

ASKS: Final = {
    PULL: "pull",
    f"{PULL} {READ}": "pull",
    f"{PULL} {PUSH}": "pull",
    PUSH: "pull,push",
    DELETE: "delete",
    READ: "metadata_read",
    WRITE: "metadata_read,metadata_write",
}
"""What a challenge tells clients to ask for, by what a route needs."""


class Route(NamedTuple):
    """A request.

    Attributes:
        method: How it is sent.
        path: Where.
        needs: The rights that let it in, any of them; or one of the words above.
        done: How it is answered when it is let in.
        body: What is sent.
        media: What that is.
    """

    method: str
    path: str
    needs: str = ""
    done: int = 200
    body: bytes = b""
    media: str = "application/json"

    @property
    def repository(self) -> str:
        """The repository it is about, if it needs rights on one."""
        return "" if self.needs not in ASKS else "lib/nothing" if "/lib/nothing" in self.path else "lib/app"


_READY: Final = content.encode(
    {"client": "matrix", "endpoints": [{"host": f"{NAME}.{REGION}.data.{DOMAIN}", "ready": True}]}
)
_IMAGE: Final = content.digest_of(MANIFEST)
_REGISTRY: Final = [
    *(Route(method, "/v2/", ANYBODY) for method in ("GET", "HEAD")),
    Route("GET", "/v2", ANYBODY),
    *(Route(method, "/v2/_catalog", CATALOG) for method in ("GET", "HEAD")),
    *(Route(method, "/v2/_seawall/endpoints", ANYBODY) for method in ("GET", "HEAD")),
    *(Route(method, "/v2/_seawall/readiness", NAMED) for method in ("GET", "HEAD")),
    Route("PUT", "/v2/_seawall/readiness", NAMED, 204, _READY),
    *(Route(method, "/v2/lib/app/tags/list", f"{PULL} {READ}") for method in ("GET", "HEAD")),
    *(Route(method, "/v2/lib/app/manifests/v1", PULL) for method in ("GET", "HEAD")),
    Route("PUT", "/v2/lib/app/manifests/v1", PUSH, 201, MANIFEST, content.OCI_IMAGE),
    Route("PUT", f"/v2/lib/app/manifests/{_IMAGE}?tag=v1", PUSH, 201, MANIFEST, content.OCI_IMAGE),
    Route("DELETE", "/v2/lib/app/manifests/nothing", DELETE, 404),
    Route("DELETE", f"/v2/lib/app/manifests/{NOWHERE}", DELETE, 404),
    Route("GET", f"/v2/lib/app/blobs/{DIGEST}", PULL, 307),
    Route("HEAD", f"/v2/lib/app/blobs/{DIGEST}", f"{PULL} {PUSH}"),
    Route("DELETE", f"/v2/lib/app/blobs/{NOWHERE}", DELETE, 404),
    Route("POST", "/v2/lib/app/blobs/uploads/", PUSH, 202),
    Route("POST", f"/v2/lib/app/blobs/uploads/?digest={DIGEST}", PUSH, 201, LAYER, "application/octet-stream"),
    Route("GET", "/v2/lib/app/blobs/uploads/nothing", PUSH, 404),
    Route("PATCH", "/v2/lib/app/blobs/uploads/nothing", PUSH, 404, LAYER, "application/octet-stream"),
    Route("PUT", f"/v2/lib/app/blobs/uploads/nothing?digest={DIGEST}", PUSH, 404),
    Route("DELETE", "/v2/lib/app/blobs/uploads/nothing", PUSH, 404),
    *(Route(method, f"/v2/lib/app/referrers/{_IMAGE}", PULL) for method in ("GET", "HEAD")),
]
_ACR: Final = [
    Route("GET", "/acr/v1/_catalog", CATALOG),
    Route("GET", "/acr/v1/lib/app", READ),
    Route("PATCH", "/acr/v1/lib/app", WRITE, 200, b"{}"),
    Route("DELETE", "/acr/v1/lib/nothing", DELETE, 404),
    Route("GET", "/acr/v1/lib/app/_tags", READ),
    Route("GET", "/acr/v1/lib/app/_tags/v1", READ),
    Route("PATCH", "/acr/v1/lib/app/_tags/v1", WRITE, 200, b"{}"),
    Route("DELETE", "/acr/v1/lib/app/_tags/nothing", DELETE, 404),
    Route("GET", "/acr/v1/lib/app/_manifests", READ),
    Route("GET", f"/acr/v1/lib/app/_manifests/{_IMAGE}", READ),
    Route("PATCH", f"/acr/v1/lib/app/_manifests/{_IMAGE}", WRITE, 200, b"{}"),
    # Nothing that is deleted is kept, so there is nothing in these to be seen.
    Route("GET", "/acr/v1/_deleted/_catalog", ANYBODY),
    Route("GET", "/acr/v1/_deleted/lib/app/_tags", ANYBODY),
    Route("GET", "/acr/v1/_deleted/lib/app/_manifests", ANYBODY),
    Route("POST", f"/acr/v1/_deleted/lib/app/_manifests/{_IMAGE}", ANYBODY, 405),
]
ROUTES: Final = [*_REGISTRY, *_ACR]

PUBLIC: Final = [
    Route("GET", "/feeds/"),
    Route("HEAD", "/feeds/"),
    Route("GET", "/feeds/service-tags.json"),
    Route("GET", "/feeds/rules/squid"),
    Route("POST", "/feeds/rules/squid", done=405),
    Route("GET", "/feeds/nothing", done=404),
    Route("GET", "/openapi.json"),
    Route("GET", "/healthz"),
    Route("GET", "/readyz"),
    Route("GET", "/healthz/traffic"),
    Route("GET", "/nothing", done=404),
    Route("GET", "/v2/lib/app/nothing", done=404),
    Route("GET", "/acr/v1/lib/app/_nothing", done=404),
    Route("GET", "/oauth2/nothing", done=404),
    Route("DELETE", "/oauth2/token", done=405),
    Route("GET", "/oauth2/exchange", done=405),
]
"""What is answered alike to everybody, whatever they show."""
