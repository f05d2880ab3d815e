"""Comparing what a registry holds with what it promised."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

from tests.real.images import digest_of
from tests.real.load import ABSENT, Content
from tests.real.registry import Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType

    from tests.real.load import Journal
    from tests.real.product import Ready

READERS = 3
Item = TypeVar("Item")


def each(check: Callable[[Item], None], items: Iterable[Item]) -> None:
    with ThreadPoolExecutor(READERS) as pool:
        list(pool.map(check, items))


class Audit:
    """Reads through the front door and collects every broken promise."""

    def __init__(self, ready: Ready, journal: Journal) -> None:
        self.faults: list[str] = []
        self._journal = journal
        names = {content.repository for content in journal.asked}
        self._doors = {name: Repository(ready, name) for name in sorted(names)}
        self._whole: set[Content] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for door in self._doors.values():
            door.__exit__(kind, error, trace)

    def everything(self) -> None:
        self.promises(list(self._journal.promised))
        self.doubts(self._journal.in_doubt())
        self.tags(list(self._journal.tags))
        self.listings()

    def promises(self, contents: Sequence[Content]) -> None:
        each(self._check_promise, contents)

    def doubts(self, contents: Sequence[Content]) -> None:
        each(self._check_doubt, contents)

    def tags(self, tags: Sequence[tuple[str, str]]) -> None:
        each(lambda tag: self._check_tag(*tag), tags)

    def listings(self, newest: int | None = None) -> None:
        """Check that what is listed is what was pushed, all of it, and readable down to its last byte."""
        for name, door in self._doors.items():
            listed = set(door.tags())
            known = {tag: named for (owner, tag), named in self._journal.tags.items() if owner == name}
            lost = [tag for tag, named in known.items() if ABSENT not in named and tag not in listed]
            self.faults += [f"{name}:{tag} is not listed" for tag in lost]
            self.faults += [f"{name}:{tag} is listed, but nobody pushed it" for tag in listed - known.keys()]
            there = [tag for tag in known if tag in listed]
            each(partial(self._check_listed, name), there if newest is None else there[-newest:])

    def _check_promise(self, content: Content) -> None:
        if not self._is_there(content):
            self.faults.append(f"{content} was acknowledged and is gone")

    def _check_doubt(self, content: Content) -> None:
        self._is_there(content)

    def _check_tag(self, name: str, tag: str) -> None:
        allowed = self._journal.tags[name, tag]
        answer = self._doors[name].get("manifests", tag)
        named = ABSENT if answer.status_code == 404 else digest_of(answer.content)
        if answer.status_code not in {200, 404} or named not in allowed:
            told = f"{answer.status_code} {named}"
            self.faults.append(f"{name}:{tag} names {told}, not one of {sorted(allowed)}")

    def _check_listed(self, name: str, tag: str) -> None:
        answer = self._doors[name].get("manifests", tag)
        if answer.status_code != 200:
            self.faults.append(f"{name}:{tag} is listed but answers {answer.status_code}")
            return
        manifest = json.loads(answer.content)
        for part in (manifest["config"], *manifest["layers"]):
            if not self._is_there(Content(name, "blobs", part["digest"])):
                self.faults.append(f"{name}:{tag} is listed without {part['digest']}")

    def _is_there(self, content: Content) -> bool:
        """Whether content is whole; absent is fine here, anything between is a fault."""
        if content in self._whole:
            return True
        answer = self._doors[content.repository].get(content.kind, content.digest)
        if answer.status_code == 200 and digest_of(answer.content) == content.digest:
            self._whole.add(content)
            return True
        if answer.status_code != 404:
            self.faults.append(f"{content} answers {answer.status_code} with {len(answer.content)} bytes")
        return False
