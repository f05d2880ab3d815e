"""The stores that are held to the contract. A new one is added to ``STORES``; nothing else has to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from seawall.blobs.directory import DirectoryBlobs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from seawall.blobs.contract import BlobStore

    type_of_opener = Callable[[], BlobStore]

STORES: Final = {"directory": DirectoryBlobs}


@pytest.fixture(params=STORES)
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> type_of_opener:
    """Open the store; every call is another object over the same bytes, as another process or a restart has it."""
    make = STORES[request.param]
    return lambda: make(tmp_path)


@pytest.fixture
def store(open_store: type_of_opener) -> BlobStore:
    return open_store()
