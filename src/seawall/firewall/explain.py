"""From a host, an address, a log line or an error to what it is, whether it belongs, and which flow it is. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from seawall.firewall.need import NEIGHBOURLY, Flow, Need, NeedError, Purpose, flows
from seawall.firewall.symptoms import Symptom, symptom_of
from seawall.naming import CLOUDS, Cloud, Host, NamingError, Role, lies_within, normalise
from seawall.neighbours import neighbours
from seawall.servicetags.prefixes import AddressSet, PrefixError, parse_prefix
from seawall.topology import Replica
from seawall.wildcards import covers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seawall.servicetags.snapshot import Snapshot

__all__ = ["Explanation", "Finding", "explain"]

# The whole of a name or nothing: what begins like a registry's and goes on is somebody else's.
_HOST: Final = re.compile(
    r"(?<![\w@./-])(?:\*\.)?(?>(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*)(?![\w-]|[.\u3002\uff0e\uff61][\w-])",
    re.IGNORECASE,
)
_URL_HOST: Final = re.compile(r"[a-z][a-z0-9+.-]{1,20}://(?:[^/\s@\"'?#\\]*@)?([^/\s:\"'@?#\\]+)", re.IGNORECASE)
_IPV4: Final = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.]*\d)")
_IPV6: Final = re.compile(r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:.])", re.IGNORECASE)
# The client's own address is not where it wanted to go.
_SOURCE: Final = re.compile(
    r"\bSRC=(?P<kernel>[\da-f.:]{2,45})"
    r"|client with ip\W{1,3}(?P<registry>[\da-f.:]{2,45})"
    r"|\b(?P<go>[\da-f.]{2,45}):\d{1,5}->"
    r"|\[(?P<go6>[\da-f:]{2,45})\]:\d{1,5}->"
    r"|(?<![\d.])(?P<pair>[\d.]{7,15})(?=[ ,][\d.]{7,15}[ ,]\d)"
    r"|\bfrom (?P<azure>[\d.]{7,15})(?::\d{1,5})? to\b"
    r"|\bsrc(?:ip)?[= ](?:\w{1,32}:)?(?P<asa>[\d.]{7,15})"
    r"|^[ \t]{0,8}\d{1,12}\.\d{3}[ \t]{1,8}\d{1,9} (?P<squid>\S{2,45}) (?:TCP|NONE|UDP)_",
    re.IGNORECASE | re.MULTILINE,
)
_PRIVATE: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
_LONGEST: Final = 64 * 1024
"""Characters of a text that are looked at: its end, which of a log is the newest."""
_FILES: Final = frozenset(
    (
        *("c", "cfg", "conf", "crt", "cs", "dll", "exe", "go", "gz", "h", "ini", "java", "js", "json", "key", "lock"),
        *("log", "md", "pem", "ps1", "py", "rs", "service", "sh", "so", "tar", "tgz", "timeout", "toml", "ts", "txt"),
        *("xml", "yaml", "yml", "zip"),
    )
)
"""What names of files and of programs' own things end with, which have dots as hosts do. In a URL all are hosts."""
_MOST: Final = 20
"""Hosts and addresses of one text that are looked at."""

_ROLES: Final = {
    Role.APEX: "the base name of a registry's certificate",
    Role.LOGIN: "the login server of the registry {registry}: signing in, manifests, uploads",
    Role.REGIONAL: "the login server of the registry {registry} in {region} alone",
    Role.DATA: "the dedicated data endpoint of the registry {registry} in {region}: layers",
    Role.BLOB: "a storage account: where a registry without dedicated data endpoints sends clients for layers",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A host or an address in a text.

    Attributes:
        what: As it stands there.
        meaning: What it is.
        expected: Whether a client of the registry has business there; ``None`` when no registry was named.
        flow: What a wall would have to let through for it; ``None`` for what no rule should be made for.
        tags: The service tags that hold it, the most particular first; for addresses, given a weekly file.
    """

    what: str
    meaning: str
    expected: bool | None = None
    flow: Flow | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a text says: the cause as far as its words give it away, and the places it names."""

    symptom: Symptom | None
    findings: tuple[Finding, ...]


def explain(text: str, need: Need | None = None, snapshot: Snapshot | None = None) -> Explanation:
    """Explain a host, an address, a log line or an error message.

    Args:
        text: Whatever somebody has at hand.
        need: The registry it is about, where that is known.
        snapshot: A weekly file, to say whose an address is.
    """
    text = text[-_LONGEST:]
    hosts = [_host(host, need) for host in islice(_hosts(text), _MOST)]
    addresses = [_address(address, need, snapshot) for address in islice(_addresses(text), _MOST - len(hosts))]
    return Explanation(symptom_of(text), (*hosts, *addresses))


def _hosts(text: str) -> Iterator[str]:
    in_urls = _URL_HOST.findall(text)
    sure = set(in_urls)
    seen = set()
    for candidate in dict.fromkeys([*in_urls, *_HOST.findall(text)]):
        try:
            name = normalise(candidate.removeprefix("*."))
        except NamingError:
            continue
        last = name.rpartition(".")[2]
        # The end of "e.g." is no top-level domain either.
        if name not in seen and (candidate in sure or (last not in _FILES and len(last) > 1)):
            seen.add(name)
            yield name


def _addresses(text: str) -> Iterator[str]:
    sources = {one.rstrip(".:") for match in _SOURCE.finditer(text) for one in match.groups() if one}
    for candidate in dict.fromkeys([*_IPV4.findall(text), *_IPV6.findall(text)]):
        try:
            parse_prefix(candidate)
        except PrefixError:
            continue
        if candidate not in sources:
            yield candidate


def _host(name: str, need: Need | None) -> Finding:
    flow = _flow_of(name, need) if need else None
    if flow is not None:
        return Finding(name, flow.why, expected=True, flow=flow)
    for cloud in (*([need.cloud] if need else []), *CLOUDS.values()):
        if lies_within(name, f"privatelink.{cloud.domain}"):
            return _private(name, cloud, need)
        try:
            host = cloud.parse(name)
        except NamingError:
            pass
        else:
            return _foreign(name, cloud, host, need)
        beside = _beside(name, cloud)
        if beside is not None:
            return Finding(name, beside.why, expected=False if need else None, flow=beside)
    return Finding(name, "no host of a container registry that is known here", expected=False if need else None)


def _private(name: str, cloud: Cloud, need: Need | None) -> Finding:
    """Explain a name in the zone of private endpoints."""
    meaning = "a name in the zone of private endpoints: clients ask for the public name, DNS leads them here"
    if need is None:
        return Finding(name, meaning)
    public = f"{name.removesuffix(f'privatelink.{cloud.domain}')}{cloud.domain}".lstrip(".")
    return Finding(name, meaning, expected=need.private_link and _flow_of(public, need) is not None)


def _flow_of(name: str, need: Need) -> Flow | None:
    return next((flow for flow in flows(need) if covers(flow.host, name)), None)


def _beside(name: str, cloud: Cloud) -> Flow | None:
    """Find Microsoft's host in what a cloud's registries may need besides."""
    if neighbours(cloud) is None:
        return None
    return _flow_of(name, Need(cloud=cloud, mcr=True, sign_in=True, revocation=True))


def _foreign(name: str, cloud: Cloud, host: Host, need: Need | None) -> Finding:
    """Explain a registry's host that the need as described does not have."""
    meaning = _ROLES[host.role].format(registry=host.registry, region=host.region)
    flow = _own_flow(name, cloud, host)
    if need is None:
        return Finding(name, meaning, flow=flow)
    if cloud.domain != need.cloud.domain:
        return Finding(name, f"{meaning}; in another cloud, {cloud.name}", expected=False, flow=flow)
    if host.registry and host.registry != need.registry:
        other = f"; not {need.registry}" if need.registry else "; no registry was named"
        return Finding(name, f"{meaning}{other}", expected=False, flow=flow)
    if host.role is Role.DATA:
        switched = "" if need.dedicated else "; dedicated data endpoints are on, though they were not said to be"
        where = "" if host.region in need.regions else f"; a replica in {host.region} was not said"
        return Finding(name, f"{meaning}{switched}{where}", expected=True, flow=flow)
    if host.role is Role.BLOB and need.dedicated:
        return Finding(name, f"{meaning}; {need.registry} has dedicated ones", expected=False, flow=flow)
    return Finding(name, meaning, expected=host.role is Role.REGIONAL, flow=flow)


def _own_flow(name: str, cloud: Cloud, host: Host) -> Flow | None:
    """Write the flow of a registry's host for the registry that it belongs to."""
    if host.role is Role.BLOB:
        why = "layers from shared storage, from this account; other accounts will follow"
        return Flow(cloud.blob_wildcard, Purpose.BLOB, why, "", ("Storage",))
    try:
        owner = Need(
            cloud=cloud,
            registry=host.registry,
            replicas=(Replica(host.region),) if host.region else (),
            data_endpoints=host.role is Role.DATA,
            regional_endpoints=host.role is Role.REGIONAL,
        )
    except (NeedError, NamingError):
        return None
    return _flow_of(name, owner)


def _address(text: str, need: Need | None, snapshot: Snapshot | None) -> Finding:
    if any(parse_prefix(text) in AddressSet.of((prefix,)) for prefix in _PRIVATE):
        of_an_endpoint = ", as a private endpoint has" if need and need.private_link else ""
        return Finding(text, f"a private address{of_an_endpoint}", expected=None)
    tags = tuple(tag.name for tag in snapshot.lookup(text)) if snapshot else ()
    beside = neighbours(need.cloud) if need else None
    of_this_cloud = snapshot is not None and beside is not None and snapshot.cloud == beside.tags
    wanted = _flow_by_tag(tags, need, v6=":" in text) if need and of_this_cloud else None
    if wanted is not None and need and need.private_link and wanted.purpose not in NEIGHBOURLY:
        meaning = f"a public address of {tags[0]}: DNS leads past the private endpoint"
        return Finding(text, meaning, expected=False, tags=tags)
    if wanted is not None:
        return Finding(text, f"an address of {tags[0]}: {wanted.why}", expected=True, flow=wanted, tags=tags)
    expected = False if of_this_cloud else None
    if tags:
        return Finding(text, f"an address of {tags[0]}", expected=expected, tags=tags)
    if snapshot is None:
        return Finding(text, "an address; give a weekly file to see whose")
    return Finding(text, "no address of a service that Microsoft lists", expected=expected)


def _flow_by_tag(tags: tuple[str, ...], need: Need, *, v6: bool) -> Flow | None:
    lower = {tag.lower() for tag in tags}
    for flow in flows(need):
        names = {f"{tag}.{region}".lower() for tag in flow.tags for region in flow.regions} or set(
            map(str.lower, flow.tags)
        )
        # A registry's own ranges are opened for IPv6 only when it answers there.
        if names & lower and (not v6 or need.dual_stack or flow.purpose in NEIGHBOURLY):
            return flow
    return None
