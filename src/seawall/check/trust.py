"""Whom to trust at a host: this machine's authorities, and those given to docker or podman for single registries.

Sources: docker, "Verify repository client with certificates"; containers-certs.d(5).
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["Trust"]


class Trust:
    """Makes contexts to check certificates with; each place's is made once."""

    def __init__(self, authorities: Sequence[Path], directories: Sequence[Path]) -> None:
        """Take more authorities, and the directories in which those of single registries are.

        Raises:
            OSError: An authority's file cannot be read, or holds no certificate.
        """
        self._authorities = tuple(authorities)
        self._directories = tuple(directories)
        self._contexts: dict[tuple[Path, ...], ssl.SSLContext] = {}
        self._context(self._authorities)

    def of(self, host: str, port: int) -> ssl.SSLContext:
        """Return what the certificate of a host is to be checked with."""
        files = (*self._authorities, *self._given_for(host, port))
        try:
            return self._context(files)
        except OSError:
            # A broken file of somebody else's is no reason to stop; clients pass over it as well.
            return self._context(self._authorities)

    def _given_for(self, host: str, port: int) -> Iterator[Path]:
        names = (f"{host}:{port}", host) if port == 443 else (f"{host}:{port}",)
        for directory in self._directories:
            for name in names:
                yield from sorted((directory / name).glob("*.crt"))

    def _context(self, files: tuple[Path, ...]) -> ssl.SSLContext:
        if files not in self._contexts:
            context = ssl.create_default_context()
            for file in files:
                context.load_verify_locations(file)
            self._contexts[files] = context
        return self._contexts[files]
