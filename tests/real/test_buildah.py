"""buildah: an image is built on what the registry has and goes straight back into it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.real import images
from tests.real.clients import Clients

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.product import Product


@pytest.fixture
def builder(product: Product, short_path: Path) -> Iterator[Clients]:
    if os.geteuid() != 0:
        pytest.skip("buildah keeps plain files in a folder of its own only for root")
    builder = Clients(product.ready, short_path / "home", product.ready.username, product.ready.password)
    yield builder
    builder.buildah("rm", "--all")
    builder.buildah("rmi", "--all", "--force")


def test_image_grows_by_a_layer(builder: Clients, repository: str, tmp_path: Path) -> None:
    trust = f"--cert-dir={builder.ready.cert_dir}"
    base = images.write_image(tmp_path / "base")
    builder.skopeo_push(base.source, repository, tag="base")
    (builder.home / "file").write_text("one more layer")

    container = builder.buildah("from", "--quiet", trust, builder.ref(repository, "base"))
    builder.buildah("copy", "--quiet", container, "file", "/file")
    builder.buildah("commit", "--quiet", trust, container, f"docker://{builder.ref(repository, 'grown')}")

    builder.skopeo_pull(repository, f"oci:{tmp_path / 'grown'}:v1", tag="grown")
    grown = images.read_layout(tmp_path / "grown")
    assert len(grown.layers()) == len(base.layers()) + 1
