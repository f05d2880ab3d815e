"""nftables: what ``nft -j list ruleset`` prints. Pure.

Every chain on a hook is a wall of its own: an ``accept`` ends that chain alone, and only a packet that no chain of its
way refuses gets through. Filter chains count; chains that translate addresses do not refuse.

Rules that iptables wrote hide their comparisons from nft (``xt``); ``iptables-save`` shows them.

Source: libnftables-json(5), nft(8).
"""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from seawall.firewall.audit.chains import Fit, Line, Move, lay_out
from seawall.firewall.audit.contract import ALL_PORTS, Action, AuditError, Opening, Wall, complement
from seawall.firewall.audit.nft_match import FAMILIES, Sets, fits_of
from seawall.firewall.audit.nft_words import rule_words
from seawall.firewall.rules import Way

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read_nft"]

_PATHS: Final = {"output": "output", "forward": "forward", "prerouting": "forward", "postrouting": ""}
_HARMLESS: Final = frozenset(
    ("counter", "log", "comment", "set", "map", "mangle", "notrack", "last", "flow", "ct helper", "ct timeout")
)
_MOST_FITS: Final = 100_000


def read_nft(text: str) -> tuple[Wall, ...]:
    """Read a rule set.

    Raises:
        AuditError: It is none, or not one in JSON.
    """
    objects = _objects(text)
    sets: defaultdict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
    chains: defaultdict[tuple[str, str], dict[str, list[Line]]] = defaultdict(dict)
    hooked = []
    for kind, value in objects:
        place = (str(value.get("family")), str(value.get("table")))
        if kind in {"set", "map"}:
            elements = value.get("elem") or []
            if not isinstance(elements, list):
                raise AuditError(f"{' '.join(place)}: the set {value.get('name')} has no list of elements")
            sets[place][str(value.get("name"))] = elements
        elif kind == "chain":
            chains[place][str(value.get("name"))] = []
            hooked += [value] if str(value.get("hook")) in _PATHS and value.get("type") == "filter" else []
    for kind, value in objects:
        place = (str(value.get("family")), str(value.get("table")))
        if kind == "rule" and place[0] in FAMILIES:
            chain = str(value.get("chain"))
            where = f"{' '.join(place)} {chain} handle {value.get('handle')}"
            chains[place].setdefault(chain, []).extend(_lines(value, Sets(sets[place]), where))
    return tuple(_wall(chain, chains) for chain in hooked if str(chain.get("family")) in FAMILIES)


def _objects(text: str) -> list[tuple[str, dict[str, Any]]]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AuditError(f"this is not JSON ({error}); write it with: nft -j list ruleset") from None
    match document:
        case {"nftables": list(objects)}:
            found = [next(iter(one.items())) for one in objects if isinstance(one, dict) and one]
            return [(kind, value) for kind, value in found if isinstance(value, dict)]
        case _:
            raise AuditError("this JSON is no rule set of nftables; write it with: nft -j list ruleset")


def _wall(chain: dict[str, Any], chains: dict[tuple[str, str], dict[str, list[Line]]]) -> Wall:
    family, table, name = (str(chain.get(key)) for key in ("family", "table", "name"))
    policy = str(chain.get("policy", "accept"))
    heard = FAMILIES[family]
    openings = lay_out(chains[family, table], name, Fit(heard))
    deaf = complement(heard)
    remarks: tuple[str, ...] = ()
    if any("xt " in condition for opening in openings for condition in opening.conditions):
        remarks = ("rules of iptables hide their comparisons from nft; audit the output of iptables-save as well",)
    if deaf:
        # Packets of the other family never come to this chain. It stands last: what skips counts from the front.
        unheard = Opening(action=Action.ALLOW, addresses=deaf, ports=ALL_PORTS, where=f"{family} {table} {name}")
        openings = (*openings, unheard)
    return Wall(
        name=f"{family} {table} {name}",
        by=frozenset((Way.IP,)),
        openings=openings,
        default=Action.DENY if policy == "drop" else Action.ALLOW,
        default_text=f"policy {policy}",
        path=_PATHS[str(chain["hook"])],
        remarks=remarks,
    )


def _lines(rule: dict[str, Any], sets: Sets, where: str) -> Iterator[Line]:
    """Read a rule as the fits its comparisons leave, and what it does to each."""
    expressions = rule.get("expr")
    if not isinstance(expressions, list):
        raise AuditError(f"{where}: this rule has no expressions")
    comment = rule.get("comment")
    text = rule_words(expressions) + (f' comment "{comment}"' if comment else "")
    fits = [Fit()]
    for statement in expressions:
        kind, value = next(iter(statement.items())) if isinstance(statement, dict) and statement else ("", {})
        match kind:
            case "match" if isinstance(value, dict):
                fits = _all(fits, fits_of(value, sets), where)
            case "vmap":
                for found, verdict in _verdicts(value, sets, where):
                    yield from _moves(_all(fits, found, where), verdict, where, text)
                # What is not in the map leaves the rule.
                return
            case "xt" if _is_silent(value):
                pass
            case "accept" | "drop" | "reject" | "return" | "jump" | "goto":
                yield from _moves(fits, statement, where, text)
            case "queue":
                # A program decides; nobody can say how.
                yield from _moves(_all(fits, [Fit(conditions=("queue",))], where), {"drop": None}, where, text)
            case _ if kind not in _HARMLESS:
                fits = _all(fits, [Fit(conditions=(rule_words([statement]),))], where)
                if kind == "xt" and isinstance(value, dict) and value.get("type") == "target":
                    yield from _moves(fits, {"drop": None}, where, text)


def _all(fits: list[Fit], more: list[Fit], where: str) -> list[Fit]:
    if len(fits) * len(more) > _MOST_FITS:
        raise AuditError(f"{where}: this rule compares too many things at once")
    return [joined for one, other in product(fits, more) if (joined := one & other).possible]


def _is_silent(value: Any) -> bool:  # noqa: ANN401 - JSON
    return isinstance(value, dict) and value.get("name") in {"comment", "LOG", "NFLOG", "MARK", "CONNMARK"}


def _verdicts(value: Any, sets: Sets, where: str) -> Iterator[tuple[list[Fit], dict[str, Any]]]:  # noqa: ANN401 - JSON
    """Read a map from values to verdicts as a rule for each."""
    if not isinstance(value, dict):
        raise AuditError(f"{where}: this map is none")
    pairs = sets.expand(value.get("data"))
    if pairs is None:
        raise AuditError(f"{where}: there is no map {value.get('data')}")
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[1], dict):
            raise AuditError(f"{where}: this map has an element without a verdict")
        yield fits_of({"op": "==", "left": value.get("key"), "right": {"set": [pair[0]]}}, sets), pair[1]


def _moves(fits: list[Fit], verdict: dict[str, Any], where: str, text: str) -> Iterator[Line]:
    kind, value = next(iter(verdict.items()), ("", None))
    moves = {
        "accept": Move.ACCEPT,
        "drop": Move.REFUSE,
        "reject": Move.REFUSE,
        "return": Move.RETURN,
        "jump": Move.JUMP,
        "goto": Move.GOTO,
    }
    if kind not in moves:
        return
    target = str(value.get("target", "")) if isinstance(value, dict) else ""
    for fit in fits:
        yield Line(fit=fit, move=moves[kind], target=target, where=where, text=text)
