"""Cisco: commands for the ASA, and objects for the REST interface of the FTD's management center (FMC). Pure.

Both know exact names only. On the ASA every name is an object and every object a line of the access list, since nothing
says that groups hold names. FMC refers to objects by numbers that it gives them itself, so rules cannot be in the same
text as the objects they are about; what belongs together is listed beside.

Source: Cisco, ASA command reference, "fqdn" and "network-object"; FMC REST API, "Bulk operations".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import Ability, CannotExpressError, Target
from seawall.firewall.targets.objects import chunks, object_name, plain, single, why
from seawall.firewall.targets.words import comment, reasons, summary
from seawall.servicetags.prefixes import V4, V6, write_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seawall.firewall.rules import RuleSet

__all__ = ["TARGETS"]

_NAME: Final = 64
"""The longest name of an object, in both; and the longest host name in an object of the ASA."""

_DESCRIPTION: Final = 200
_LITERALS: Final = 100
_BULK: Final = 1_000
"""Objects in one request to FMC."""

_START: Final = {V4: "seawall-", V6: "seawall6-"}
_ANY: Final = {V4: "any4", V6: "any6"}


def render_asa(rules: RuleSet) -> str:
    """Write objects, groups and an access list for the ASA.

    Raises:
        CannotExpressError: A name is too long.
    """
    lines: list[str] = []
    entries: list[str] = []
    made: set[str] = set()
    for port in rules.ports:
        for host in rules.names(port):
            for family in (V4, V6) if rules.need.dual_stack else (V4,):
                name = object_name(host, _NAME, _START[family])
                # A host may be needed on both ports; its object is the same.
                if name not in made:
                    made.add(name)
                    lines += _asa_object(rules, port, host, family)
                entries.append(_asa_entry(family, f"object {name}", port))
        for family in (V4, V6):
            prefixes = rules.addresses(port).family(family).cover()
            if prefixes:
                group = f"{_START[family]}{port}"
                lines += [f"object-group network {group}", f" description {plain(why(rules, port), _DESCRIPTION)}"]
                lines += [f" network-object {_asa_prefix(prefix)}" for prefix in prefixes]
                entries.append(_asa_entry(family, f"object-group {group}", port))
    return comment(rules, "! ") + "".join(f"{line}\n" for line in (*lines, *entries))


def change_asa(before: RuleSet, after: RuleSet) -> str:
    """Write the commands that make the groups of one rule set into those of another: what is new first."""
    lines: list[str] = []
    for port in sorted({*before.ports, *after.ports}):
        for family in (V4, V6):
            old, new = (one.addresses(port).family(family).cover() for one in (before, after))
            group = f"{_START[family]}{port}"
            entry = _asa_entry(family, f"object-group {group}", port)
            come, gone = (sorted(set(these) - set(those)) for these, those in ((new, old), (old, new)))
            if not new and old:
                # A group must not become empty while it is in use.
                lines += [f"no {entry}", f"no object-group network {group}"]
            elif come or gone:
                lines.append(f"object-group network {group}")
                lines += [f" network-object {_asa_prefix(prefix)}" for prefix in come]
                lines += [f" no network-object {_asa_prefix(prefix)}" for prefix in gone]
                lines += [] if old else [entry]
    return "".join(f"{line}\n" for line in lines)


def _asa_object(rules: RuleSet, port: int, host: str, family: int) -> Iterator[str]:
    if len(host) > _NAME:
        raise CannotExpressError(
            f"the ASA takes host names of at most {_NAME} characters, and {host} has {len(host)}; write these rules "
            "--by ip"
        )
    yield f"object network {object_name(host, _NAME, _START[family])}"
    yield f" fqdn {'v4' if family == V4 else 'v6'} {host}"
    yield f" description {plain(why(rules, port, host), _DESCRIPTION)}"


def _asa_entry(family: int, what: str, port: int) -> str:
    return f"access-list seawall extended permit tcp {_ANY[family]} {what} eq {port}"


def _asa_prefix(prefix: str) -> str:
    address = single(prefix)
    if address:
        return f"host {address}"
    if ":" in prefix:
        return prefix
    start, _, length = prefix.partition("/")
    return f"{start} {write_address(V4, (1 << V4) - (1 << V4 - int(length)))}"


def render_ftd(rules: RuleSet) -> str:
    """Write the requests that make the objects, and which of them are to be let through on which port."""
    names = dict.fromkeys(name for port in rules.ports for name in rules.names(port))
    hosts = [_fqdn(rules, name) for name in names]
    groups: list[dict[str, Any]] = []
    allow = []
    for port in rules.ports:
        mine = list(_groups(rules, port))
        groups += mine
        destinations = [object_name(name, _NAME) for name in rules.names(port)] + [one["name"] for one in mine]
        allow.append({"destinations": destinations, "port": f"seawall-tcp-{port}", "why": why(rules, port)})
    ports = [
        {"type": "ProtocolPortObject", "name": f"seawall-tcp-{port}", "protocol": "TCP", "port": str(port)}
        for port in rules.ports
    ]
    requests = [
        {"method": "POST", "path": f"/object/{kind}?bulk=true", "body": list(body)}
        for kind, bodies in (("fqdns", hosts), ("networkgroups", groups), ("protocolportobjects", ports))
        for body in chunks(bodies, _BULK)
    ]
    about = [*summary(rules), *reasons(rules)]
    return json.dumps({"about": about, "requests": requests, "allow": allow}, indent=2) + "\n"


def _fqdn(rules: RuleSet, host: str) -> dict[str, Any]:
    port = next(port for port in rules.ports if host in rules.names(port))
    return {
        "type": "FQDN",
        "name": object_name(host, _NAME),
        "value": host,
        "dnsResolution": "IPV4_AND_IPV6" if rules.need.dual_stack else "IPV4_ONLY",
        "description": plain(why(rules, port, host), _DESCRIPTION),
    }


def _groups(rules: RuleSet, port: int) -> Iterator[dict[str, Any]]:
    for family in (V4, V6):
        prefixes = rules.addresses(port).family(family).cover()
        for number, piece in enumerate(chunks(prefixes, _LITERALS), 1):
            name = f"{_START[family]}{port}-{number}"
            yield {"type": "NetworkGroup", "name": name, "literals": list(_literals(piece))}


def _literals(prefixes: Sequence[str]) -> Iterator[dict[str, str]]:
    for prefix in prefixes:
        address = single(prefix)
        yield {"type": "Host", "value": address} if address else {"type": "Network", "value": prefix}


_DNS: Final = (
    "The firewall looks names up itself, on IPv4 unless --dual-stack is said: give it the DNS servers that the clients "
    "use. It knows no wildcards."
)

_ASA: Final = Target(
    name="asa",
    title="Cisco ASA",
    ability=Ability(
        ways=(Way.NAME, Way.IP),
        atomic="none: line by line",
        caveats=(
            _DNS,
            (
                "Reading the text again adds what is new and takes nothing away. A change takes ranges out that are no "
                "longer needed; names go by hand."
            ),
            (
                "The access list is bound to no interface, and everything it does not name is refused once it is: add "
                "to it what else must pass, then bind it with access-group."
            ),
        ),
        source="https://www.cisco.com/c/en/us/support/security/adaptive-security-appliance-asa-software/"
        "products-command-reference-list.html",
    ),
    formats={"config": render_asa},
    suffix={"config": ".cfg"},
    changes={"config": change_asa},
)

_FTD: Final = Target(
    name="ftd",
    title="Cisco Secure Firewall (FTD, by FMC)",
    ability=Ability(
        ways=(Way.NAME, Way.IP),
        atomic="one deployment, after all requests",
        caveats=(
            _DNS,
            (
                "These are the bodies of requests to /api/fmc_config/v1/domain/{domain}, to make the objects the first "
                "time; to change one that exists, send it with PUT to its own number."
            ),
            (
                "Rules are not among them, since FMC numbers the objects itself: allow the destinations under 'allow' "
                "on the port beside them."
            ),
        ),
        source="https://www.cisco.com/c/en/us/support/docs/security/secure-firewall-management-center/"
        "223159-troubleshoot-object-creation-using-fmc.html",
    ),
    formats={"json": render_ftd},
    suffix={"json": ".json"},
)

TARGETS: Final = {_ASA.name: _ASA, _FTD.name: _FTD}
"""By name."""
