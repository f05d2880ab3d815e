"""Getting the weekly file, and keeping the last good one.

Microsoft's page links to a file whose name changes every week; it has no stable address. What comes from there is
verified before it takes the place of what is kept, so that a failed download, of which there are many, changes nothing.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from seawall.durable import READABLE, replace_file
from seawall.neighbours import neighbours
from seawall.servicetags.chronicle import Chronicle
from seawall.servicetags.snapshot import LARGEST_FILE, Snapshot, SnapshotError, read_snapshot

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    import httpx

    from seawall.naming import Cloud

__all__ = ["FeedError", "Kept", "Shelf", "fetch", "read_file", "read_octets"]

_LINK: Final = re.compile(r"https://download\.microsoft\.com/download/[\w/.-]*/ServiceTags_[A-Za-z]+_\d{8}\.json")
_DAY: Final = re.compile(r"_(\d{8})[^/]*\.json$")
_IDLE_SECONDS: Final = 60.0
_WHOLE_SECONDS: Final = 600.0


class FeedError(RuntimeError):
    """The file could not be had. The message says from where and why; what was kept is untouched."""


class Kept(NamedTuple):
    """What became of a file that was offered."""

    snapshot: Snapshot
    path: Path
    news: bool


class Shelf:
    """A directory with the last good file of each cloud, and with notes about those before it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, cloud: str) -> Path:
        """Return where the last good file of a cloud is, whether or not there is one."""
        return self._root / f"{cloud}.json"

    def chronicle(self, cloud: str) -> Chronicle:
        """Return what was noted about a cloud's files."""
        return Chronicle(self._root / f"{cloud}.history.jsonl")

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
            FeedError: It is older than what is kept, as mirrors may be.
        """
        snapshot = read_snapshot(data, where)
        if snapshot.cloud != cloud:
            raise SnapshotError(f"{where}: this is the file of {snapshot.cloud}, not of {cloud}")
        path = self.path(cloud)
        try:
            kept = read_file(path)
        except (OSError, SnapshotError):
            kept = None
        if kept is not None and snapshot.change < kept.change:
            raise FeedError(
                f"{where}: this is an older file, number {snapshot.change}, than the one that is kept, {kept.change}; "
                f"remove {path} if it is what you want"
            )
        news = kept is None or kept.fingerprint != snapshot.fingerprint
        path.parent.mkdir(parents=True, exist_ok=True)
        if news:
            # Noted first: whoever is killed in between gets the same file again, and notes it once.
            self.chronicle(cloud).note(_day_of(where), kept, snapshot)
        replace_file(path, data, READABLE)
        return Kept(snapshot, path, news)


def _day_of(where: str) -> date:
    """Say of which day a file is: Microsoft puts it into the name; else it is today's."""
    named = _DAY.search(where)
    try:
        day = datetime.strptime(named[1], "%Y%m%d") if named else None  # noqa: DTZ007 - a day has no zone
    except ValueError:
        day = None
    return (day or datetime.now(UTC)).date()


def read_octets(path: Path) -> bytes:
    """Read a file, and no more of it than a service-tag file may have.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return file.read(LARGEST_FILE + 1)


def read_file(path: Path) -> Snapshot:
    """Read and verify a file.

    Raises:
        OSError: It cannot be read.
        SnapshotError: It is not a service-tag file.
    """
    return read_snapshot(read_octets(path), str(path))


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
    if beside is None:
        raise FeedError(f"{cloud.name} has no service tags; they are for Microsoft's clouds")
    try:
        client = httpx.Client(follow_redirects=True, timeout=_IDLE_SECONDS)
    except ImportError:
        raise FeedError("HTTPS_PROXY names a SOCKS proxy, which cannot be used here; name an HTTP proxy") from None
    except (httpx.InvalidURL, ValueError, OSError) as error:
        # Nothing else goes into it.
        raise FeedError(f"SSL_CERT_FILE, SSL_CERT_DIR or HTTPS_PROXY cannot be used: {error}") from None
    with client:
        if url is None:
            links = _LINK.findall(_get(client, beside.download).decode("utf-8", "replace"))
            if not links:
                raise FeedError(
                    f"{beside.download} has no link to the weekly file; download it by hand, and give --file"
                )
            # The day is what the name ends with; there may be two weeks on the page.
            url = max(links, key=lambda link: link[-len("20251020.json") :])
        return _get(client, url), url


def _get(client: httpx.Client, url: str) -> bytes:
    import httpx  # noqa: PLC0415

    parts: list[bytes] = []
    size, until = 0, time.monotonic() + _WHOLE_SECONDS
    try:
        with client.stream("GET", url) as answer:
            if answer.status_code != httpx.codes.OK:
                raise FeedError(
                    f"{url}: the server answered {answer.status_code} {answer.reason_phrase}; try again later"
                )
            for part in answer.iter_bytes():
                parts.append(part)
                size += len(part)
                if size > LARGEST_FILE:
                    raise FeedError(f"{url}: more than {LARGEST_FILE} bytes came, which no service-tag file has")
                if time.monotonic() > until:
                    raise FeedError(f"{url}: it was not here after {_WHOLE_SECONDS:.0f} seconds; try again later")
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        words = str(error) or type(error).__name__
        advice = (
            "a wall that looks into TLS has an authority of its own: name its file in SSL_CERT_FILE"
            if "CERTIFICATE" in words.upper()
            else "behind a firewall, set HTTPS_PROXY, or fetch the file elsewhere and give it with --file"
        )
        raise FeedError(f"{url}: {words}; {advice}") from None
    return b"".join(parts)
