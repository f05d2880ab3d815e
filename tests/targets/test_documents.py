"""Pages and sheets: each is read back by a reader of its format, and says what the rule set says."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final

import pytest

from seawall.firewall.need import Flow, Purpose
from seawall.firewall.rules import Exposure, Rule, RuleSet, Way
from seawall.firewall.targets.documents import TARGETS, document
from seawall.servicetags.prefixes import AddressSet
from tests.targets.rule_sets import DEDICATED, by_name, every_rule_set

if TYPE_CHECKING:
    from collections.abc import Mapping

RULE_SETS = every_rule_set()
EVIL: Final = 'a "quoted", <script>alert(1)</script>\n| next | [link](javascript:alert(1)) `code` *bold* \'&amp; 1;2'
# Ends when its parent ends, or another of the listed begins.
OPTIONAL_END: Final = {
    "li": {"li"},
    "td": {"td", "th", "tr"},
    "th": {"td", "th", "tr"},
    "tr": {"tr"},
}
VOID: Final = {"meta", "br", "link", "img", "input", "hr"}


def render(name: str, rules: RuleSet) -> str:
    return TARGETS[name].formats[name](rules)


def destinations(rule: Rule) -> list[str]:
    return [*rule.names, *rule.tags, *rule.addresses.cidrs]


def every_destination(rules: RuleSet) -> list[str]:
    return [one for rule in rules.rules for one in destinations(rule)]


def hostile() -> RuleSet:
    """A rule set whose words were written by somebody who means harm."""
    flow = Flow(
        "a.test", Purpose.LOGIN, EVIL, 'https://example.test/?a=1&b="><script>', regions=("eastus",), extra=True
    )
    rule = Rule(flow, names=("a.test",), addresses=AddressSet.of(["192.0.2.0/24"]))
    return RuleSet(
        DEDICATED, Way.NAME, (rule,), Exposure(names=1, more=(EVIL,)), notes=(EVIL,), basis="<b>Public</b> 1"
    )


@pytest.mark.parametrize("name", RULE_SETS)
def test_text_is_every_destination_once_and_nothing_else(name: str) -> None:
    text = render("text", RULE_SETS[name])
    assert text.endswith("\n")
    assert text.splitlines() == list(dict.fromkeys(every_destination(RULE_SETS[name])))


@pytest.mark.parametrize("name", RULE_SETS)
def test_csv_reads_back(name: str) -> None:
    rules = RULE_SETS[name]
    rows = list(csv.DictReader(io.StringIO(render("csv", rules), newline=""), strict=True))
    wanted = [
        {
            "destination": one,
            "port": str(rule.flow.port),
            "purpose": rule.flow.purpose.value,
            "region": " ".join(rule.flow.regions),
            "reason": rule.flow.why,
            "optional": "yes" if rule.flow.extra else "no",
            "source": rule.flow.source,
        }
        for rule in rules.rules
        for one in destinations(rule)
    ]
    assert rows == wanted
    assert wanted


def test_csv_keeps_hostile_words_in_their_cell() -> None:
    [first, second] = csv.DictReader(io.StringIO(render("csv", hostile()), newline=""), strict=True)
    assert first["reason"] == second["reason"] == EVIL
    assert (first["destination"], second["destination"]) == ("a.test", "192.0.2.0/24")


@pytest.mark.parametrize("name", RULE_SETS)
def test_csv_holds_nothing_that_a_spreadsheet_would_run(name: str) -> None:
    for row in csv.reader(io.StringIO(render("csv", RULE_SETS[name]), newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


@pytest.mark.parametrize("name", RULE_SETS)
def test_json_is_complete(name: str) -> None:
    """Put together again from the document, the rules are the same."""
    rules = RULE_SETS[name]
    read = json.loads(render("json", rules))
    assert read == json.loads(json.dumps(document(rules)))
    assert read["title"] == rules.title
    assert read["way"] == rules.way
    assert (read["basis"] or "") == rules.basis
    assert tuple(read["notes"]) == rules.notes
    opened = read["exposure"]
    assert rules.exposure == Exposure(
        opened["names"],
        opened["wildcards"],
        opened["ipv4_addresses"],
        opened["ipv6_addresses"],
        tuple(opened["also_opens"]),
    )
    assert tuple(map(rule_of, read["rules"])) == tuple(
        # By which tags a flow could be recognised is not part of what is opened.
        dataclasses.replace(rule, flow=dataclasses.replace(rule.flow, tags=()))
        for rule in rules.rules
    )


def rule_of(item: Mapping[str, object]) -> Rule:
    flow = Flow(
        host=str(item["host"]),
        purpose=Purpose(str(item["purpose"])),
        why=str(item["why"]),
        source=str(item["source"]),
        regions=texts(item["regions"]),
        port=int(str(item["port"])),
        extra=item["optional"] is True,
    )
    return Rule(flow, texts(item["names"]), texts(item["tags"]), AddressSet.of(texts(item["prefixes"])))


def texts(value: object) -> tuple[str, ...]:
    assert isinstance(value, list)
    return tuple(map(str, value))


def cells(line: str) -> list[str]:
    """Part a row of a Markdown table at the bars that are not escaped."""
    parts = re.split(r"(?<!\\)\|", line)
    assert parts[0] == parts[-1] == "", line
    return [part.strip() for part in parts[1:-1]]


def shown(text: str) -> str:
    """What a reader of Markdown sees of escaped text."""
    return re.sub(r"\\([\\`*_\[\]<>|])", r"\1", text)


@pytest.mark.parametrize("name", RULE_SETS)
def test_markdown_table_is_well_formed(name: str) -> None:
    rules = RULE_SETS[name]
    lines = render("markdown", rules).splitlines()
    assert lines[0] == f"# Firewall rules for {rules.title}"
    at = next(at for at, line in enumerate(lines) if line.startswith("|"))
    assert lines[at - 1] == ""
    head, rule_line, *rows = lines[at:]
    assert all(re.fullmatch(r":?-+:?", cell) for cell in cells(rule_line))
    assert len(cells(head)) == len(cells(rule_line)) == 5
    assert len(rows) == len(rules.rules)
    for row, rule in zip(map(cells, rows), rules.rules, strict=True):
        assert len(row) == 5
        assert re.findall(r"`([^`]*)`", row[0]) == destinations(rule)
        assert row[1] == str(rule.flow.port)
        assert shown(row[3]).removesuffix(" (optional)") == rule.flow.why
        assert row[4] == f"<{rule.flow.source}>"
    for note in rules.notes:
        assert f"- Note: {note}" in map(shown, lines)


def test_markdown_shows_hostile_words_and_obeys_none() -> None:
    lines = render("markdown", hostile()).splitlines()
    assert sum(line.startswith("|") for line in lines) == 3
    [row] = [cells(line) for line in lines if line.startswith("| `")]
    assert len(row) == 5
    assert shown(row[3]) == " ".join(EVIL.split()) + " (optional)"
    for text in [row[3], *(line for line in lines if not line.startswith("|"))]:
        assert not re.search(r"(?<!\\)[<>`\[\]*|]", text), text


class Page(HTMLParser):
    """Reads a page, minds that what is opened is closed, and keeps what is of interest."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text: dict[str, list[str]] = {}
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        while self.open and tag in OPTIONAL_END.get(self.open[-1], ()):
            self.open.pop()
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open[-1] != tag and self.open[-1] in OPTIONAL_END:
            self.open.pop()
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and data.strip():
            self.text.setdefault(self.open[-1], []).append(data)

    def handle_entityref(self, name: str) -> None:
        raise AssertionError(name)


def page(text: str) -> Page:
    assert text.startswith("<!doctype html>\n")
    read = Page()
    read.feed(text)
    read.close()
    assert read.open == []
    return read


@pytest.mark.parametrize("name", RULE_SETS)
def test_html_is_well_formed_and_says_everything(name: str) -> None:
    rules = RULE_SETS[name]
    text = render("html", rules)
    read = page(text)
    seen = {word for data in read.text.values() for one in data for word in one.split()}
    assert {word for one in every_destination(rules) for word in one.split()} <= seen
    assert read.text["title"] == read.text["h1"] == [f"Firewall rules for {rules.title}"]
    assert read.tags.count("tr") == len(rules.rules) + 1
    for note in rules.notes:
        assert f"Note: {note}" in read.text["li"]
    cells_read = [one.strip() for one in read.text["td"]]
    for rule in rules.rules:
        assert rule.flow.why + (" (optional)" if rule.flow.extra else "") in cells_read


@pytest.mark.parametrize("name", RULE_SETS)
def test_html_fetches_nothing(name: str) -> None:
    text = render("html", RULE_SETS[name])
    read = page(text)
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & set(read.tags)
    fetching = {"src", "srcset", "background", "data", "action", "poster"}
    assert not [one for one in read.attributes if one[1] in fetching or one[1].startswith("on")]
    assert all(tag == "a" for tag, name, _ in read.attributes if name == "href")
    assert "@import" not in text
    assert "url(" not in text
    policies = [value for _, name, value in read.attributes if name == "content" and "default-src" in value]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_html_escapes_hostile_words() -> None:
    read = page(render("html", hostile()))
    assert "script" not in read.tags
    assert read.tags.count("a") == 1
    assert [value for tag, name, value in read.attributes if (tag, name) == ("a", "href")] == [
        'https://example.test/?a=1&b="><script>'
    ]
    assert f"{EVIL} (optional) " in read.text["td"]
    assert f"Note: {EVIL}" in read.text["li"]
    assert "From the service-tag file <b>Public</b> 1." in read.text["li"]


@pytest.mark.parametrize(("count", "folded"), [(1, 0), (8, 0), (9, 1)])
def test_html_folds_long_lists_away(count: int, folded: int) -> None:
    [rule, *_] = by_name(DEDICATED).rules
    many = Rule(rule.flow, addresses=AddressSet.of(f"192.0.2.{2 * at}" for at in range(count)))
    read = page(render("html", RuleSet(DEDICATED, Way.IP, (many,), Exposure(v4=count))))
    assert read.tags.count("details") == folded
