"""The portal: its pages as an operator's browser asks for them, and how much the first ones are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin

from bench.client import UnexpectedAnswerError
from bench.operators_ask import Ask, Case
from bench.operators_content import GREAT, OTHERS, repository, tag
from bench.operators_pages import spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import httpx

    from bench.operators_node import Desk

PAGE = 100
"""Entries on one page of a list."""
MOST_OCTETS = 100 * 1024
"""Aim for a first page with all that it names."""
_LOADING = re.compile(rb"@import|url\(|\bimport\b|\bfetch\(|XMLHttpRequest|\.src\b|<(?:image|use|script|style)\b")
"""What makes a browser ask for more, in a style sheet, a script or a picture."""


def of_portal(desk: Desk) -> list[Case]:
    """Every page, where there is most to show on it."""
    content = desk.content
    amounts, portal = content.amounts, f"{desk.node.management}/portal"
    registry = f"{portal}/registries/{content.registry}"
    many, great, networking = f"{registry}/repositories", f"{registry}/repositories/{GREAT}", f"{registry}/networking"
    teams, place = spread(amounts.repositories, PAGE), spread(amounts.tags, PAGE)
    subject = content.digests[-1]

    def page(title: str, url: str | Callable[[int], str], *texts: str | Callable[[int], str], rows: int = 0) -> Case:
        """A page that has some texts on it, and a table of so many rows."""

        def holds(number: int, answer: httpx.Response) -> bool:
            wanted = [one if isinstance(one, str) else one(number) for one in texts]
            return all(one in answer.text for one in wanted) and answer.text.count('<th scope="row">') >= rows

        return Case(
            title,
            lambda number: Ask("GET", url if isinstance(url, str) else url(number), desk.browser),
            holds,
        )

    return [
        page("list of registries", portal, content.registry, desk.node.service),
        page("overview", registry, "more than 10,000" if amounts.tags >= 10_000 else "Essentials"),
        page(f"repositories ({amounts.repositories:,}), first page", many, f">{GREAT}<", rows=PAGE),
        page(
            "· `after=`",
            lambda number: f"{many}?after={repository(teams(number))}",
            lambda number: f">{repository(teams(number) + 1)}<",
            rows=PAGE,
        ),
        page(
            "· `begins=`",
            lambda number: f"{many}?begins={repository(teams(number))[:7]}",
            lambda number: f">{repository(teams(number))}<",
            rows=PAGE,
        ),
        page(f"one repository ({amounts.tags:,} tags), first page", great, f">{tag(0)}<", rows=PAGE),
        page(
            "· `after=`",
            lambda number: f"{great}?after={tag(place(number))}",
            lambda number: f">{tag(place(number) + 1)}<",
            rows=PAGE,
        ),
        page(
            "· `before=`",
            lambda number: f"{great}?before={tag(place(number))}",
            lambda number: f">{tag(place(number) - 1)}<",
            rows=PAGE,
        ),
        page(
            "· `begins=`",
            lambda number: f"{great}?begins={tag(place(number))}",
            lambda number: f">{tag(place(number))}<",
            rows=1,
        ),
        page(
            "image, by tag",
            lambda number: f"{great}:{tag(place(number))}",
            lambda number: f">{content.digests[place(number)]}<",
        ),
        page(
            f"image, by digest, with {amounts.referrers} referrers", f"{great}@{quote(subject)}", content.referrers[0]
        ),
        page(
            f"networking ({amounts.ranges} rules, {amounts.clients:,} clients)",
            networking,
            f"And {amounts.clients - 10:,} more",
            "127.0.0.1/32",
            rows=amounts.ranges,
        ),
        page(
            f"private access ({amounts.private_endpoints} private endpoints)",
            f"{networking}/private",
            "office000",
            rows=amounts.private_endpoints * (len(OTHERS) + 2),
        ),
        page("firewall rules", f"{networking}/rules", desk.node.service.partition(":")[0]),
        page("firewall rules for squid", f"{networking}/rules?to=squid&switching=yes", "acl "),
        page("replicas", f"{registry}/replicas", "<svg", *OTHERS, rows=len(OTHERS) + 1),
        *_forms(desk, networking),
    ]


def _forms(desk: Desk, networking: str) -> Iterator[Case]:
    """Signing in, and saving what the tutorial saves."""
    proof = re.search(r'name="proof" value="([0-9a-f]+)"', desk.ask("GET", networking, headers=desk.browser).text)
    if proof is None:
        raise UnexpectedAnswerError("the page about networking has no form")

    def save(number: int) -> Ask:
        now, then = ("no", {"dedicated": "yes"}) if number % 2 == 0 else ("yes", {})
        fields = {"proof": proof[1], "was_dedicated": now, "access": "selected", "was_access": "selected", **then}
        return Ask("POST", networking, desk.browser, form=fields)

    yield Case("saving: dedicated data endpoints on, off", save, lambda _, answer: _said(answer), 303)
    yield Case(
        "signing in",
        lambda _: Ask("POST", f"{desk.node.management}/portal/sign-in", desk.stranger, form=desk.entry),
        lambda _, answer: answer.headers["location"] == "/portal",
        303,
    )


def _said(answer: httpx.Response) -> bool:
    return "-said-" in answer.headers["set-cookie"]


@dataclass(frozen=True, slots=True)
class Weight:
    """A page and all that it names: octets of the answers with their heads, and how many there are."""

    title: str
    octets: int
    files: int

    @property
    def met(self) -> bool:
        """Whether the aim is met."""
        return self.octets <= MOST_OCTETS


def first_pages(desk: Desk, client: httpx.Client) -> list[Weight]:
    """Weigh the page where one signs in, and the first one behind it, as a browser that has neither gets them.

    Raises:
        UnexpectedAnswerError: Something that a page names names something further, or is somewhere else.
    """
    portal = f"{desk.node.management}/portal"
    return [
        _weight("where one signs in", client, f"{portal}/sign-in", desk.stranger),
        _weight("the first page behind it", client, portal, desk.browser),
    ]


def _weight(title: str, client: httpx.Client, url: str, headers: Mapping[str, str]) -> Weight:
    answer = client.get(url, headers=headers)
    named = _Named()
    named.feed(answer.text)
    urls = sorted({urljoin(url, one) for one in named.urls})
    answers = [answer, *(client.get(one, headers=headers) for one in urls)]
    for one in answers:
        if one.status_code != 200 or one.url.host != answer.url.host or one.url.port != answer.url.port:
            raise UnexpectedAnswerError(f"{one.url}: {one.status_code}, or not at the portal's host")
    for one in answers[1:]:
        if found := _LOADING.search(one.content):
            raise UnexpectedAnswerError(f"{one.url} makes a browser ask for more: {found[0]!r}")
    if not urls or named.inline:
        raise UnexpectedAnswerError(f"{url} names {urls}, and has {named.inline} within it that were not looked at")
    return Weight(title, sum(map(_octets, answers)), len(urls))


def _octets(answer: httpx.Response) -> int:
    """Count what went over the connection, before encryption: status line, head and body."""
    head = f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}\r\n\r\n"
    fields = sum(len(name) + len(value) + len(": \r\n") for name, value in answer.headers.raw)
    return len(head) + fields + answer.num_bytes_downloaded


class _Named(HTMLParser):
    """What a browser fetches of its own accord when it reads a page."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at an element."""
        values = dict(attrs)
        url = values.get("href") if tag == "link" else values.get("src")
        if url:
            self.urls.append(url)
        elif tag in {"script", "style", "iframe", "object", "embed", "video", "audio", "source"}:
            self.inline.append(tag)
