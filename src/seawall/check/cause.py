"""What can stand in the way of a pull: every cause that a check tells apart, and what to do about it. Pure.

Where :mod:`seawall.firewall.symptoms` reads the same cause out of a client's error message, it has the same name there.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

__all__ = ["ADVICE", "Advice", "Cause", "Whose"]


class Cause(StrEnum):
    """One thing that stands in the way."""

    # The name.
    DNS = "dns"
    DNS_SILENT = "dns-silent"
    DNS_FAILED = "dns-failed"
    DNS_LIES = "dns-lies"
    DNS_SLOW = "dns-slow"
    PRIVATE_LINK = "private-link"
    # The way.
    DROPPED = "dropped"
    REFUSED = "refused"
    ONE_FAMILY = "one-family"
    NO_ROUTE = "no-route"
    # The proxy.
    PROXY = "proxy"
    PROXY_LOGIN = "proxy-login"
    PROXY_GONE = "proxy-gone"
    PROXY_FAILED = "proxy-failed"
    # TLS.
    CUT = "cut"
    NO_TLS = "no-tls"
    SILENT = "silent"
    INTERCEPTION = "interception"
    UNKNOWN_AUTHORITY = "unknown-authority"
    SELF_SIGNED = "self-signed"
    WRONG_NAME = "wrong-name"
    EXPIRED = "expired"
    CLOCK = "clock"
    TLS = "tls"
    # What answers.
    CAPTIVE_PORTAL = "captive-portal"
    NOT_A_REGISTRY = "not-a-registry"
    NETWORK_RULE = "network-rule"
    SIGN_IN = "sign-in"
    FORBIDDEN = "forbidden"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    NO_IMAGE = "no-image"
    NOT_PULLED = "not-pulled"
    # The redirect, and the bytes.
    REDIRECT_LOOP = "redirect-loop"
    REDIRECT_PRIVATE = "redirect-private"
    REDIRECT_INSECURE = "redirect-insecure"
    UPLOAD_ELSEWHERE = "upload-elsewhere"
    LINK_REFUSED = "link-refused"
    DIGEST = "digest"
    BROKEN_OFF = "broken-off"
    STALLED = "stalled"
    # The rules.
    UNPLANNED = "unplanned"
    NOT_YET = "not-yet"
    # The check itself.
    UNREPORTED = "unreported"
    UNFINISHED = "unfinished"


class Whose(StrEnum):
    """Whose thing it is to mend a cause."""

    WALL = "firewall"
    PROXY = "proxy"
    DNS = "name server"
    REGISTRY = "registry"
    CLIENT = "client"


class Advice(NamedTuple):
    """What a cause means.

    Attributes:
        whose: Who can mend it.
        meaning: What has happened, as the end of a sentence that begins with the host.
        fix: What to do; ``{host}``, ``{port}`` and ``{authority}`` (both, as clients write them) stand for where.
    """

    whose: Whose
    meaning: str
    fix: str


_OPEN: Final = "let TCP {port} to {host} through"
_INSPECT: Final = "exempt {host} from TLS inspection, or give the clients the inspecting authority's certificate"

ADVICE: Final = {
    Cause.DNS: Advice(Whose.DNS, "has no address here", "let the name servers of this network resolve {host}"),
    Cause.DNS_SILENT: Advice(
        Whose.DNS, "could not be looked up: no name server answers", "let UDP and TCP 53 to the name servers through"
    ),
    Cause.DNS_FAILED: Advice(
        Whose.DNS, "could not be looked up: the name server gives up", "see why the name server cannot resolve {host}"
    ),
    Cause.DNS_LIES: Advice(
        Whose.DNS,
        "is led to an address that cannot be its own: a name server blocks it",
        "take {host} off the name server's block list",
    ),
    Cause.DNS_SLOW: Advice(
        Whose.DNS, "is looked up slowly", "see which of the name servers is slow, or leaves questions unanswered"
    ),
    Cause.PRIVATE_LINK: Advice(
        Whose.DNS,
        "leads to a public address, past the private endpoint",
        "link the private zone to this network, with a record for {host}",
    ),
    Cause.DROPPED: Advice(Whose.WALL, "does not answer: a wall drops the packets", _OPEN),
    Cause.REFUSED: Advice(
        Whose.WALL, "turns connections away at once: a wall rejects them, or nothing listens there", _OPEN
    ),
    Cause.ONE_FAMILY: Advice(
        Whose.WALL,
        "can be reached at some of its addresses only, so every connection may have to wait for the others",
        "let TCP {port} to {host} through over IPv4 and IPv6 alike, or take the addresses that are closed out of DNS",
    ),
    Cause.NO_ROUTE: Advice(
        Whose.CLIENT,
        "has only addresses that this machine has no way to",
        "give this machine a route, or the registry addresses of the other family",
    ),
    Cause.PROXY: Advice(
        Whose.PROXY, "is refused by the proxy", "let CONNECT {host}:{port} through in the proxy's access list"
    ),
    Cause.PROXY_LOGIN: Advice(
        Whose.PROXY,
        "cannot be asked for: the proxy wants a user name and password",
        "give the client the proxy's credentials: HTTPS_PROXY=http://USER:PASSWORD@PROXY:PORT",
    ),
    Cause.PROXY_GONE: Advice(
        Whose.PROXY, "cannot be asked for: the proxy does not answer", "see that the proxy runs and can be reached"
    ),
    Cause.PROXY_FAILED: Advice(
        Whose.PROXY,
        "cannot be reached by the proxy either",
        "let the proxy itself resolve {host} and reach it on TCP {port}",
    ),
    Cause.CUT: Advice(
        Whose.WALL,
        "is cut off when its name is said: a wall looks at TLS hellos and does not know the name",
        "let the server name {host} through",
    ),
    Cause.NO_TLS: Advice(
        Whose.WALL,
        "is answered without TLS: something on the way speaks in its place",
        "see what answers there instead, and let {host} itself through",
    ),
    Cause.SILENT: Advice(
        Whose.WALL,
        "connects and then says nothing: something on the way swallows the TLS hello",
        "let the server name {host} through where TLS hellos are looked at",
    ),
    Cause.INTERCEPTION: Advice(Whose.WALL, "shows somebody else's certificate: TLS is opened on the way", _INSPECT),
    Cause.UNKNOWN_AUTHORITY: Advice(
        Whose.CLIENT,
        "shows a certificate of an authority that is not trusted here",
        "give the clients that authority's certificate (--ca FILE for this check), or see who opens TLS on the way",
    ),
    Cause.SELF_SIGNED: Advice(
        Whose.REGISTRY,
        "shows a certificate that nobody but itself vouches for",
        "give the registry a certificate of an authority, or trust this one (--ca FILE)",
    ),
    Cause.WRONG_NAME: Advice(
        Whose.REGISTRY,
        "shows a certificate for other names",
        "see that {host} leads to the right server, and that its certificate has the name",
    ),
    Cause.EXPIRED: Advice(
        Whose.REGISTRY, "shows a certificate that is not valid at this time", "renew the certificate of {host}"
    ),
    Cause.CLOCK: Advice(Whose.CLIENT, "and this machine disagree about the time", "set this machine's clock"),
    Cause.TLS: Advice(
        Whose.REGISTRY, "and this machine find no common TLS", "let the server speak TLS 1.2 or newer, with valid TLS"
    ),
    Cause.CAPTIVE_PORTAL: Advice(
        Whose.WALL, "is answered by a sign-in page of this network", "sign in to the network with a browser first"
    ),
    Cause.NOT_A_REGISTRY: Advice(
        Whose.CLIENT, "answers, but is no container registry", "check the name; see what else answers there"
    ),
    Cause.NETWORK_RULE: Advice(
        Whose.REGISTRY,
        "refuses this client by its own network rules; the wall let it through",
        "add this client's address to the registry's network rules (network-rule add), or come by a private endpoint",
    ),
    Cause.SIGN_IN: Advice(
        Whose.CLIENT,
        "wants somebody to sign in, or does not take these credentials; the wall is not the cause",
        "sign in (docker login {authority}), or give --username and SEAWALL_PASSWORD",
    ),
    Cause.FORBIDDEN: Advice(
        Whose.REGISTRY, "does not allow this user to do this", "give the user the right to pull this repository"
    ),
    Cause.THROTTLED: Advice(Whose.REGISTRY, "asks to slow down; the wall is not the cause", "try again later"),
    Cause.UNAVAILABLE: Advice(Whose.REGISTRY, "answers that it is in trouble itself", "see the registry's own health"),
    Cause.NO_IMAGE: Advice(Whose.CLIENT, "has no such image", "check repository and tag"),
    Cause.NOT_PULLED: Advice(
        Whose.CLIENT,
        "was not pulled from, so nobody knows yet where it sends clients for layers",
        "name an image to pull: seawall check {authority}/repository:tag",
    ),
    Cause.REDIRECT_LOOP: Advice(
        Whose.REGISTRY, "sends clients round and round", "see the redirects that the registry is told to give"
    ),
    Cause.REDIRECT_PRIVATE: Advice(
        Whose.REGISTRY,
        "sends clients to a private address, which nobody outside can reach: not followed",
        "see which name the registry's data endpoint is known by, and where that leads here",
    ),
    Cause.REDIRECT_INSECURE: Advice(
        Whose.REGISTRY, "sends clients on without TLS: not followed", "let the registry redirect to https"
    ),
    Cause.UPLOAD_ELSEWHERE: Advice(
        Whose.REGISTRY,
        "sends uploads to another host, where credentials are not taken",
        "let the registry take uploads itself, under the name that clients know",
    ),
    Cause.LINK_REFUSED: Advice(
        Whose.REGISTRY,
        "does not take the link that the registry gave",
        "see the clocks of registry and storage, and what on the way may change links",
    ),
    Cause.DIGEST: Advice(
        Whose.WALL,
        "sends other bytes than the digest promises",
        "see what on the way changes downloads (a virus scanner, a cache); else repair the registry's storage",
    ),
    Cause.BROKEN_OFF: Advice(
        Whose.WALL, "breaks off in the middle", "see what on the way limits the size or time of downloads"
    ),
    Cause.STALLED: Advice(
        Whose.WALL, "stops sending in the middle", "see what on the way holds downloads back, and the path's MTU"
    ),
    Cause.UNPLANNED: Advice(Whose.WALL, "is needed, and the rules do not have it", _OPEN),
    Cause.NOT_YET: Advice(
        Whose.WALL,
        "has no name before the switch, so the wall cannot be tried",
        "let TCP {port} to {host} through by name, and check again right after the switch",
    ),
    Cause.UNREPORTED: Advice(
        Whose.CLIENT,
        "was not told what this check found",
        "report to a registry of Seawall's, signed in as somebody; others keep no reports",
    ),
    Cause.UNFINISHED: Advice(Whose.CLIENT, "was not checked to the end: time is up", "give it more: --timeout"),
}
"""Of every cause."""
