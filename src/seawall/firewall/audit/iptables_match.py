"""iptables' comparisons: which new TCP connections fit a rule. Pure.

Source: iptables(8), iptables-extensions(8).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final

from seawall.firewall.audit.chains import Fit
from seawall.firewall.audit.contract import complement, ports_of
from seawall.firewall.audit.ipsets import parse_range
from seawall.servicetags.prefixes import EVERYTHING, NOTHING, V4, V6, AddressSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall.firewall.audit.ipsets import Ipset

__all__ = ["FAMILIES", "RuleText", "conditioned", "rule_fits"]

FAMILIES: Final = {V4: Fit(AddressSet(EVERYTHING.v4)), V6: Fit(AddressSet(v6=EVERYTHING.v6))}
_NEVER: Final = Fit(NOTHING)
_LOCAL: Final = frozenset(("LOCAL", "BROADCAST", "MULTICAST", "ANYCAST", "BLACKHOLE", "UNREACHABLE", "PROHIBIT"))
_LONG: Final = {
    "--source": "-s",
    "--destination": "-d",
    "--protocol": "-p",
    "--out-interface": "-o",
    "--in-interface": "-i",
    "--destination-port": "--dport",
    "--destination-ports": "--dports",
}


@dataclass(frozen=True, slots=True)
class RuleText:
    """A rule taken apart.

    Attributes:
        options: Each comparison: whether it is turned round, its name, its values.
        target: What is jumped to; empty for a rule that only counts.
        goes: Whether it goes there without coming back.
    """

    options: tuple[tuple[bool, str, tuple[str, ...]], ...]
    target: str = ""
    goes: bool = False

    @classmethod
    def of(cls, tokens: list[str]) -> RuleText:
        """Take apart the words of a rule. What stands behind its target belongs to that."""
        options: list[tuple[bool, str, tuple[str, ...]]] = []
        turned = False
        for index, word in enumerate(tokens):
            if word in {"-j", "--jump", "-g", "--goto"}:
                target = tokens[index + 1] if index + 1 < len(tokens) else ""
                return cls(tuple(options), target, word in {"-g", "--goto"})
            if word == "!":
                turned = True
            elif word.startswith("-") and len(word) > 1 and (not options or options[-1][1:] != ("--comment", ())):
                options.append((turned, _LONG.get(word, word), ()))
                turned = False
            elif options:
                options[-1] = (*options[-1][:2], (*options[-1][2], word))
        return cls(tuple(options))


def rule_fits(rule: RuleText, sets: Mapping[str, Ipset]) -> list[Fit]:
    """Say which connections a rule fits: any of some."""
    fits = [Fit()]
    for turned, name, values in rule.options:
        found = _fits(turned, name, values, sets)
        if found is None:
            fits = conditioned(fits, " ".join(filter(None, ("!" if turned else "", name, *values))))
        else:
            fits = [joined for one, other in product(fits, found) if (joined := one & other).possible]
    return fits


def conditioned(fits: list[Fit], words: str) -> list[Fit]:
    """Make fits depend on something that cannot be checked."""
    return [fit & Fit(conditions=(words,)) for fit in fits]


def _fits(turned: bool, name: str, values: tuple[str, ...], sets: Mapping[str, Ipset]) -> list[Fit] | None:
    if name == "--match-set" and len(values) == 2 and values[0] in sets:
        found = sets[values[0]].fits(values[1])
        if not turned or found is None:
            return found
        one = found[0] if len(found) == 1 and values[1] in {"dst", "src"} else None
        return None if one is None else [_turned(one)]
    try:
        fit = _fit(name, values, turned=turned)
    except ValueError:
        return None
    return None if fit is None else [fit]


def _fit(name: str, values: tuple[str, ...], *, turned: bool) -> Fit | None:
    value = values[0] if values else ""
    always, never = (_NEVER, Fit()) if turned else (Fit(), _NEVER)
    match name:
        case "-m" | "--comment":
            # Loading a comparison compares nothing yet.
            return Fit()
        case "-d" | "-s" | "--dst-range" | "--src-range":
            found = parse_range(value)
            fit = Fit(found) if name in {"-d", "--dst-range"} else Fit(sources=found)
            return _turned(fit) if turned else fit
        case "-p":
            return always if value in {"tcp", "6", "all", "0"} else never
        case "--dport" | "--dports":
            ports = ports_of(map(_pair, value.split(",")))
            return Fit(ports=ports.complement() if turned else ports)
        case "--ctstate" | "--state":
            return always if "NEW" in value.split(",") else never
        case "--syn":
            return always
        case "--tcp-flags":
            return always if values == ("FIN,SYN,RST,ACK", "SYN") else None
        case "-o" | "-i":
            # Nothing of what is asked about goes through the machine's own loop.
            return never if value == "lo" else None
        case "--dst-type":
            return never if _LOCAL.issuperset(value.split(",")) else None
        case _:
            return None


def _turned(fit: Fit) -> Fit:
    return Fit(complement(fit.addresses)) if fit.addresses != EVERYTHING else Fit(sources=complement(fit.sources))


def _pair(text: str) -> tuple[int, int]:
    low, _, high = text.partition(":")
    return int(low), int(high or low)
