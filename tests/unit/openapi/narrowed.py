"""The documents as they are, except that names are mostly those of something that is there."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

from seawall.identity.sign_in import REGISTRY_RESOURCE
from seawall.management.account import GROUP
from tests.unit.openapi import contents
from tests.unit.openapi.site import ACCOUNT, ORIGIN

if TYPE_CHECKING:
    from seawall.openapi.document import Object

_REGISTRY: Final = contents.REGISTRY.name
_PATH: Final = ACCOUNT.registry_path(_REGISTRY)
_PARAMETERS: Final[dict[str, tuple[str, ...]]] = {
    "subscription": (ACCOUNT.subscription,),
    "resourceGroup": (GROUP,),
    "registry": (_REGISTRY, contents.BASIC.name),
    "region": contents.REGIONS,
    "operation": tuple(contents.OUTCOMES),
    "privateEndpoint": ("Office", "office"),
    "networkThing": (f"{_REGISTRY}-office",),
    "linkResource": ("registry",),
    "scopeMap": (contents.SCOPE_MAP, "_repositories_pull"),
    "token": (contents.TOKEN,),
    "webhook": (contents.WEBHOOK,),
    "repository": contents.REPOSITORIES,
    "tag": contents.TAGS,
    "digest": contents.DIGESTS,
}
_SIMPLE_NAME: Final = "^[a-z0-9]{1,40}(?:[._/-][a-z0-9]{1,40}){0,2}$"

EXAMPLES: Final = {name: values[0] for name, values in _PARAMETERS.items()} | {"location": contents.REGION}
"""A value for each name in a path."""

_SCHEMAS: Final[dict[str, tuple[str, ...]]] = {
    "AddressRange": ("203.0.113.0/24", "198.51.100.7", "2001:db8::/32"),
    "Expiry": (contents.ENDS.isoformat(),),
    "Location": ("eastus", "East US"),
    "RegistryPath": (_PATH,),
    "ScopeMapPath": (f"{_PATH}/scopeMaps/{contents.SCOPE_MAP}", f"{_PATH}/scopemaps/_repositories_pull"),
    "SignInFor": (ORIGIN, f"{REGISTRY_RESOURCE}/.default"),
    "SignInResource": (ORIGIN, REGISTRY_RESOURCE),
    # The first is what all else is tried with.
    "Tier": ("Premium", "Basic", "Standard"),
    "TokenPath": (f"{_PATH}/tokens/{contents.TOKEN}",),
}


def narrowed(document: Object) -> Object:
    """Let some texts be only those that lead somewhere, and names in paths mostly.

    Chance finds none of them, and what is refused for its first fault tells nothing of the others.
    """
    narrow: dict[str, Any] = copy.deepcopy(document)
    components = narrow["components"]
    for name, parameter in components["parameters"].items():
        if parameter["in"] == "path" and name in _PARAMETERS:
            parameter["schema"] = {"anyOf": [{"enum": list(_PARAMETERS[name])}, parameter["schema"]]}
    if "repository" in components["parameters"]:
        # The whole grammar takes long to make names from, and test_names.py tries it.
        components["parameters"]["repository"]["schema"]["anyOf"][1] = {"type": "string", "pattern": _SIMPLE_NAME}
    for item in narrow["paths"].values():
        # Anything may be said there, in every request.
        item["parameters"] = [one for one in item.get("parameters", []) if not one["$ref"].endswith("/api-version")]
    for name, schema in components["schemas"].items():
        if name in _SCHEMAS:
            components["schemas"][name] = schema | {"enum": list(_SCHEMAS[name])}
        _leave_out(schema)
    return narrow


def _leave_out(schema: object) -> None:
    """Leave out members that may be anything: there is nothing to try about them, and much time to lose."""
    if isinstance(schema, dict):
        members = schema.get("properties", {})
        for name in [name for name, one in members.items() if one == {}]:
            del members[name]
    for one in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        _leave_out(one)
