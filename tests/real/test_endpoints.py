"""Dedicated data endpoints are switched while the registry serves."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.real.images import digest_of
from tests.real.product import Product
from tests.real.registry import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = os.urandom(200_000)
SOON = 5.0


@pytest.fixture
def switched(tmp_path: Path) -> Iterator[Product]:
    with Product(tmp_path) as running:
        yield running


def link(repository: Repository) -> str:
    return str(repository.expect(307, "GET", f"blobs/{digest_of(CONTENT)}").headers["Location"])


def wait_for_host(repository: Repository, host: str) -> None:
    """Every process must have heard of the change, so one good answer is not enough."""
    deadline = time.monotonic() + SOON
    while {urlsplit(link(repository)).netloc for _ in range(20)} != {host}:
        assert time.monotonic() < deadline, f"layers are still not read from {host}"
        time.sleep(0.05)


def test_layers_move_to_the_data_endpoint_and_back(switched: Product) -> None:
    ready = switched.ready
    with Repository(ready, "switched") as repository:
        repository.push_whole(CONTENT)
        wait_for_host(repository, ready.blob_endpoint)
        switched.update("--data-endpoints")
        wait_for_host(repository, ready.data_endpoint)
        assert repository.get("blobs", digest_of(CONTENT)).content == CONTENT
        switched.update("--no-data-endpoints")
        wait_for_host(repository, ready.blob_endpoint)
        assert repository.get("blobs", digest_of(CONTENT)).content == CONTENT
