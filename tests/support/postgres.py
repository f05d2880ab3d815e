"""A private PostgreSQL that lives as long as a test run.

One cluster is started for many tests, each of which gets a database of its own::

    with PostgresCluster() as cluster:
        url = cluster.create_database()

It listens on a Unix socket in a directory that only the server's user and root can enter, so nobody else on the
machine reaches it although it asks for no password. Nothing is synced to disk: it does not have to survive anything.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import sql
from sqlalchemy import make_url

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = ["PostgresCluster", "PostgresMissingError"]

_USER: Final = "postgres"
_SETTINGS: Final = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "timezone": "UTC",
}
# Sorted as people sort, as an operator's cluster may be: a query that relies on code points by chance is found out.
_LOCALE: Final = ("--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US")


class PostgresMissingError(RuntimeError):
    """PostgreSQL cannot be run on this machine. The message says what is missing."""


class PostgresCluster:
    """A throw-away cluster; a context manager, or :meth:`start` and :meth:`stop`."""

    def __init__(self) -> None:
        """Find the programs.

        Raises:
            PostgresMissingError: They are not installed, or root has no other user to run them as.
        """
        self._programs = _find_programs()
        self._prefix = _as_server_user()
        self._directory: Path | None = None
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Create the cluster and wait until it answers."""
        # Not pytest's directory: PostgreSQL's user may not enter that, and a socket's path must be short.
        self._directory = Path(tempfile.mkdtemp(prefix="seawall-pg-", dir="/tmp"))
        if self._prefix:
            shutil.chown(self._directory, _USER)
        data = self._directory / "data"
        try:
            self._run("initdb", "-D", data, "-U", _USER, "-A", "trust", "--no-sync", *_LOCALE)
            settings = {**_SETTINGS, "unix_socket_directories": str(self._directory)}
            lines = [f"{name} = '{value}'\n" for name, value in settings.items()]
            with (data / "postgresql.auto.conf").open("a") as file:
                file.writelines(lines)
            self._run("pg_ctl", "-D", data, "-w", "-t", "60", "-l", self._directory / "log", "start")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server and remove everything it kept."""
        directory, self._directory = self._directory, None
        if directory is None:
            return
        if (directory / "data" / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", directory / "data", "-w", "-m", "immediate", "stop")
        shutil.rmtree(directory)

    def create_database(self, template: str | None = None) -> str:
        """Create a database.

        Args:
            template: The URL of another database to copy, to which nobody may be connected.

        Returns:
            Its SQLAlchemy URL.
        """
        name = f"seawall_{next(self._numbers)}"
        source = _name_of(template) if template else "template0"
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(source)),
        )
        return f"postgresql+psycopg://{_USER}@/{name}?host={self._socket_directory}"

    def drop_database(self, url: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(_name_of(url))))

    @property
    def _socket_directory(self) -> Path:
        if self._directory is None:
            raise RuntimeError("the cluster is not running")
        return self._directory

    def _execute(self, statement: sql.Composed) -> None:
        host = str(self._socket_directory)
        with closing(psycopg.connect(host=host, user=_USER, dbname="postgres", autocommit=True)) as connection:
            connection.execute(statement)

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [*self._prefix, str(self._programs / program), *map(str, arguments)]
        done = subprocess.run(
            command,
            cwd="/",
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program} ended with {done.returncode}:\n{done.stdout}{self._log()}")

    def _log(self) -> str:
        log = self._socket_directory / "log" if self._directory else None
        return log.read_text() if log is not None and log.exists() else ""


def _find_programs() -> Path:
    # Debian keeps each version in a directory of its own, none of them in PATH.
    versions = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if versions:
        return max(versions, key=lambda path: float(path.parent.name))
    found = shutil.which("initdb")
    if found is None:
        raise PostgresMissingError("PostgreSQL is not installed: no initdb below /usr/lib/postgresql or in PATH")
    return Path(found).parent


def _as_server_user() -> list[str]:
    # PostgreSQL refuses to run as root.
    if os.geteuid() != 0:
        return []
    try:
        pwd.getpwnam(_USER)
    except KeyError:
        raise PostgresMissingError(f"PostgreSQL does not run as root, and there is no user {_USER!r}") from None
    return ["runuser", "-u", _USER, "--"]


def _name_of(url: str) -> str:
    return make_url(url).database or ""
