"""What the service's API says of repositories, tags and manifests, member by member.

Source: Azure REST API specifications, ``containerregistry`` 2021-07-01.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from seawall.metadata.clock import seconds_of
from seawall.metadata.locks import Right

if TYPE_CHECKING:
    from collections.abc import Collection

    from seawall.acr.contents import Contents
    from seawall.metadata.properties import ManifestProperties, RepositoryProperties, TagProperties

__all__ = ["ATTRIBUTES", "of_manifest", "of_repository", "of_tag"]

ATTRIBUTES: Final = {
    "deleteEnabled": Right.DELETE,
    "writeEnabled": Right.WRITE,
    "readEnabled": Right.READ,
    "listEnabled": Right.LIST,
}
"""Attributes that may be changed, and the right that each gives."""


def of_repository(one: RepositoryProperties) -> dict[str, Any]:
    """Describe a repository."""
    return {
        "createdTime": _time(one.created),
        "lastUpdateTime": _time(one.updated),
        "manifestCount": one.manifests,
        "tagCount": one.tags,
        "changeableAttributes": _attributes(one.withheld),
    }


def of_tag(one: TagProperties) -> dict[str, Any]:
    """Describe a tag."""
    return {
        "name": one.name,
        "digest": one.digest,
        "createdTime": _time(one.created),
        "lastUpdateTime": _time(one.updated),
        "signed": False,
        "changeableAttributes": _attributes(one.withheld),
    }


def of_manifest(one: ManifestProperties, contents: Contents) -> dict[str, Any]:
    """Describe a manifest; what only some kinds have is left out of the others."""
    told: dict[str, Any] = {
        "digest": one.digest,
        "imageSize": contents.size,
        "createdTime": _time(one.created),
        "lastUpdateTime": _time(one.updated),
        "mediaType": one.media_type,
    }
    if contents.config_type:
        told["configMediaType"] = contents.config_type
    told |= contents.platform.members()
    if contents.references is not None:
        told["references"] = [{"digest": digest} | platform.members() for digest, platform in contents.references]
    return told | {"tags": list(one.tags), "changeableAttributes": _attributes(one.withheld)}


def _attributes(withheld: Collection[Right]) -> dict[str, bool]:
    return {name: right not in withheld for name, right in ATTRIBUTES.items()}


def _time(reading: int) -> str:
    moment = datetime.fromtimestamp(seconds_of(reading), UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
