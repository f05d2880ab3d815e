"""A report as one HTML page, for those who mend walls and were not there. Pure.

The page needs nothing else and runs nothing. It is well-formed XML besides, so that every reader sees the same in it.
"""

from __future__ import annotations

import re
from datetime import UTC
from html import escape
from typing import TYPE_CHECKING, Final

from seawall.check.frame import PAGE
from seawall.check.picture import picture
from seawall.check.stations import DIRECT, stations
from seawall.check.step import Verdict
from seawall.check.wording import (
    KINDS,
    SIGNS,
    VERDICTS,
    authority,
    closing,
    duration,
    plain,
    plain_lines,
    title,
    whose,
)
from seawall.wildcards import covers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from seawall.check.report import Comparison, Problem, Report
    from seawall.check.stations import Station
    from seawall.check.step import Step

__all__ = ["page"]

_FACTS: Final = ("Checked", "Image", "From the machine", "Began", "Took", "Asked", "Ranges from")
_TOOK: Final = "{seconds}, of at most {bound}"
_SWITCH: Final = "Would this client still pull after the switch to dedicated data endpoints?"
_PULL: Final = "Does a pull work from this machine?"

_WAY: Final = "The way of the pull"
_PROBLEMS: Final = "What is in the way"
_NO_PROBLEM: Final = "Nothing is in the way."
_TO_DO: Final = "To do: {fix}"
_SEEN: Final = "What was seen:"
_ONLY_WARNS: Final = "A pull works in spite of this."

_OPEN: Final = "What to open"
_NOTHING_TO_OPEN: Final = "Nothing has to be opened for what was found."
_OPEN_CAPTION: Final = "Connections from {client} and its like that a firewall has to let through"
_RULE: Final = re.compile(r"TCP (\d{1,5}) to (.+)")

_RULES: Final = "The rules in the firewall's language"
_RULES_FOR: Final = "The rules for {language}"
_SELECT: Final = "A click into the box selects all of it."

_STEPS: Final = "Every step"
_STEPS_CAPTION: Final = "What was tried at each host, in the order of a pull"
_NO_STEPS: Final = "Nothing was tried."
_GROUP: Final = "{host}: {place}"

_MET: Final = "Hosts and addresses that were met"
_MET_CAPTION: Final = "Every host on the way, and where it was found"
_NONE_MET: Final = "No host was met."
_DIRECTLY: Final = "directly"
_YES: Final = "yes"
_NO: Final = "no"

_COMPARED: Final = "Beside the planned rules"
_UNKNOWN: Final = "No rules are known for this registry to compare with."
_AGREES: Final = "Every host that was met is in the planned rules."
_AGREES_WHOLLY: Final = "Every host and address that was met is in the planned rules."
_MISSING: Final = "Hosts that were met and that no rule is for:"
_MISSING_ADDRESSES: Final = "Addresses that were met and that are in none of the planned ranges:"
_SURPLUS: Final = "Planned, and of no use to this pull; other pulls may need it"


def page(report: Report, rules_text: str = "", language: str = "") -> str:
    """Write a report as a page.

    Args:
        report: What was found.
        rules_text: What a wall has to be told, in its own language.
        language: Which wall that is.
    """
    parts = [
        _facts(report),
        _section(_PROBLEMS, _problems(report)),
        _section(_OPEN, _to_open(report)),
    ]
    if rules_text:
        heading = _RULES_FOR.format(language=plain(language)) if language else _RULES
        parts.append(_section(heading, _rules(heading, rules_text)))
    parts += [
        _section(_WAY, f"<figure>{picture(report)}</figure>"),
        _section(_STEPS, _steps(report)),
        _section(_MET, _hosts(report)),
        _section(_COMPARED, "".join(_comparison(report.comparison))),
    ]
    verdict = f'<p class="verdict {report.verdict.value}">{SIGNS[report.verdict]} {escape(closing(report))}</p>'
    return PAGE.format(title=escape(title(report)), body=verdict + "\n".join(parts))


def _section(heading: str, body: str) -> str:
    return f"<section>\n<h2>{escape(heading)}</h2>\n{body}\n</section>"


def _facts(report: Report) -> str:
    values = (
        report.subject,
        report.image,
        report.client,
        report.began.astimezone(UTC).isoformat(" ", "seconds").replace("+00:00", " UTC"),
        _TOOK.format(seconds=duration(report.seconds), bound=duration(report.bound)),
        _SWITCH if report.before_switch else _PULL,
        report.comparison.basis,
    )
    pairs = zip(_FACTS, map(plain, values), strict=True)
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{escape(value)}</dd>' for name, value in pairs if value)}</dl>"


def _problems(report: Report) -> str:
    if not report.problems:
        return _paragraph(_NO_PROBLEM)
    return f"<ol>{''.join(map(_problem, report.problems))}</ol>"


def _problem(problem: Problem) -> str:
    verdict = Verdict.FAILED if problem.fatal else Verdict.WARNING
    parts = [
        f'<h3 class="{verdict.value}">{SIGNS[verdict]} {_text(problem.meaning)}</h3>',
        _paragraph(_TO_DO.format(fix=problem.fix)),
        _paragraph(whose(problem)),
    ]
    if not problem.fatal:
        parts.append(_paragraph(_ONLY_WARNS))
    if problem.evidence:
        parts.append(_paragraph(_SEEN) + _list(problem.evidence))
    return f"<li>{''.join(parts)}</li>"


def _to_open(report: Report) -> str:
    rows: dict[tuple[str, str], str] = {}
    for problem in report.problems:
        for rule in problem.rules:
            match = _RULE.fullmatch(rule)
            port, host = match.groups() if match else ("", rule)
            rows.setdefault((host, port), _reason(host, problem, report.comparison))
    if not rows:
        return _paragraph(_NOTHING_TO_OPEN)
    cells = ((_code(host), port, _text(why)) for (host, port), why in rows.items())
    return _table(_OPEN_CAPTION.format(client=plain(report.client)), ("Host", "TCP port", "Why"), cells)


def _reason(host: str, problem: Problem, comparison: Comparison) -> str:
    planned = (flow.why for flow in comparison.planned if covers(flow.host, host))
    return next(planned, None) or problem.meaning


def _rules(heading: str, rules_text: str) -> str:
    # Focus, so that those without a mouse can scroll in it.
    text = escape(plain_lines(rules_text))
    return f'{_paragraph(_SELECT)}<pre tabindex="0" role="region" aria-label="{escape(heading)}">{text}</pre>'


def _steps(report: Report) -> str:
    if not report.steps:
        return _paragraph(_NO_STEPS)
    heads = ("Step", "Result", "Found", "Details", "Time")
    groups = "".join(_station(one, len(heads)) for one in stations(report.steps, report.met) if one.steps)
    return f"<table>{_head(_STEPS_CAPTION, heads)}{groups}</table>"


def _station(station: Station, columns: int) -> str:
    name = _GROUP.format(host=station.name, place=station.place.value)
    head = f'<tr class="group"><th colspan="{columns}" scope="rowgroup">{escape(name)}</th></tr>'
    return f"<tbody>{head}{''.join(map(_step, station.steps))}</tbody>"


def _step(step: Step) -> str:
    details = "".join(f"<div>{escape(plain(name))}: {escape(plain(value))}</div>" for name, value in step.evidence)
    verdict = f'<span class="{step.verdict.value}">{SIGNS[step.verdict]} {VERDICTS[step.verdict]}</span>'
    time = "" if step.verdict is Verdict.SKIPPED else f"<span>{duration(step.seconds)}</span>"
    return _row((KINDS[step.kind], verdict, _text(step.said), details, time))


def _hosts(report: Report) -> str:
    if not report.met:
        return _paragraph(_NONE_MET)
    rows = (
        (
            _code(authority(one.host, one.port)),
            _text(one.place.value),
            "".join(f"<div>{_code(address)}</div>" for address in one.addresses),
            _text(_DIRECTLY if one.way == DIRECT else one.way),
            _YES if one.reached else _NO,
        )
        for one in report.met
    )
    return _table(_MET_CAPTION, ("Host", "What it is", "Addresses", "Reached by", "Reached"), rows)


def _comparison(comparison: Comparison) -> Iterator[str]:
    if not comparison.planned:
        yield _paragraph(_UNKNOWN)
    elif not comparison.missing and not comparison.missing_addresses:
        yield _paragraph(_AGREES_WHOLLY if comparison.basis else _AGREES)
    if comparison.missing:
        yield _paragraph(_MISSING) + _list(comparison.missing)
    if comparison.missing_addresses:
        yield _paragraph(_MISSING_ADDRESSES) + _list(comparison.missing_addresses)
    if comparison.surplus:
        rows = ((_code(one.host), str(one.port), _text(one.why)) for one in comparison.surplus)
        yield _table(_SURPLUS, ("Host", "TCP port", "Why it is planned"), rows)


def _text(text: str) -> str:
    return escape(plain(text))


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"


def _paragraph(text: str) -> str:
    return f"<p>{_text(text)}</p>"


def _list(texts: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{_text(one)}</li>' for one in texts)}</ul>"


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return f"<table>{_head(caption, heads)}<tbody>{''.join(map(_row, rows))}</tbody></table>"


def _head(caption: str, heads: Sequence[str]) -> str:
    cells = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    return f"<caption>{escape(caption)}</caption><thead><tr>{cells}</tr></thead>"


def _row(cells: Sequence[str]) -> str:
    first, *others = cells
    return f'<tr><th scope="row">{first}</th>{"".join(f"<td>{one}</td>" for one in others)}</tr>'
