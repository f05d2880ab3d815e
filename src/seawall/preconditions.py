"""Conditional requests (RFC 9110 section 13). Pure."""

from __future__ import annotations

__all__ = ["matches_etag"]


def matches_etag(header: str | None, etag: str) -> bool:
    """Say whether ``If-None-Match`` names an entity tag: a list, or ``*``; weak and strong ones are alike here."""
    if header is None:
        return False
    named = {one.strip().removeprefix("W/") for one in header.split(",")}
    return "*" in named or etag in named
