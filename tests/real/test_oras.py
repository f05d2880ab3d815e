"""oras: artifacts that are not images, and what refers to them."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.clients import Clients

KIND = "application/vnd.example.report"
SIGNATURE = "application/vnd.example.signature"


@pytest.fixture
def file(clients: Clients) -> Path:
    path = clients.home / "report.bin"
    path.write_bytes(os.urandom(700_000))
    return path


def push(clients: Clients, repository: str, file: Path, tag: str = "v1") -> str:
    told = clients.oras("push", "--format=json", f"--artifact-type={KIND}", clients.ref(repository, tag), file.name)
    return str(json.loads(told)["digest"])


def attach(clients: Clients, repository: str, kind: str) -> str:
    note = clients.home / "note.txt"
    note.write_text(f"a note of kind {kind}")
    annotation = ("--annotation", "org.example.by=seawall")
    told = clients.oras(
        "attach",
        "--format=json",
        f"--artifact-type={kind}",
        *annotation,
        clients.ref(repository),
        note.name,
    )
    return str(json.loads(told)["digest"])


def discover(clients: Clients, repository: str, *options: str) -> list[dict[str, Any]]:
    told = clients.oras("discover", "--format=json", *options, clients.ref(repository))
    referrers: list[dict[str, Any]] = json.loads(told).get("referrers") or []
    return referrers


def test_artifact_comes_back(clients: Clients, repository: str, file: Path, tmp_path: Path) -> None:
    push(clients, repository, file)
    clients.oras("pull", f"--output={tmp_path / 'pulled'}", clients.ref(repository))
    assert (tmp_path / "pulled" / file.name).read_bytes() == file.read_bytes()


def test_attached_artifact_is_discovered(clients: Clients, repository: str, file: Path) -> None:
    push(clients, repository, file)
    attached = attach(clients, repository, SIGNATURE)
    (referrer,) = discover(clients, repository)
    assert referrer["digest"] == attached
    assert referrer["artifactType"] == SIGNATURE
    assert referrer["annotations"]["org.example.by"] == "seawall"


def test_discover_by_artifact_type(clients: Clients, repository: str, file: Path) -> None:
    push(clients, repository, file)
    attach(clients, repository, SIGNATURE)
    wanted = attach(clients, repository, KIND)
    assert [found["digest"] for found in discover(clients, repository, f"--artifact-type={KIND}")] == [wanted]


def test_referrers_need_no_fallback_tag(clients: Clients, repository: str, file: Path) -> None:
    push(clients, repository, file)
    attach(clients, repository, SIGNATURE)
    told = clients.oras("repo", "tags", clients.ref(repository).removesuffix(":v1"))
    assert told.split() == ["v1"]


def test_recursive_copy_takes_the_referrers_along(clients: Clients, repository: str, file: Path) -> None:
    push(clients, repository, file)
    attached = attach(clients, repository, SIGNATURE)
    options = [option.replace("--", f"--{side}-", 1) for side in ("from", "to") for option in clients.oras_options()]
    source, target = clients.ref(repository), clients.ref(f"{repository}/copy")
    done = clients.attempt("oras", "copy", "--recursive", *options, source, target)
    assert done.code == 0, done
    assert [found["digest"] for found in discover(clients, f"{repository}/copy")] == [attached]


def test_manifest_delete_takes_it_from_the_referrers(clients: Clients, repository: str, file: Path) -> None:
    push(clients, repository, file)
    attached = attach(clients, repository, SIGNATURE)
    clients.oras("manifest", "delete", "--force", clients.ref(repository, attached))
    assert discover(clients, repository) == []


def test_blob_delete(clients: Clients, repository: str, file: Path) -> None:
    told = clients.oras("blob", "push", "--descriptor", clients.ref(repository).removesuffix(":v1"), file.name)
    digest = json.loads(told)["digest"]
    clients.oras("blob", "delete", "--force", clients.ref(repository, digest))
    done = clients.attempt(
        "oras", "blob", "fetch", "--output=-", *clients.oras_options(), clients.ref(repository, digest)
    )
    assert done.code != 0, done
    assert "not found" in done.err, done
