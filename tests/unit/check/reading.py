"""Reading what a check has written, more strictly than browsers do."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final
from xml.etree import ElementTree as ET

__all__ = ["HTML", "SVG", "elements", "hidden", "html_elements", "is_ours", "text_of"]

Element = tuple[str, tuple[tuple[str, str], ...]]

_NAMESPACE: Final = re.compile(r"^\{http://www\.w3\.org/2000/svg\}")

SVG: Final[dict[str, frozenset[str]]] = {
    "svg": frozenset(("xmlns", "class", "role", "width", "height", "viewBox", "aria-labelledby")),
    "title": frozenset(("id",)),
    "desc": frozenset(("id",)),
    "style": frozenset(),
    "rect": frozenset(("class", "x", "y", "width", "height", "rx")),
    "path": frozenset(("class", "d", "transform")),
    "circle": frozenset(("class", "cx", "cy", "r")),
    "text": frozenset(("class", "x", "y")),
}
"""Every element of a picture, and its attributes."""

_BARE: Final = ("head", "title", "style", "body", "main", "footer", "section", "figure", "h1", "h2", "dl", "dt", "dd")
_BARE_TOO: Final = ("ol", "ul", "li", "div", "code", "table", "caption", "thead", "tbody", "td")
HTML: Final[dict[str, frozenset[str]]] = {
    **SVG,
    **dict.fromkeys((*_BARE, *_BARE_TOO), frozenset[str]()),
    "title": frozenset(("id",)),
    "html": frozenset(("lang",)),
    "meta": frozenset(("charset", "name", "content", "http-equiv")),
    "p": frozenset(("class",)),
    "h3": frozenset(("class",)),
    "span": frozenset(("class",)),
    "tr": frozenset(("class",)),
    "th": frozenset(("scope", "colspan")),
    "pre": frozenset(("tabindex", "role", "aria-label")),
}
"""Every element of a page, and its attributes."""


def hidden(text: str) -> set[str]:
    """Every character that is not seen, or that changes how others are: what must not be."""
    return {one for one in text if not one.isprintable()} - {"\n"}


def parse(text: str) -> ET.Element:
    """Read as XML, which forgives nothing."""
    return ET.fromstring(text.removeprefix("<!DOCTYPE html>"))


def elements(text: str) -> list[Element]:
    """Every element as an XML reader sees them, in order."""
    return [(_NAMESPACE.sub("", one.tag), tuple(one.attrib.items())) for one in parse(text).iter()]


def text_of(text: str, *, within: str = "") -> list[str]:
    """The text of every element, or of those with a name or class."""
    wanted = [
        one
        for one in parse(text).iter()
        if not within or _NAMESPACE.sub("", one.tag) == within or within in one.get("class", "").split()
    ]
    return ["".join(one.itertext()) for one in wanted]


class _Reader(HTMLParser):
    """As browsers read: tags as they come."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple((name, value or "") for name, value in attrs)))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def html_elements(text: str) -> list[Element]:
    """Every element as an HTML reader sees them, in order."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.found


def is_ours(found: list[Element], known: dict[str, frozenset[str]]) -> bool:
    """Say whether there is no element and no attribute besides those known."""
    return all(tag in known and known[tag] >= {name for name, _ in attributes} for tag, attributes in found)
