"""A plain list: a host name, a pattern, a range or a service tag a line; ``#`` begins a comment. Pure.

Nobody says which product reads it, so a star is taken to stand for one label, the least it means anywhere. A leading
dot is for the parent as well.
"""

from __future__ import annotations

import re
from typing import Final

from seawall.firewall.audit.contract import Action, AuditError, Opening, Pattern, Wall
from seawall.firewall.audit.ipsets import parse_range
from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import Wildcard
from seawall.servicetags.prefixes import AddressSet, PrefixError

__all__ = ["read_list"]

_HOST: Final = re.compile(r"(?:\*\.|\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
_TAG: Final = re.compile(
    r"(?:AzureContainerRegistry|MicrosoftContainerRegistry|Storage|AzureFrontDoor|AzureActiveDirectory|AzureCloud"
    r"|Internet)(?:\.[a-z0-9]+)?",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(r"[0-9a-fA-F:.]+(?:/\d+)?(?:-[0-9a-fA-F:.]+)?")


def read_list(text: str) -> tuple[Wall, ...]:
    """Read a list.

    Raises:
        AuditError: A line is none of what it may be, or there is none.
    """
    openings = []
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        words = raw.partition("#")[0].split()
        if words:
            openings.append(_opening(words, number, raw.strip()))
    if not openings:
        raise AuditError("the list is empty")
    by = {Way.NAME for one in openings if one.names} | {Way.IP for one in openings if one.addresses or one.tags}
    return (
        Wall(
            name="list",
            by=frozenset(by),
            openings=tuple(openings),
            default=Action.DENY,
            default_text="it is not in the list",
            dedicated=True,
        ),
    )


def _opening(words: list[str], number: int, text: str) -> Opening:
    if len(words) > 1:
        raise AuditError(f"line {number}: {text[:60]!r}: write one name or range a line")
    where, word = f"line {number}", words[0].removesuffix("/")
    if _TAG.fullmatch(word):
        return Opening(action=Action.ALLOW, tags=(word,), where=where, text=text)
    if _ADDRESS.fullmatch(word) and (":" in word or word.count(".") >= 3):
        return Opening(action=Action.ALLOW, addresses=_range(word, number), where=where, text=text)
    host = word.lower().removesuffix(".")
    if not _HOST.fullmatch(host):
        raise AuditError(f"line {number}: {text[:60]!r} is no host name, pattern, address range or service tag")
    kind = Wildcard.LABEL if host.startswith("*.") else Wildcard.SUBTREE if host.startswith(".") else Wildcard.NONE
    return Opening(action=Action.ALLOW, names=(Pattern(host.lstrip("*."), kind),), where=where, text=text)


def _range(text: str, number: int) -> AddressSet:
    try:
        return parse_range(text)
    except PrefixError as error:
        raise AuditError(f"line {number}: {error}") from None
