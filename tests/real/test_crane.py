"""crane: a client that asks for every scope it needs, mounts across repositories and checks what it reads."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tests.real import images

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.clients import Clients
    from tests.real.images import Layout


def push(clients: Clients, layout: Layout, repository: str, *, tag: str = "v1") -> None:
    clients.crane("push", str(layout.path), clients.ref(repository, tag))


def test_image_comes_back_byte_for_byte(clients: Clients, repository: str, image: Layout, tmp_path: Path) -> None:
    push(clients, image, repository)
    clients.crane("pull", "--format=oci", clients.ref(repository), str(tmp_path / "pulled"))
    pulled = images.read_layout(tmp_path / "pulled")
    assert pulled.digest == image.digest
    assert images.contents(pulled) == images.contents(image)


def test_index_comes_back_with_every_platform(clients: Clients, repository: str, index: Layout, tmp_path: Path) -> None:
    push(clients, index, repository)
    clients.crane("pull", "--format=oci", clients.ref(repository), str(tmp_path / "pulled"))
    pulled = images.read_layout(tmp_path / "pulled")
    assert pulled.digest == index.digest
    assert images.contents(pulled) == images.contents(index)


def test_digest(clients: Clients, repository: str, image: Layout) -> None:
    push(clients, image, repository)
    assert clients.crane("digest", clients.ref(repository)) == image.digest


def test_validate_reads_every_layer(clients: Clients, repository: str, image: Layout) -> None:
    push(clients, image, repository)
    assert clients.crane("validate", "--remote", clients.ref(repository)).startswith("PASS")


def test_list(clients: Clients, repository: str, image: Layout) -> None:
    push(clients, image, repository, tag="b")
    push(clients, image, repository, tag="a")
    assert clients.crane("ls", clients.ref(repository).removesuffix(":v1")).splitlines() == ["a", "b"]


def test_tag_by_name_only(clients: Clients, repository: str, image: Layout) -> None:
    push(clients, image, repository)
    clients.crane("tag", clients.ref(repository), "stable")
    assert clients.crane("digest", clients.ref(repository, "stable")) == image.digest


def test_copy_mounts_instead_of_uploading(clients: Clients, repository: str, image: Layout) -> None:
    push(clients, image, repository)
    target = clients.ref(f"{repository}/copy")
    done = clients.attempt("crane", "--verbose", "copy", clients.ref(repository), target, trust=True)
    assert done.code == 0, done
    mounts = re.findall(r"--> POST \S+mount=sha256%3A\w+", done.err)
    assert len(mounts) == len(image.layers()) + 1, done
    assert "--> PATCH" not in done.err, done


def test_copy_keeps_the_digest(clients: Clients, repository: str, index: Layout) -> None:
    push(clients, index, repository)
    clients.crane("copy", clients.ref(repository), clients.ref(f"{repository}/copy"))
    assert clients.crane("digest", clients.ref(f"{repository}/copy")) == index.digest


def test_blob_by_digest(clients: Clients, repository: str, image: Layout) -> None:
    push(clients, image, repository)
    config = image.manifest()["config"]["digest"]
    read = clients.crane("blob", clients.ref(repository, config))
    assert json.loads(read) == json.loads(image.read(config))


def test_delete_by_digest(clients: Clients, repository: str, image: Layout) -> None:
    push(clients, image, repository)
    clients.crane("delete", clients.ref(repository, image.digest))
    done = clients.attempt("crane", "manifest", clients.ref(repository), trust=True)
    assert done.code != 0, done
    assert "MANIFEST_UNKNOWN" in done.err, done
