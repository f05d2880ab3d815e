"""Windows Firewall: a PowerShell script of outbound rules, by name or by range. Pure.

Names are dynamic keywords: Windows learns their addresses from the DNS answers that its own programs get. Their
wildcards are documented in one sentence, which leaves open whether ``*`` stops at a dot, so there are none here.

The new rules are made first and the old ones removed last, so that there is no moment without.

Source: Microsoft, "Windows Firewall dynamic keywords"; New-NetFirewallRule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import NAMESPACE_DNS, uuid5

from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import Ability, Target
from seawall.firewall.targets.objects import chunks, plain, why
from seawall.firewall.targets.words import comment
from seawall.servicetags.prefixes import V4, V6

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seawall.firewall.rules import RuleSet

__all__ = ["TARGETS"]

_GROUP: Final = "seawall"
_TEXT: Final = 255
_RANGES: Final = 1_000
"""Ranges in one rule."""


def render(rules: RuleSet) -> str:
    """Write the script."""
    lines = [
        "#Requires -RunAsAdministrator",
        "$ErrorActionPreference = 'Stop'",
        f"$old = @(Get-NetFirewallRule -Group {_quote(_GROUP)} -ErrorAction SilentlyContinue)",
    ]
    for port in rules.ports:
        for host in rules.names(port):
            lines += _by_name(rules, port, host)
        for family in (V4, V6):
            prefixes = rules.addresses(port).family(family).cover()
            for number, piece in enumerate(chunks(prefixes, _RANGES), 1):
                title = f"seawall: ranges on TCP {port}, IPv{4 if family == V4 else 6}, part {number}"
                lines.append(_rule(title, why(rules, port), port, f"-RemoteAddress {_array(piece)}"))
    lines.append("$old | Remove-NetFirewallRule")
    return comment(rules) + "".join(f"{line}\n" for line in lines)


def _by_name(rules: RuleSet, port: int, host: str) -> Iterator[str]:
    # The same host is the same keyword, whatever rule refers to it.
    key = _quote(f"{{{uuid5(NAMESPACE_DNS, host)}}}")
    yield f"if (-not (Get-NetFirewallDynamicKeywordAddress -Id {key} -ErrorAction SilentlyContinue)) {{"
    yield f"    New-NetFirewallDynamicKeywordAddress -Id {key} -Keyword {_quote(host)} -AutoResolve $true | Out-Null"
    yield "}"
    title = f"seawall: {host} on TCP {port}"
    yield _rule(title, why(rules, port, host), port, f"-RemoteDynamicKeywordAddresses {key}")


def _rule(title: str, reason: str, port: int, match: str) -> str:
    return (
        f"New-NetFirewallRule -DisplayName {_quote(title)} -Description {_quote(reason)} -Group {_quote(_GROUP)} "
        f"-Direction Outbound -Action Allow -Protocol TCP -RemotePort {port} {match} | Out-Null"
    )


def _array(prefixes: Sequence[str]) -> str:
    return f"@({', '.join(map(_quote, prefixes))})"


def _quote(text: str) -> str:
    """Put into single quotes, between which PowerShell replaces nothing."""
    # Curly quotes would end it too; there are none in plain text.
    return "'" + plain(text, _TEXT).replace("'", "''") + "'"


_WINDOWS: Final = Target(
    name="windows",
    title="Windows Firewall",
    ability=Ability(
        ways=(Way.NAME, Way.IP),
        atomic="rule by rule: the new ones first, then the old ones go",
        caveats=(
            (
                "Windows lets everything out unless the profile's default for outbound is Block; these rules matter "
                "only then, and a rule that blocks is stronger than any of them."
            ),
            (
                "Rules by name need Microsoft Defender Antivirus with network protection (audit or block), and a DNS "
                "query by the client first; they do not work behind a proxy, with DNS over HTTPS, in some VPN tunnels, "
                "or for addresses known since before. Use --by ip where that cannot be."
            ),
            "Keywords that are no longer needed stay, and no rule refers to them.",
        ),
        source="https://learn.microsoft.com/windows/security/operating-system-security/network-security/"
        "windows-firewall/dynamic-keywords",
    ),
    formats={"powershell": render},
    suffix={"powershell": ".ps1"},
)

TARGETS: Final = {_WINDOWS.name: _WINDOWS}
"""By name."""
