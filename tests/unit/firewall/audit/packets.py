"""One packet at a time through chains and lists of openings, the slow and plain way: what the audit is held against."""

from __future__ import annotations

import random
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final

from seawall.firewall.audit.chains import Fit, Line, Move
from seawall.firewall.audit.contract import ALL_PORTS, ports_of
from seawall.servicetags.prefixes import AddressSet

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

PLACES: Final = ("10.9.0.1", "10.9.0.2", "10.9.0.77", "10.9.4.1", "10.9.8.3", "10.9.8.9", "10.9.200.1")
RANGES: Final = ("10.9.0.0/24", "10.9.0.0/30", "10.9.0.2/32", "10.9.4.0/22", "10.9.8.0/29", "10.9.0.0/16")
PORTS: Final = (80, 443)
CONDITIONS: Final = ("noon", "rain", "luck")
NAMES: Final = ("first", "second", "third", "fourth")


def one(address: str) -> AddressSet:
    """The set of a single address."""
    return AddressSet.of([address])


def chains_of(seed: int, doubt: float = 0) -> dict[str, list[Line]]:
    """Make up chains; each jumps only to those behind it, and some rules may depend on what nobody knows."""
    dice = random.Random(seed)
    made = {}
    for at, name in enumerate(NAMES):
        lines = []
        for number in range(dice.randint(1, 6)):
            jumps = [Move.JUMP, Move.GOTO] * 2 if at + 1 < len(NAMES) else []
            moves = [Move.ACCEPT, Move.REFUSE, Move.RETURN, *jumps]
            move = dice.choice(moves)
            target = dice.choice(NAMES[at + 1 :]) if move in {Move.JUMP, Move.GOTO} else ""
            addresses = AddressSet.of(dice.sample(RANGES, dice.randint(1, 3)))
            ports = ALL_PORTS if dice.random() < 0.5 else ports_of([(port := dice.choice(PORTS), port)])
            conditions = (dice.choice(CONDITIONS),) if dice.random() < doubt else ()
            lines.append(
                Line(
                    fit=Fit(addresses, ports, conditions=conditions), move=move, target=target, where=f"{name} {number}"
                )
            )
        made[name] = lines
    return made


def send(
    chains: Mapping[str, Sequence[Line]], name: str, address: str, port: int, true: Collection[str] = ()
) -> bool | None:
    """Say what chains do to a packet: let it through, refuse it, or neither."""
    for line in chains[name]:
        networks = [ip_network(cidr) for cidr in line.fit.addresses.cidrs]
        if port not in line.fit.ports or not any(ip_address(address) in network for network in networks):
            continue
        if not set(line.fit.conditions) <= set(true):
            continue
        match line.move:
            case Move.ACCEPT | Move.REFUSE:
                return line.move is Move.ACCEPT
            case Move.RETURN:
                return None
            case Move.GOTO:
                return send(chains, line.target, address, port, true)
            case Move.JUMP:
                decided = send(chains, line.target, address, port, true)
                if decided is not None:
                    return decided
    return None
