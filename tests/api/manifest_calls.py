"""The table of calls, part two: manifests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from tests.api.calls import Call
from tests.support import content
from tests.support.content import (
    DOCKER_CONFIG,
    DOCKER_IMAGE,
    DOCKER_LAYER,
    DOCKER_LIST,
    OCI_IMAGE,
    OCI_INDEX,
    OCI_LAYER,
    descriptor,
    digest_of,
    encode,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["MANIFEST_STORIES"]

CONFIG: Final = b'{"architecture":"amd64","os":"linux"}'
LAYER: Final = b"a layer" * 99
ABSENT: Final = b"never pushed"
IMAGE: Final = content.image(CONFIG, LAYER)
ID: Final = digest_of(IMAGE)
ID512: Final = digest_of(IMAGE, "sha512")
OTHER_IMAGE: Final = content.image(CONFIG, LAYER, LAYER)
INDEX: Final = content.index(IMAGE, OTHER_IMAGE)
NESTED: Final = content.index(INDEX, media_type=OCI_INDEX)
TYPE: Final = {"Content-Type": OCI_IMAGE}
INDEX_TYPE: Final = {"Content-Type": OCI_INDEX}

BLOBS: Final = [
    Call("push a blob", "POST", f"blobs/uploads/?digest={digest_of(blob)}", 201, body=blob)
    for blob in (CONFIG, LAYER, b"{}")
]


def put(what: str, reference: str, body: bytes, media_type: str = OCI_IMAGE, **has: str | None) -> Call:
    """A push that is taken."""
    algorithm = "sha512" if reference.startswith("sha512") else "sha256"
    headers = {name.replace("_", "-"): value for name, value in has.items()}
    return Call(
        what,
        "PUT",
        f"manifests/{reference}",
        201,
        body=body,
        headers={"Content-Type": media_type},
        has={
            "location": f"/v2/<repo>/manifests/{reference.partition('?')[0]}",
            "docker-content-digest": digest_of(body, algorithm),
            **headers,
        },
    )


def refused(what: str, body: bytes, status: int = 400, code: str = "MANIFEST_INVALID", reference: str = "bad") -> Call:
    """A push of an image that is not taken."""
    return Call(what, "PUT", f"manifests/{reference}", status, body=body, headers=TYPE, code=code)


def reads(reference: str, body: bytes, media_type: str = OCI_IMAGE, algorithm: str = "sha256") -> Sequence[Call]:
    """A manifest is sent as it was pushed."""
    has = {
        "content-type": media_type,
        "content-length": str(len(body)),
        "docker-content-digest": digest_of(body, algorithm),
    }
    return (
        Call("it reads back", "GET", f"manifests/{reference}", 200, gives=body, has=has),
        Call("HEAD tells the same", "HEAD", f"manifests/{reference}", 200, has=has),
    )


def gone(reference: str) -> Sequence[Call]:
    """A manifest is not there."""
    return (
        Call("not there", "GET", f"manifests/{reference}", 404, code="MANIFEST_UNKNOWN"),
        Call("nor for HEAD", "HEAD", f"manifests/{reference}", 404),
    )


DOCKER: Final = encode(
    {
        "schemaVersion": 2,
        "mediaType": DOCKER_IMAGE,
        "config": descriptor(CONFIG, DOCKER_CONFIG),
        "layers": [descriptor(LAYER, DOCKER_LAYER)],
    }
)
DOCKER_MANY: Final = encode(
    {
        "schemaVersion": 2,
        "mediaType": DOCKER_LIST,
        "manifests": [descriptor(DOCKER, DOCKER_IMAGE, platform={"architecture": "arm64", "os": "linux"})],
    }
)
FOREIGN: Final = content.encode(
    {
        "schemaVersion": 2,
        "mediaType": OCI_IMAGE,
        "config": descriptor(CONFIG, content.OCI_CONFIG),
        "layers": [
            descriptor(ABSENT, content.FOREIGN_LAYER, urls=["https://169.254.169.254/latest/meta-data/"]),
            descriptor(ABSENT, content.FOREIGN_LAYER.removesuffix("+gzip"), urls=["file:///etc/passwd"]),
            descriptor(LAYER, OCI_LAYER),
        ],
    }
)
LARGE: Final = content.image(CONFIG, LAYER, annotations={f"example.note.{n}": "x" * 10_000 for n in range(390)})
WITH_DATA: Final = encode(
    {
        "schemaVersion": 2,
        "mediaType": OCI_IMAGE,
        "config": descriptor(b"{}", content.OCI_EMPTY, data="e30="),
        "layers": [descriptor(b"{}", content.OCI_EMPTY, data="e30=")],
        "org.example.unknown": {"nested": [1, 2.5, None, True]},
    }
)
TO_ABSENT: Final = content.artifact("application/vnd.example.note", subject=ABSENT)
INDEX_TO_ABSENT: Final = content.index(
    IMAGE, subject=descriptor(ABSENT, OCI_IMAGE), artifactType="application/vnd.example.set"
)
UNTYPED: Final = encode({key: value for key, value in json.loads(IMAGE).items() if key != "mediaType"})


MANIFEST_STORIES: Final[Mapping[str, Sequence[Call]]] = {
    "an image by tag": [
        *BLOBS,
        *gone("v1"),
        put("push", "v1", IMAGE),
        *reads("v1", IMAGE),
        *reads(ID, IMAGE),
        put("push again", "v1", IMAGE),
        put("the tag moves", "v1", OTHER_IMAGE),
        *reads("v1", OTHER_IMAGE),
        *reads(ID, IMAGE),
        Call("not sent twice", "GET", "manifests/v1", 304, headers={"If-None-Match": f'"{digest_of(OTHER_IMAGE)}"'}),
        Call("nobody", "PUT", "manifests/v1", 401, body=IMAGE, headers=TYPE, nobody=True, code="UNAUTHORIZED"),
        Call("nobody reads", "GET", "manifests/v1", 401, nobody=True, code="UNAUTHORIZED"),
    ],
    "an image by digest": [
        *BLOBS,
        put("push", ID, IMAGE),
        *reads(ID, IMAGE),
        refused("under the digest of another", IMAGE, code="DIGEST_INVALID", reference=digest_of(OTHER_IMAGE)),
        refused("under no digest", IMAGE, code="DIGEST_INVALID", reference="sha256:baddigeststring"),
        *gone(digest_of(OTHER_IMAGE)),
        Call("GET by no digest", "GET", "manifests/sha256:baddigeststring", 400, code="DIGEST_INVALID"),
    ],
    "an image by sha512": [
        *BLOBS,
        put("push", ID512, IMAGE),
        *reads(ID512, IMAGE, algorithm="sha512"),
        *gone(ID),
        put("with a tag", f"{ID512}?tag=big", IMAGE, oci_tag="big"),
        *reads("big", IMAGE, algorithm="sha512"),
        put("the same under sha256 is another", "small", IMAGE),
        *reads("small", IMAGE),
        *reads("big", IMAGE, algorithm="sha512"),
        Call("delete one", "DELETE", f"manifests/{ID512}", 202),
        *gone("big"),
        *reads("small", IMAGE),
    ],
    "several tags at once": [
        *BLOBS,
        put("push", f"{ID}?tag=one&tag=two&tag=three", IMAGE, oci_tag="one, two, three"),
        *(call for tag in ("one", "two", "three") for call in reads(tag, IMAGE)),
        refused("a tag that is none", IMAGE, reference=f"{ID}?tag=ok&tag=-no"),
        *gone("ok"),
        refused("too many", IMAGE, 414, "", f"{ID}?{'&'.join(f'tag=t{n}' for n in range(11))}"),
        *gone("t0"),
    ],
    "an index, and one within another": [
        *BLOBS,
        Call(
            "a child is missing",
            "PUT",
            "manifests/all",
            404,
            body=INDEX,
            headers=INDEX_TYPE,
            code="MANIFEST_BLOB_UNKNOWN",
        ),
        put("a child", ID, IMAGE),
        put("another", digest_of(OTHER_IMAGE), OTHER_IMAGE),
        put("the index", "all", INDEX, OCI_INDEX),
        *reads("all", INDEX, OCI_INDEX),
        put("one within another", "nested", NESTED, OCI_INDEX),
        *reads("nested", NESTED, OCI_INDEX),
        Call("delete the outer", "DELETE", f"manifests/{digest_of(NESTED)}", 202),
        *gone("nested"),
        *reads("all", INDEX, OCI_INDEX),
    ],
    "an artifact": [
        *BLOBS,
        put("push", "thing", content.artifact("application/vnd.example.thing"), oci_subject=None),
        *reads("thing", content.artifact("application/vnd.example.thing")),
        put("with a subject that is not here", "note", TO_ABSENT, oci_subject=digest_of(ABSENT)),
        put("the same by digest", digest_of(TO_ABSENT), TO_ABSENT, oci_subject=digest_of(ABSENT)),
        put("an image to be referred to", ID, IMAGE, oci_subject=None),
        put("an index with a subject", "set", INDEX_TO_ABSENT, OCI_INDEX, oci_subject=digest_of(ABSENT)),
    ],
    "what must be taken": [
        *BLOBS,
        put("layers that are elsewhere", "foreign", FOREIGN),
        *reads("foreign", FOREIGN),
        put("no layers", "bare", content.image(CONFIG)),
        put("an index of nothing", "empty", content.index(), OCI_INDEX),
        put("data in descriptors, and unknown fields", "data", WITH_DATA),
        *reads("data", WITH_DATA),
        put("nearly four million bytes", "large", LARGE),
        *reads("large", LARGE),
        put("no mediaType within", "untyped", UNTYPED),
        *reads("untyped", UNTYPED),
        Call("no Content-Type", "PUT", "manifests/typed", 201, body=IMAGE),
        *reads("typed", IMAGE),
        Call(
            "a Content-Type with more",
            "PUT",
            "manifests/more",
            201,
            body=OTHER_IMAGE,
            headers={"Content-Type": f"{OCI_IMAGE}; charset=utf-8"},
        ),
        *reads("more", OTHER_IMAGE),
        Call("without its length", "PUT", "manifests/chunked", 201, body=IMAGE, chunked=True, headers=TYPE),
        put("the longest tag", "t" * 128, IMAGE),
        put("an odd tag", "_0.-__", IMAGE),
    ],
    "docker's own": [
        *BLOBS,
        put("an image", "docker", DOCKER, DOCKER_IMAGE),
        *reads("docker", DOCKER, DOCKER_IMAGE),
        put("a list", "many", DOCKER_MANY, DOCKER_LIST),
        *reads("many", DOCKER_MANY, DOCKER_LIST),
    ],
    "what is not here yet": [
        Call(
            "no blob",
            "PUT",
            "manifests/v1",
            404,
            body=IMAGE,
            headers=TYPE,
            code="MANIFEST_BLOB_UNKNOWN",
        ),
        BLOBS[0],
        Call("no layer", "PUT", "manifests/v1", 404, body=IMAGE, headers=TYPE, code="MANIFEST_BLOB_UNKNOWN"),
        *gone("v1"),
        *gone(ID),
        BLOBS[1],
        put("all there", "v1", IMAGE),
    ],
    "deletes": [
        *BLOBS,
        put("push", f"{ID}?tag=a&tag=b&tag=c", IMAGE),
        Call("a tag", "DELETE", "manifests/a", 202),
        *gone("a"),
        Call("again", "DELETE", "manifests/a", 404, code="MANIFEST_UNKNOWN"),
        *reads("b", IMAGE),
        *reads(ID, IMAGE),
        Call("the manifest", "DELETE", f"manifests/{ID}", 202),
        *gone(ID),
        *gone("b"),
        *gone("c"),
        Call("again", "DELETE", f"manifests/{ID}", 404, code="MANIFEST_UNKNOWN"),
        Call("its tags went with it", "GET", "tags/list", 200, gives={"name": "<repo>", "tags": []}),
        put("push again", "b", IMAGE),
        *reads("b", IMAGE),
        *gone("a"),
        *gone("c"),
        Call("by no digest", "DELETE", "manifests/sha256:abc", 400, code="DIGEST_INVALID"),
        Call("by no tag", "DELETE", "manifests/a%00", 404, code="MANIFEST_UNKNOWN"),
    ],
    "tags and names that are none": [
        *BLOBS,
        *(
            refused(f"tag {tag}", IMAGE, reference=tag)
            for tag in (".dot", "-dash", "t" * 129, "a%20b", "%C3%A9", "a%00", "a%0A")
        ),
        *(
            Call(f"name {name}", "PUT", f"/v2/{name}/manifests/v1", 400, body=IMAGE, headers=TYPE, code="NAME_INVALID")
            for name in ("Upper", "a__b___c", "a//b", "-a", "a.", "a%2F..%2Fb", "a%00b", "%C3%A9", "a" * 256)
        ),
        Call("another method", "POST", "manifests/v1", 405, body=IMAGE, code="UNSUPPORTED"),
    ],
    "too large": [
        *BLOBS,
        refused("a byte too much", IMAGE + b" " * (4 * 1024 * 1024 + 1 - len(IMAGE)), 413),
        put("as large as may be", "full", IMAGE + b" " * (4 * 1024 * 1024 - len(IMAGE))),
        Call(
            "without its length", "PUT", "manifests/bad", 413, body=IMAGE + b" " * 4_200_000, chunked=True, headers=TYPE
        ),
        *gone("bad"),
    ],
}
