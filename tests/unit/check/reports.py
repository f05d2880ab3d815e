"""Reports of every sort, as checks make them, and strategies for those that hostile servers would like to make."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from seawall.check.cause import ADVICE, Cause
from seawall.check.report import Comparison, Met, Problem, Report
from seawall.check.step import Kind, Place, Step, Verdict
from seawall.firewall.need import Flow, Need, Purpose, flows
from seawall.topology import Replica

if TYPE_CHECKING:
    from collections.abc import Callable

LOGIN: Final = "myregistry.azurecr.io"
EAST: Final = "myregistry.eastus.data.azurecr.io"
WEST: Final = "myregistry.westus.data.azurecr.io"
WILDCARD: Final = "*.blob.core.windows.net"
PROXY: Final = "proxy.corp.example"
WAY: Final = f"http://{PROXY}:3128"
REGIONS: Final = (
    *("australiaeast", "brazilsouth", "canadacentral", "eastus", "germanywestcentral", "israelcentral"),
    *("japaneast", "southafricanorth", "southeastasia", "switzerlandnorth", "uaenorth", "westus"),
)
PLANNED: Final = flows(
    Need(registry="myregistry", replicas=(Replica("eastus"), Replica("westus")), data_endpoints=True)
)


def step(
    kind: Kind,
    host: str = LOGIN,
    said: str = "",
    *,
    verdict: Verdict = Verdict.OK,
    place: Place = Place.LOGIN,
    port: int = 443,
    seconds: float = 0.012,
    cause: Cause | None = None,
    evidence: tuple[tuple[str, str], ...] = (),
) -> Step:
    """A step that went well, unless something else is said."""
    words = said or f"{kind.value} is well"
    return Step(
        kind=kind,
        host=host,
        port=port,
        place=place,
        verdict=verdict,
        said=words,
        evidence=evidence,
        seconds=seconds,
        cause=cause,
    )


def failed(kind: Kind, host: str, cause: Cause, said: str, **more: Any) -> Step:  # noqa: ANN401 - as step() takes them
    """A step at which it ended."""
    return step(kind, host, said, verdict=Verdict.FAILED, cause=cause, **more)


def met(host: str, place: Place, *, reached: bool = True, way: str = "direct", port: int = 443) -> Met:
    """A host that was on the way."""
    addresses = ("20.0.0.9", "2603:1000::9") if way == "direct" else ()
    return Met(host, port, place, addresses, way, reached)


def problem(
    cause: Cause, *hosts: str, fatal: bool = True, evidence: tuple[str, ...] = (), opens: bool = True
) -> Problem:
    """What a cause comes to, in its own words."""
    advice = ADVICE[cause]
    first = hosts[0] if hosts else "the registry"
    return Problem(
        cause=cause,
        hosts=hosts,
        meaning=f"{', '.join(hosts) or first} {advice.meaning}.",
        fix=f"To mend it, {advice.fix.format(host=first, port=443)}.",
        whose=advice.whose.value,
        fatal=fatal,
        rules=tuple(f"TCP 443 to {host}" for host in hosts) if opens else (),
        evidence=evidence,
    )


def way(host: str, place: Place, **more: Any) -> list[Step]:  # noqa: ANN401 - as step() takes them
    """A host that was reached: its name, a connection, TLS."""
    return [
        step(Kind.DNS, host, "2 addresses: public", place=place, evidence=(("A from 10.0.0.2", "20.0.0.9"),), **more),
        step(Kind.TCP, host, "connected over IPv4 and IPv6 in 20 ms", place=place, **more),
        step(Kind.TLS, host, "TLS 1.3, certificate of Example Authority", place=place, **more),
    ]


def login() -> list[Step]:
    """A login server with which all is well, down to the manifest."""
    more = (Kind.CHALLENGE, Kind.TOKEN, Kind.ENDPOINTS, Kind.MANIFEST, Kind.REDIRECT, Kind.CLOCK)
    return [*way(LOGIN, Place.LOGIN), *(step(kind) for kind in more)]


def report(**changes: Any) -> Report:  # noqa: ANN401 - as Report takes them
    """A report of a pull that works."""
    values: dict[str, Any] = {
        "subject": LOGIN,
        "image": "app:1",
        "began": datetime(2026, 11, 23, 8, 30, tzinfo=UTC),
        "seconds": 1.234,
        "bound": 30.0,
        "client": "build-7",
        "steps": (
            *login(),
            *way(EAST, Place.DATA),
            step(Kind.BLOB, EAST, "5.2 MB, as the digest promises", place=Place.DATA, seconds=0.8),
            *way(WEST, Place.REPLICA),
            step(Kind.ANSWER, WEST, place=Place.REPLICA),
        ),
        "met": (met(LOGIN, Place.LOGIN), met(EAST, Place.DATA), met(WEST, Place.REPLICA)),
        "problems": (),
        "comparison": Comparison(planned=PLANNED, basis="Public 374", surplus=(PLANNED[1],)),
    }
    return Report(**{**values, **changes})


def healthy() -> Report:
    """Everything is well."""
    return report()


def half_open() -> Report:
    """The login server is open, where layers are is not."""
    return report(
        steps=(
            *login(),
            step(Kind.DNS, EAST, place=Place.DATA),
            failed(
                Kind.TCP,
                EAST,
                Cause.DROPPED,
                "20.0.0.9: no answer in 5 seconds",
                place=Place.DATA,
                seconds=5.0,
                evidence=(("20.0.0.9", "no answer in 5 seconds"), ("2603:1000::9", "no answer in 5 seconds")),
            ),
            *way(WEST, Place.REPLICA),
        ),
        met=(met(LOGIN, Place.LOGIN), met(EAST, Place.DATA, reached=False), met(WEST, Place.REPLICA)),
        problems=(problem(Cause.DROPPED, EAST, evidence=("TCP: 20.0.0.9: no answer in 5 seconds",)),),
    )


def interception() -> Report:
    """TLS is opened at the data endpoint alone."""
    fault = failed(
        Kind.TLS,
        EAST,
        Cause.INTERCEPTION,
        "certificate of Corp Inspection CA, where the login server's is of Example Authority",
        place=Place.DATA,
        evidence=(("issuer", "CN=Corp Inspection CA"), ("issuer at " + LOGIN, "CN=Example Authority")),
    )
    return report(
        steps=(*login(), *way(EAST, Place.DATA)[:2], fault),
        met=(met(LOGIN, Place.LOGIN), met(EAST, Place.DATA, reached=False)),
        problems=(problem(Cause.INTERCEPTION, EAST, opens=False, evidence=("TLS: " + fault.said,)),),
    )


def proxy_login() -> Report:
    """A proxy wants to know who asks; one host is reached past it."""
    fault = failed(Kind.PROXY, LOGIN, Cause.PROXY_LOGIN, "the proxy answers 407 Proxy Authentication Required")
    return report(
        steps=(
            step(Kind.DNS, PROXY, place=Place.PROXY, port=3128),
            step(Kind.TCP, PROXY, place=Place.PROXY, port=3128),
            fault,
            *way(WEST, Place.REPLICA),
        ),
        met=(
            met(PROXY, Place.PROXY, port=3128),
            met(LOGIN, Place.LOGIN, way=WAY, reached=False),
            met(WEST, Place.REPLICA),
        ),
        problems=(problem(Cause.PROXY_LOGIN, LOGIN, opens=False),),
    )


def network_rule() -> Report:
    """The registry itself refuses the client."""
    fault = failed(Kind.CHALLENGE, LOGIN, Cause.NETWORK_RULE, "403 DENIED: client with IP '203.0.113.9' is not allowed")
    return report(
        steps=(*way(LOGIN, Place.LOGIN), fault),
        met=(met(LOGIN, Place.LOGIN),),
        problems=(problem(Cause.NETWORK_RULE, LOGIN, opens=False),),
    )


def black_hole() -> Report:
    """Nothing answers at all, and time is up."""
    return report(
        seconds=30.0,
        steps=(
            step(Kind.DNS),
            failed(Kind.TCP, LOGIN, Cause.DROPPED, "20.0.0.9: no answer in 30 seconds", seconds=29.9),
        ),
        met=(met(LOGIN, Place.LOGIN, reached=False),),
        problems=(problem(Cause.DROPPED, LOGIN), problem(Cause.UNFINISHED, LOGIN, fatal=False, opens=False)),
        comparison=Comparison(planned=PLANNED, missing_addresses=(f"{LOGIN} 20.0.0.9",), basis="Public 374"),
    )


def before_switch() -> Report:
    """Pulls work from shared storage, and will not once the switch is made."""
    blob = "sw0123456789.blob.core.windows.net"
    return report(
        steps=(
            *login(),
            *way(blob, Place.DATA),
            step(Kind.DNS, EAST, place=Place.FUTURE),
            failed(Kind.TCP, EAST, Cause.REFUSED, "20.0.0.9: connection refused", place=Place.FUTURE),
        ),
        met=(met(LOGIN, Place.LOGIN), met(blob, Place.DATA), met(EAST, Place.FUTURE, reached=False)),
        problems=(problem(Cause.REFUSED, EAST),),
        before_switch=True,
        comparison=Comparison(planned=PLANNED, missing=(blob,)),
    )


def unplanned() -> Report:
    """A registry that nothing is known to plan for."""
    return report(subject="ghcr.io", image="owner/app:1", comparison=Comparison())


def warned() -> Report:
    """A pull works, and something is amiss."""
    slow = step(Kind.THROTTLE, said="3 requests left", verdict=Verdict.WARNING, cause=Cause.THROTTLED)
    return report(
        steps=(*login(), slow, *way(EAST, Place.DATA)),
        met=(met(LOGIN, Place.LOGIN), met(EAST, Place.DATA)),
        problems=(problem(Cause.THROTTLED, LOGIN, fatal=False, opens=False),),
    )


def many_regions() -> Report:
    """Twelve regions, of which one is closed."""
    hosts = [f"a-registry-with-a-name-of-some-length.{region}.data.azurecr.io" for region in REGIONS]
    open_ones = [one for host in hosts if "westus" not in host for one in way(host, Place.REPLICA)]
    fault = failed(Kind.TCP, hosts[-1], Cause.DROPPED, "no answer in 5 seconds", place=Place.REPLICA, seconds=5.0)
    return report(
        steps=(*login(), *open_ones, step(Kind.DNS, hosts[-1], place=Place.REPLICA), fault),
        met=(met(LOGIN, Place.LOGIN), *(met(host, Place.REPLICA) for host in hosts)),
        problems=(problem(Cause.DROPPED, hosts[-1]),),
    )


SAMPLES: Final[dict[str, Callable[[], Report]]] = {
    one.__name__: one
    for one in (
        *(healthy, half_open, interception, proxy_login, network_rule, black_hole),
        *(before_switch, unplanned, warned, many_regions),
    )
}
"""By name."""

HOSTILE: Final = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "]]></style><b>",
    "&lt;b&gt; &amp; &#x202e;",
    "\x1b[31mred\x1b]0;title\x07\x9b2J",
    "abc\u202egpj.exe\u2066\u200b\ufeff",
    "[bold red]x[/] [link=http://x]y[/link] :warning: \\[",
    "line\r\nbreak\ttab\x00\u2028end",
    "\ud800lone \ufffe\uffff",
    "{subject} %s {0} {{",
    "--> <!-- </pre></table></svg></title>",
)

words = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(), max_size=40),
    st.text(st.sampled_from("<>&\"'/=\x1b\u202e\u2067\n\t ab.[]{}:"), max_size=20),
)
"""Text of any kind, as a hostile server would have it."""
few = st.lists(words, max_size=3).map(tuple)

_steps = st.builds(
    Step,
    kind=st.sampled_from(Kind),
    host=words,
    port=st.sampled_from((80, 443, 3128)),
    place=st.sampled_from(Place),
    verdict=st.sampled_from(Verdict),
    said=words,
    evidence=st.lists(st.tuples(words, words), max_size=2).map(tuple),
    seconds=st.floats(0, 1000),
    cause=st.none() | st.sampled_from(Cause),
)
_met = st.builds(
    Met,
    host=words,
    port=st.sampled_from((80, 443)),
    place=st.sampled_from(Place),
    addresses=few,
    way=st.just("direct") | words,
    reached=st.booleans(),
)
_problems = st.builds(
    Problem,
    cause=st.sampled_from(Cause),
    hosts=few,
    meaning=words,
    fix=words,
    whose=words,
    fatal=st.booleans(),
    rules=few | st.tuples(words.map("TCP 443 to {}".format)),
    evidence=few,
)
_flows = st.lists(
    st.builds(Flow, host=words, purpose=st.sampled_from(Purpose), why=words, source=words), max_size=2
).map(tuple)
_comparisons = st.builds(Comparison, planned=_flows, missing=few, missing_addresses=few, surplus=_flows, basis=words)
any_report = st.builds(
    Report,
    subject=words,
    image=words,
    began=st.datetimes(timezones=st.just(UTC)),
    seconds=st.floats(0, 1000),
    bound=st.floats(1, 600),
    client=words,
    steps=st.lists(_steps, max_size=5).map(tuple),
    met=st.lists(_met, max_size=3).map(tuple),
    problems=st.lists(_problems, max_size=3).map(tuple),
    comparison=_comparisons,
    before_switch=st.booleans(),
)
"""A report with whatever text in it."""
