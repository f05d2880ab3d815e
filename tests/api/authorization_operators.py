"""What can be asked at the hosts of operators and of other regions' nodes: the routes, and what is there for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.api.authorization_routes import DIGEST, LAYER, NAME, Route
from tests.api.authorization_world import GROUP, REGISTRIES, SUBSCRIPTION
from tests.support import content
from tests.unit.portal.browser import Page

if TYPE_CHECKING:
    from tests.api.authorization_world import World

__all__ = [
    "FORMS",
    "MANAGED",
    "MANAGEMENT",
    "NODES",
    "OURS",
    "PAGES",
    "SIGNING_IN",
    "SIGN_IN",
    "furnish",
    "no_forms",
    "proof_of",
]

MANAGED: Final = "managed"
"""The registry that operators change, so that nothing changes in the one that all others turn to."""

_PROVIDER: Final = f"{SUBSCRIPTION}/providers/Microsoft.ContainerRegistry"
_NETWORK: Final = f"{GROUP}/providers/Microsoft.Network"
_IT: Final = f"{REGISTRIES}/{MANAGED}"
_ACTIONS: Final[dict[str, Any]] = {"properties": {"actions": ["repositories/team/app/content/read"]}}
_TOKEN: Final[dict[str, Any]] = {"properties": {"scopeMapId": f"{_IT}/scopeMaps/team"}}
_HOOK: Final[dict[str, Any]] = {
    "properties": {"serviceUri": "https://127.0.0.1:1/hooks", "actions": ["push"], "status": "disabled"}
}
_DECISION: Final = {"properties": {"privateLinkServiceConnectionState": {"status": "Rejected"}}}
# What is not there is not imported, which would go on in the background.
_IMPORT: Final = {"source": {"resourceId": f"{REGISTRIES}/nobody", "sourceImage": "lib/app:v1"}}


def furnish(world: World) -> None:
    """Make a registry to be managed that has one of everything, and one to be deleted."""
    for name in (MANAGED, "doomed"):
        world.make_registry(name)
    world.manage("PUT", f"{MANAGED}/replications/westus", {"location": "westus"})
    world.manage("PUT", f"{MANAGED}/scopeMaps/team", _ACTIONS)
    world.manage("PUT", f"{MANAGED}/tokens/edge", _TOKEN)
    world.manage("PUT", f"{MANAGED}/webhooks/builds", _HOOK)
    world.server.run("private-endpoint", "create", "office", "--network", "10.1.0.0/27", "-r", MANAGED)


def proof_of(world: World, session: dict[str, str]) -> str:
    """Take from a page what a session's forms carry."""
    page = world.server.client.get(f"{world.origin}/portal/registries/{MANAGED}/networking", headers=session)
    return Page(page).hidden["proof"]


def _route(method: str, path: str, done: int = 200, body: object = None) -> Route:
    return Route(method, path, done=done, body=b"" if body is None else content.encode(body))


def _thing(method: str, path: str, done: int = 200, body: object = None) -> Route:
    return _route(method, f"{_IT}/{path}", done, body)


MANAGEMENT: Final = [
    _route("GET", "/tenants"),
    _route("GET", "/subscriptions"),
    _route("GET", SUBSCRIPTION),
    _route("GET", "/subscriptions/another", 404),
    _route("GET", f"{SUBSCRIPTION}/resources"),
    _route("GET", f"{SUBSCRIPTION}/resourceGroups"),
    _route("GET", GROUP),
    _route("GET", _PROVIDER),
    _route("GET", f"{_PROVIDER}/registries"),
    _route("POST", f"{_PROVIDER}/checkNameAvailability", body={"name": "somebody"}),
    _route("GET", f"{_PROVIDER}/locations/eastus/operationResults/nothing", 404),
    _route("GET", f"{_NETWORK}/privateEndpoints/{MANAGED}-office"),
    _route("GET", f"{_NETWORK}/networkInterfaces/{MANAGED}-office"),
    _route("GET", REGISTRIES),
    _route("GET", _IT),
    _route("PUT", _IT, body={"tags": {"team": "one"}}),
    _route("PATCH", _IT, body={"tags": {"team": "two"}}),
    _route("PUT", f"{REGISTRIES}/brandnew", 201, {"sku": {"name": "Premium"}}),
    _route("DELETE", f"{REGISTRIES}/doomed"),
    _route("GET", f"{REGISTRIES}/nobody", 404),
    _thing("POST", "generateCredentials", body={"tokenId": f"{_IT}/tokens/edge"}),
    _thing("POST", "listCredentials"),
    _thing("GET", "listUsages"),
    _thing("POST", "importImage", 404, _IMPORT),
    _thing("GET", "privateEndpointConnections"),
    _thing("GET", "privateEndpointConnections/office"),
    _thing("PUT", "privateEndpointConnections/office", body=_DECISION),
    _thing("DELETE", "privateEndpointConnections/nothing", 204),
    _thing("GET", "privateLinkResources"),
    _thing("GET", "privateLinkResources/registry"),
    _thing("POST", "regenerateCredential", body={"name": "password2"}),
    _thing("GET", "replications"),
    _thing("GET", "replications/westus"),
    _thing("PUT", "replications/westus", body={"location": "westus"}),
    _thing("PATCH", "replications/westus", body={"location": "westus"}),
    _thing("DELETE", "replications/northus", 204),
    _thing("GET", "scopeMaps"),
    _thing("GET", "scopeMaps/team"),
    _thing("PUT", "scopeMaps/team", body=_ACTIONS),
    _thing("PATCH", "scopeMaps/team", body=_ACTIONS),
    _thing("DELETE", "scopeMaps/nothing", 204),
    _thing("GET", "tokens"),
    _thing("GET", "tokens/edge"),
    _thing("PUT", "tokens/edge", body=_TOKEN),
    _thing("PATCH", "tokens/edge", body=_TOKEN),
    _thing("DELETE", "tokens/nothing", 204),
    _thing("GET", "webhooks"),
    _thing("GET", "webhooks/builds"),
    _thing("PUT", "webhooks/builds", body=_HOOK),
    _thing("PATCH", "webhooks/builds", body=_HOOK),
    _thing("DELETE", "webhooks/nothing", 204),
    _thing("POST", "webhooks/builds/ping", 409),
    _thing("POST", "webhooks/builds/listEvents"),
    _thing("POST", "webhooks/builds/getCallbackConfig"),
    _thing("GET", "secrets", 404),
    _route("GET", "/", 404),
    _route("GET", "/anything", 404),
]
SIGN_IN: Final = [
    _route("GET", "/metadata/endpoints"),
    _route("GET", "/adfs/.well-known/openid-configuration"),
    _route("GET", "/adfs/adfs/v2.0/.well-known/openid-configuration"),
    _route("GET", "/adfs/discovery/keys"),
    _route("GET", "/adfs/nothing", 404),
    _route("GET", "/openapi.json"),
    _route("GET", "/portal/sign-in"),
    _route("GET", "/portal/static/nothing", 404),
]
"""What anybody is told who wants to sign in, to manage registries or to the portal."""
SIGNING_IN: Final = _route("POST", "/adfs/oauth2/token")

_HERE: Final = "/portal/registries"
_FORM: Final = "application/x-www-form-urlencoded"
PAGES: Final = [
    Route("GET", "/portal", "overview.every_registry"),
    Route("GET", f"{_HERE}/{NAME}", "overview.one_registry"),
    Route("GET", f"{_HERE}/{NAME}/repositories", "repositories.every_repository"),
    Route("GET", f"{_HERE}/{NAME}/repositories/lib/app", "repositories.one_repository"),
    Route("GET", f"{_HERE}/{NAME}/repositories/lib/app:v1", "images.one_image"),
    Route("GET", f"{_HERE}/{MANAGED}/networking", "networking.public_access"),
    Route("GET", f"{_HERE}/{MANAGED}/networking/private", "private.private_access"),
    Route("GET", f"{_HERE}/{MANAGED}/networking/rules", "firewall.rules"),
    Route("GET", f"{_HERE}/{MANAGED}/networking/rules/file?to=squid", "firewall.file"),
    Route("GET", f"{_HERE}/{MANAGED}/networking/service-tags", "service_tags.service_tags"),
    Route("GET", f"{_HERE}/{MANAGED}/replicas", "replicas.every_replica"),
    Route("HEAD", f"{_HERE}/{MANAGED}", "overview.one_registry"),
    Route("GET", f"{_HERE}/nobody", done=404),
    Route("GET", "/portal/nothing", done=404),
]
"""The portal's pages, by the view that shows each."""

FORMS: Final = [
    Route("POST", f"{_HERE}/{MANAGED}/networking", "networking.change", 303, b"dedicated=yes&was_dedicated=no", _FORM),
    Route("POST", f"{_HERE}/{MANAGED}/networking/private", "private.change", 303, b"reject=office", _FORM),
    Route("POST", "/portal/sign-out", "signing.sign_out", 303, b"x=", _FORM),
]
"""What can be sent from them, without what shows that it was."""
OURS: Final = {"Sec-Fetch-Site": "same-origin"}
"""What a browser says of a form that a page of the portal sends."""


def no_forms(route: Route, origin: str, good: bytes, other: bytes) -> dict[str, tuple[dict[str, str], bytes]]:
    """Write headers and bodies of forms that nobody is to believe, by what is wrong with them.

    Args:
        route: Where they are sent.
        origin: Where they had to come from.
        good: A body that is believed, from there.
        other: One with the proof of another session of the same operator.
    """
    evil = {"Origin": "https://evil.example"}
    return {
        "without a proof": (OURS, route.body),
        "with a proof of one's own": (OURS, route.body + b"&proof=" + b"0" * 64),
        "with another session's proof": (OURS, other),
        "from anywhere": ({}, good),
        "from another origin": (evil, good),
        "from another origin, by a browser that says so twice": ({**OURS, **evil}, good),
        **{
            f"from {site}": ({"Sec-Fetch-Site": site, "Origin": origin}, good)
            for site in ("cross-site", "same-site", "none")
        },
    }


_QUESTION: Final = {"registry": NAME, "repository": "lib/app", "references": ["v1"], "blobs": []}
_NOTHING_NEW: Final = {"epoch": "x", "after": 0, "upto": 0, "head": 0, "rows": []}
NODES: Final = [
    _route("GET", "changes?epoch=&after=0&wait=0"),
    _route("POST", "changes", body=_NOTHING_NEW),
    _route("GET", "position"),
    _route("GET", "wants"),
    _route("POST", "lookup", body=_QUESTION),
    _route("GET", f"blobs/{DIGEST}", 400),
    _route("HEAD", f"blobs/{DIGEST}"),
    Route("PUT", f"blobs/{DIGEST}", done=409, body=LAYER, media="application/octet-stream"),
    _route("GET", "status"),
    _route("POST", "image", body=_QUESTION),
    _route("GET", "secrets", 404),
    _route("POST", "leave", body={}),
]
"""What other regions' nodes ask; the last is said by one that leaves."""
