"""Suricata rules for AWS Network Firewall: these names pass, the rest on their ports is dropped. Pure.

A name is known only when the client has sent it, so nothing may be dropped before: rules that drop wait for the TLS
hello or the end of the HTTP header, and for other protocols until Suricata has recognised that they are others.

Source: Suricata, "TLS keywords", "HTTP keywords" and "Transformations"; AWS, "Examples of stateful rules".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from seawall.firewall.need import HTTP
from seawall.firewall.targets.words import comment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seawall.firewall.rules import RuleSet

__all__ = ["suricata"]

_FIRST_SID: Final = 1_820_001
"""In the range that is for local rules."""

_FLOW: Final = "flow:to_server,established"


def suricata(rules: RuleSet) -> str:
    """Write the rules in the order in which they have to be looked at."""
    every = [rule for port in rules.ports for rule in _rules(rules, port)]
    return comment(rules) + "".join(f"{rule} sid:{sid}; rev:1;)\n" for sid, rule in enumerate(every, _FIRST_SID))


def _rules(rules: RuleSet, port: int) -> Iterator[str]:
    """Yield the rules of a port, all but their numbers and their ends."""
    secure = port != HTTP
    protocol, buffer, case = (
        ("tls", "ssl_state:client_hello; tls.sni", " nocase;") if secure else ("http", "http.host", "")
    )
    whys = {name: rule.flow.why for rule in rules.rules if rule.flow.port == port for name in rule.names}
    for name in rules.names(port):
        if name.startswith("*."):
            match = f'dotprefix; content:"{name[1:]}";{case} endswith;'
        else:
            match = f'content:"{name}"; startswith;{case} endswith;'
        yield f"{_head('pass', protocol, port)} ({_message(whys[name])} {buffer}; {match} {_FLOW};"
    # The blank line that ends a request's header.
    sent = "ssl_state:client_hello;" if secure else 'http.header_names; content:"|0d 0a|"; startswith;'
    yield f"{_head('drop', protocol, port)} ({_message(f'another name on port {port}')} {sent} {_FLOW};"
    other = f"no {protocol.upper()} on port {port}"
    yield f"{_head('drop', 'tcp', port)} ({_message(other)} app-layer-protocol:!{protocol}; {_FLOW};"


def _head(action: str, protocol: str, port: int) -> str:
    return f"{action} {protocol} $HOME_NET any -> $EXTERNAL_NET {port}"


def _message(why: str) -> str:
    # Characters that part options from one another, or would have to be escaped.
    text = re.sub(r"[;:]", ",", re.sub(r"[\"\\]", "", why))
    return f'msg:"seawall, {text}";'
