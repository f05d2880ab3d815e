"""What a database held before every row had a place in a log, as an older Seawall wrote it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

import seawall.metadata
from seawall.blobs.digest import digest_of

__all__ = ["BLOB", "CONTENT", "IMAGE", "READINESS", "SCRIPTS", "SIGNATURE", "SWITCHES", "fill", "make"]

SCRIPTS: Final = Path(seawall.metadata.__file__).parent / "migrations"

IMAGE: Final = b'{"schemaVersion": 2}\n'
SIGNATURE: Final = b"\x00signature\xff"
BLOB: Final = digest_of(b"layer")
GONE: Final = digest_of(b"a deleted manifest")
UNKNOWN: Final = digest_of(b"never arrived")
NETWORK: Final = {"default_action": "deny", "ranges": ["192.0.2.0/24", "198.51.100.7/32", "2001:db8::/32"]}
TWO: Final = {"home": "eastus", "replicas": {"eastus": "account1", "westus": "account2"}, "tier": "Premium"}
ONE: Final = {"home": "eastus", "replicas": {"eastus": "account3"}, "tier": "Basic"}
SWITCHES: Final = {"data_endpoints": False, "anonymous_pull": True, "admin": False, "deletes": False}
CREDENTIALS: Final = {
    "password": {"identifier": "cred0001", "sha256": "0" * 64},
    "password2": {"identifier": "cred0002", "sha256": "1" * 64},
}

clocks = iter(range(1_700_000_000_000 << 16, 1 << 62, 1000))


def stamped(*, origin: str = "eastus", deleted: bool = False, **values: Any) -> dict[str, Any]:  # noqa: ANN401
    """A row as a region wrote it, later than those before it."""
    return {**values, "clock": next(clocks), "origin": origin, "deleted": deleted}


def registry(name: str, document: dict[str, Any], *, deleted: bool = False) -> dict[str, Any]:
    return stamped(registry=name, document=json.dumps(document | SWITCHES, sort_keys=True), deleted=deleted)


def principal(name: str, **values: Any) -> dict[str, Any]:  # noqa: ANN401
    document = {"credentials": CREDENTIALS, "scope_map": "team", "enabled": True, **values}
    deleted = document.pop("deleted", False)
    return stamped(registry="myregistry", name=name, document=json.dumps(document, sort_keys=True), deleted=deleted)


def manifest(body: bytes, digest: str = "", subject: str = "", repository: str = "team/app") -> dict[str, Any]:
    return stamped(
        registry="myregistry",
        repository=repository,
        digest=digest or digest_of(body),
        media_type="application/vnd.oci.image.manifest.v1+json",
        artifact_type="application/vnd.example.signature" if subject else "",
        subject=subject,
        size=len(body),
        annotations=json.dumps({"a": "b"}),
        body=body,
        deleted=bool(digest),
    )


def tag(name: str, body: bytes, *, deleted: bool = False, repository: str = "team/app") -> dict[str, Any]:
    digest = digest_of(body)
    return stamped(registry="myregistry", repository=repository, name=name, digest=digest, deleted=deleted)


def link(repository: str, digest: str, *, deleted: bool = False) -> dict[str, Any]:
    return stamped(registry="myregistry", repository=repository, digest=digest, deleted=deleted, origin="westus")


CONTENT: Final[dict[str, list[dict[str, Any]]]] = {
    "registry": [
        registry("myregistry", TWO | {"network": NETWORK}),
        # Written before there were network rules.
        registry("another", ONE),
        registry("removed", TWO, deleted=True),
    ],
    "principal": [principal("edge"), principal("disabled", enabled=False), principal("removed", deleted=True)],
    "scope_map": [
        stamped(registry="myregistry", name="team", document=json.dumps({"actions": ["repositories/*/content/read"]})),
        stamped(registry="myregistry", name="removed", document=json.dumps({"actions": []}), deleted=True),
    ],
    "signing_key": [
        stamped(purpose="link", name="first", secret=bytes(range(256))),
        stamped(purpose="link", name="removed", secret=b"", deleted=True),
        stamped(purpose="token", name="first", secret=b"token key"),
    ],
    "repository": [stamped(registry="myregistry", repository=name) for name in ("team/app", "team/base")],
    "blob": [{"digest": BLOB, "size": 5}, {"digest": digest_of(b"large"), "size": 2**40}],
    "blob_link": [
        link("team/app", BLOB),
        link("team/base", BLOB, deleted=True),
        link("team/base", digest_of(b"large")),
        link("team/app", UNKNOWN),
    ],
    "manifest": [
        manifest(IMAGE),
        manifest(SIGNATURE, subject=digest_of(IMAGE)),
        manifest(b"", digest=GONE),
        manifest(IMAGE, repository="team/base"),
    ],
    "tag": [
        tag("latest", IMAGE),
        tag("v1", IMAGE),
        tag("old", b"a deleted manifest", deleted=True),
        tag("v1", IMAGE, repository="team/base"),
    ],
    "settings_version": [{"one": 1, "version": 7}],
}
"""Rows by table, from revision 0001 on."""

READINESS: Final = stamped(
    registry="myregistry",
    principal="edge",
    client="build-7",
    address="192.0.2.7",
    document=json.dumps([{"region": "eastus", "host": "data.example", "ready": True, "cause": ""}]),
)
"""A row of the table that revision 0002 brought."""


def make(url: str, revision: str) -> None:
    """Make the tables that there were at a revision."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def fill(url: str, content: dict[str, list[dict[str, Any]]]) -> None:
    """Put rows into tables, as they are."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for table, rows in content.items():
            for row in rows:
                named = ", ".join(row)
                values = ", ".join(f":{name}" for name in row)
                connection.execute(text(f"INSERT INTO {table} ({named}) VALUES ({values})"), row)
    engine.dispose()
