"""What a certificate's names mean. Pure."""

from __future__ import annotations

__all__ = ["covers"]


def covers(pattern: str, host: str) -> bool:
    """Say whether a certificate's name covers a host.

    A wildcard stands for exactly one whole left-most label (RFC 9525 section 6.3): ``*.azurecr.io`` covers
    ``myregistry.azurecr.io`` but neither ``azurecr.io`` nor ``myregistry.eastus.data.azurecr.io``.
    """
    if not (pattern.isascii() and host.isascii()):
        return False
    pattern, host = pattern.lower(), host.lower()
    if not pattern.startswith("*."):
        return pattern == host
    first, dot, rest = host.partition(".")
    return bool(first and dot) and rest == pattern[2:]
