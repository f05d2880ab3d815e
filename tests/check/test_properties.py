"""What holds of every mix of steps, every answer and header: nothing is lost, and nothing is believed too soon."""

from __future__ import annotations

import datetime
import json
import re
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.check.addresses import is_address, is_private
from seawall.check.cause import Cause
from seawall.check.comparison import compare
from seawall.check.diagnosis import diagnose
from seawall.check.http import Answer, printable
from seawall.check.journal import Journal, Spot
from seawall.check.manners import clock, throttle
from seawall.check.redirect import follow
from seawall.check.refusal import refusal
from seawall.check.report import Met
from seawall.check.step import Fault, Found, Kind, Place, Step, Verdict
from seawall.check.token import same_owner
from seawall.firewall.need import Need
from seawall.topology import Replica

if TYPE_CHECKING:
    from collections.abc import Sequence

SOME: Final = settings(max_examples=150, deadline=None)
HOSTS: Final = (
    *("myregistry.azurecr.io", "myregistry.eastus.data.azurecr.io", "a.blob.core.windows.net", "registry.example"),
    *("proxy.example", "10.0.0.1", "::1"),
)
NEEDS: Final = (
    None,
    Need(registry="myregistry", replicas=(Replica("eastus"), Replica("westus")), data_endpoints=True),
    Need(registry="myregistry", replicas=(Replica("eastus"),), private_link=True),
)


@st.composite
def steps(draw: st.DrawFn) -> Step:
    verdict = draw(st.sampled_from(Verdict))
    cause = draw(st.sampled_from(Cause)) if verdict in {Verdict.FAILED, Verdict.WARNING} else None
    return Step(
        kind=draw(st.sampled_from(Kind)),
        host=draw(st.sampled_from(HOSTS)),
        port=draw(st.sampled_from((443, 5000))),
        place=draw(st.sampled_from(Place)),
        verdict=verdict,
        said=draw(st.sampled_from(("this", "that"))),
        cause=cause,
    )


def met_at(taken: Sequence[Step]) -> tuple[Met, ...]:
    found = {
        (one.host, one.port): Met(one.host, one.port, one.place, ("20.0.0.1",), "direct", reached=True) for one in taken
    }
    return tuple(found.values())


@SOME
@given(st.lists(steps(), max_size=12), st.sampled_from(NEEDS), st.booleans(), st.booleans())
def test_diagnosis(taken: list[Step], need: Need | None, public: bool, pulled: bool) -> None:
    met = met_at(taken)
    comparison = compare(need, met, None, pulled=pulled)
    problems = diagnose(taken, met, comparison, need, public=public)
    order = [problem.fatal for problem in problems]
    assert order == sorted(order, reverse=True)
    told = {host for problem in problems for host in problem.hosts}
    assert {one.host for one in taken if one.verdict is Verdict.FAILED} <= told
    for problem in problems:
        assert problem.hosts
        assert problem.meaning.endswith(".")
        assert "{" not in problem.fix + problem.meaning
    if not any(one.verdict in {Verdict.FAILED, Verdict.WARNING} for one in taken):
        assert {problem.cause for problem in problems} <= {Cause.UNPLANNED}


@SOME
@given(st.lists(steps(), max_size=12), st.sampled_from(NEEDS), st.booleans())
def test_comparison(taken: list[Step], need: Need | None, pulled: bool) -> None:
    met = met_at(taken)
    comparison = compare(need, met, None, pulled=pulled)
    assert set(comparison.missing) <= {one.host for one in met}
    assert set(comparison.surplus) <= set(comparison.planned)
    assert pulled or not comparison.surplus
    assert need is not None or comparison.missing == ()


HEADERS: Final = (
    "location",
    "server",
    "via",
    "retry-after",
    "content-type",
    "www-authenticate",
    "date",
    "x-ratelimit-remaining",
)
LATIN: Final = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=40)
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("errors", "code", "message", "x")), inner, max_size=3)
    ),
    max_leaves=8,
)
BODIES: Final = st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode())


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    return Answer(
        draw(st.integers(200, 599)),
        draw(st.dictionaries(st.sampled_from(HEADERS), LATIN)),
        draw(BODIES),
        whole=True,
        seconds=0.0,
    )


def is_fit(said: str, evidence: Sequence[tuple[str, str]]) -> None:
    """What a journal makes of it can be shown."""
    told: list[Step] = []
    Journal(told.append).find(Kind.CHALLENGE, Spot("registry.example", 443, Place.LOGIN), Found(said, tuple(evidence)))
    for words in (told[0].said, *(part for pair in told[0].evidence for part in pair)):
        assert words.isprintable()


@SOME
@given(answers(), st.booleans(), st.booleans())
def test_refusal(answer: Answer, signed_in: bool, known: bool) -> None:
    fault = refusal(answer, "it", signed_in=signed_in, known=known)
    is_fit(fault.said, fault.evidence)
    if answer.status == 429 and not answer.is_page:
        assert fault.cause is Cause.THROTTLED


@SOME
@given(answers())
def test_manners(answer: Answer) -> None:
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    found = clock(answer, now)
    is_fit(found.said, found.evidence)
    told = throttle([answer])
    if told is not None:
        is_fit(told.said, told.evidence)


class Door:
    """As much of a door as reading a redirect takes."""

    spot = Spot("registry.example", 443, Place.LOGIN)
    authority = "registry.example"


PARTS: Final = st.sampled_from(
    (
        *("https:", "http:", "//", "/", "\\", "@", ":", "[", "]", "::1", "127.1", "0x7f.1", "10.0.0.1", "data.example"),
        *(
            "a b",
            "?sig=x",
            "#y",
            "%40",
            "%2e",
            "..",
            ".",
            "443",
            "99999",
            "-1",
            "user",
            "\t",
            "\r\n",
            "\x1b",
            "é",
            "xn--a",
        ),
        *("169.254.169.254", "2130706433", "fe80::1%25eth0", "::ffff:10.0.0.1", "A.EXAMPLE", "javascript:", "0", "_"),
    )
)
LOCATIONS: Final = st.lists(PARTS, max_size=8).map("".join) | st.text(max_size=30)
_NAME: Final = re.compile(r"[a-z0-9_.-]{1,253}")


@pytest.mark.parametrize("public", [False, True])
def test_redirects(*, public: bool) -> None:
    @settings(max_examples=1500, deadline=None)
    @given(LOCATIONS)
    def follows(location: str) -> None:
        answer = Answer(307, {"location": location}, b"", whole=True, seconds=0.0)
        door: Any = Door()
        try:
            link, found = follow(answer, door, "/v2/app/blobs/x", public=public)
        except Fault as fault:
            is_fit(fault.said, fault.evidence)
            return
        host, port, _ = link.spot
        assert link.url.startswith("https://")
        assert is_address(host) or _NAME.fullmatch(host)
        # The last label of a name is no number, or it is an address in disguise.
        assert is_address(host) or not host.rpartition(".")[2][:1].isdigit()
        assert 0 < port < 1 << 16
        assert link.target.startswith("/")
        assert link.target.isascii()
        assert link.target.isprintable()
        assert " " not in link.target
        assert not (public and is_address(host) and is_private(host))
        is_fit(found.said, found.evidence)
        assert link.target == "/" or link.target.partition("?")[2] == "" or link.target not in str(found)

    follows()


NAMES: Final = st.lists(
    st.sampled_from(("a", "b", "registry", "co", "uk", "com", "azurecr", "io", "auth")), min_size=1, max_size=4
).map(".".join)


@settings(max_examples=25, deadline=None)  # the list of public suffixes is slow to read
@given(NAMES, NAMES)
def test_owners(one: str, other: str) -> None:
    assert same_owner(one, one)
    assert same_owner(one, other) == same_owner(other, one)
    if same_owner(one, other) and one != other:
        # Both are at least two labels under something, and no cloud's registries are one owner's.
        assert not one.endswith(".azurecr.io")
        assert "." in one
        assert "." in other


@SOME
@given(st.text(max_size=500), st.integers(10, 300))
def test_printable(text: str, longest: int) -> None:
    shown = printable(text, longest)
    assert shown.isprintable()
    assert len(shown) <= longest
    assert shown == shown.strip()


SECRETS: Final = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=20)


@SOME
@given(SECRETS, SECRETS, st.integers(0, 30))
def test_secrets_are_blotted_out(secret: str, other: str, fill: int) -> None:
    told: list[Step] = []
    journal = Journal(told.append)
    journal.hide(secret, other)
    words = f"{'.' * fill}{secret}{other} {secret.lower()}"
    spot = Spot("registry.example", 443, Place.LOGIN)
    journal.fail(Kind.TOKEN, spot, Fault(Cause.SIGN_IN, words, ("Server", words), (words, "x")))
    for text in (told[0].said, *(part for pair in told[0].evidence for part in pair)):
        for one in (secret, other):
            assert one in "[secret]" or one not in text.replace("[secret]", "")
