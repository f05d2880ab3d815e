"""Who may do what with a registry: signing in, the admin user's passwords, tokens and scope maps. Pure.

Where each is written is named beside it: modules below ``management``, and ``identity/sign_in.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.openapi.names import ACTION
from seawall.openapi.resources import SUCCEEDED, identified
from seawall.openapi.shapes import NO_NUL, array, choice, integer, maybe, open_record, record, schema, text

if TYPE_CHECKING:
    from seawall.openapi.shapes import Schema

__all__ = ["RIGHTS"]

_MOMENT: Final = text(format="date-time")
_EXPIRY: Final = maybe(schema("Expiry"))
_SLOT: Final = choice("password1", "password2", description="In any case.")
_STATUS: Final = choice("enabled", "disabled")
_WANTED_STATUS: Final = choice("enabled", "disabled", description="In any case.")
_PASSWORD: Final[dict[str, Schema]] = {
    "name": choice("password1", "password2"),
    "creationTime": maybe(_MOMENT),
    "expiry": maybe(_MOMENT),
}
# Properties that the service sets: who sends back what was told sends them too, and nothing comes of it (reading.py).
_ALWAYS_SAID: Final[dict[str, Schema]] = {"provisioningState": {}, "creationDate": {}, "type": {}}


def _strict(optional: dict[str, Schema], required: dict[str, Schema] | None = None) -> Schema:
    """Describe an object in which whatever means nothing is refused, unless it is null."""
    members = required or {}
    return open_record(members, **optional, **_ALWAYS_SAID) | {"additionalProperties": {"type": "null"}}


_PATH: Final = "^(?:/[^/]+){10}$"
_SCOPE_MAP_ID: Final = schema("ScopeMapPath")
_KEPT: Final = _strict(
    {
        "passwords": maybe(
            array(_strict({"expiry": _EXPIRY, "creationTime": {}}, {"name": _SLOT}), "Those that stay.")
        ),
        "certificates": maybe(array({}, maxItems=0)),
    }
)
_TOKEN_OPTIONS: Final[dict[str, Schema]] = {"status": maybe(_WANTED_STATUS), "credentials": maybe(_KEPT)}
_ACTIONS: Final = array(schema("ScopeMapAction"), "At most 500 different ones.")
_DESCRIPTION: Final = maybe(text(maxLength=1000, pattern=NO_NUL))

RIGHTS: Final[dict[str, Schema]] = {
    # identity/sign_in.py
    "SignInConfiguration": record(
        {
            "issuer": text(format="uri"),
            "authorization_endpoint": text("There is nothing at it.", format="uri"),
            "token_endpoint": text(format="uri"),
            "jwks_uri": text(format="uri"),
            "token_endpoint_auth_methods_supported": array(text()),
            "grant_types_supported": array(text()),
            "response_types_supported": array(text()),
            "subject_types_supported": array(text()),
            "id_token_signing_alg_values_supported": array(text()),
        }
    ),
    "SignInKeys": record(
        {
            "keys": array(
                record(
                    {
                        "kty": choice("RSA"),
                        "key_ops": array(choice("verify")),
                        "n": text(),
                        "e": text(),
                        "kid": text(),
                        "use": choice("sig"),
                    }
                )
            )
        }
    ),
    "SignIn": open_record(
        {"grant_type": choice("client_credentials")},
        "The client's name and secret may come here or as Basic authentication; what the token is for, as a scope or "
        "as a resource: this host, or `https://containerregistry.azure.net` for what registries exchange.",
        client_id=text(),
        client_secret=text(format="password"),
        scope=schema("SignInFor"),
        resource=schema("SignInResource"),
    )
    | {"anyOf": [{"required": ["scope"]}, {"required": ["resource"]}]},
    "SignInFor": text("An address, with or without `/.default` behind it; it counts before a resource."),
    "SignInResource": text("An address."),
    "SignedIn": record(
        {
            "token_type": choice("Bearer"),
            "expires_in": integer("Seconds.", minimum=1),
            "resource": text(format="uri"),
            "access_token": text(),
        }
    ),
    "SignInRefusal": record(
        {
            "error": choice("invalid_request", "unsupported_grant_type", "invalid_scope", "invalid_client"),
            "error_description": text(),
        },
        "RFC 6749 section 5.2.",
    ),
    # credentials.py
    "AdminPasswords": record(
        {
            "username": text(),
            "passwords": array(
                record(
                    {
                        "name": choice("password", "password2"),
                        "value": maybe(text("Null for one made by a Seawall that kept only hashes.")),
                    }
                ),
                minItems=2,
                maxItems=2,
            ),
        }
    ),
    "AdminPasswordChoice": _strict({}, {"name": choice("password", "password2", description="In any case.")}),
    # scope_maps.py
    "ScopeMapAction": text(
        "What may be done, with which repositories: `*` at a name's end stands for any.", pattern=ACTION
    ),
    "ScopeMapPath": text("The path of a scope map of the same registry, in any case.", pattern=_PATH),
    "ScopeMap": identified(
        {
            "properties": record(
                {
                    "description": text(),
                    "type": choice("SystemDefined", "UserDefined"),
                    "creationDate": maybe(_MOMENT),
                    **SUCCEEDED,
                    "actions": array(schema("ScopeMapAction")),
                }
            )
        }
    ),
    "ScopeMapWanted": open_record({"properties": _strict({"description": _DESCRIPTION}, {"actions": _ACTIONS})}),
    "ScopeMapChange": open_record(
        {}, properties=maybe(_strict({"description": _DESCRIPTION, "actions": maybe(_ACTIONS)}))
    ),
    # tokens.py
    "TokenPath": text("The path of a token of the same registry, in any case.", pattern=_PATH),
    "Expiry": text(
        "When a password ends, as ISO 8601 has it, in UTC where nothing else is said. One that is made anew must not "
        "have ended; that of one that stays cannot be changed.",
        format="date-time",
    ),
    "Token": identified(
        {
            "properties": record(
                {
                    "creationDate": maybe(_MOMENT),
                    **SUCCEEDED,
                    "scopeMapId": text(),
                    "status": _STATUS,
                    "credentials": record(
                        {"certificates": array({}, maxItems=0), "passwords": array(record(_PASSWORD), maxItems=2)}
                    ),
                }
            )
        }
    ),
    "TokenWanted": open_record({"properties": _strict(_TOKEN_OPTIONS, {"scopeMapId": _SCOPE_MAP_ID})}),
    "TokenChange": open_record({}, properties=maybe(_strict({**_TOKEN_OPTIONS, "scopeMapId": maybe(_SCOPE_MAP_ID)}))),
    "TokenPasswordsWanted": _strict(
        {"name": maybe(_SLOT | {"description": "Both, if it says nothing."}), "expiry": _EXPIRY},
        {"tokenId": schema("TokenPath")},
    ),
    "TokenPasswords": record(
        {
            "username": text(),
            "passwords": array(record({**_PASSWORD, "value": text("Never shown again.")}), minItems=1, maxItems=2),
        }
    ),
}
