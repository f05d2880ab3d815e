"""How requests are refused: the status, the words, and the headers that go with them. Pure.

Sources: RFC 9110 section 15 and RFC 6585 for the statuses; where the words are made is named beside each shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.openapi.document import answer, header
from seawall.openapi.shapes import array, integer, record, schema, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall.openapi.document import Object
    from seawall.openapi.shapes import Schema

__all__ = ["BODY", "ERROR", "ERRORS", "SERVER", "common"]

SERVER: Final = (500, 503, 507)
"""What any request may be answered with when the node cannot do better."""

BODY: Final = (408, 413, 415)
"""What a request with a body may be answered with beside that."""

ERROR: Final[Schema] = record(
    {"error": record({"code": text("For programs."), "message": text("For people: what is wrong, and what to do.")})},
    "Azure Resource Manager's shape of a refusal (management/errors.py).",
)

ERRORS: Final[Schema] = record(
    {
        "errors": array(
            record(
                {
                    "code": text("For programs: one of the specification's error codes."),
                    "message": text("For people: what is wrong, and what to do."),
                    "detail": {"description": "What it is about, in a shape of its own; often null."},
                }
            ),
            minItems=1,
        )
    },
    "The OCI distribution specification's shape of a refusal (errors.py).",
)

_WORDS: Final = {
    400: "The request cannot be read, or asks for what cannot be.",
    403: "The registry's rules do not let this client's address in.",
    404: "It is not there, or not for the caller to know of.",
    405: "It is locked against this, or the registry does not allow it at all.",
    408: "The body did not arrive in time.",
    409: "It does not fit what is there now.",
    413: "The body is too large.",
    415: "The body is compressed: send it as it is.",
    421: "No registry is served under this host name.",
    500: "Something went wrong in the node; its log says what.",
    507: "The node's disk is full.",
}
_RETRY: Final = header("After how many seconds to ask again.", integer(minimum=0))
_WAITING: Final = {
    429: "Too many requests this minute; only where the node holds to its tiers' rates.",
    503: "The node's database does not answer.",
}
_ALLOW: Final = header("What can be done here, where the method was wrong.", text(), always=False)


def common(shape: str, challenge: str) -> Mapping[str, Object]:
    """Describe the refusals of an API, by status.

    Args:
        shape: The name of the schema that they have.
        challenge: What the ``WWW-Authenticate`` of a 401 says.
    """
    content = schema(shape)
    named = {status: answer(words, content) for status, words in _WORDS.items()}
    named |= {status: answer(words, content, headers={"Retry-After": _RETRY}) for status, words in _WAITING.items()}
    named[405] = answer(_WORDS[405], content, headers={"Allow": _ALLOW})
    named[401] = answer(
        "Nobody is signed in, or not as somebody who may.",
        content,
        headers={"WWW-Authenticate": header(challenge, text())},
    )
    return {str(status): described for status, described in sorted(named.items())}
