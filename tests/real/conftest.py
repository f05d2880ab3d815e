"""The product and its images, for every real client."""

from __future__ import annotations

import re
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.real import images
from tests.real.clients import Clients
from tests.real.product import Product

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.real.images import Layout


@pytest.fixture(scope="session", params=[(), ("--data-endpoints",)], ids=["shared", "dedicated"])
def product(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A running registry, once with layers from the shared blob endpoint, once with dedicated ones."""
    with Product(tmp_path_factory.mktemp("product"), *request.param) as running:
        yield running


@pytest.fixture
def clients(product: Product, tmp_path: Path) -> Clients:
    """The client programs of the registry's administrator."""
    return Clients(product.ready, tmp_path / "home", product.ready.username, product.ready.password)


@pytest.fixture
def short_path() -> Iterator[Path]:
    """An empty folder with a short name: podman keeps sockets below it, whose names have a limit."""
    with tempfile.TemporaryDirectory(prefix="seawall-", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def repository(request: pytest.FixtureRequest) -> str:
    """A repository that nobody else uses."""
    words = re.sub("[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    return f"real/{words}/{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return images.write_image(tmp_path_factory.mktemp("image") / "layout")


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return images.write_index(tmp_path_factory.mktemp("index") / "layout")
