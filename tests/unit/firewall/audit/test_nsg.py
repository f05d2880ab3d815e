"""What a network security group is taken for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from seawall.firewall.audit.contract import AuditError
from seawall.firewall.audit.nsg import read_nsg
from seawall.firewall.audit.passage import Verdict
from tests.unit.firewall.audit.forms import security_rule, to


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        ([], Verdict.ALLOWED),
        ([security_rule(4000, "Deny", "Internet")], Verdict.BLOCKED),
        ([security_rule(4000, "Deny", "*"), security_rule(100, "Allow", ["192.0.2.0/24"])], Verdict.ALLOWED),
        ([security_rule(100, "Deny", "*"), security_rule(4000, "Allow", ["192.0.2.0/24"])], Verdict.BLOCKED),
        ([security_rule(100, "Deny", "*", protocol="Udp")], Verdict.ALLOWED),
        ([security_rule(100, "Deny", "*", direction="Inbound")], Verdict.ALLOWED),
        ([security_rule(100, "Deny", "*", destinationPortRange="80")], Verdict.ALLOWED),
        (
            [security_rule(100, "Deny", "*", destinationPortRange=None, destinationPortRanges=["80", "400-500"])],
            Verdict.BLOCKED,
        ),
        ([security_rule(100, "Deny", "VirtualNetwork")], Verdict.ALLOWED),
        ([security_rule(100, "Deny", "Sql")], Verdict.UNPROVEN),
        ([security_rule(100, "Deny", "*", sourceAddressPrefix="10.0.0.0/8")], Verdict.UNPROVEN),
        ([security_rule(100, "Deny", "*", sourceAddressPrefix="VirtualNetwork")], Verdict.BLOCKED),
        ([security_rule(100, "Deny", "*", sourceApplicationSecurityGroups=[{"id": "/x"}])], Verdict.UNPROVEN),
    ],
)
def test_nsg_rules(rules: list[dict[str, Any]], verdict: Verdict) -> None:
    nested = [{"name": one["name"], "properties": {key: one[key] for key in one if key != "name"}} for one in rules]
    for document in (
        {"securityRules": rules},
        {"resources": [{"type": "x", "properties": {"securityRules": nested}}]},
        {
            "variables": {"rules": nested},
            "resources": [{"properties": {"securityRules": "[concat(variables('rules'), parameters('more'))]"}}],
            "parameters": {"more": {"type": "array", "defaultValue": []}},
        },
    ):
        (wall,) = read_nsg(json.dumps(document))
        assert to(wall, "192.0.2.5/32").verdict is verdict


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1", "not JSON"),
        ("{}", "no securityRules"),
        ('{"securityRules": {"a": 1}}', "no list of rules"),
        (json.dumps({"securityRules": [security_rule(100, "Perhaps", "*")]}), "r100 .*'Perhaps'"),
        (json.dumps({"securityRules": [security_rule(100, "Deny", "1.2.3.4/99")]}), "r100 .*not an address range"),
        (json.dumps({"securityRules": [security_rule(100, "Deny", "*", destinationPortRange="x")]}), "'x' is no port"),
        (json.dumps({"securityRules": [{**security_rule(100, "Deny", "*"), "priority": None}]}), "priority"),
    ],
)
def test_nsg_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(AuditError, match=message):
        read_nsg(text)
