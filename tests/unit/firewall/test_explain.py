"""Explaining: errors and log lines as programs write them, hosts of every kind, and texts that mean harm."""

from __future__ import annotations

import time
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.firewall.explain import Explanation, Finding, explain
from seawall.firewall.need import Need, Purpose
from seawall.firewall.symptoms import symptom_of
from seawall.naming import CHINA, CLOUDS, PUBLIC, US_GOVERNMENT, Cloud
from seawall.neighbours import NEIGHBOURS
from seawall.servicetags.snapshot import Snapshot, read_snapshot
from seawall.topology import Replica
from tests.support.weekly import weekly
from tests.unit import strategies

HOST: Final = "myregistry.azurecr.io"
DATA: Final = "myregistry.eastus.data.azurecr.io"
BLOB: Final = "weumanaged15.blob.core.windows.net"
EAST: Final = (Replica("eastus"),)
SHARED: Final = Need(registry="myregistry", replicas=EAST)
DEDICATED: Final = Need(registry="myregistry", replicas=EAST, data_endpoints=True)
PRIVATE: Final = Need(registry="myregistry", replicas=EAST, private_link=True)
SNAPSHOT: Final[Snapshot] = read_snapshot(weekly(), "a test")
SOURCE: Final = "10.1.2.3"
KERNEL: Final = (
    f"seawall refused: IN= OUT=eth0 SRC={SOURCE} DST=20.0.0.9 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=4711 DF PROTO=TCP "
    "SPT=40312 DPT=443 WINDOW=64240 RES=0x00 SYN URGP=0"
)

TEXTS: Final = {
    # Docker.
    "docker-timeout": (
        (
            f'Error response from daemon: Get "https://{HOST}/v2/": net/http: request canceled while waiting for '
            "connection (Client.Timeout exceeded while awaiting headers)"
        ),
        "dropped",
        [HOST],
    ),
    "docker-io-timeout": (
        f'Get "https://{HOST}/v2/": dial tcp 20.0.0.9:443: i/o timeout',
        "dropped",
        [HOST, "20.0.0.9"],
    ),
    "docker-eof": (
        f'Error response from daemon: Get "https://{BLOB}/0a1b2c3d/docker/registry/v2/blobs/ab/data?se=x": EOF',
        "cut",
        [BLOB],
    ),
    "docker-refused": (
        f'Get "https://{HOST}/v2/": dial tcp 20.0.0.9:443: connect: connection refused',
        "refused",
        [HOST, "20.0.0.9"],
    ),
    "docker-x509": (
        f'Error response from daemon: Get "https://{HOST}/v2/": x509: certificate signed by unknown authority',
        "interception",
        [HOST],
    ),
    "docker-tls-x509": (
        f'Get "https://{DATA}/x": tls: failed to verify certificate: x509: certificate signed by unknown authority',
        "interception",
        [DATA],
    ),
    "docker-no-such-host": (
        f'Error response from daemon: Get "https://{HOST}/v2/": dial tcp: lookup {HOST}: no such host',
        "dns",
        [HOST],
    ),
    "docker-client-ip": (
        (
            f"Error response from daemon: Get https://{HOST}/v2/: denied: client with IP '93.184.216.34' is not "
            "allowed access. Refer https://aka.ms/acr/firewall to grant access."
        ),
        "network-rule",
        [HOST, "aka.ms"],
    ),
    "docker-client-ip-sentence": (
        f"{HOST}: 403 DENIED client with IP 93.184.216.34 is not allowed access.",
        "network-rule",
        [HOST],
    ),
    "docker-proxy-login": (
        f'Get "https://{HOST}/v2/": Proxy Authentication Required',
        "proxy-login",
        [HOST],
    ),
    "docker-proxy-gone": (
        f'Get "https://{HOST}/v2/": proxyconnect tcp: dial tcp: lookup proxy.corp.example: no such host',
        "proxy",
        [HOST, "proxy.corp.example"],
    ),
    "docker-throttled": (f"{HOST}/hello: toomanyrequests: too many requests", "throttled", [HOST]),
    "docker-unauthorized": (
        (
            f"Error response from daemon: Head https://{HOST}/v2/hello/manifests/v1: unauthorized: authentication "
            "required, visit https://aka.ms/acr/authorization for more information."
        ),
        "sign-in",
        [HOST, "aka.ms"],
    ),
    "docker-handshake": (f'Get "https://{HOST}/v2/": net/http: TLS handshake timeout', "dropped", [HOST]),
    "docker-deadline": (f'Get "https://{HOST}/v2/": context deadline exceeded', "dropped", [HOST]),
    # Where a name server does not answer, the wall in question is the one before the name server.
    "docker-dns-timeout": (
        (
            f'Get "https://{HOST}/v2/": dial tcp: lookup {HOST} on 10.0.0.10:53: read udp '
            f"{SOURCE}:41000->10.0.0.10:53: i/o timeout"
        ),
        "dns",
        [HOST, "10.0.0.10"],
    ),
    "docker-local-address": (
        f'Get "https://{HOST}/v2/": read tcp {SOURCE}:41000->20.0.0.9:443: read: connection reset by peer',
        "cut",
        [HOST, "20.0.0.9"],
    ),
    # A digest has any figures in it.
    "docker-digest": (
        f"pulling {HOST}/hello@sha256:1f403ca2: denied: requested access to the resource is denied",
        None,
        [HOST],
    ),
    # containerd and kubelet.
    "containerd": (
        (
            f'failed to pull and unpack image "{HOST}/hello:v1": failed to resolve reference "{HOST}/hello:v1": failed '
            f'to do request: Head "https://{HOST}/v2/hello/manifests/v1": dial tcp 20.0.0.9:443: i/o timeout'
        ),
        "dropped",
        [HOST, "20.0.0.9"],
    ),
    "containerd-blob": (
        f'failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://{DATA}/x?se=2026": EOF',
        "cut",
        [DATA],
    ),
    "containerd-forbidden": (
        f"failed to copy: httpReadSeeker: failed open: unexpected status code https://{HOST}/v2/x: 403 Forbidden",
        "proxy",
        [HOST],
    ),
    "kubelet": (
        (
            'E1123 17:11:14.000000    1234 log.go:407] "PullImage from image service failed" err="rpc error: code = '
            f'Unknown desc = Get \\"https://{HOST}/v2/\\": dial tcp 20.0.0.9:443: connect: connection refused"'
        ),
        "refused",
        [HOST, "20.0.0.9"],
    ),
    # podman, skopeo, helm.
    "podman": (
        (
            f"Error: initializing source docker://{HOST}/hello:v1: pinging container registry {HOST}: Get "
            f'"https://{HOST}/v2/": dial tcp 20.0.0.9:443: connect: no route to host'
        ),
        "refused",
        [HOST, "20.0.0.9"],
    ),
    "skopeo": (f'time="2026-11-23T17:11:14Z" level=fatal msg="docker://{HOST}/hello: EOF"', "cut", [HOST]),
    "helm": (
        f"Error: failed to do request: oci://{HOST}/helm/chart: tls: x509: unknown authority",
        "interception",
        [HOST],
    ),
    # curl, Python, Windows.
    "curl-timeout": (f"curl: (28) Failed to connect to {HOST} port 443 after 130 ms: Timed out", "dropped", [HOST]),
    "curl-dns": (f"curl: (6) Could not resolve host: {HOST}", "dns", [HOST]),
    "curl-reset": (f"curl: (35) Recv failure: Connection reset by peer ({HOST})", "cut", [HOST]),
    "curl-issuer": (f"curl: (60) SSL problem: unable to get local issuer certificate {HOST}", "interception", [HOST]),
    "curl-proxy": (f"curl: (56) CONNECT tunnel failed, response 407 {HOST}", "proxy-login", [HOST]),
    "python-dns": (f"{HOST}: [Errno -3] Temporary failure in name resolution", "dns", [HOST]),
    "windows-timeout": (
        (
            f"dial tcp 20.0.0.9:443: connectex: A connection attempt failed because the connected party did not "
            f"properly respond after a period of time ({HOST})"
        ),
        "dropped",
        [HOST, "20.0.0.9"],
    ),
    "windows-refused": (
        (
            f"dial tcp 20.0.0.9:443: connectex: No connection could be made because the target machine actively "
            f"refused it ({HOST})"
        ),
        "refused",
        [HOST, "20.0.0.9"],
    ),
    "windows-reset": (
        f"wsarecv: An existing connection was forcibly closed by the remote host ({HOST})",
        "cut",
        [HOST],
    ),
    "windows-revocation": (
        f"schannel: next InitializeSecurityContext failed: CRYPT_E_REVOCATION_OFFLINE (0x80092013) {HOST}",
        "revocation",
        [HOST],
    ),
    # What walls and proxies write.
    "nft": (KERNEL, "logged", ["20.0.0.9"]),
    # The length, like every other figure there, may be any.
    "nft-407": (KERNEL.replace("LEN=60", "LEN=407"), "logged", ["20.0.0.9"]),
    "nft-401": (KERNEL.replace("ID=4711", "ID=401"), "logged", ["20.0.0.9"]),
    "iptables": (
        f"[12345.678901] DROP IN= OUT=ens3 SRC={SOURCE} DST=20.1.64.9 LEN=60 PROTO=TCP SPT=51234 DPT=443 SYN",
        "logged",
        ["20.1.64.9"],
    ),
    "iptables-forward": (
        f"kernel: IN=eth0 OUT=eth1 MAC=02:42:ac:11:00:02:02:42:ac:11:00:03:08:00 SRC={SOURCE} DST=20.0.0.9 PROTO=TCP",
        "logged",
        ["20.0.0.9"],
    ),
    "ip6tables": (
        (
            "seawall refused: IN= OUT=eth0 SRC=fd00:0000:0000:0000:0000:0000:0000:0001 "
            "DST=2603:1000:0000:0000:0000:0000:0000:0009 LEN=80 PROTO=TCP SPT=40312 DPT=443"
        ),
        "logged",
        ["2603:1000:0000:0000:0000:0000:0000:0009"],
    ),
    "squid": (
        f"1763917874.123      0 {SOURCE} TCP_DENIED/403 3900 CONNECT {DATA}:443 - HIER_NONE/- text/html",
        "proxy",
        [DATA],
    ),
    "squid-407": (
        f"1763917874.123      0 {SOURCE} TCP_DENIED/407 3900 CONNECT {DATA}:443 - HIER_NONE/- text/html",
        "proxy-login",
        [DATA],
    ),
    "azure-firewall": (
        f"HTTPS request from {SOURCE}:51234 to {BLOB}:443. Action: Deny. No rule matched.",
        "logged",
        [BLOB],
    ),
    "asa": (
        f'%ASA-4-106023: Deny tcp src inside:{SOURCE}/40312 dst outside:20.0.0.9/443 by access-group "out" [0x0, 0x0]',
        "logged",
        ["20.0.0.9"],
    ),
    "docker-local-address-v6": (
        f'Get "https://{HOST}/v2/": read tcp [fd00::1]:41000->[2603:1000::9]:443: read: connection reset by peer',
        "cut",
        [HOST, "2603:1000::9"],
    ),
    "nsg-flow": (f"1763917874,{SOURCE},20.0.0.9,35370,443,T,O,D", None, ["20.0.0.9"]),
    "windows-firewall": (
        f"2026-11-23 17:11:14 DROP TCP {SOURCE} 20.0.0.9 51234 443 0 - 0 0 0 - - - SEND",
        "logged",
        ["20.0.0.9"],
    ),
    "fortigate": (
        f"type=traffic srcip={SOURCE} srcport=51234 dstip=20.0.0.9 dstport=443 action=deny",
        "logged",
        ["20.0.0.9"],
    ),
    "squid-page": (
        (
            f"CONNECT {HOST}:443 HTTP/1.1 403 Forbidden Server: squid/5.7 X-Squid-Error: ERR_ACCESS_DENIED 0 "
            "<p>Access Denied.</p>"
        ),
        "proxy",
        [HOST],
    ),
    "sentence": ("a wall, e.g. ours, i.e. the old one, is in the way since 10 a.m. of today", None, []),
    "nothing": ("it does not work", None, []),
    "empty": ("", None, []),
}


@pytest.mark.parametrize("name", TEXTS)
def test_what_programs_say(name: str) -> None:
    text, symptom, named = TEXTS[name]
    found = explain(text, SHARED, SNAPSHOT)
    assert (found.symptom.name if found.symptom else None) == symptom
    assert [one.what for one in found.findings] == named


@pytest.mark.parametrize("name", TEXTS)
def test_where_the_client_is_is_never_where_it_wanted_to_go(name: str) -> None:
    text, _, _ = TEXTS[name]
    named = {one.what for one in explain(text).findings}
    assert not named & {SOURCE, "93.184.216.34", "fd00::1", "fd00:0000:0000:0000:0000:0000:0000:0001"}


def the(found: Explanation) -> Finding:
    assert len(found.findings) == 1
    return found.findings[0]


def one(text: str, need: Need | None = None, snapshot: Snapshot | None = None) -> Finding:
    return the(explain(text, need, snapshot))


PLAIN: Final = [
    ("azurecr.io", "base name"),
    (HOST, "login server of the registry myregistry"),
    ("myregistry.westeurope.geo.azurecr.io", "in westeurope alone"),
    (DATA, "dedicated data endpoint of the registry myregistry in eastus"),
    (BLOB, "storage account"),
    ("mcr.microsoft.com", "REST endpoint of MCR"),
    ("eastus.data.mcr.microsoft.com", "layers of MCR"),
    ("login.microsoftonline.com", "signing in"),
    ("ocsp.digicert.com", "revoked"),
    ("azurecr.cn", "base name"),
    ("myregistry.azurecr.cn", "login server"),
    ("myregistry.chinaeast2.data.azurecr.cn", "dedicated data endpoint"),
    ("account1.blob.core.chinacloudapi.cn", "storage account"),
    ("mcr.azure.cn", "REST endpoint of MCR"),
    ("login.partner.microsoftonline.cn", "signing in"),
    ("myregistry.azurecr.us", "login server"),
    ("account1.blob.core.usgovcloudapi.net", "storage account"),
    ("login.microsoftonline.us", "signing in"),
    ("myregistry.privatelink.azurecr.io", "private endpoints"),
    ("myregistry.eastus.data.privatelink.azurecr.io", "private endpoints"),
    ("privatelink.azurecr.io", "private endpoints"),
]


@pytest.mark.parametrize(("host", "meaning"), PLAIN)
@pytest.mark.parametrize(
    "form",
    ["{}", "https://{}/v2/", "https://{}?x=1", "https://{}#x", "{}:443", "({})", "{}.", "CONNECT {}:443", "HTTPS://{}"],
)
def test_plain_hosts(host: str, meaning: str, form: str) -> None:
    finding = one(form.format(host.upper() if form.isupper() else host))
    assert finding.what == host
    assert meaning in finding.meaning
    assert finding.expected is None


@given(strategies.hosts, st.sampled_from([*CLOUDS.values(), Cloud.own("registry.test")]))
def test_every_host_of_every_cloud(host: object, cloud: Cloud) -> None:
    name = cloud.host(host)  # type: ignore[arg-type]
    need = Need(cloud=cloud, registry="otherregistry")
    finding = one(name, need)
    assert "no host of a container registry" not in finding.meaning
    # A rule is for this host, and for no other registry.
    assert finding.flow is None or finding.flow.host in {name, f"*.{name.partition('.')[2]}"}


LOOK_ALIKES: Final = [
    "evilazurecr.io",
    "azurecr.io.evil.xyz",
    "myregistry.azurecr.io.evil.xyz",
    "myregistry.eastus.data.azurecr.io.evil.xyz",
    "myregistry.evilazurecr.io",
    "azurecr.io-evil.xyz",
    "myregistry.azurecr.iox",
    "myregistry.azurecr.i0",
    "one.two.three.azurecr.io",
    "a.blob.core.windows.net.evil.xyz",
    "evilblob.core.windows.net",
    "weumanaged15.blob.core.windows.net.evil.xyz",
    "core.windows.net",
    "evilmcr.microsoft.com",
    "mcr.microsoft.com.evil.xyz",
    "one.two.data.mcr.microsoft.com",
    "login.microsoftonline.com.evil.xyz",
    "privatelink.azurecr.io.evil.xyz",
    "myregistry.privatelink.azurecr.io.evil.xyz",
    "myregistry.privatelink.azurecr.iox",
    "myregistry.evilprivatelink.azurecr.io",
    "myregistry.azurecr.io.evil_x.xyz",
    "myregistry.azurecr.io.\u00e9vil.xyz",
    "myregistry.azurecr.io.x",
    "evil_azurecr.io",
    "https://myregistry.azurecr.io@evil.xyz/",
    "https://myregistry.azurecr.io:secret@evil.xyz/",
    "https://evil.xyz/myregistry.azurecr.io/v2/",
    "https://evil.xyz?@myregistry.azurecr.io",
    "https://evil.xyz#@myregistry.azurecr.io",
    "https://evil.xyz/?to=/myregistry.azurecr.io",
    "someone@azurecr.io",
    "\u0430zurecr.io",
    "myregistry.azurecr.io\u3002evil.xyz",
]


@pytest.mark.parametrize("text", LOOK_ALIKES)
@pytest.mark.parametrize("need", [None, SHARED, DEDICATED, PRIVATE], ids=["unknown", "shared", "dedicated", "private"])
def test_look_alikes_are_never_called_a_registrys(text: str, need: Need | None) -> None:
    for finding in explain(text, need, SNAPSHOT).findings:
        assert finding.meaning == "no host of a container registry that is known here"
        assert finding.expected is not True
        assert finding.flow is None


@pytest.mark.parametrize(
    ("host", "need", "expected", "rule"),
    [
        (HOST, SHARED, True, HOST),
        ("azurecr.io", SHARED, True, "azurecr.io"),
        (BLOB, SHARED, True, "*.blob.core.windows.net"),
        (BLOB, DEDICATED, False, None),
        (DATA, DEDICATED, True, DATA),
        (DATA, SHARED, True, DATA),
        ("myregistry.westus.data.azurecr.io", DEDICATED, True, "myregistry.westus.data.azurecr.io"),
        ("myregistry.eastus.geo.azurecr.io", DEDICATED, True, "myregistry.eastus.geo.azurecr.io"),
        ("otherregistry.azurecr.io", SHARED, False, None),
        ("otherregistry.eastus.data.azurecr.io", DEDICATED, False, None),
        ("mcr.microsoft.com", SHARED, False, None),
        ("mcr.microsoft.com", Need(mcr=True), True, "mcr.microsoft.com"),
        ("westeurope.data.mcr.microsoft.com", Need(mcr=True), True, "*.data.mcr.microsoft.com"),
        (HOST, Need(mcr=True), False, None),
        ("example.com", SHARED, False, None),
        ("myregistry.privatelink.azurecr.io", PRIVATE, True, None),
        ("myregistry.privatelink.azurecr.io", SHARED, False, None),
        ("otherregistry.privatelink.azurecr.io", PRIVATE, False, None),
        # The same name in another cloud is somebody else's registry.
        ("myregistry.azurecr.cn", SHARED, False, None),
        ("myregistry.eastus.data.azurecr.cn", DEDICATED, False, None),
        ("myregistry.eastus.geo.azurecr.us", DEDICATED, False, None),
    ],
)
def test_whether_a_host_belongs(host: str, need: Need, expected: bool, rule: str | None) -> None:
    finding = one(host, need)
    assert finding.expected is expected
    if expected and rule:
        assert finding.flow is not None
        assert finding.flow.host == rule
    assert "; not " not in finding.meaning or not finding.meaning.endswith("not ")


def test_a_data_endpoint_nobody_spoke_of_says_so() -> None:
    assert "dedicated data endpoints are on" in one(DATA, SHARED).meaning
    assert "a replica in westus was not said" in one("myregistry.westus.data.azurecr.io", DEDICATED).meaning


@pytest.mark.parametrize(
    ("address", "need", "expected", "purpose", "tag"),
    [
        ("20.0.0.9", SHARED, True, Purpose.LOGIN, "AzureContainerRegistry.EastUS"),
        ("20.1.64.9", SHARED, True, Purpose.BLOB, "Storage.EastUS"),
        ("20.1.64.9", DEDICATED, True, Purpose.DATA, "Storage.EastUS"),
        ("20.0.1.9", SHARED, False, None, "AzureContainerRegistry.GermanyWestCentral"),
        ("20.0.1.9", Need(registry="myregistry"), True, Purpose.LOGIN, "AzureContainerRegistry.GermanyWestCentral"),
        ("20.3.0.1", SHARED, False, None, "MicrosoftContainerRegistry.EastUS"),
        ("20.3.0.1", Need(mcr=True), True, Purpose.MCR, "MicrosoftContainerRegistry.EastUS"),
        ("21.0.0.1", Need(mcr=True), True, Purpose.MCR, "AzureFrontDoor.FirstParty"),
        ("20.200.0.1", SHARED, False, None, "AzureCloud"),
        ("8.8.8.8", SHARED, False, None, None),
        ("8.8.8.8", None, None, None, None),
        ("20.0.0.9", None, None, None, "AzureContainerRegistry.EastUS"),
        ("2603:1000::9", None, None, None, "AzureContainerRegistry.EastUS"),
    ],
)
def test_addresses_with_a_weekly_file(
    address: str, need: Need | None, expected: bool | None, purpose: Purpose | None, tag: str | None
) -> None:
    finding = one(f"dial tcp [{address}]:443" if ":" in address else f"dial tcp {address}:443", need, SNAPSHOT)
    assert finding.what == address
    assert finding.expected is expected
    assert (finding.flow.purpose if finding.flow else None) == purpose
    assert finding.tags[:1] == ((tag,) if tag else ())


@pytest.mark.parametrize("need", [None, SHARED])
def test_addresses_without_a_weekly_file(need: Need | None) -> None:
    finding = one("20.0.0.9", need)
    assert finding == Finding("20.0.0.9", "an address; give a weekly file to see whose")


def test_what_rules_would_not_open_is_not_called_expected() -> None:
    # A registry that was not said to answer on IPv6 gets no rules for it.
    assert one("2603:1000::9", SHARED, SNAPSHOT).expected is False
    dual = Need(registry="myregistry", replicas=EAST, data_endpoints=True, dual_stack=True)
    assert one("2603:1000::9", dual, SNAPSHOT).expected is True


def test_a_private_endpoints_own_address_is_no_stranger() -> None:
    # Nothing tells whether it is the right one; that no list of Microsoft's has it is as it should be.
    assert one("dial tcp 10.9.0.5:443: i/o timeout", PRIVATE, SNAPSHOT).expected is not False


def test_the_weekly_file_of_another_cloud_says_nothing_about_this_ones() -> None:
    other = read_snapshot(weekly({"AzureContainerRegistry": ["40.0.0.0/24"]}, cloud="China"), "a test")
    assert one("40.0.0.9", Need(registry="myregistry"), other).expected is not True


@pytest.mark.parametrize("text", ["999.1.1.1", "1.2.3", "1.2.3.4.5", "17:11:14", "a:b:c", "v1.24.0", "::", "01.2.3.4"])
def test_what_only_looks_like_an_address(text: str) -> None:
    assert not [one.what for one in explain(text).findings if one.what != "::"]


def test_an_ipv4_address_written_as_ipv6() -> None:
    assert [one.what for one in explain("dial tcp [::ffff:20.0.0.9]:443").findings] in (
        ["20.0.0.9"],
        ["::ffff:20.0.0.9"],
    )


@pytest.mark.parametrize(
    "text", ["log.go:32]", "main.rs:10", "at Program.cs:7", "resolv.conf", "config.json", "app.log", "x.yaml", "lib.so"]
)
def test_file_names_are_no_hosts(text: str) -> None:
    assert not explain(text).findings


def test_a_url_with_a_user_in_it() -> None:
    assert one(f"https://someone:secret@{HOST}/v2/").what == HOST


@pytest.mark.parametrize("pattern", ["*.azurecr.io", "*.blob.core.windows.net"])
def test_a_pattern_out_of_a_rule_is_found(pattern: str) -> None:
    assert explain(pattern).findings


def test_each_is_said_once_and_not_too_many() -> None:
    assert [one.what for one in explain(f"{HOST} {HOST.upper()} https://{HOST}/ {HOST}.").findings] == [HOST]
    many = " ".join(f"r{number:05}.azurecr.io" for number in range(500))
    assert 0 < len(explain(many).findings) <= 50


@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    explain(text, SHARED, SNAPSHOT)


@given(st.text(st.sampled_from(".:-_/@*[]0123456789abcdefSRC= 'ip\n\u00e9"), max_size=200))
def test_any_text_of_the_letters_that_matter(text: str) -> None:
    for need in (None, PRIVATE, DEDICATED):
        explain(text, need, SNAPSHOT)


MEGABYTE: Final = 1_000_000
HOSTILE: Final = {
    "dots": "." * MEGABYTE,
    "colons": ":" * MEGABYTE,
    "digits": "1" * MEGABYTE,
    "letters": "a" * MEGABYTE,
    "hyphens": "-" * MEGABYTE,
    "blanks": " " * MEGABYTE,
    "labels": "a." * (MEGABYTE // 2),
    "labels-that-end-badly": "a." * (MEGABYTE // 2) + "_",
    "hyphened": "a-" * (MEGABYTE // 2),
    "hyphened-labels": "a-a." * (MEGABYTE // 4) + "1",
    "numbers": "1." * (MEGABYTE // 2),
    "addresses": "1.2.3.4 " * (MEGABYTE // 8),
    "groups": "a:" * (MEGABYTE // 2),
    "many-hosts": " ".join(f"h{number}.example" for number in range(MEGABYTE // 16)),
    "many-urls": " ".join(f"http://h{number}.example" for number in range(MEGABYTE // 24)),
    "many-addresses": " ".join(
        f"{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}.9" for number in range(MEGABYTE // 12)
    ),
    "many-sources": "SRC=1.2.3.4 " * (MEGABYTE // 12),
    "urls": "https://" * (MEGABYTE // 8),
    "forbidden": "403 " * (MEGABYTE // 4),
    "denied": "denied: " * (MEGABYTE // 8),
    "out": "OUT=a " * (MEGABYTE // 6),
    "out-long": "OUT=" + "a" * MEGABYTE,
    "client": "client with ip" + "!" * MEGABYTE,
    "clients": "client with ip " * (MEGABYTE // 15),
    "lines": "\n" * MEGABYTE,
    "nul": "\0" * MEGABYTE,
    "capitals": "\u0130" * MEGABYTE,
}


@pytest.mark.timeout(5)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_megabyte_that_means_harm(name: str) -> None:
    before = time.process_time()
    explain(HOSTILE[name], SHARED, SNAPSHOT)
    assert time.process_time() - before < 1


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("407 Proxy Authentication Required", "proxy-login"),
        ("HTTP/1.1 403 Forbidden\nX-Squid-Error: ERR_ACCESS_DENIED 0", "proxy"),
        ("X509: CERTIFICATE SIGNED BY UNKNOWN AUTHORITY", "interception"),
        # Figures in other figures are no status.
        ("took 1407 ms, 4070 bytes", None),
        ("2026-11-23T17:40:32.403Z requested access to the resource is denied", None),
        ("image.go:407] pulling", None),
    ],
)
def test_symptoms(text: str, name: str | None) -> None:
    found = symptom_of(text)
    assert (found.name if found else None) == name


def test_every_host_that_stands_beside_a_registry_is_known() -> None:
    for cloud in (PUBLIC, CHINA, US_GOVERNMENT):
        beside = NEIGHBOURS[cloud.domain]
        for host in (beside.mcr, *beside.sign_in, *beside.revocation, beside.mcr_data.replace("*", "eastus")):
            assert one(host).flow is not None
