"""Names of rules as Azure takes them. Pure."""

from __future__ import annotations

import hashlib
import re

__all__ = ["rule_name"]


def rule_name(*parts: object, longest: int = 80) -> str:
    """Make a name that Azure takes, and the same one every time: letters, digits, ``.``, ``_`` and ``-``.

    A name that is too long keeps its beginning and ends in a digest of all of it, so that no two become the same.
    """
    # No host has an underscore, so a pattern's rule never has the name of a host's.
    name = "-".join(str(part) for part in parts).replace("*", "_any")
    clean = re.sub(r"[^A-Za-z0-9._-]", "-", name)
    if len(clean) <= longest and clean == name:
        return clean
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{clean[: longest - 13]}-{digest}"
