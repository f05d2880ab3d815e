"""Where things are kept when nobody says where.

Source: XDG Base Directory Specification, on ``XDG_STATE_HOME``.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["default_service_tags", "default_state"]


def default_state() -> Path:
    """Return the directory of a node that was started without naming one."""
    return _home() / "seawall"


def default_service_tags() -> Path:
    """Return the directory of weekly service-tag files."""
    return _home() / "seawall-service-tags"


def _home() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
