"""The table of calls, part three: lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.api.calls import Call
from tests.api.manifest_calls import BLOBS, CONFIG, ID, IMAGE, LAYER, put
from tests.support import content
from tests.support.content import OCI_EMPTY, OCI_IMAGE, OCI_INDEX, descriptor, digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["LIST_STORIES"]

TAGS: Final = ["1", "1.0", "1.0-a", "A", "B.x", "_", "a", "a-b", "a.b", "b"]
NOTE: Final = "application/vnd.example.note"
FIRST: Final = content.artifact(NOTE, subject=IMAGE, annotations={"a": "1", "ü": "ö"})
OTHER: Final = content.artifact("application/vnd.example+odd;x=1", subject=IMAGE)
FROM_CONFIG: Final = content.image(CONFIG, LAYER, subject=descriptor(IMAGE, OCI_IMAGE))
SET: Final = content.index(subject=descriptor(IMAGE, OCI_IMAGE))


def _listed(*entries: dict[str, Any]) -> dict[str, Any]:
    ordered = sorted(entries, key=lambda entry: str(entry["digest"]))
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": ordered}


FIRST_ENTRY: Final = descriptor(FIRST, OCI_IMAGE, artifactType=NOTE, annotations={"a": "1", "ü": "ö"})
OTHER_ENTRY: Final = descriptor(OTHER, OCI_IMAGE, artifactType="application/vnd.example+odd;x=1")
CONFIG_ENTRY: Final = descriptor(FROM_CONFIG, OCI_IMAGE, artifactType=content.OCI_CONFIG)
SET_ENTRY: Final = descriptor(SET, OCI_INDEX)

UNFILTERED: Final = {"content-type": OCI_INDEX, "oci-filters-applied": None}
FILTERED: Final = {"content-type": OCI_INDEX, "oci-filters-applied": "artifactType"}


def _tags(what: str, query: str, tags: Sequence[str], link: str | None = None) -> Call:
    return Call(what, "GET", f"tags/list{query}", 200, gives={"name": "<repo>", "tags": tags}, has={"link": link})


def _referrers(what: str, query: str, *entries: dict[str, Any]) -> Call:
    has = FILTERED if "artifactType" in query else UNFILTERED
    return Call(what, "GET", f"referrers/{ID}{query}", 200, gives=_listed(*entries), has=has)


LIST_STORIES: Final[Mapping[str, Sequence[Call]]] = {
    "tags": [
        Call("an unknown repository", "GET", "tags/list", 404, code="NAME_UNKNOWN"),
        *BLOBS,
        put("push", f"{ID}?{'&'.join(f'tag={tag}' for tag in reversed(TAGS))}", IMAGE),
        _tags("all, in lexical order", "", TAGS),
        _tags("a page", "?n=2", TAGS[:2], '</v2/<repo>/tags/list?last=1.0&n=2>; rel="next"'),
        _tags("the next", "?n=2&last=1.0", TAGS[2:4], '</v2/<repo>/tags/list?last=A&n=2>; rel="next"'),
        _tags("the last, just full", "?n=2&last=a-b", TAGS[8:]),
        _tags("the last, not full", "?n=100&last=a.b", TAGS[9:]),
        _tags("behind the last", "?n=2&last=b", []),
        _tags("far behind it", "?last=zzz", []),
        _tags("last without n", "?last=1", TAGS[1:]),
        _tags("last that is no tag of ours", "?last=1.0-", TAGS[2:]),
        _tags("none at all", "?n=0", []),
        _tags("n beyond all measure", f"?n={'9' * 30}", TAGS),
        _tags("n = 2^31", "?n=2147483648", TAGS),
        *(
            Call(f"n={n}", "GET", f"tags/list?n={n}", 400, code="PAGINATION_NUMBER_INVALID")
            for n in ("-1", "abc", "1.5", "", "+1", "%EF%BC%91", "1e3", "0x1", "%00")
        ),
        *(
            Call(f"last={last} is odd, not wrong", "GET", f"tags/list?last={last}", 200)
            for last in ("%ff%fe", "%F0%9F%90%99", "%0d%0a", "'%3B--", "x" * 5000, "%2F..%2F")
        ),
        Call("last=NUL", "GET", "tags/list?last=%00", 400),
        Call("delete a tag", "DELETE", "manifests/1.0", 202),
        _tags("one less", "?n=2", ["1", "1.0-a"], '</v2/<repo>/tags/list?last=1.0-a&n=2>; rel="next"'),
        Call("HEAD", "HEAD", "tags/list", 200, has={"content-type": "application/json"}),
        Call("another method", "POST", "tags/list", 405, code="UNSUPPORTED"),
        Call("nobody", "GET", "tags/list", 401, nobody=True, code="UNAUTHORIZED"),
    ],
    "referrers": [
        _referrers("of what is not here, in a repository that is not here", ""),
        _referrers("and filtered", f"?artifactType={NOTE}"),
        *BLOBS,
        put("a referrer before its subject", "early", FIRST, oci_subject=ID),
        _referrers("it is listed", "", FIRST_ENTRY),
        put("the subject", "v1", IMAGE),
        put("another type", digest_of(OTHER), OTHER, oci_subject=ID),
        put("an image without artifactType", digest_of(FROM_CONFIG), FROM_CONFIG, oci_subject=ID),
        put("an index without artifactType", digest_of(SET), SET, OCI_INDEX, oci_subject=ID),
        _referrers("all", "", FIRST_ENTRY, OTHER_ENTRY, CONFIG_ENTRY, SET_ENTRY),
        _referrers("filtered", f"?artifactType={NOTE}", FIRST_ENTRY),
        _referrers("odd characters", "?artifactType=application%2Fvnd.example%2Bodd%3Bx%3D1", OTHER_ENTRY),
        _referrers(
            "by the type of the config", f"?artifactType={content.OCI_CONFIG.replace('+', '%2B')}", CONFIG_ENTRY
        ),
        _referrers("by a type nobody has", f"?artifactType={OCI_EMPTY.replace('+', '%2B')}"),
        _referrers("by no type at all", "?artifactType=%00"),
        Call("delete one", "DELETE", f"manifests/{digest_of(OTHER)}", 202),
        _referrers("it is gone", "", FIRST_ENTRY, CONFIG_ENTRY, SET_ENTRY),
        Call("delete the subject", "DELETE", f"manifests/{ID}", 202),
        _referrers("which they survive", "", FIRST_ENTRY, CONFIG_ENTRY, SET_ENTRY),
        Call("of no digest", "GET", "referrers/sha256:abc", 400, code="DIGEST_INVALID"),
        Call("of a tag", "GET", "referrers/v1", 400, code="DIGEST_INVALID"),
        Call("HEAD", "HEAD", f"referrers/{ID}", 200, has={"content-type": OCI_INDEX}),
        Call("another method", "POST", f"referrers/{ID}", 405, code="UNSUPPORTED"),
        Call("nobody", "GET", f"referrers/{ID}", 401, nobody=True, code="UNAUTHORIZED"),
    ],
}
