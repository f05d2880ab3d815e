"""The table of calls, part one: blobs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tests.api.calls import Call
from tests.support.content import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["BLOB_STORIES"]

PARTS: Final = (b"a" * 1024, b"b" * 1024, b"c" * 1019)
WHOLE: Final = b"".join(PARTS)
D: Final = digest_of(WHOLE)
D512: Final = digest_of(WHOLE, "sha512")
WRONG: Final = digest_of(b"something else")
BLOB: Final = bytes(range(256)) * 8
B: Final = digest_of(BLOB)
E: Final = digest_of(b"")
E512: Final = digest_of(b"", "sha512")

UPLOAD: Final = re.compile(r"/v2/[a-z0-9/-]+/blobs/uploads/[0-9a-f]{32}")
CHUNK: Final = "application/octet-stream"


def _chunk(first: int, last: int) -> Mapping[str, str]:
    return {"Content-Range": f"{first}-{last}", "Content-Type": CHUNK}


def _post(what: str = "begin an upload", query: str = "") -> Call:
    return Call(
        what,
        "POST",
        f"blobs/uploads/{query}",
        202,
        has={"location": UPLOAD, "range": "0-0", "docker-upload-uuid": re.compile("[0-9a-f]{32}")},
        keep="upload",
    )


def _created(digest: str) -> Mapping[str, str]:
    return {"location": f"/v2/<repo>/blobs/{digest}", "docker-content-digest": digest, "content-length": "0"}


def _reads(digest: str, content: bytes) -> Sequence[Call]:
    has = {"content-length": str(len(content)), "docker-content-digest": digest}
    return (
        Call("it reads back", "GET", f"blobs/{digest}", 200, follow=True, gives=content, has=has),
        Call("HEAD tells its length", "HEAD", f"blobs/{digest}", 200, has={**has, "accept-ranges": "bytes"}),
    )


BLOB_STORIES: Final[Mapping[str, Sequence[Call]]] = {
    "the base says that this is a registry": [
        Call("signed in", "GET", "/v2/", 200, gives={}, has={"content-type": "application/json"}),
        Call("without the slash", "GET", "/v2", 200, gives={}),
        Call("HEAD", "HEAD", "/v2/", 200),
        Call("nobody", "GET", "/v2/", 401, nobody=True, code="UNAUTHORIZED"),
        Call("another method", "POST", "/v2/", 405, code="UNSUPPORTED", has={"allow": "GET, HEAD"}),
        Call("another path", "GET", "/v1/", 404, code="UNSUPPORTED"),
    ],
    "a blob in one request": [
        Call("the wrong digest", "POST", f"blobs/uploads/?digest={WRONG}", 400, body=WHOLE, code="DIGEST_INVALID"),
        Call(
            "no digest at all", "POST", "blobs/uploads/?digest=sha256:baddigest", 400, body=b"x", code="DIGEST_INVALID"
        ),
        Call("it is not here yet", "HEAD", f"blobs/{D}", 404),
        Call("push", "POST", f"blobs/uploads/?digest={D}", 201, body=WHOLE, has=_created(D)),
        *_reads(D, WHOLE),
        Call("push again", "POST", f"blobs/uploads/?digest={D}", 201, body=WHOLE, has=_created(D)),
        Call("without its length", "POST", f"blobs/uploads/?digest={B}", 201, body=BLOB, chunked=True, has=_created(B)),
        *_reads(B, BLOB),
        Call("without a slash", "POST", f"blobs/uploads?digest={D}", 201, body=WHOLE, has=_created(D)),
        Call("nobody", "POST", f"blobs/uploads/?digest={D}", 401, body=WHOLE, nobody=True, code="UNAUTHORIZED"),
    ],
    "POST, then PUT": [
        _post(),
        Call("PUT without a digest", "PUT", "<upload>", 400, body=WHOLE, code="DIGEST_INVALID"),
        Call("which the upload survives", "GET", "<upload>", 204, has={"range": "0-0", "location": "<upload>"}),
        Call("PUT", "PUT", f"<upload>?digest={D}", 201, body=WHOLE, has=_created(D)),
        *_reads(D, WHOLE),
        Call("the upload is over", "GET", "<upload>", 404, code="BLOB_UPLOAD_UNKNOWN"),
        _post("another"),
        Call("PUT with the wrong digest", "PUT", f"<upload>?digest={WRONG}", 400, body=WHOLE, code="DIGEST_INVALID"),
        Call("left nothing under it", "HEAD", f"blobs/{WRONG}", 404),
    ],
    "in chunks": [
        _post(),
        Call(
            "one",
            "PATCH",
            "<upload>",
            202,
            body=PARTS[0],
            headers=_chunk(0, 1023),
            has={"range": "0-1023"},
            keep="upload",
        ),
        Call("where are we?", "GET", "<upload>", 204, has={"range": "0-1023", "location": UPLOAD}),
        Call(
            "two",
            "PATCH",
            "<upload>",
            202,
            body=PARTS[1],
            headers=_chunk(1024, 2047),
            has={"range": "0-2047"},
            keep="upload",
        ),
        Call("three", "PATCH", "<upload>", 202, body=PARTS[2], headers=_chunk(2048, 3066), has={"range": "0-3066"}),
        Call("close", "PUT", f"<upload>?digest={D}", 201, has=_created(D)),
        *_reads(D, WHOLE),
    ],
    "the last chunk comes with the PUT": [
        _post(),
        Call("two chunks at once", "PATCH", "<upload>", 202, body=WHOLE[:2048], headers=_chunk(0, 2047)),
        Call(
            "the last", "PUT", f"<upload>?digest={D}", 201, body=PARTS[2], headers=_chunk(2048, 3066), has=_created(D)
        ),
        *_reads(D, WHOLE),
    ],
    "chunks out of order, by PATCH": [
        _post(),
        Call(
            "the second first",
            "PATCH",
            "<upload>",
            416,
            body=PARTS[1],
            headers=_chunk(1024, 2047),
            has={"range": "0-0"},
        ),
        Call("the upload lives", "GET", "<upload>", 204, has={"range": "0-0"}),
        Call("the first", "PATCH", "<upload>", 202, body=PARTS[0], headers=_chunk(0, 1023)),
        Call(
            "the first again",
            "PATCH",
            "<upload>",
            416,
            body=PARTS[0],
            headers=_chunk(0, 1023),
            code="BLOB_UPLOAD_INVALID",
        ),
        Call(
            "an overlap", "PATCH", "<upload>", 416, body=PARTS[1], headers=_chunk(1000, 2023), has={"range": "0-1023"}
        ),
        Call(
            "a gap", "PATCH", "<upload>", 416, body=PARTS[2], headers=_chunk(2048, 3066), has={"location": "<upload>"}
        ),
        Call("nothing was added", "GET", "<upload>", 204, has={"range": "0-1023"}),
        Call("the second", "PATCH", "<upload>", 202, body=PARTS[1], headers=_chunk(1024, 2047)),
        Call("the third", "PATCH", "<upload>", 202, body=PARTS[2], headers=_chunk(2048, 3066)),
        Call("close", "PUT", f"<upload>?digest={D}", 201, has=_created(D)),
        *_reads(D, WHOLE),
    ],
    "chunks out of order, by PUT": [
        _post(),
        Call("the first", "PATCH", "<upload>", 202, body=PARTS[0], headers=_chunk(0, 1023)),
        Call(
            "a gap",
            "PUT",
            f"<upload>?digest={D}",
            416,
            body=PARTS[2],
            headers=_chunk(2048, 3066),
            has={"range": "0-1023"},
        ),
        Call("the upload lives", "GET", f"<upload>?digest={D}", 204, has={"range": "0-1023", "location": "<upload>"}),
        Call("the rest", "PATCH", "<upload>", 202, body=WHOLE[1024:], headers=_chunk(1024, 3066)),
        Call("close", "PUT", f"<upload>?digest={D}", 201, has=_created(D)),
        *_reads(D, WHOLE),
    ],
    "chunks that contradict themselves": [
        _post(),
        Call("longer than it says", "PATCH", "<upload>", 400, body=PARTS[0], headers=_chunk(0, 9), code="SIZE_INVALID"),
        Call("shorter", "PATCH", "<upload>", 400, body=PARTS[0], headers=_chunk(0, 2047), code="SIZE_INVALID"),
        Call("backwards", "PATCH", "<upload>", 416, body=b"x", headers=_chunk(9, 0)),
        Call(
            "no range",
            "PATCH",
            "<upload>",
            400,
            body=b"x",
            headers={"Content-Range": "abc"},
            code="BLOB_UPLOAD_INVALID",
        ),
        Call(
            "a sign", "PATCH", "<upload>", 400, body=b"x", headers={"Content-Range": "-1-0"}, code="BLOB_UPLOAD_INVALID"
        ),
        Call(
            "too many digits", "PATCH", "<upload>", 400, body=b"x", headers={"Content-Range": f"{'9' * 40}-{'9' * 40}"}
        ),
        Call("nothing was added", "GET", "<upload>", 204, has={"range": "0-0"}),
        Call("a chunk of nothing", "PATCH", "<upload>", 202, body=b"", has={"range": "0-0"}),
        Call(
            "as bytes=", "PATCH", "<upload>", 202, body=WHOLE, headers={"Content-Range": f"bytes 0-3066/{len(WHOLE)}"}
        ),
        Call("close", "PUT", f"<upload>?digest={D}", 201, has=_created(D)),
    ],
    "streamed": [
        _post(),
        Call("some", "PATCH", "<upload>", 202, body=PARTS[0], chunked=True, has={"range": "0-1023"}, keep="upload"),
        Call("more", "PATCH", "<upload>", 202, body=WHOLE[1024:], chunked=True, has={"range": "0-3066"}, keep="upload"),
        Call("close", "PUT", f"<upload>?digest={D}", 201, has=_created(D)),
        *_reads(D, WHOLE),
        _post("another, streamed by the PUT alone"),
        Call("PUT", "PUT", f"<upload>?digest={B}", 201, body=BLOB, chunked=True, has=_created(B)),
        *_reads(B, BLOB),
    ],
    "cancelled": [
        _post(),
        Call("some", "PATCH", "<upload>", 202, body=PARTS[0]),
        Call("cancel", "DELETE", "<upload>", 204),
        Call("ask", "GET", "<upload>", 404, code="BLOB_UPLOAD_UNKNOWN"),
        Call("go on", "PATCH", "<upload>", 404, body=PARTS[1], code="BLOB_UPLOAD_UNKNOWN"),
        Call("close", "PUT", f"<upload>?digest={D}", 404, code="BLOB_UPLOAD_UNKNOWN"),
        Call("cancel again", "DELETE", "<upload>", 404, code="BLOB_UPLOAD_UNKNOWN"),
        Call("another method", "POST", "<upload>", 405, code="UNSUPPORTED"),
    ],
    "mounted": [
        Call(
            "unknown to all",
            "POST",
            f"blobs/uploads/?mount={digest_of(b'unknown')}&from=<other>",
            202,
            has={"location": UPLOAD},
        ),
        Call(
            "and to nobody in particular",
            "POST",
            f"blobs/uploads/?mount={digest_of(b'unknown')}",
            202,
            has={"location": UPLOAD},
        ),
        Call("push it elsewhere", "POST", f"/v2/<other>/blobs/uploads/?digest={D}", 201, body=WHOLE),
        Call("it is not here", "HEAD", f"blobs/{D}", 404),
        Call(
            "mount from an unknown place",
            "POST",
            f"blobs/uploads/?mount={D}&from=<other>/no",
            202,
            has={"location": UPLOAD},
        ),
        Call("it is still not here", "HEAD", f"blobs/{D}", 404),
        Call("mount", "POST", f"blobs/uploads/?mount={D}&from=<other>", 201, has=_created(D)),
        *_reads(D, WHOLE),
        Call("mount what is here", "POST", f"blobs/uploads/?mount={D}&from=<repo>", 201, has=_created(D)),
        Call(
            "mount by a bad digest", "POST", "blobs/uploads/?mount=sha256:abc&from=<other>", 400, code="DIGEST_INVALID"
        ),
    ],
    "mounted from wherever it is": [
        Call("push it elsewhere", "POST", f"/v2/<other>/blobs/uploads/?digest={B}", 201, body=BLOB),
        Call("it is not here", "GET", f"blobs/{B}", 404, code="BLOB_UNKNOWN"),
        Call("a token for here alone", "POST", f"blobs/uploads/?mount={B}", 202, has={"location": UPLOAD}),
        Call("mount", "POST", f"blobs/uploads/?mount={B}", 201, has=_created(B), also="repository:<other>:pull"),
        *_reads(B, BLOB),
    ],
    "ranges": [
        Call("push", "POST", f"blobs/uploads/?digest={B}", 201, body=BLOB),
        *(
            Call(
                f"bytes={asked}",
                "GET",
                f"blobs/{B}",
                206,
                follow=True,
                headers={"Range": f"bytes={asked}"},
                gives=BLOB[first : last + 1],
                has={"content-range": f"bytes {first}-{last}/2048", "content-length": str(last - first + 1)},
            )
            for asked, first, last in (
                ("500-1499", 500, 1499),
                ("500-", 500, 2047),
                ("-500", 1548, 2047),
                ("2000-5000", 2000, 2047),
                ("0-0", 0, 0),
                ("-5000", 0, 2047),
            )
        ),
        *(
            Call(
                f"bytes={asked}",
                "GET",
                f"blobs/{B}",
                416,
                follow=True,
                headers={"Range": f"bytes={asked}"},
                has={"content-range": "bytes */2048"},
            )
            for asked in ("5000-10000", "500-0", "2048-", "-0", f"{'9' * 60}-")
        ),
        *(
            Call(f"{asked} is passed over", "GET", f"blobs/{B}", 200, follow=True, headers={"Range": asked}, gives=BLOB)
            for asked in ("items=0-1", "bytes=0-1,5-6", "bytes=-", "bytes=a-b")
        ),
    ],
    "the empty blob": [
        Call("push", "POST", f"blobs/uploads/?digest={E}", 201, body=b"", has=_created(E)),
        *_reads(E, b""),
        _post("and by sha512, in two steps"),
        Call("PUT", "PUT", f"<upload>?digest={E512}", 201, has=_created(E512)),
        *_reads(E512, b""),
        Call("no range lies in it", "GET", f"blobs/{E}", 416, follow=True, headers={"Range": "bytes=0-"}),
    ],
    "by sha512": [
        Call("at once", "POST", f"blobs/uploads/?digest={D512}", 201, body=WHOLE, has=_created(D512)),
        *_reads(D512, WHOLE),
        _post("unannounced"),
        Call("one", "PATCH", "<upload>", 202, body=WHOLE),
        Call("close", "PUT", f"<upload>?digest={digest_of(WHOLE, 'sha512')}", 201, has=_created(D512)),
        _post("announced", "?digest-algorithm=sha512"),
        Call("one", "PATCH", "<upload>", 202, body=BLOB),
        Call("close", "PUT", f"<upload>?digest={digest_of(BLOB, 'sha512')}", 201),
        _post("announced and changed", "?digest-algorithm=sha512"),
        Call("close", "PUT", f"<upload>?digest={D}", 201, body=WHOLE, has=_created(D)),
        *_reads(D, WHOLE),
        Call("another algorithm", "POST", "blobs/uploads/?digest-algorithm=md5", 400, code="DIGEST_INVALID"),
        Call("another digest", "POST", f"blobs/uploads/?digest=sha384:{'0' * 96}", 400, code="DIGEST_INVALID"),
    ],
    "deleted": [
        Call("unknown", "DELETE", f"blobs/{WRONG}", 404, code="BLOB_UNKNOWN"),
        Call("push", "POST", f"blobs/uploads/?digest={D}", 201, body=WHOLE),
        Call("delete", "DELETE", f"blobs/{D}", 202),
        Call("gone for HEAD", "HEAD", f"blobs/{D}", 404),
        Call("gone for GET", "GET", f"blobs/{D}", 404, code="BLOB_UNKNOWN"),
        Call("gone for DELETE", "DELETE", f"blobs/{D}", 404, code="BLOB_UNKNOWN"),
        Call("push again", "POST", f"blobs/uploads/?digest={D}", 201, body=WHOLE),
        *_reads(D, WHOLE),
    ],
    "a blob that is not there": [
        Call("GET", "GET", f"blobs/{WRONG}", 404, code="BLOB_UNKNOWN"),
        Call("HEAD", "HEAD", f"blobs/{WRONG}", 404),
        *(
            Call(f"{digest} is no digest", "GET", f"blobs/{digest}", 400, code="DIGEST_INVALID")
            for digest in ("sha256:abc", D.upper(), D[:7] + D[7:].upper(), D + "0", "md5:" + "0" * 32, "latest")
        ),
        Call("another method", "PUT", f"blobs/{D}", 405, code="UNSUPPORTED"),
    ],
}
