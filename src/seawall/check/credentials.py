"""What docker and podman would sign in with.

Sources: containers-auth.json(5) for the files and their order; docker's command line reference, "docker login", for
credential stores and helpers. Docker itself reads the last of the files only.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from seawall.check.credential_helper import HelperError, ask_helper

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seawall.check.credential_helper import Kept

__all__ = ["Credentials", "Keychain", "KeychainError"]

_HELPER_SECONDS: Final = 5.0
_LARGEST_FILE: Final = 1024 * 1024

# How clients call Docker Hub in these files: docker by the first, podman by the third.
_DOCKER_HUB: Final = ("https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io")
_DOCKER_HUB_NAMESPACE: Final = "docker.io"

# Users whose password is an identity token: docker's word for one, and the one that the Azure CLI signs in as.
_TOKEN_USER: Final = "<token>"  # noqa: S105 - no password
_AZURE_USER: Final = "00000000-0000-0000-0000-000000000000"

_SCHEME: Final = re.compile(r"https?://")
_API: Final = re.compile(r"/v[12]/?")


class KeychainError(RuntimeError):
    """Credentials are kept where they cannot be read. The message names the file, and the helper if there is one."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who somebody is, and the proof; neither password nor token is shown.

    Attributes:
        username: Empty where the identity token alone says it.
        password: Empty when there is an identity token instead.
        identity_token: A refresh token, to be traded for access tokens.
    """

    username: str
    password: str = field(repr=False)
    identity_token: str = field(default="", repr=False)


class _Config(NamedTuple):
    """One file: hosts to helpers, hosts to entries, and the helper for hosts that have none."""

    path: Path
    helpers: Mapping[str, object]
    entries: Mapping[str, object]
    store: object


class Keychain:
    """The files in which docker and podman keep credentials, and the helpers these name."""

    def __init__(self, environment: Mapping[str, str], home: Path, *, helper_seconds: float = _HELPER_SECONDS) -> None:
        self._environment = environment
        self._home = home
        self._helper_seconds = helper_seconds

    async def find(self, authority: str, repository: str = "") -> Credentials | None:
        """Find the credentials for a registry; ``None`` when clients would come without.

        Args:
            authority: The registry's host, with its port unless that is 443.
            repository: What is to be pulled; podman may keep credentials for parts of a registry.

        Raises:
            KeychainError: A file or a helper that has to be asked is broken.
        """
        for path in self._paths():
            config = await asyncio.to_thread(_read_config, path)
            found = await self._find_in(config, authority, repository) if config else None
            if found:
                return found
        return None

    def _paths(self) -> Iterator[Path]:
        environment = self._environment
        # A user without a runtime directory has a place by number.
        runtime = environment.get("XDG_RUNTIME_DIR")
        containers = Path(runtime, "containers") if runtime else Path("/run/containers", str(os.getuid()))
        yield Path(environment.get("REGISTRY_AUTH_FILE") or containers / "auth.json")
        yield Path(environment.get("XDG_CONFIG_HOME") or self._home / ".config", "containers", "auth.json")
        yield Path(environment.get("DOCKER_CONFIG") or self._home / ".docker", "config.json")

    async def _find_in(self, config: _Config, authority: str, repository: str) -> Credentials | None:
        names = _DOCKER_HUB if authority in _DOCKER_HUB else (authority,)
        helped = next((name for name in names if name in config.helpers), None)
        if helped is not None and (found := await self._ask(config, config.helpers[helped], helped)):
            return found
        for entry in _entries(config, names, repository):
            if found := _read_entry(entry, config.path, authority):
                return found
        # A host with a helper of its own, be it the empty one, is none of the store's.
        return await self._ask(config, config.store, names[0]) if helped is None else None

    async def _ask(self, config: _Config, helper: object, server: str) -> Credentials | None:
        if not helper:
            return None
        if not isinstance(helper, str):
            raise KeychainError(f"{config.path}: a credential helper has no name")
        try:
            kept = await ask_helper(helper, server, self._environment, self._helper_seconds)
        except HelperError as error:
            raise KeychainError(f"{config.path}: {error}") from None
        return _credentials_of(kept) if kept else None


def _credentials_of(kept: Kept) -> Credentials:
    if kept.username == _TOKEN_USER:
        return Credentials("", "", kept.secret)
    if kept.username == _AZURE_USER:
        return Credentials(kept.username, "", kept.secret)
    return Credentials(kept.username, kept.secret)


def _read_config(path: Path) -> _Config | None:
    """Read a file; ``None`` when it is not there or has nothing in it."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise KeychainError(f"{path}: not a file with credentials, but something else")
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise KeychainError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > _LARGEST_FILE:
        raise KeychainError(f"{path}: larger than any file with credentials ({_LARGEST_FILE} bytes)")
    if not data.strip():
        return None
    try:
        read = json.loads(data)
    except (ValueError, RecursionError):
        # Where the fault is would be good to know, but the error holds the whole text with its secrets.
        raise KeychainError(f"{path}: not valid JSON") from None
    if not isinstance(read, dict):
        raise KeychainError(f"{path}: not a JSON object")
    return _Config(path, _table(read, "credHelpers", path), _table(read, "auths", path), read.get("credsStore"))


def _table(read: Mapping[str, Any], key: str, path: Path) -> Mapping[str, object]:
    table = read.get(key)
    if table is None:
        return {}
    if not isinstance(table, dict):
        raise KeychainError(f"{path}: {key} is not a JSON object")
    return table


def _entries(config: _Config, names: tuple[str, ...], repository: str) -> Iterator[object]:
    """List what is kept for a registry, the closest match first."""
    namespace = _DOCKER_HUB_NAMESPACE if names == _DOCKER_HUB else names[0]
    parts = repository.split("/") if repository else []
    keys = ["/".join((namespace, *parts[:count])) for count in range(len(parts), 0, -1)]
    yield from (config.entries[key] for key in (*keys, *names) if key in config.entries)
    yield from (entry for key, entry in config.entries.items() if key not in names and _host_of(key) in names)


def _host_of(key: str) -> str:
    """Tell the host from a key as older clients wrote it: with a scheme, a path or both."""
    scheme = _SCHEME.match(key)
    host, slash, path = key[scheme.end() :].partition("/") if scheme else key.partition("/")
    # Without a scheme a path is the part of the registry that the credentials are for, unless it is the API's.
    return host if scheme or not path or _API.fullmatch(slash + path) else key


def _read_entry(entry: object, path: Path, authority: str) -> Credentials | None:
    if not isinstance(entry, dict):
        raise KeychainError(f"{path}: what it has for {authority} is not a JSON object")
    fields = [entry.get(key) or "" for key in ("auth", "username", "password", "identitytoken")]
    if not all(isinstance(one, str) for one in fields):
        raise KeychainError(f"{path}: what it has for {authority} is not all text")
    auth, username, password, token = fields
    if auth:
        username, password = _read_pair(auth, path, authority)
    return Credentials(username, password, token) if password or token else None


def _read_pair(auth: str, path: Path, authority: str) -> tuple[str, str]:
    try:
        username, colon, password = base64.b64decode(auth, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        colon = ""
    if not colon:
        raise KeychainError(f"{path}: 'auth' of {authority} is not the base64 of USER:PASSWORD")
    # Old clients filled it up.
    return username, password.strip("\0")
