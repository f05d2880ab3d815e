"""Chains laid out, and walks along them, against one packet at a time."""

from __future__ import annotations

from itertools import combinations

import pytest

from seawall.firewall.audit.chains import Fit, Line, Move, lay_out
from seawall.firewall.audit.contract import Action, AuditError, Opening, Pattern, Wall, ports_of
from seawall.firewall.audit.passage import Verdict, pass_addresses, pass_name
from seawall.firewall.audit.walk import walk_addresses
from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import Wildcard
from seawall.servicetags.prefixes import EVERYTHING, NOTHING, AddressSet
from tests.unit.firewall.audit.packets import CONDITIONS, PLACES, PORTS, chains_of, one, send


def wall(*openings: Opening, default: Action = Action.DENY, by: Way = Way.IP) -> Wall:
    return Wall(name="w", by=frozenset((by,)), openings=openings, default=default, default_text="policy")


def through(chains: dict[str, list[Line]], default: Action, address: AddressSet, port: int) -> AddressSet:
    made = wall(*lay_out(chains, "first"), default=default)
    shares = walk_addresses(made, port, address)
    # Every address is decided on once.
    assert sum(share.addresses.v4.size for share in shares) == address.v4.size
    return AddressSet.union(share.addresses for share in shares if share.action is Action.ALLOW)


@pytest.mark.parametrize("seed", range(100))
@pytest.mark.parametrize("default", [Action.ALLOW, Action.DENY])
def test_all_at_once_is_as_one_by_one(seed: int, default: Action) -> None:
    chains = chains_of(seed)
    together = AddressSet.of(PLACES)
    for port in PORTS:
        allowed = through(chains, default, together, port)
        for place in PLACES:
            decided = send(chains, "first", place, port)
            expected = default is Action.ALLOW if decided is None else decided
            assert (one(place) <= allowed) is expected
            assert (through(chains, default, one(place), port) == one(place)) is expected


def test_made_up_chains_decide_differently() -> None:
    # Chains that always let everything through would prove nothing.
    results = [send(chains_of(seed), "first", place, 443) for seed in range(100) for place in PLACES]
    assert all(results.count(answer) > 60 for answer in (True, False, None))


@pytest.mark.parametrize("seed", range(100))
def test_what_is_proven_is_so_whatever_nobody_knows(seed: int) -> None:
    chains = chains_of(seed, doubt=0.3)
    made = wall(*lay_out(chains, "first"), default=Action.ALLOW if seed % 2 else Action.DENY)
    verdicts = {place: pass_addresses(made, 443, one(place), NOTHING).verdict for place in PLACES}
    for count in range(len(CONDITIONS) + 1):
        for true in combinations(CONDITIONS, count):
            for place, verdict in verdicts.items():
                decided = send(chains, "first", place, 443, true)
                if verdict is not Verdict.UNPROVEN:
                    assert (bool(seed % 2) if decided is None else decided) is (verdict is Verdict.ALLOWED)


def test_chains_that_call_themselves_or_nobody_are_refused() -> None:
    with pytest.raises(AuditError, match="the chain a calls itself"):
        lay_out({"a": [Line(fit=Fit(), move=Move.JUMP, target="a")]}, "a")
    with pytest.raises(AuditError, match="no such chain"):
        lay_out({"a": [Line(fit=Fit(), move=Move.JUMP, target="b")]}, "a")


def test_chains_that_grow_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seawall.firewall.audit.chains._MOST_LINES", 1000)
    # Forty chains are 2^40 calls, though nothing is decided in any.
    twice = {str(at): [Line(fit=Fit(), move=Move.JUMP, target=str(at + 1))] * 2 for at in range(40)}
    with pytest.raises(AuditError, match="the chain 0 calls more than 1000 rules"):
        lay_out({**twice, "40": []}, "0")


def opening(action: Action, prefix: str = "0.0.0.0/0", *conditions: str, sources: AddressSet = EVERYTHING) -> Opening:
    addresses = AddressSet.of([prefix])
    return Opening(action=action, addresses=addresses, conditions=conditions, sources=sources, where=action)


NEEDED = AddressSet.of(["192.0.2.0/24"])


@pytest.mark.parametrize(
    ("openings", "default", "verdict"),
    [
        ([opening(Action.ALLOW)], Action.DENY, Verdict.ALLOWED),
        ([opening(Action.DENY), opening(Action.ALLOW)], Action.DENY, Verdict.BLOCKED),
        ([opening(Action.DENY, "192.0.2.9/32"), opening(Action.ALLOW)], Action.DENY, Verdict.PARTLY),
        ([opening(Action.ALLOW, "192.0.2.0/25")], Action.DENY, Verdict.PARTLY),
        ([opening(Action.ALLOW, "0.0.0.0/0", "skuid 7")], Action.DENY, Verdict.UNPROVEN),
        ([opening(Action.DENY, "0.0.0.0/0", "skuid 7")], Action.ALLOW, Verdict.UNPROVEN),
        ([opening(Action.DENY, "0.0.0.0/0", "skuid 7")], Action.DENY, Verdict.BLOCKED),
        ([opening(Action.ALLOW, "0.0.0.0/0", "skuid 7")], Action.ALLOW, Verdict.ALLOWED),
        ([opening(Action.ALLOW), opening(Action.DENY, "0.0.0.0/0", "x")], Action.DENY, Verdict.ALLOWED),
        (
            [opening(Action.ALLOW, "192.0.2.0/25"), opening(Action.ALLOW, "0.0.0.0/0", "x")],
            Action.DENY,
            Verdict.UNPROVEN,
        ),
        ([opening(Action.ALLOW, "192.0.2.0/25", "x")], Action.DENY, Verdict.PARTLY),
    ],
)
def test_verdicts_count_on_what_is_proven_only(openings: list[Opening], default: Action, verdict: Verdict) -> None:
    passage = pass_addresses(wall(*openings, default=default), 443, NEEDED, NOTHING)
    assert passage.verdict is verdict
    assert bool(passage.missing) is (verdict is not Verdict.ALLOWED)
    if verdict is Verdict.UNPROVEN:
        assert "depends on" in passage.why


def test_clients_decide_on_rules_by_source() -> None:
    made = wall(opening(Action.ALLOW, sources=AddressSet.of(["10.1.0.0/16"])))
    for client, verdict in (
        ((), Verdict.UNPROVEN),
        (("10.1.2.0/24",), Verdict.ALLOWED),
        (("10.2.0.0/24",), Verdict.BLOCKED),
        (("10.1.0.0/24", "10.2.0.0/24"), Verdict.UNPROVEN),
    ):
        assert pass_addresses(made, 443, NEEDED, AddressSet.of(client)).verdict is verdict


def test_a_family_that_a_wall_has_no_say_in_is_missing() -> None:
    made = Wall(
        name="w", by=frozenset((Way.IP,)), openings=(), default=Action.ALLOW, default_text="ACCEPT", families=(32,)
    )
    passage = pass_addresses(made, 443, AddressSet.of(["192.0.2.0/24", "2001:db8::/32"]), NOTHING)
    assert passage.verdict is Verdict.PARTLY
    assert passage.missing.cidrs == ("2001:db8::/32",)
    assert "says nothing of IPv6" in passage.why


def test_addresses_nobody_publishes_are_judged_only_where_all_fare_alike() -> None:
    assert pass_addresses(wall(default=Action.ALLOW), 443, None, NOTHING).verdict is Verdict.ALLOWED
    assert pass_addresses(wall(), 443, None, NOTHING).verdict is Verdict.BLOCKED
    some = wall(opening(Action.ALLOW, "192.0.2.0/24"))
    assert pass_addresses(some, 443, None, NOTHING).verdict is Verdict.UNKNOWN


def named(action: Action, *names: Pattern, until: int = 0, conditions: tuple[str, ...] = ()) -> Opening:
    return Opening(action=action, names=names, until=until, conditions=conditions, where=action)


BLOB = "*.blob.core.windows.net"
STORAGE = "blob.core.windows.net"


@pytest.mark.parametrize(
    ("host", "openings", "verdict"),
    [
        ("r.azurecr.io", [named(Action.ALLOW, Pattern("r.azurecr.io"))], Verdict.ALLOWED),
        ("r.azurecr.io", [named(Action.ALLOW, Pattern("azurecr.io"))], Verdict.BLOCKED),
        ("azurecr.io", [named(Action.ALLOW, Pattern("azurecr.io", Wildcard.SUBTREE))], Verdict.ALLOWED),
        ("azurecr.io", [named(Action.ALLOW, Pattern("azurecr.io", Wildcard.LABELS))], Verdict.BLOCKED),
        ("r.e.data.azurecr.io", [named(Action.ALLOW, Pattern("azurecr.io", Wildcard.LABELS))], Verdict.ALLOWED),
        ("r.e.data.azurecr.io", [named(Action.ALLOW, Pattern("azurecr.io", Wildcard.LABEL))], Verdict.BLOCKED),
        ("evilazurecr.io", [named(Action.ALLOW, Pattern("azurecr.io", Wildcard.SUBTREE))], Verdict.BLOCKED),
        (BLOB, [named(Action.ALLOW, Pattern(STORAGE, Wildcard.LABEL))], Verdict.ALLOWED),
        (BLOB, [named(Action.ALLOW, Pattern("windows.net", Wildcard.LABELS))], Verdict.ALLOWED),
        (BLOB, [named(Action.ALLOW, Pattern("windows.net", Wildcard.LABEL))], Verdict.BLOCKED),
        (BLOB, [named(Action.ALLOW, Pattern(STORAGE))], Verdict.BLOCKED),
        (BLOB, [named(Action.ALLOW, Pattern(f"a.{STORAGE}"))], Verdict.PARTLY),
        (
            BLOB,
            [named(Action.DENY, Pattern(f"a.{STORAGE}")), named(Action.ALLOW, Pattern(STORAGE, Wildcard.SUBTREE))],
            Verdict.PARTLY,
        ),
        (BLOB, [named(Action.ALLOW, Pattern(STORAGE, Wildcard.LABEL), conditions=("time",))], Verdict.UNPROVEN),
        (
            "r.azurecr.io",
            [
                named(Action.SKIP, Pattern("r.azurecr.io"), until=2),
                Opening(action=Action.DENY, addresses=EVERYTHING),
                Opening(action=Action.ALLOW, addresses=EVERYTHING, ports=ports_of([(443, 443)])),
            ],
            Verdict.ALLOWED,
        ),
        (
            "s.azurecr.io",
            [
                named(Action.SKIP, Pattern("r.azurecr.io"), until=2),
                Opening(action=Action.DENY, addresses=EVERYTHING),
                Opening(action=Action.ALLOW, addresses=EVERYTHING),
            ],
            Verdict.BLOCKED,
        ),
    ],
)
def test_names(host: str, openings: list[Opening], verdict: Verdict) -> None:
    passage = pass_name(wall(*openings, by=Way.NAME), host, 443, NOTHING)
    assert passage.verdict is verdict
    assert bool(passage.missing_names) is (verdict is not Verdict.ALLOWED)
