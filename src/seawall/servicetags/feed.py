"""Getting the weekly file, and keeping the last good one.

Microsoft's page links to a file whose name changes every week; it has no stable address. What comes from there is
verified before it takes the place of what is kept, so that a failed download, of which there are many, changes nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from seawall.durable import READABLE, replace_file
from seawall.neighbours import neighbours
from seawall.servicetags.snapshot import LARGEST_FILE, Snapshot, SnapshotError, read_snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from seawall.naming import Cloud

__all__ = ["FeedError", "Kept", "Shelf", "fetch", "read_file"]

_LINK: Final = re.compile(r"https://download\.microsoft\.com/download/[\w/.-]*/ServiceTags_[A-Za-z]+_\d{8}\.json")
_SECONDS: Final = 60.0


class FeedError(RuntimeError):
    """The file could not be had. The message says from where and why; what was kept is untouched."""


class Kept(NamedTuple):
    """What became of a file that was offered."""

    snapshot: Snapshot
    path: Path
    news: bool


class Shelf:
    """A directory with the last good file of each cloud."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, cloud: str) -> Path:
        """Return where the last good file of a cloud is, whether or not there is one."""
        return self._root / f"{cloud}.json"

    def load(self, cloud: str) -> Snapshot:
        """Read the last good file.

        Raises:
            FeedError: There is none yet.
            SnapshotError: Somebody damaged it.
        """
        path = self.path(cloud)
        if not path.exists():
            raise FeedError(
                f"there is no service-tag file of {cloud} in {self._root}; get it with 'seawall service-tags fetch', "
                "or say --service-tags FILE"
            )
        return read_file(path)

    def keep(self, data: bytes, where: str, cloud: str) -> Kept:
        """Verify a file and put it in the place of the last good one.

        Raises:
            SnapshotError: It is not good, or of another cloud; what was kept stays.
        """
        snapshot = read_snapshot(data, where)
        if snapshot.cloud != cloud:
            raise SnapshotError(f"{where}: this is the file of {snapshot.cloud}, not of {cloud}")
        path = self.path(cloud)
        try:
            news = read_file(path).fingerprint != snapshot.fingerprint
        except (OSError, SnapshotError):
            news = True
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, data, READABLE)
        return Kept(snapshot, path, news)


def read_file(path: Path) -> Snapshot:
    """Read and verify a file.

    Raises:
        OSError: It cannot be read.
        SnapshotError: It is not a service-tag file.
    """
    with path.open("rb") as file:
        return read_snapshot(file.read(LARGEST_FILE + 1), str(path))


def fetch(cloud: Cloud, url: str | None = None) -> tuple[bytes, str]:
    """Download the weekly file, through the proxy that the environment names (``HTTPS_PROXY``, ``NO_PROXY``).

    Args:
        cloud: Which cloud's.
        url: A mirror's address of the file itself; Microsoft's page when left out.

    Returns:
        The octets, not verified yet, and where they came from.

    Raises:
        FeedError: It could not be had.
    """
    import httpx  # noqa: PLC0415 - slow to import, and only needed here

    beside = neighbours(cloud)
    if url is None and beside is None:
        raise FeedError(f"{cloud.name} has no service tags; they are for Microsoft's clouds")
    page = beside.download if beside else ""
    try:
        with httpx.Client(follow_redirects=True, timeout=_SECONDS) as client:
            if url is None:
                match = _LINK.search(_get(client, page).decode("utf-8", "replace"))
                if match is None:
                    raise FeedError(f"{page} has no link to the weekly file; download it by hand and give it as a file")
                url = match[0]
            return _get(client, url), url
    except ImportError:
        raise FeedError("HTTPS_PROXY names a SOCKS proxy, which cannot be used here; name an HTTP proxy") from None
    # Proxies, addresses and bundles of certificates that make no sense are noticed in the oddest places.
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        words = str(error) or type(error).__name__
        raise FeedError(
            f"{url or page}: {words}. Behind a firewall, set HTTPS_PROXY, or fetch the file elsewhere and give it "
            "with --file"
        ) from None


def _get(client: object, url: str) -> bytes:
    import httpx  # noqa: PLC0415

    assert isinstance(client, httpx.Client)
    parts: list[bytes] = []
    size = 0
    with client.stream("GET", url) as answer:
        answer.raise_for_status()
        for part in answer.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > LARGEST_FILE:
                raise FeedError(f"{url}: more than {LARGEST_FILE} bytes came, which no service-tag file has")
    return b"".join(parts)
