"""A registry that was stopped and started again is the same registry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.real import images
from tests.real.clients import Clients
from tests.real.product import Product

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.real.images import Layout


@pytest.fixture
def restarted(tmp_path: Path, image: Layout) -> Iterator[Product]:
    """A registry that was stopped (by SIGTERM, with exit code 0) after a push."""
    with Product(tmp_path / "product", "--data-endpoints") as running:
        ready = running.ready
        owner = Clients(ready, tmp_path / "owner", ready.username, ready.password)
        owner.skopeo_push(image.source, "kept")
        running.stop()
        running.start()
        yield running


def test_what_was_pushed_before_pulls_after(restarted: Product, image: Layout, tmp_path: Path) -> None:
    ready = restarted.ready
    clients = Clients(ready, tmp_path / "home", ready.username, ready.password)
    clients.skopeo_pull("kept", f"oci:{tmp_path / 'pulled'}:v1")
    assert images.contents(images.read_layout(tmp_path / "pulled")) == images.contents(image)


def test_authority_and_password_stay(tmp_path: Path) -> None:
    with Product(tmp_path) as running:
        before = (running.ready.password, running.ready.ca_file, authority(running))
        running.stop()
        running.start()
        assert (running.ready.password, running.ready.ca_file, authority(running)) == before


def authority(product: Product) -> bytes:
    return Path(product.ready.ca_file).read_bytes()
