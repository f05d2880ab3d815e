"""For people and programs: text, JSON, CSV, Markdown and HTML; to read, to process, for a change request. Pure."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from typing import TYPE_CHECKING, Any, Final

from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import Ability, Target, Wildcard
from seawall.firewall.targets.words import summary

if TYPE_CHECKING:
    from seawall.firewall.rules import Rule, RuleSet

__all__ = ["TARGETS", "document"]

_COLUMNS: Final = ("destination", "port", "purpose", "region", "reason", "optional", "source")


def _destinations(rule: Rule) -> list[str]:
    return [*rule.names, *rule.tags, *rule.addresses.cidrs]


def document(rules: RuleSet) -> dict[str, Any]:
    """Write a rule set as a JSON document."""
    opened = rules.exposure
    return {
        "title": rules.title,
        "way": rules.way.value,
        "basis": rules.basis or None,
        "rules": [
            {
                "host": rule.flow.host,
                "port": rule.flow.port,
                "purpose": rule.flow.purpose.value,
                "regions": list(rule.flow.regions),
                "why": rule.flow.why,
                "source": rule.flow.source,
                "optional": rule.flow.extra,
                "names": list(rule.names),
                "tags": list(rule.tags),
                "prefixes": list(rule.addresses.cidrs),
            }
            for rule in rules.rules
        ],
        "exposure": {
            "names": opened.names,
            "wildcards": opened.patterns,
            "ipv4_addresses": opened.v4,
            "ipv6_addresses": opened.v6,
            "also_opens": list(opened.more),
        },
        "notes": list(rules.notes),
    }


def _json(rules: RuleSet) -> str:
    return json.dumps(document(rules), indent=2, ensure_ascii=False) + "\n"


def _text(rules: RuleSet) -> str:
    """One destination a line and nothing else, for whatever reads lists."""
    lines = dict.fromkeys(f"{one}" for rule in rules.rules for one in _destinations(rule))
    return "".join(f"{line}\n" for line in lines)


def _csv(rules: RuleSet) -> str:
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(_COLUMNS)
    for rule in rules.rules:
        for one in _destinations(rule):
            writer.writerow((one, *_cells(rule)))
    return sheet.getvalue()


def _cells(rule: Rule) -> tuple[str, ...]:
    flow = rule.flow
    optional = "yes" if flow.extra else "no"
    return str(flow.port), flow.purpose.value, " ".join(flow.regions), flow.why, optional, flow.source


# What Markdown would take for formatting, a link, HTML or the next column.
_MARKUP: Final = re.compile(r"[\\`*_\[\]<>|]")


def _plain(text: str) -> str:
    """Write text so that Markdown shows it as it is, on one line."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split()))


def _markdown(rules: RuleSet) -> str:
    facts = list(summary(rules))[1:]
    lines = [f"# Firewall rules for {_plain(rules.title)}", "", *(f"- {_plain(line)}" for line in facts), ""]
    lines += ["| Destination | TCP port | For | Why | Source |", "|---|--:|---|---|---|"]
    for rule in rules.rules:
        flow = rule.flow
        what = "<br>".join(f"`{one}`" for one in _destinations(rule))
        why = _plain(flow.why) + (" (optional)" if flow.extra else "")
        lines.append(f"| {what} | {flow.port} | {flow.purpose} | {why} | <{flow.source}> |")
    return "\n".join(lines) + "\n"


_PAGE: Final = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24 }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ border-bottom: 1px solid #d0d7de; padding: .4rem .6rem; text-align: left; vertical-align: top }}
td.what {{ font-family: ui-monospace, monospace; white-space: nowrap }}
details summary {{ cursor: pointer }}
@media (prefers-color-scheme: dark) {{ body {{ background: #0d1117; color: #e6edf3 }} a {{ color: #4493f8 }} }}
</style>
<h1>{title}</h1>
<ul>{summary}</ul>
<table>
<thead><tr><th>Destination<th>TCP port<th>For<th>Why</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</html>
"""
_MANY: Final = 8
"""Destinations of one flow from which they are folded away."""


def _html(rules: RuleSet) -> str:
    title = html.escape(f"Firewall rules for {rules.title}")
    facts = "".join(f"<li>{html.escape(line)}" for line in list(summary(rules))[1:])
    return _PAGE.format(title=title, summary=facts, rows="\n".join(map(_row, rules.rules)))


def _row(rule: Rule) -> str:
    flow = rule.flow
    every = _destinations(rule)
    what = "<br>".join(map(html.escape, every))
    if len(every) > _MANY:
        what = f"<details><summary>{len(every)} ranges of {html.escape(flow.host)}</summary>{what}</details>"
    why = html.escape(flow.why) + (" (optional)" if flow.extra else "")
    source = html.escape(flow.source, quote=True)
    return (
        f'<tr><td class="what">{what}<td>{flow.port}<td>{flow.purpose}'
        f'<td>{why} <a href="{source}" rel="noreferrer">source</a></tr>'
    )


def _target(name: str, title: str, render: Any, suffix: str) -> Target:  # noqa: ANN401 - a Render
    return Target(
        name=name,
        title=title,
        ability=Ability(
            ways=(Way.NAME, Way.IP, Way.TAG, Way.PRIVATE_LINK),
            wildcard=Wildcard.LABEL,
            atomic="not applied by itself",
            source="docs/rules/README.md",
        ),
        formats={name: render},
        suffix={name: suffix},
    )


TARGETS: Final = {
    "text": _target("text", "a plain list", _text, ".txt"),
    "json": _target("json", "JSON", _json, ".json"),
    "csv": _target("csv", "a CSV sheet", _csv, ".csv"),
    "markdown": _target("markdown", "a Markdown page", _markdown, ".md"),
    "html": _target("html", "a web page", _html, ".html"),
}
"""By name."""
