"""What can be done with a registry and with what belongs to it, at the operators' host. Pure.

One function for each module below ``management`` that answers, called as that is; ``registry_api._THINGS`` lists them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.openapi.document import answer, body, header, operation, parameter, refusals
from seawall.openapi.refusals import BODY, SERVER
from seawall.openapi.resources import listed
from seawall.openapi.shapes import integer, schema, text

if TYPE_CHECKING:
    from seawall.openapi.document import Object

__all__ = ["ONCE", "PENDING", "REGISTRIES", "of_registries"]

REGISTRIES: Final = (
    "/subscriptions/{subscription}/resourceGroups/{resourceGroup}/providers/Microsoft.ContainerRegistry/registries"
)
_ONE: Final = f"{REGISTRIES}/{{registry}}"
_READ: Final = refusals(401, 404, *SERVER)
_WRITE: Final = refusals(400, 401, 404, *BODY, *SERVER)
_GONE: Final = {"200": answer("It is deleted."), "204": answer("It was not there.")}

ONCE: Final = {"Cache-Control": header("Nobody is to keep it.", text(pattern="^no-store$"))}
"""Headers of an answer with a secret in it."""

PENDING: Final = {
    "Location": header("Where to ask how it stands.", text(format="uri")),
    "Retry-After": header("After how many seconds.", integer(minimum=1)),
}
"""Headers of an answer to what takes its time."""


def of_registries() -> dict[str, Object]:
    """Describe what can be done with registries, by path."""
    return {
        REGISTRIES: _at({"get": _list("Registries", "Registry", "List the registries.")}),
        **_registry(),
        **_credentials(),
        **_imports(),
        **_replications(),
        **_private_endpoints(),
        **_kind("scopeMaps", "scopeMap", "ScopeMap", conflict="A token needs it."),
        **_kind("tokens", "token", "Token"),
        **_kind("webhooks", "webhook", "Webhook"),
        **_webhook_actions(),
        f"{_ONE}/listUsages": _at({"get": _list("Usages", "Usage", "Tell how much of what its tier gives it uses.")}),
    }


def _at(methods: dict[str, Object], *more: str) -> Object:
    """Describe a path of a registry, or of something of it that ``more`` names."""
    names = ("subscription", "resourceGroup", *more)
    return {"parameters": [parameter(name) for name in (*names, "api-version")], **methods}


def _of(methods: dict[str, Object], *more: str) -> Object:
    return _at(methods, "registry", *more)


def _list(identifier: str, shape: str, summary: str) -> Object:
    return operation(f"list{identifier}", summary, {"200": answer("All of them.", listed(shape)), **_READ})


def _show(identifier: str, shape: str, summary: str) -> Object:
    return operation(f"get{identifier}", summary, {"200": answer("As it is.", schema(shape)), **_READ})


def _registry() -> dict[str, Object]:
    as_it_is, conflict = answer("As it is now.", schema("Registry")), refusals(409)
    changed = {"200": as_it_is, **conflict, **_WRITE}
    return {
        _ONE: _of(
            {
                "get": _show("Registry", "Registry", "Show a registry."),
                "put": operation(
                    "putRegistry",
                    "Make a registry, or change it.",
                    {"201": answer("It is made.", schema("Registry")), **changed},
                    sends=body(schema("RegistryWanted")),
                ),
                "patch": operation(
                    "changeRegistry", "Change a registry.", changed, sends=body(schema("RegistryWanted"))
                ),
                "delete": operation(
                    "deleteRegistry", "Delete a registry with all it has.", {**_GONE, **conflict, **_READ}
                ),
            }
        )
    }


def _credentials() -> dict[str, Object]:
    shown = answer("Both passwords.", schema("AdminPasswords"), headers=ONCE)
    made = answer("The passwords, shown this once.", schema("TokenPasswords"), headers=ONCE)
    return {
        f"{_ONE}/listCredentials": _of(
            {
                "post": operation(
                    "listAdminPasswords",
                    "Show the admin user's passwords.",
                    {"200": shown, **refusals(400, 409), **_READ},
                )
            }
        ),
        f"{_ONE}/regenerateCredential": _of(
            {
                "post": operation(
                    "renewAdminPassword",
                    "Make one of the admin user's passwords anew.",
                    {"200": shown, **_WRITE},
                    sends=body(schema("AdminPasswordChoice")),
                )
            }
        ),
        f"{_ONE}/generateCredentials": _of(
            {
                "post": operation(
                    "generateTokenPasswords",
                    "Give a token new passwords.",
                    {"200": made, **_WRITE},
                    sends=body(schema("TokenPasswordsWanted")),
                )
            }
        ),
    }


def _imports() -> dict[str, Object]:
    begun = answer("It has begun.", {"type": "null"}, headers=PENDING)
    return {
        f"{_ONE}/importImage": _of(
            {
                "post": operation(
                    "importImage", "Bring an image in.", {"202": begun, **_WRITE}, sends=body(schema("ImportOrder"))
                )
            }
        )
    }


def _replications() -> dict[str, Object]:
    as_it_is, wanted = answer("As it is.", schema("Replication")), body(schema("ReplicationWanted"))
    return {
        f"{_ONE}/replications": _of({"get": _list("Replications", "Replication", "List the replicas, if several.")}),
        f"{_ONE}/replications/{{region}}": _of(
            {
                "get": _show("Replication", "Replication", "Show a replica."),
                "put": operation(
                    "putReplication",
                    "Add a replica in a region.",
                    {"200": as_it_is, "201": answer("It is added.", schema("Replication")), **_WRITE},
                    sends=wanted,
                ),
                "patch": operation(
                    "changeReplication", "Change nothing of a replica.", {"200": as_it_is, **_WRITE}, sends=wanted
                ),
                "delete": operation(
                    "deleteReplication",
                    "Take a replica away; not that at home.",
                    {**_GONE, **refusals(400), **_READ},
                ),
            },
            "region",
        ),
    }


def _private_endpoints() -> dict[str, Object]:
    connections, resources = f"{_ONE}/privateEndpointConnections", f"{_ONE}/privateLinkResources"
    return {
        connections: _of({"get": _list("Connections", "PrivateEndpointConnection", "List the private endpoints.")}),
        f"{connections}/{{privateEndpoint}}": _of(
            {
                "get": _show("Connection", "PrivateEndpointConnection", "Show a private endpoint."),
                "put": operation(
                    "decideConnection",
                    "Approve or reject a private endpoint.",
                    {"200": answer("As it is now.", schema("PrivateEndpointConnection")), **_WRITE},
                    sends=body(schema("PrivateEndpointDecision")),
                ),
                "delete": operation(
                    "deleteConnection", "Delete a private endpoint.", {**_GONE, **refusals(400), **_READ}
                ),
            },
            "privateEndpoint",
        ),
        resources: _of({"get": _list("LinkResources", "PrivateLinkResource", "Say what a private endpoint needs.")}),
        f"{resources}/{{linkResource}}": _of(
            {"get": _show("LinkResource", "PrivateLinkResource", "The same, by its name.")}, "linkResource"
        ),
    }


def _kind(path: str, name: str, shape: str, conflict: str = "") -> dict[str, Object]:
    """Describe things of a registry that are made, changed and deleted by name."""
    as_it_is = answer("As it is now.", schema(shape))
    deleted = {**_GONE, **refusals(400), **_READ}
    if conflict:
        deleted["409"] = answer(conflict, schema("Refusal"))
    return {
        f"{_ONE}/{path}": _of({"get": _list(f"{shape}s", shape, f"List a registry's {path}.")}),
        f"{_ONE}/{path}/{{{name}}}": _of(
            {
                "get": _show(shape, shape, "Show one."),
                "put": operation(
                    f"put{shape}",
                    "Make one, or change it.",
                    {"200": as_it_is, "201": answer("It is made.", schema(shape)), **_WRITE},
                    sends=body(schema(f"{shape}Wanted")),
                ),
                "patch": operation(
                    f"change{shape}",
                    "Change one.",
                    {"200": as_it_is, **_WRITE},
                    sends=body(schema(f"{shape}Change")),
                ),
                "delete": operation(f"delete{shape}", "Delete one.", deleted),
            },
            name,
        ),
    }


def _webhook_actions() -> dict[str, Object]:
    one = f"{_ONE}/webhooks/{{webhook}}"
    ping = {"200": answer("It is on its way.", schema("WebhookPing")), **refusals(409), **_READ}
    secrets = answer("What may be secret of it.", schema("WebhookSecrets"), headers=ONCE)
    events = {"200": answer("The latest.", listed("WebhookEvent")), **_READ}
    return {
        f"{one}/ping": _of({"post": operation("pingWebhook", "Send an event that says nothing.", ping)}, "webhook"),
        f"{one}/listEvents": _of(
            {"post": operation("listWebhookEvents", "List what it was told lately, and what came of it.", events)},
            "webhook",
        ),
        f"{one}/getCallbackConfig": _of(
            {"post": operation("getWebhookSecrets", "Show its address and headers.", {"200": secrets, **_READ})},
            "webhook",
        ),
    }
