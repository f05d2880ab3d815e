"""Squid: a ``squid.conf``. Pure.

``http_access`` is read from the top, and all lists on a line must fit. When no line fits, the opposite of the last one
counts. A squid in the way of clients also has ``ssl_bump``, a wall of its own.

``*.x`` is accepted by squid and matches nothing; ``.x`` is what people mean by it.

Source: squid.conf.documented; the wildcard was measured.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from seawall.firewall.audit.contract import Action, AuditError, Opening, Wall
from seawall.firewall.audit.squid_acl import BUILT_IN, CONNECT_PORTS, Acl, Terms
from seawall.firewall.rules import Way
from seawall.servicetags.prefixes import EVERYTHING, NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read_squid"]

_ACCESS: Final = {"allow": Action.ALLOW, "deny": Action.DENY}
_BUMP: Final = {
    "terminate": Action.DENY,
    **dict.fromkeys(("splice", "bump", "none", "server-first", "client-first"), Action.ALLOW),
}
_COMMENT: Final = re.compile(r"(?:^|\s)#.*")
_LOOKING: Final = frozenset(("peek", "stare"))


def read_squid(text: str) -> tuple[Wall, ...]:
    """Read a configuration.

    Raises:
        AuditError: It is none, or names a list that it does not have.
    """
    acls = dict(BUILT_IN)
    remarks: list[str] = []
    access: list[Opening] = []
    bump: list[Opening] = []
    found = False
    for number, line in _lines(text):
        directive, *words = line.split()
        match directive:
            case "acl":
                found = True
                if len(words) < 2:
                    raise AuditError(f"line {number}: a list needs a name and a kind: acl NAME dstdomain .example.org")
                remarks += _extend(acls, words, number)
            case "http_access":
                found = True
                access += _openings(_ACCESS, words, acls, number, line, len(access))
            case "ssl_bump" if words and words[0] not in _LOOKING:
                bump += _openings(_BUMP, words, acls, number, line, len(bump))
            case "include":
                remarks.append(f"line {number}: {line}: what this includes was not read")
    if not found:
        raise AuditError("there is neither an acl nor an http_access in it; this is no squid.conf")
    walls = [_access_wall(access, tuple(remarks))]
    return (*walls, _bump_wall(bump)) if bump else tuple(walls)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines without comments, those that go on behind a backslash joined."""
    kept, first = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = _COMMENT.sub("", raw).strip()
        first = first if kept else number
        kept += f"{line.removesuffix(chr(92))} "
        if not line.endswith("\\"):
            if kept.strip():
                yield first, " ".join(kept.split())
            kept = ""


def _extend(acls: dict[str, Acl], words: list[str], number: int) -> Iterator[str]:
    name, kind, *values = words
    known = acls.get(name)
    if known is not None and name not in BUILT_IN and known.kind != kind:
        raise AuditError(f"line {number}: the list {name} is one of {known.kind} already, not of {kind}")
    added = Acl.of(kind, values, number)
    acls[name] = added if known is None or name in BUILT_IN else known | added
    for value in values:
        if value.startswith("*.") and kind in {"dstdomain", "ssl::server_name"}:
            yield f"line {number}: {value} matches nothing in squid; write {value[1:]}"


def _openings(
    actions: dict[str, Action], words: list[str], acls: dict[str, Acl], number: int, line: str, at: int
) -> list[Opening]:
    """Read a rule: what a list with ``!`` in front holds is taken past the rule first."""
    if not words or words[0] not in actions:
        raise AuditError(f"line {number}: {line!r} needs one of {', '.join(actions)}")
    where = f"line {number}"
    terms = Terms()
    for word in words[1:]:
        name = word.lstrip("!")
        if name not in acls:
            raise AuditError(f"line {number}: there is no list {name}")
        terms = terms.with_acl(name, acls[name], turned=word.startswith("!"))
    if not (terms.ports and terms.sources):
        return []
    past = [
        Opening(action=Action.SKIP, names=names, until=at + len(terms.beside) + 1, where=where, text=line)
        for names in terms.beside
    ]
    rule = Opening(
        action=actions[words[0]],
        names=terms.names or (),
        addresses=EVERYTHING if terms.names is None else NOTHING,
        ports=terms.ports,
        sources=terms.sources,
        conditions=terms.conditions,
        where=where,
        text=line,
    )
    return [*past, rule]


def _access_wall(openings: list[Opening], remarks: tuple[str, ...]) -> Wall:
    last = openings[-1].action if openings else Action.ALLOW
    return Wall(
        name="http_access",
        by=frozenset((Way.NAME,)),
        openings=tuple(openings),
        default=Action.DENY if last is Action.ALLOW else Action.ALLOW,
        default_text=f"the opposite of the last line, {last}" if openings else "there is no http_access line",
        remarks=remarks,
    )


def _bump_wall(openings: list[Opening]) -> Wall:
    # Plain requests do not come here.
    tunnels = tuple(replace(one, ports=one.ports & CONNECT_PORTS) for one in openings)
    return Wall(
        name="ssl_bump",
        by=frozenset((Way.NAME,)),
        openings=tunnels,
        default=Action.ALLOW,
        default_text="no ssl_bump line fits",
    )
