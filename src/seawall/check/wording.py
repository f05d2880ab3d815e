"""The words in which a check is shown, the same on terminals, in pictures and on pages. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.check.step import Kind, Place, Verdict

if TYPE_CHECKING:
    from seawall.check.report import Problem, Report

__all__ = [
    "KINDS",
    "VERDICTS",
    "authority",
    "closing",
    "duration",
    "plain",
    "plain_lines",
    "title",
    "whose",
]

_HTTPS: Final = 443

KINDS: Final = {
    Kind.DNS: "name",
    Kind.TCP: "TCP",
    Kind.PROXY: "proxy",
    Kind.TLS: "TLS",
    Kind.CHALLENGE: "sign-in",
    Kind.TOKEN: "token",
    Kind.ENDPOINTS: "endpoints",
    Kind.MANIFEST: "manifest",
    Kind.REDIRECT: "redirect",
    Kind.BLOB: "layer",
    Kind.UPLOAD: "upload",
    Kind.ANSWER: "answer",
    Kind.CLOCK: "clock",
    Kind.THROTTLE: "rate",
    Kind.REPORT: "report",
}
"""A short name of every kind of step."""

VERDICTS: Final = {
    Verdict.OK: "works",
    Verdict.WARNING: "warning",
    Verdict.FAILED: "fails",
    Verdict.SKIPPED: "not tried",
}
"""Every verdict in a word or two."""

SIGNS: Final = {
    Verdict.OK: "\N{CHECK MARK}",
    Verdict.WARNING: "!",
    Verdict.FAILED: "\N{BALLOT X}",
    Verdict.SKIPPED: "\N{MIDDLE DOT}",
}
"""Every verdict in a character."""

_BREAKS: Final = "it breaks here"
_WILL_BREAK: Final = "it will break here"

_WHOSE: Final = "This is for whoever looks after the {whose}."

_TITLE: Final = "Check of {subject}"
_TITLE_OF_IMAGE: Final = "Check of {subject} with {image}"

_WORKS: Final = "A pull works"
_REACHED: Final = "Nothing stands in the way of a pull; no layer was fetched, since no image was named"
_READY: Final = "This client is ready for the switch to dedicated data endpoints"
_FAILS: Final = "A pull fails here"
_NOT_READY: Final = "This client is not ready for the switch to dedicated data endpoints"
_PLAIN_END: Final = "{what}."
_ONE_WARNING: Final = "{what}; there is one warning."
_WARNINGS: Final = "{what}; there are {count} warnings."


def plain(text: str) -> str:
    """Write text on one line of characters that are seen, whatever it came with.

    A character that would steer a terminal or turn the direction of reading is shown as a replacement character.
    """
    return " ".join("".join(one if one.isprintable() else _seen(one) for one in text).split())


def _seen(character: str) -> str:
    return " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"


def plain_lines(text: str) -> str:
    """Write text of several lines, such as a rule file, of characters that are seen; tabs stay."""
    unix = text.replace("\r\n", "\n")
    return "".join(one if one.isprintable() or one in "\n\t" else _seen(one) for one in unix)


def duration(seconds: float) -> str:
    """Write a time, as precisely as anybody wants it."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"


def authority(host: str, port: int) -> str:
    """Write a host, and its port where that is not the usual one."""
    name = plain(host)
    if port == _HTTPS:
        return name
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def breaks(place: Place) -> str:
    """Mark the host at which a pull breaks."""
    return _WILL_BREAK if place is Place.FUTURE else _BREAKS


def whose(problem: Problem) -> str:
    """Say in a sentence who can mend something."""
    return _WHOSE.format(whose=plain(problem.whose))


def title(report: Report) -> str:
    """Say what was checked."""
    said = not report.image or report.subject.endswith(f"/{report.image}")
    form = _TITLE if said else _TITLE_OF_IMAGE
    return form.format(subject=plain(report.subject), image=plain(report.image))


def closing(report: Report) -> str:
    """Say in a sentence how a check ended."""
    if report.verdict is Verdict.FAILED:
        what = _NOT_READY if report.before_switch else _FAILS
        return _PLAIN_END.format(what=what)
    what = _READY if report.before_switch else _WORKS if report.image else _REACHED
    count = len(report.problems)
    form = _WARNINGS if count > 1 else _ONE_WARNING if count else _PLAIN_END
    return form.format(what=what, count=count)
