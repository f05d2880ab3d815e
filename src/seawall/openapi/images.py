"""What the service's API at the login server says of repositories, tags and manifests. Pure.

Written by ``acr/documents.py`` and the modules beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.openapi.names import DIGEST, REPOSITORY, TAG
from seawall.openapi.shapes import array, choice, integer, maybe, open_record, record, schema, switch, text

if TYPE_CHECKING:
    from seawall.openapi.shapes import Schema

__all__ = ["IMAGES"]

_MOMENT: Final = text(format="date-time")
_NAME: Final = text(pattern=REPOSITORY)
_DIGEST: Final = text(pattern=DIGEST)
_ATTRIBUTES: Final = ("deleteEnabled", "writeEnabled", "readEnabled", "listEnabled")
_PLATFORM: Final = {"architecture": text(), "os": text()}
_HEAD: Final[dict[str, Schema]] = {"registry": text("The authority of the login server."), "imageName": _NAME}
_TIMES: Final[dict[str, Schema]] = {"createdTime": _MOMENT, "lastUpdateTime": _MOMENT}
_CHANGEABLE: Final[dict[str, Schema]] = {"changeableAttributes": schema("Attributes")}

IMAGES: Final[dict[str, Schema]] = {
    "Attributes": record({name: switch() for name in _ATTRIBUTES}, "What may be done with it."),
    "AttributesWanted": open_record(
        {},
        "What may be done with it from now on; what is left out or null stays.",
        **{name: maybe(switch()) for name in _ATTRIBUTES},
    ),
    "Catalog": record({"repositories": array(_NAME)}),
    "Repository": record(
        {
            **_HEAD,
            **_TIMES,
            "manifestCount": integer(minimum=0),
            "tagCount": integer(minimum=0),
            **_CHANGEABLE,
        }
    ),
    "RepositoryDeleted": record({"manifestsDeleted": array(_DIGEST), "tagsDeleted": array(text(pattern=TAG))}),
    "TagDescription": record(
        {"name": text(pattern=TAG), "digest": _DIGEST, **_TIMES, "signed": {"const": False}, **_CHANGEABLE}
    ),
    "Tag": record({**_HEAD, "tag": schema("TagDescription")}),
    "Tags": record({**_HEAD, "tags": array(schema("TagDescription"))}),
    "ManifestDescription": record(
        {
            "digest": _DIGEST,
            "imageSize": integer("Octets of what it refers to.", minimum=0),
            **_TIMES,
            "mediaType": text(),
            "tags": array(text(pattern=TAG)),
            **_CHANGEABLE,
        },
        configMediaType=text("Of an image."),
        architecture=text("Of an image, where it is known."),
        os=text("Of an image, where it is known."),
        references=array(record({"digest": _DIGEST}, **_PLATFORM), "Of an index: the manifests it names."),
    ),
    "Manifest": record({**_HEAD, "manifest": schema("ManifestDescription")}),
    "Manifests": record({**_HEAD, "manifests": array(schema("ManifestDescription"))}),
    "DeletedRepositories": record({"repositories": array(_NAME, maxItems=0)}),
    "DeletedTags": record({**_HEAD, "tags": array({}, maxItems=0)}),
    "DeletedManifests": record({**_HEAD, "manifests": array({}, maxItems=0)}),
    "DigestOrNone": text(pattern=f"^$|{DIGEST}"),
    "Order": choice("", "none", "timeasc", "timedesc"),
}
