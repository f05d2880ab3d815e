"""A call and what must come of it: the vocabulary of the tables beside this file."""

from __future__ import annotations

import json
import re
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import httpx

    from tests.support.registry import Registry

__all__ = ["Call", "play"]

NOTHING = object()


@dataclass(frozen=True)
class Call:
    """One request and its answer.

    Attributes:
        what: In words.
        path: Below the story's repository, or absolute when it begins with ``/``. ``<name>`` stands for a name: the
            story's ``repo``, an ``other`` one nobody has written to, or what an earlier call kept.
        status: The expected status.
        headers: To send.
        body: To send.
        chunked: Whether the body is sent without saying how long it is.
        also: A scope to ask for besides those on the repository in the path.
        nobody: Whether it is sent without credentials.
        follow: Whether a redirect must come, and is followed without credentials; what follows is about its target.
        code: The error code of the specification.
        has: Headers that must come: a text, a pattern, or ``None`` for one that must not.
        gives: The body: bytes, or a JSON value.
        keep: The name under which the answer's ``Location`` is kept.
    """

    what: str
    method: str
    path: str
    status: int
    _: KW_ONLY
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    chunked: bool = False
    also: str = ""
    nobody: bool = False
    follow: bool = False
    code: str = ""
    has: Mapping[str, str | re.Pattern[str] | None] = field(default_factory=dict)
    gives: object = NOTHING
    keep: str = ""


def play(calls: Iterable[Call], registry: Registry, repository: str) -> None:
    """Make some calls one after another, and hold each answer to its row."""
    names = {"repo": repository, "other": f"{repository}/other", "authority": registry.authority}
    for call in calls:
        answer = _send(call, registry, names)
        try:
            _check(call, answer, names)
        except AssertionError as error:
            shown = f"{answer.status_code} {dict(answer.headers)}\n{answer.content[:600]!r}"
            raise AssertionError(f"{call.what} ({call.method} {call.path}): {error}\n{shown}") from None
        if call.keep:
            names[call.keep] = answer.headers["location"]


def _send(call: Call, registry: Registry, names: Mapping[str, str]) -> httpx.Response:
    path = _fill(call.path, names)
    if not path.startswith(("/", "https://")):
        path = f"/v2/{names['repo']}/{path}"
    body: Any = call.body
    if call.chunked:
        body = iter([call.body or b""])
    if call.nobody:
        answer = registry.raw_call(call.method, path, headers=call.headers, content=body)
    else:
        also = (_fill(call.also, names),) if call.also else ()
        answer = registry.admin.call(call.method, path, headers=call.headers, content=body, also=also)
    if call.follow:
        assert answer.status_code == 307, f"{call.what}: {answer.status_code}, not a redirect: {answer.text}"
        answer = registry.raw_call(call.method, answer.headers["location"], headers=call.headers)
    return answer


def _check(call: Call, answer: httpx.Response, names: Mapping[str, str]) -> None:
    assert answer.status_code == call.status, f"{answer.status_code} instead of {call.status}"
    if not call.follow:
        assert answer.headers["docker-distribution-api-version"] == "registry/2.0"
    if call.method == "HEAD":
        assert answer.content == b"", "HEAD with a body"
    elif call.status >= 400:
        _check_error(call, answer)
    for name, wanted in call.has.items():
        found = answer.headers.get(name)
        if isinstance(wanted, re.Pattern):
            assert found is not None, f"no {name}"
            assert wanted.fullmatch(found), f"{name}: {found!r}"
        else:
            assert found == (wanted if wanted is None else _fill(wanted, names)), f"{name}: {found!r}"
    if isinstance(call.gives, bytes):
        assert answer.content == call.gives, "another body"
    elif call.gives is not NOTHING:
        wanted_json = json.loads(_fill(json.dumps(call.gives), names))
        assert answer.json() == wanted_json, f"the body should be {wanted_json}"


def _check_error(call: Call, answer: httpx.Response) -> None:
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == ["errors"]
    error = body["errors"][0]
    assert set(error) == {"code", "message", "detail"}
    assert error["message"], "no message"
    if call.code:
        assert error["code"] == call.code, f"code {error['code']}"


def _fill(text: str, names: Mapping[str, str]) -> str:
    return re.sub(r"<(\w+)>", lambda match: names.get(match[1], match[0]), text)
