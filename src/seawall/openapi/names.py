"""What things may be called, as patterns that programs in any language read. Pure.

The rules themselves are where the names are checked, which is said beside each; ``tests/unit/openapi/test_names.py``
holds both to saying the same.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "ACTION",
    "BUILT_IN_SCOPE_MAP",
    "DIGEST",
    "IMAGE",
    "LOGIN_SERVER",
    "PRIVATE_ENDPOINT",
    "REGION",
    "REGISTRY",
    "REPOSITORY",
    "REPOSITORY_LENGTH",
    "SCOPE_MAP",
    "TAG",
    "TAGGED",
    "TOKEN",
    "WEBHOOK",
    "WEBHOOK_SCOPE",
]

_COMPONENT: Final = r"[a-z0-9]+(?:(?:[.]|_|__|-+)[a-z0-9]+)*"
_NAME: Final = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_SPELLED: Final = r"(?:content/read|content/write|content/delete|metadata/read|metadata/write)"

REGISTRY: Final = r"^[A-Za-z0-9]{5,50}(?:-[A-Za-z0-9]{1,12})?$"
"""``naming.check_registry``, in any case."""

REGION: Final = r"^[A-Za-z][A-Za-z0-9]{1,39}$"
"""``naming.check_region``, in any case."""

_LABEL: Final = "(?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_OCTET: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"

LOGIN_SERVER: Final = (
    rf"^(?:https://)?(?:(?:[A-Za-z0-9]{_LABEL}[.]){{0,7}}[A-Za-z]{_LABEL}|(?:{_OCTET}[.]){{3}}{_OCTET})"
    r"(?::[1-9][0-9]{0,3})?/?$"
)
"""Somebody's login server: ``naming.normalise`` and addresses of IPv4; ports beyond 9999 can be, too."""

REPOSITORY: Final = rf"^{_NAME}$"
"""``naming.check_repository``, which also holds it to a length."""

REPOSITORY_LENGTH: Final = 255

_TAG: Final = r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}"
_DIGEST: Final = r"(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})"

TAG: Final = rf"^{_TAG}$"
"""``metadata.tags.GRAMMAR``."""

DIGEST: Final = rf"^{_DIGEST}$"
"""``blobs.digest.parse_digest``."""

TAGGED: Final = rf"^{_NAME}(?::(?:{_TAG})?)?$"
"""An image to be: ``management.imports``."""

IMAGE: Final = rf"^{_NAME}(?::(?:{_TAG})?|(?::[^@]*)?@{_DIGEST})?$"
"""An image that is: ``management.imports``."""

TOKEN: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{3,49}$"  # noqa: S105 - a pattern of names
"""``identity.names.check_token_name``, which also refuses two names."""

SCOPE_MAP: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$"
"""``identity.names.check_scope_map_name``."""

BUILT_IN_SCOPE_MAP: Final = r"^_repositories_[a-z_]{1,40}$"
"""``identity.actions.BUILT_IN_SCOPE_MAPS``."""

ACTION: Final = rf"^repositories/(?:{_NAME}|(?:{_NAME}(?:[.]|__?|-+|/)?)?[*])/{_SPELLED}$"
"""``identity.actions.check_scope_map_action``."""

PRIVATE_ENDPOINT: Final = r"^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?$"
"""``private_endpoint.PrivateEndpoint``."""

WEBHOOK: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,49}$"
"""``metadata.webhooks.Webhook``."""

WEBHOOK_SCOPE: Final = (
    r"^(?:(?:[*]|[a-z0-9][a-z0-9._/-]{0,254}[*]?)(?::(?:[*]|[A-Za-z0-9_][A-Za-z0-9._-]{0,127}[*]?))?)?$"
)
"""``metadata.webhooks.Webhook``, and nothing for everything."""
