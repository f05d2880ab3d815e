"""The one directory in which everything is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["State"]


class State:
    """Where things are in the state directory; only its owner may look into it."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.database = self.root / "seawall.db"
        self.authority = self.root / "ca"
        self.tls = self.root / "tls"

    def ensure(self) -> None:
        """Make the directory.

        Raises:
            OSError: If it cannot be made or written.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        # Also one that was there: the database holds the signing keys.
        self.root.chmod(0o700)

    def admin_password(self, registry: str) -> Path:
        """Where 'seawall up' notes the password of a registry's admin user."""
        return self.root / f"{registry}.password"

    @property
    def facts(self) -> Path:
        """Where 'seawall up' notes what it told last: addresses, and where its files are."""
        return self.root / "up.json"

    @property
    def operator_secret(self) -> Path:
        """Where 'seawall up' notes the secret of its operator."""
        return self.root / "operator.secret"

    @property
    def database_url(self) -> str:
        """The embedded database."""
        return f"sqlite:///{self.database}"
