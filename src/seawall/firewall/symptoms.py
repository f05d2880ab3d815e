"""What the words of an error or a log line give away about its cause. Pure.

One table, the most telling sign first. The words are those of Go's network library (docker, containerd, podman, skopeo,
crane), curl, the Azure CLI, the kernel's packet log, squid and the registry service itself.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["Symptom", "symptom_of"]


class Symptom(NamedTuple):
    """A cause.

    Attributes:
        name: A short name for programs.
        meaning: What has happened.
        advice: What to do.
    """

    name: str
    meaning: str
    advice: str


# A status stands alone; figures in lengths, identifiers and times are none.
_STATUS: Final = r"(?<![\w.:=/-]){}(?![\w.:\]-])"

_SYMPTOMS: Final = (
    (
        r"\bDST=.{0,400}?PROTO=|\bDPT=\d+|\brefused: (?=IN=)",
        Symptom("logged", "a wall noted that it refused this connection", "open this host or its ranges"),
    ),
    (
        rf"{_STATUS.format(407)}|TCP_DENIED/407|proxy authentication required",
        Symptom("proxy-login", "the proxy wants a user name and password", "give the client the proxy's credentials"),
    ),
    (
        r"proxyconnect|TCP_DENIED|X-Squid-Error|ERR_ACCESS_DENIED",
        Symptom("proxy", "a proxy between client and host refused it", "let the proxy's access list through this host"),
    ),
    (
        r"socks.{0,400}?not allowed by ruleset",
        Symptom("proxy", "a proxy between client and host refused it", "let the proxy's access list through this host"),
    ),
    (
        r"socks.{0,400}?(?:username/password authentication failed|no acceptable authentication methods)",
        Symptom("proxy-login", "the proxy wants a user name and password", "give the client the proxy's credentials"),
    ),
    (
        (
            r"client with ip\W{1,3}\S{1,60} is not allowed|\b403\b.{0,300}?(?-i:\bDENIED\b)"
            r"|denied:.{0,200}?network (?:rule|access)"
        ),
        Symptom(
            "network-rule",
            "the registry itself refused this client by its network rules; the wall let it through",
            "add the client's address to them (az acr network-rule add), or use a private endpoint",
        ),
    ),
    (
        r"403 (?:Forbidden|Blocked)",
        Symptom("proxy", "a proxy between client and host refused it", "let the proxy's access list through this host"),
    ),
    (
        r"status code from registry 403",
        Symptom(
            "forbidden",
            "something answered and refused: the registry by its network rules, or a wall that speaks in its place",
            "let 'seawall check' look: it tells the two apart",
        ),
    ),
    (
        r"x509|certificate signed by unknown authority|unable to get local issuer|self.signed cert|CERTIFICATE_VERIFY",
        Symptom(
            "interception",
            "the certificate is of an authority the client does not know: most likely something on the way opens TLS",
            "exempt this host from TLS inspection, or give the client the inspecting authority's certificate",
        ),
    ),
    (
        r"CRYPT_E_REVOCATION_OFFLINE|revocation (?:server|status|check)|0x80092013",
        Symptom(
            "revocation",
            "the client could not ask whether a certificate was revoked",
            "open the revocation hosts on TCP 80 (--revocation lists them)",
        ),
    ),
    (
        (
            r"no such host|NXDOMAIN|SERVFAIL|Could not resolve|Name or service not known|server misbehaving"
            r"|getaddrinfo|name resolution|\blookup \S{1,253}.{0,200}?(?:timeout|refused)"
        ),
        Symptom(
            "dns", "the name has no address where the client is", "let DNS resolve it, or add it to the private zone"
        ),
    ),
    (
        r"i/o timeout|timed? ?out|deadline exceeded|Client\.Timeout|TLS handshake timeout|did not properly respond",
        Symptom("dropped", "packets went out and nothing came back: a wall drops them", "open this host or its ranges"),
    ),
    (
        (
            r"connection refused|actively refused|no route to host|network is unreachable|host unreachable"
            r"|administratively prohibited"
        ),
        Symptom("refused", "the connection was turned away at once: a wall rejects it", "open this host or its ranges"),
    ),
    (
        r"\bEOF\b|connection reset|reset by peer|broken pipe|unexpected end|forcibly closed",
        Symptom(
            "cut",
            "the connection was opened and cut: a wall or proxy that looks at the TLS hello does not know the name",
            "let the name through where TLS hellos are looked at",
        ),
    ),
    (
        rf"unauthorized|authentication required|{_STATUS.format(401)}",
        Symptom(
            "sign-in",
            "the registry answered and wants somebody to sign in: the wall is not the cause",
            "sign in (az acr login, docker login), or see that the token may do this",
        ),
    ),
    (
        rf"toomanyrequests|{_STATUS.format(429)}",
        Symptom(
            "throttled", "the registry answered and asks to slow down: the wall is not the cause", "try again later"
        ),
    ),
    (
        r"BLOCK(?:ED)?\b|\bDROP(?:PED)?\b|\bREJECT(?:ED)?\b|\bDeny\b",
        Symptom("logged", "a wall noted that it refused this connection", "open this host or its ranges"),
    ),
)


def symptom_of(text: str) -> Symptom | None:
    """Find the cause that a text gives away; ``None`` for words that say nothing."""
    for words, symptom in _SYMPTOMS:
        if re.search(words, text, re.IGNORECASE | re.DOTALL):
            return symptom
    return None
