"""nftables' JSON in words: rules as ``nft list ruleset`` writes them, so that people find them again. Pure."""

from __future__ import annotations

import json
from typing import Any, Final

__all__ = ["match_words", "rule_words", "value_words"]

_LONGEST: Final = 160


def rule_words(expressions: list[Any]) -> str:
    """Write a rule on one line, cut off where it is long."""
    text = " ".join(filter(None, map(_statement, expressions)))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def match_words(match: dict[str, Any]) -> str:
    """Write a comparison."""
    op = str(match.get("op", "=="))
    sign = "" if op in {"==", "in"} else f"{op} "
    return f"{value_words(match.get('left'))} {sign}{value_words(match.get('right'))}"


def value_words(value: Any) -> str:  # noqa: ANN401 - JSON
    """Write what is compared: a field of a packet, an address, a set."""
    match value:
        case {"payload": {"protocol": protocol, "field": name}}:
            return f"{protocol} {name}"
        case {"meta": {"key": key}}:
            return str(key)
        case {"ct": {"key": key}}:
            return f"ct {key}"
        case {"fib": {"result": result, "flags": list(flags)}}:
            return f"fib {' . '.join(map(str, flags))} {result}"
        case {"prefix": {"addr": address, "len": length}}:
            return f"{address}/{length}"
        case {"range": [low, high]}:
            return f"{value_words(low)}-{value_words(high)}"
        case {"set": list(elements)}:
            return f"{{ {', '.join(map(value_words, elements))} }}"
        case {"concat": list(parts)}:
            return " . ".join(map(value_words, parts))
        case list():
            return ",".join(map(value_words, value))
        case _:
            return value if isinstance(value, str) else json.dumps(value)


def _statement(statement: Any) -> str:  # noqa: ANN401 - JSON
    words = _plain_statement(statement)
    return next(iter(statement), "") if words is None and isinstance(statement, dict) else words or ""


def _plain_statement(statement: Any) -> str | None:  # noqa: ANN401 - JSON
    match statement:
        case {"match": dict(match)}:
            return match_words(match)
        case {"jump": {"target": target}}:
            return f"jump {target}"
        case {"goto": {"target": target}}:
            return f"goto {target}"
        case {"vmap": {"key": key, "data": data}}:
            return f"{value_words(key)} vmap {value_words(data)}"
        case {"log": {"prefix": prefix}}:
            return f'log prefix "{prefix}"'
        case {"xt": {"name": name}}:
            return f"xt {name}"
        case _:
            return None
