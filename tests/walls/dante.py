"""A SOCKS proxy's rules: a translation of `--to json`, for the product does not write for such proxies itself.

In dante's rules a leading dot takes the place of an asterisk. It stands for the bare domain as well.
"""

from __future__ import annotations

import json
from typing import Any

_ANY = "from: 0.0.0.0/0 to: 0.0.0.0/0"


def translate(plan: str) -> str:
    """Let clients reach the hosts of a plan by name, and no others; all of it is logged."""
    rules: list[dict[str, Any]] = json.loads(plan)["rules"]
    passes = [
        f"socks pass {{\n\tfrom: 0.0.0.0/0 to: {name.removeprefix('*')} port = {rule['port']}\n"
        "\tcommand: connect\n\tprotocol: tcp\n\tlog: connect error\n}"
        for rule in rules
        for name in rule["names"]
    ]
    assert passes, "the plan has no names"
    return "\n".join(
        [f"client pass {{\n\t{_ANY}\n}}", *passes, f"socks block {{\n\t{_ANY}\n\tlog: connect error\n}}\n"]
    )
