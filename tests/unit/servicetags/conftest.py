"""The real weekly files, unpacked once; and a server to get files from."""

from __future__ import annotations

import shutil
import tarfile
from typing import TYPE_CHECKING, Final

import pytest

from seawall.naming import PUBLIC
from tests.support.website import Reply, Website
from tests.support.weekly import REAL_FILES
from tests.unit.servicetags.microsoft import GOOD, LINK, PAGES, page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(scope="session")
def real_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory with the real files, and the failed downloads in ``broken``."""
    if not REAL_FILES.exists():
        pytest.skip(f"{REAL_FILES} with the real weekly files is not there")
    root = tmp_path_factory.mktemp("weekly")
    with tarfile.open(REAL_FILES) as archive:
        archive.extractall(root, filter="data")
    yield root / "servicetags"
    # They are large, and pytest keeps its directories for a while.
    shutil.rmtree(root)


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def site() -> Iterator[Website]:
    """A server with a good file, asked directly."""
    with Website() as found:
        found.pages["/tags.json"] = Reply(GOOD)
        yield found


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture
def microsoft(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Website]:
    """Microsoft's page and file, at their own addresses: behind a proxy, as for a client behind a wall."""
    with Website(certificates) as found:
        monkeypatch.setenv("HTTPS_PROXY", found.url)
        monkeypatch.setenv("SSL_CERT_FILE", str(found.authority_file))
        found.pages[PAGES[PUBLIC]] = page(LINK)
        found.pages[LINK] = Reply(GOOD)
        yield found
