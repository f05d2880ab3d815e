"""Private endpoints, as their registry and as ``Microsoft.Network`` has them, and orders of imports. Pure.

Where each is written or read is named beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.openapi.names import IMAGE, LOGIN_SERVER, REPOSITORY, REPOSITORY_LENGTH, TAGGED
from seawall.openapi.resources import SUCCEEDED, identified
from seawall.openapi.shapes import NO_NUL, array, choice, maybe, open_record, record, schema, text
from seawall.private_endpoint import Status

if TYPE_CHECKING:
    from seawall.openapi.shapes import Schema

__all__ = ["NETWORKS"]

_LINK: Final = record({"id": text("The path of something else.")})
_CONNECTION_STATE: Final = record(
    {
        "status": choice(*(status.value for status in Status)),
        "description": text("Why, in somebody's words."),
        "actionsRequired": choice("None"),
    }
)
_CONNECTION: Final = identified(
    {
        "properties": record(
            {
                **SUCCEEDED,
                "privateEndpoint": _LINK,
                "privateLinkServiceConnectionState": _CONNECTION_STATE,
            }
        )
    }
)
_NAMED_ADDRESS: Final = record({"fqdn": text(), "ipAddresses": array(text(), minItems=1, maxItems=1)})
_CONFIGURATION: Final = record(
    {
        "id": text(),
        "name": text("Which of the registry's hosts it is."),
        "properties": record(
            {
                **SUCCEEDED,
                "privateIPAddress": text(),
                "privateIPAllocationMethod": choice("Static"),
                "subnet": _LINK,
                "privateLinkConnectionProperties": record(
                    {"groupId": choice("registry"), "requiredMemberName": text(), "fqdns": array(text(), minItems=1)}
                ),
            }
        ),
    }
)

_OUTSIDE: Final[Schema] = {"required": ["registryUri"], "properties": {"registryUri": schema("LoginServer")}}
_INSIDE: Final[Schema] = {
    "required": ["resourceId"],
    "properties": {"resourceId": {"type": "string", "minLength": 1}},
}

NETWORKS: Final[dict[str, Schema]] = {
    # Written in management/network_api.py.
    "PrivateEndpoint": identified(
        {
            "location": text(),
            "properties": record(
                {
                    **SUCCEEDED,
                    "subnet": _LINK,
                    "networkInterfaces": array(_LINK, minItems=1, maxItems=1),
                    "privateLinkServiceConnections": array({}, maxItems=0),
                    "manualPrivateLinkServiceConnections": array({}, maxItems=0),
                    "customDnsConfigs": array(_NAMED_ADDRESS),
                }
            ),
        }
    ),
    "NetworkInterface": identified(
        {"location": text(), "properties": record({**SUCCEEDED, "ipConfigurations": array(_CONFIGURATION)})}
    ),
    # Written and read in management/private_endpoints.py.
    "PrivateEndpointConnection": _CONNECTION,
    "PrivateEndpointDecision": open_record(
        {
            "properties": open_record(
                {
                    "privateLinkServiceConnectionState": open_record(
                        {"status": choice(*(status.value for status in Status), description="In any case.")},
                        description=maybe(text("Why, in your words.", maxLength=1000, pattern=NO_NUL)),
                    )
                }
            )
        }
    ),
    "PrivateLinkResource": identified(
        {
            "properties": record(
                {
                    "groupId": choice("registry"),
                    "requiredMembers": array(text(), minItems=1),
                    "requiredZoneNames": array(text(), minItems=1),
                }
            )
        }
    ),
    # Read in management/imports.py.
    "RegistryPath": text("The path of a registry of this node."),
    "LoginServer": text("A login server, such as `mcr.microsoft.com` or `127.0.0.1:5000`.", pattern=LOGIN_SERVER),
    "ImportOrder": open_record(
        {
            "source": open_record(
                {"sourceImage": text("`REPOSITORY[:TAG]` or `REPOSITORY@DIGEST`.", pattern=IMAGE)},
                "Where the image is: in a registry of this node, or at somebody else's login server.",
                resourceId=maybe(schema("RegistryPath")),
                registryUri=maybe(text("A login server, where no registry of this node is named.")),
                credentials=maybe(
                    open_record(
                        {},
                        "Who to sign in as at somebody else's; a password without a user name is a token.",
                        username=maybe(text()),
                        password=maybe(text()),
                    )
                ),
            )
            | {"anyOf": [_OUTSIDE, _INSIDE]}
        },
        "At most 100 targets. Without any, it is called as it is there.",
        targetTags=maybe(array(text("`REPOSITORY[:TAG]`.", pattern=TAGGED), "What it is to be called.")),
        untaggedTargetRepositories=maybe(
            array(text(pattern=REPOSITORY, maxLength=REPOSITORY_LENGTH), "Where it is to be without a tag.")
        ),
        mode=maybe(choice("NoForce", "Force", description="Whether a tag that stands for something else is moved.")),
    ),
}
