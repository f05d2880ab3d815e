"""Replacing a file so that at any moment, also after a power cut, either the old or the new one is there, whole."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

__all__ = ["PRIVATE", "READABLE", "replace_file"]

PRIVATE = 0o600
"""For its owner alone."""

READABLE = 0o644
"""For everybody to read."""


def replace_file(path: Path, content: bytes, mode: int) -> None:
    """Write a file in the place of another, or where there was none.

    Args:
        path: The file; its directory must exist.
        content: All of it.
        mode: Who may read it, whatever the umask is.

    Raises:
        OSError: It cannot be written; what was there is untouched.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
