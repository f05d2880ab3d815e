"""The rules of a network security group for Terraform's provider azurerm. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from seawall.firewall.targets.hcl import Block, Code, write_blocks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["terraform"]

_REQUIRED: Final = ("name", "priority", "direction", "access", "protocol")
_OPTIONAL: Final = (
    "description",
    "source_port_range",
    "source_port_ranges",
    "source_address_prefix",
    "source_address_prefixes",
    "destination_port_range",
    "destination_port_ranges",
    "destination_address_prefix",
    "destination_address_prefixes",
)


def terraform(rules: Sequence[Mapping[str, Any]]) -> str:
    """Write a group of these rules, which are as Azure's interface has them, and of one's own."""
    return write_blocks(
        (
            _variable("name", "The group; one of this name is replaced.", default="seawall"),
            _variable("resource_group_name", "The resource group it is in."),
            _variable("location", "The Azure region it is in."),
            Block(
                "variable",
                ("other_rules",),
                {
                    "description": "Rules of your own to keep; their priorities are 100 to 999, or above 2000.",
                    "type": Code(_rule_type()),
                    "default": [],
                },
            ),
            Block(
                "resource",
                ("azurerm_network_security_group", "seawall"),
                {
                    "name": Code("var.name"),
                    "resource_group_name": Code("var.resource_group_name"),
                    "location": Code("var.location"),
                    "security_rule": tuple(Block("security_rule", (), _snake(rule)) for rule in rules),
                    "dynamic": Block(
                        "dynamic", ("security_rule",), {"for_each": Code("var.other_rules"), "content": _other()}
                    ),
                },
            ),
        )
    )


def _variable(name: str, why: str, **more: str) -> Block:
    return Block("variable", (name,), {"description": why, "type": Code("string"), **more})


def _rule_type() -> str:
    width = max(map(len, _OPTIONAL))
    types = {one: "number" if one == "priority" else "string" for one in _REQUIRED}
    types |= {one: f"optional({'list(string)' if one.endswith('s') else 'string'})" for one in _OPTIONAL}
    fields = "".join(f"  {one.ljust(width)} = {kind}\n" for one, kind in types.items())
    return f"list(object({{\n{fields}}}))"


def _other() -> Block:
    return Block("content", (), {one: Code(f"security_rule.value.{one}") for one in (*_REQUIRED, *_OPTIONAL)})


def _snake(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Write ``destinationPortRange`` as ``destination_port_range``: the provider's names are Azure's own."""
    return {"name": rule["name"]} | {
        re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", key): value for key, value in rule["properties"].items()
    }
