"""Where descriptions of registries come from: files, standard input, a node's configuration, a running Seawall."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Final

from seawall.cli.output import fail

__all__ = ["decoded", "read_source"]

_SECONDS: Final = 20.0
_PATH: Final = "/v2/_seawall/endpoints"


def read_source(source: str, registry: str | None) -> str:
    """Read a description, as JSON.

    Args:
        source: ``-``, a path, or the address of a running Seawall.
        registry: Which registry, where a node has several.
    """
    if source.startswith("https://"):
        return _ask(source.rstrip("/"))
    if source.endswith(".toml"):
        return _node(Path(source), registry)
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        return decoded(data)
    except OSError as error:
        fail(f"--from: {source}: {error.strerror}")
    except UnicodeDecodeError:
        fail(f"--from: {source}: this is not text")


def decoded(data: bytes, errors: str = "strict") -> str:
    """Read text as UTF-8, with a mark or without, or as the UTF-16 that PowerShell pipes.

    Raises:
        UnicodeDecodeError: It is neither, and ``errors`` is strict.
    """
    return data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig", errors)


def _ask(url: str) -> str:
    """Ask a running Seawall, with the user name and password of the environment or of ``~/.netrc``."""
    import httpx  # noqa: PLC0415 - slow to import, and only needed here

    user, password = os.environ.get("SEAWALL_USERNAME"), os.environ.get("SEAWALL_PASSWORD")
    try:
        answer = httpx.get(f"{url}{_PATH}", timeout=_SECONDS, auth=(user, password or "") if user else None)
    except (httpx.HTTPError, httpx.InvalidURL, ImportError, ValueError, OSError) as error:
        fail(f"--from: {url}: {error}; SSL_CERT_FILE names its certificate authority if it has its own", 1)
    if answer.status_code == 401:
        fail(f"--from: {url} wants to know who asks: set SEAWALL_USERNAME and SEAWALL_PASSWORD, or write ~/.netrc", 1)
    if answer.status_code != 200:
        fail(f"--from: {url}: this is no Seawall (status {answer.status_code}); give what 'az acr show' prints", 1)
    return answer.text


def _node(config: Path, name: str | None) -> str:
    """Describe a registry of a node on this machine, from its configuration and its database."""
    from seawall.cli.place import opened, the_registry  # noqa: PLC0415
    from seawall.server.settings import SettingsError, load_settings  # noqa: PLC0415
    from seawall.topology import endpoints  # noqa: PLC0415

    try:
        settings = load_settings(config)
    except SettingsError as error:
        fail(f"--from: {error}")
    with opened(None, config) as database:
        registry = the_registry(database, name.partition(".")[0] if name else None)
    login, *data = endpoints(settings.cloud, registry)
    port = "" if settings.public_port == 443 else f":{settings.public_port}"
    shown = [{"region": one.region, "endpoint": f"{one.host}{port}"} for one in data]
    return json.dumps({"loginServer": f"{login.host}{port}", "dataEndpoints": shown})
