"""One weekly service-tag file: read, verified, and ready to answer. Pure.

A file that is not whole and sound is refused with the reason; there is no half-read one. What was found in years of
real files decides what is checked: failed downloads saved under the file's name (web pages, XML, nothing at all), a
number published twice with different content, regions spelled in three ways, dots that part no region.

Source of the format: Microsoft, "Azure IP Ranges and Service Tags", and "Virtual network service tags".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from seawall.servicetags.prefixes import AddressSet, PrefixError, parse_prefix, parse_prefixes

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Snapshot", "SnapshotError", "Tag", "TagMissingError", "read_snapshot"]

LARGEST_FILE: Final = 64 << 20
"""Octets. The real ones have 4 MB after five years of growing."""

_CLOUDS: Final = frozenset(("Public", "China", "AzureGovernment", "AzureGermany"))
_OWN_CLOUD: Final = re.compile(r"localhost|[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+")
"""What Seawall calls a cloud of somebody's own in the files it publishes: its domain."""
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_REGIONAL_SERVICES: Final = frozenset(("AzureContainerRegistry", "Storage", "MicrosoftContainerRegistry", "Seawall"))
"""Services whose tags have a region behind the dot, and nothing else: what they list is what regions there are."""


class SnapshotError(ValueError):
    """A file is no service-tag file. The message says what it is instead, and where the fault is."""


class TagMissingError(LookupError):
    """A file has no such tag. The message names those that are close."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A service tag: a name for address ranges.

    Attributes:
        name: Such as ``Storage.GermanyWestCentral``, in the spelling of the file, which Azure is particular about.
        service: What stands before the first dot.
        region: The region as host names have it (``germanywestcentral``); empty for tags that are for all of the cloud,
            though there may be a dot in their name (``AzureFrontDoor.FirstParty``).
        change: The tag's own number, which rises exactly when its content changes.
        prefixes: Its ranges as published.
    """

    name: str
    service: str
    region: str
    change: int
    prefixes: tuple[str, ...]


@dataclass(frozen=True)
class Snapshot:
    """All tags of one cloud in one week.

    Attributes:
        cloud: ``Public``, ``China``, ``AzureGovernment`` or ``AzureGermany``.
        change: The file's number. It has been published twice for different content, and raised for none: compare
            :attr:`fingerprint` instead.
        tags: By name.
    """

    cloud: str
    change: int
    tags: Mapping[str, Tag]
    _sets: dict[str, AddressSet] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def fingerprint(self) -> str:
        """Tell one content from another (hex SHA-256), whatever the file's number, line endings or order."""
        content = [(name, sorted(self.tags[name].prefixes)) for name in sorted(self.tags)]
        return hashlib.sha256(json.dumps([self.cloud, content]).encode()).hexdigest()

    @cached_property
    def regions(self) -> Mapping[str, str]:
        """The spelling of each region in tag names, by the one in host names: ``{"eastus": "EastUS"}``."""
        suffixes = (tag.name.partition(".")[2] for tag in self.tags.values() if tag.service in _REGIONAL_SERVICES)
        return {suffix.lower(): suffix for suffix in sorted(suffixes) if suffix}

    def tag(self, name: str) -> Tag:
        """Return a tag.

        Raises:
            TagMissingError: There is none of that name. It must never be taken for an empty one.
        """
        try:
            return self.tags[name]
        except KeyError:
            by_lower = {known.lower(): known for known in self.tags}
            close = get_close_matches(name.lower(), by_lower, n=3, cutoff=0.8)
            hint = f"; is it {' or '.join(by_lower[one] for one in close)}?" if close else ""
            raise TagMissingError(
                f"the {self.cloud} file number {self.change} has no service tag {name!r}{hint}"
            ) from None

    def addresses(self, name: str) -> AddressSet:
        """Return the addresses of a tag.

        Raises:
            TagMissingError: There is no such tag.
        """
        found = self._sets.get(name)
        if found is None:
            found = self._sets[name] = AddressSet.of(self.tag(name).prefixes)
        return found

    def lookup(self, text: str) -> list[Tag]:
        """Return the tags that hold all of an address or range, the most particular first.

        Raises:
            PrefixError: The text is neither.
        """
        span = parse_prefix(text)
        holding = [tag for tag in self.tags.values() if span in self.addresses(tag.name)]
        # A region says more than none, and few addresses more than many.
        return sorted(holding, key=lambda tag: (not tag.region, self._weight(tag.name, span[0]), tag.name))

    def _weight(self, name: str, family: int) -> int:
        return self.addresses(name).family(family).size


def read_snapshot(data: bytes, where: str) -> Snapshot:
    """Read and verify a weekly file.

    Args:
        data: Its octets.
        where: What to call it in messages, such as its path.

    Raises:
        SnapshotError: It is not a whole, sound service-tag file.
    """
    document = _json(data, where)
    cloud, change, values = (document.get(key) for key in ("cloud", "changeNumber", "values"))
    if not isinstance(cloud, str) or not (cloud in _CLOUDS or _OWN_CLOUD.fullmatch(cloud)):
        known = ", ".join(sorted(_CLOUDS))
        raise SnapshotError(f"{where}: cloud: {_short(cloud)} is none of {known}, nor a domain of one's own")
    if not isinstance(change, int) or isinstance(change, bool):
        raise SnapshotError(f"{where}: changeNumber: {_short(change)} is not a number")
    if not isinstance(values, list) or not values:
        raise SnapshotError(f"{where}: values: there are no service tags in it")
    return _snapshot(str(cloud), change, values, where)


def _snapshot(cloud: str, change: int, values: list[Any], where: str) -> Snapshot:
    spelled = _spellings(values)
    tags = [_tag(value, index, spelled, where) for index, value in enumerate(values)]
    try:
        # All at once, only to see that they can be read; a few tags will be asked for, and read again then. Nearly half
        # of all prefixes stand in several tags.
        parse_prefixes(set(chain.from_iterable(tag.prefixes for tag in tags)))
    except (PrefixError, TypeError):
        raise SnapshotError(f"{where}: {_fault(tags)}") from None
    by_name = {tag.name: tag for tag in tags}
    if len(by_name) != len(tags):
        twice = next(name for name, count in Counter(tag.name for tag in tags).items() if count > 1)
        raise SnapshotError(f"{where}: {twice}: this tag is there twice")
    return Snapshot(cloud, change, by_name)


def _fault(records: list[Tag]) -> str:
    """Find the tag and the prefix that cannot be read."""
    for record in records:
        prefixes: tuple[object, ...] = record.prefixes
        for prefix in prefixes:
            if not isinstance(prefix, str):
                return f"{record.name}: addressPrefixes: {_short(prefix)} is not a text"
            try:
                parse_prefix(prefix)
            except PrefixError as error:
                return f"{record.name}: addressPrefixes: {error}"
    raise AssertionError("all of them can be read one by one, and not together")


def _json(data: bytes, where: str) -> dict[str, Any]:
    if len(data) > LARGEST_FILE:
        raise SnapshotError(f"{where}: {len(data)} bytes are too many for a service-tag file; it has about 4 million")
    if not data.strip():
        raise SnapshotError(f"{where}: the file is empty; the download failed")
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:60]
        if start.startswith((b"{", b"[")):
            raise SnapshotError(f"{where}: the JSON is damaged or cut off ({error}); download it again") from None
        kind = "a web page or XML" if start.startswith(b"<") else "no JSON"
        raise SnapshotError(
            f"{where}: this is {kind}, not a service-tag file; it begins {start.decode('utf-8', 'replace')!r}. "
            "The download failed; try again"
        ) from None
    if not isinstance(document, dict):
        raise SnapshotError(f"{where}: this is JSON, but not a service-tag file")
    return document


def _tag(value: Any, index: int, spelled: Mapping[str, str], where: str) -> Tag:  # noqa: ANN401 - JSON
    try:
        name, properties = value["name"], value["properties"]
        change, prefixes, region = properties["changeNumber"], properties["addressPrefixes"], properties["region"]
    except (TypeError, KeyError, IndexError) as error:
        raise SnapshotError(f"{where}: values[{index}]: this is not a service tag ({error!r} is missing)") from None
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        # Names are written into rules and onto terminals.
        raise SnapshotError(f"{where}: values[{index}]: name: {_short(name)} is not made of letters, digits and dots")
    if value.get("id", name) != name:
        raise SnapshotError(f"{where}: values[{index}]: name and id must be one and the same")
    if not isinstance(change, int) or isinstance(change, bool) or not isinstance(region, str):
        raise SnapshotError(f"{where}: {name}: changeNumber must be a number, region a text")
    if not isinstance(prefixes, list) or not prefixes:
        # An empty tag would become a rule that lets nothing through.
        raise SnapshotError(f"{where}: {name}: addressPrefixes: there are none")
    service, _, suffix = name.partition(".")
    if region:
        region = spelled.get(suffix.lower()) or spelled.get(region, "")
    return Tag(name, service, region, change, tuple(prefixes))


def _spellings(values: list[Any]) -> dict[str, str]:
    """Say what regions are called in host names, by any of their spellings in lower case.

    ``region`` has spellings of its own (``germanywc``, ``isrealcentral``), which tags of ``AzureCloud`` have as well.
    Tags of services that exist in all regions show which is which.
    """
    spelled: dict[str, str] = {}
    suffixes = set()
    for value in values:
        try:
            service, _, suffix = value["name"].partition(".")
            region = value["properties"]["region"]
        except (TypeError, KeyError, IndexError, AttributeError):
            # Whatever is wrong with it is said when it is read.
            continue
        if suffix and region and isinstance(region, str) and service in _REGIONAL_SERVICES:
            spelled.setdefault(region, suffix.lower())
            suffixes.add(suffix.lower())
    # What stands behind a dot means itself: EastUS2Stage says that its region is eastus2, which is another one.
    return spelled | {suffix: suffix for suffix in suffixes}


def _short(value: object) -> str:
    return repr(value)[:60]
