"""The operators' API at ``arm.<domain>``, in the shape of Azure Resource Manager's. Pure.

What answers is in ``management/api.py`` and ``management/subscription.py``, and for signing in
``identity/sign_in.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.openapi.document import (
    answer,
    body,
    document,
    header,
    in_path,
    in_query,
    operation,
    parameter,
    refusals,
)
from seawall.openapi.hooks import HOOKS
from seawall.openapi.names import BUILT_IN_SCOPE_MAP, PRIVATE_ENDPOINT, REGION, REGISTRY, SCOPE_MAP, TOKEN, WEBHOOK
from seawall.openapi.networks import NETWORKS
from seawall.openapi.refusals import BODY, ERROR, SERVER, common
from seawall.openapi.resources import RESOURCES, listed
from seawall.openapi.rights import RIGHTS
from seawall.openapi.shapes import schema, text
from seawall.openapi.things import ONCE, PENDING, of_registries

if TYPE_CHECKING:
    from seawall.openapi.document import Object

__all__ = ["describe"]

_SUBSCRIPTION: Final = "/subscriptions/{subscription}"
_PROVIDER: Final = f"{_SUBSCRIPTION}/providers/Microsoft.ContainerRegistry"
_NETWORK: Final = f"{_SUBSCRIPTION}/resourceGroups/{{resourceGroup}}/providers/Microsoft.Network"
_READ: Final = refusals(401, 404, *SERVER)

_BASIC: Final = {"WWW-Authenticate": header("`Basic`: how a client may sign in.", text())}

_DESCRIPTION: Final = """\
Managing registries, in the shape of Azure Resource Manager's API as far as registries need it. Sign in as an operator \
(`seawall operator create`) at `/adfs/oauth2/token`, for this host.

Words of a path mean the same in any case. Any `api-version` is answered alike. A method that a path does not have is \
answered as if the path were not there. Once a change is answered it is done; only imports take their time.\
"""

_PARAMETERS: Final[dict[str, Object]] = {
    "api-version": in_query("api-version", "Which release of Azure's API a client was made for: any.", text()),
    "subscription": in_path(
        "subscription",
        "The only subscription there is; `/subscriptions` tells it.",
        text(pattern="^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"),
    ),
    "resourceGroup": in_path(
        "resourceGroup", "The only resource group there is: `seawall`.", text(pattern="^[Ss]eawall$")
    ),
    "registry": in_path("registry", "The registry.", text(pattern=REGISTRY)),
    "region": in_path("region", "The region of the replica.", text(pattern=REGION)),
    "location": in_path("location", "The region that began it; it is not looked at.", text(pattern="^[^/]+$")),
    "operation": in_path("operation", "What the `Location` of the answer that began it named.", text(format="uuid")),
    "privateEndpoint": in_path("privateEndpoint", "The private endpoint.", text(pattern=PRIVATE_ENDPOINT)),
    "linkResource": in_path("linkResource", "The only one there is: `registry`.", text(pattern="^[Rr]egistry$")),
    "networkThing": in_path(
        "networkThing", "Registry and private endpoint, with a hyphen between them.", text(pattern="^[A-Za-z0-9_.-]+$")
    ),
    "scopeMap": in_path(
        "scopeMap",
        "The scope map; those of every registry begin with `_`, and cannot be changed.",
        text(pattern=f"{BUILT_IN_SCOPE_MAP}|{SCOPE_MAP}"),
    ),
    "token": in_path("token", "The token; neither `anonymous` nor the registry's name.", text(pattern=TOKEN)),
    "webhook": in_path("webhook", "The webhook.", text(pattern=WEBHOOK)),
}


def describe() -> Object:
    """Write the document."""
    schemas = {**RESOURCES, **NETWORKS, **RIGHTS, **HOOKS, "Refusal": ERROR}
    components = {
        "schemas": dict(sorted(schemas.items())),
        "parameters": _PARAMETERS,
        "responses": common("Refusal", "`Bearer`, with the address of the sign-in service in `authorization_uri`."),
        "securitySchemes": {
            "operator": {"type": "http", "scheme": "bearer", "description": "A token of `/adfs/oauth2/token`."}
        },
    }
    paths = {**_around(), **_sign_in(), **_subscription(), **_provider(), **_network(), **of_registries()}
    return document("Seawall, for operators", _DESCRIPTION, paths, components, [{"operator": []}])


def _get(identifier: str, summary: str, shape: Object, told: str = "As it is.") -> Object:
    return operation(identifier, summary, {"200": answer(told, shape), **_READ})


def _at(methods: dict[str, Object], *names: str) -> Object:
    return {"parameters": [parameter(name) for name in (*names, "api-version")], **methods}


def _around() -> dict[str, Object]:
    anybody = {"200": answer("What a client has to know.", schema("Cloud")), **refusals(*SERVER)}
    return {
        "/metadata/endpoints": _at(
            {"get": operation("getCloud", "Describe this cloud to a client.", anybody, public=True)}
        ),
        "/tenants": _at({"get": _get("listTenants", "List the one tenant.", listed("Tenant"))}),
        "/subscriptions": _at({"get": _get("listSubscriptions", "List the one subscription.", listed("Subscription"))}),
    }


def _sign_in() -> dict[str, Object]:
    told = {"200": answer("Where to sign in.", schema("SignInConfiguration")), **refusals(*SERVER)}
    keys = {"200": answer("The public keys.", schema("SignInKeys")), **refusals(*SERVER)}
    refused = schema("SignInRefusal")
    tokens = {
        "200": answer("A token.", schema("SignedIn"), headers=ONCE),
        "400": answer("The form is not what it should be.", refused, headers=ONCE),
        "401": answer("The name or the secret is wrong.", refused, headers={**ONCE, **_BASIC}),
        **refusals(*BODY, *SERVER),
    }
    return {
        "/adfs/.well-known/openid-configuration": {
            "get": operation("getSignIn", "Say where to sign in.", told, public=True)
        },
        "/adfs/adfs/v2.0/.well-known/openid-configuration": {
            "get": operation("getSignInAsAdfs", "The same, where the Azure CLI looks for it.", told, public=True)
        },
        "/adfs/discovery/keys": {"get": operation("listSignInKeys", "List the keys of tokens.", keys, public=True)},
        "/adfs/oauth2/token": {
            "post": operation(
                "signIn",
                "Sign in as an operator.",
                tokens,
                sends=body(schema("SignIn"), "application/x-www-form-urlencoded"),
                public=True,
            )
        },
    }


def _subscription() -> dict[str, Object]:
    condition = in_query(
        "$filter", "`resourceType eq '...'` and `name eq '...'`; what else it says means nothing.", text()
    )
    resources = {"200": answer("Those that were asked for.", listed("Resource")), **_READ}
    group = _get("getResourceGroup", "Show the one resource group.", schema("ResourceGroup"))
    return {
        _SUBSCRIPTION: _at({"get": _get("getSubscription", "Show it.", schema("Subscription"))}, "subscription"),
        f"{_SUBSCRIPTION}/resources": _at(
            {
                "get": operation(
                    "listResources", "List registries as resources among others.", resources, parameters=[condition]
                )
            },
            "subscription",
        ),
        f"{_SUBSCRIPTION}/resourceGroups": _at(
            {"get": _get("listResourceGroups", "List the one resource group.", listed("ResourceGroup"))}, "subscription"
        ),
        f"{_SUBSCRIPTION}/resourceGroups/{{resourceGroup}}": _at({"get": group}, "subscription", "resourceGroup"),
    }


def _provider() -> dict[str, Object]:
    asked = {
        "200": answer("Whether it can be had, or why not.", schema("NameAnswer")),
        **refusals(400, 401, 404, *BODY, *SERVER),
    }
    # How an import failed is told with the status that a refusal would have had.
    outcome = {
        "200": answer("It is done.", schema("Outcome")),
        "202": answer("It goes on.", headers=PENDING),
        **refusals(400, 409),
        **_READ,
        "429": answer("The other registry had too many requests.", schema("Refusal")),
        "502": answer("The other registry failed.", schema("Refusal")),
    }
    return {
        _PROVIDER: _at(
            {"get": _get("getProvider", "Say that there are registries here.", schema("Provider"))}, "subscription"
        ),
        f"{_PROVIDER}/registries": _at(
            {"get": _get("listAllRegistries", "List the registries.", listed("Registry"))}, "subscription"
        ),
        f"{_PROVIDER}/checkNameAvailability": _at(
            {
                "post": operation(
                    "checkName", "Ask whether a name can be had.", asked, sends=body(schema("NameQuestion"))
                )
            },
            "subscription",
        ),
        f"{_PROVIDER}/locations/{{location}}/operationResults/{{operation}}": _at(
            {"get": operation("getOutcome", "Ask how something stands that takes its time.", outcome)},
            "subscription",
            "location",
            "operation",
        ),
    }


def _network() -> dict[str, Object]:
    names = ("subscription", "resourceGroup", "networkThing")
    endpoint = _get("getPrivateEndpoint", "Show a private endpoint.", schema("PrivateEndpoint"))
    interface = _get("getNetworkInterface", "Show what has its addresses.", schema("NetworkInterface"))
    return {
        f"{_NETWORK}/privateEndpoints/{{networkThing}}": _at({"get": endpoint}, *names),
        f"{_NETWORK}/networkInterfaces/{{networkThing}}": _at({"get": interface}, *names),
    }
