"""What a squid.conf is taken for."""

from __future__ import annotations

import pytest

from seawall.firewall.audit.contract import AuditError
from seawall.firewall.audit.passage import Verdict
from seawall.firewall.audit.squid import read_squid
from tests.unit.firewall.audit.forms import SQUID, to


@pytest.mark.parametrize(
    ("lines", "host", "verdict"),
    [
        ("http_access allow ours", "myregistry.azurecr.io", Verdict.ALLOWED),
        ("http_access allow ours", "*.blob.core.windows.net", Verdict.ALLOWED),
        ("http_access allow ours", "xmyregistry.azurecr.io", Verdict.BLOCKED),
        ("http_access deny ours\nhttp_access allow all", "myregistry.azurecr.io", Verdict.BLOCKED),
        ("http_access deny !ours\nhttp_access allow all", "myregistry.azurecr.io", Verdict.ALLOWED),
        ("http_access deny !ours\nhttp_access allow all", "other.azurecr.io", Verdict.BLOCKED),
        ("http_access allow star", "a.mcr.microsoft.com", Verdict.BLOCKED),
        ("http_access allow star", "*.mcr.microsoft.com", Verdict.BLOCKED),
        ("http_access allow lan ours", "myregistry.azurecr.io", Verdict.UNPROVEN),
        ("http_access allow office ours", "myregistry.azurecr.io", Verdict.UNPROVEN),
        ("http_access allow ours ours", "myregistry.azurecr.io", Verdict.UNPROVEN),
        ("http_access allow !CONNECT ours", "myregistry.azurecr.io", Verdict.BLOCKED),
        (
            "acl fetching transaction_initiator certificate-fetching\nhttp_access allow fetching\nhttp_access deny all",
            "myregistry.azurecr.io",
            Verdict.BLOCKED,
        ),
        ("http_access deny manager", "anything.example.org", Verdict.ALLOWED),
        ("http_access allow ours\nssl_bump splice ours\nssl_bump terminate all", "azurecr.io", Verdict.ALLOWED),
    ],
)
def test_squid_lines(lines: str, host: str, verdict: Verdict) -> None:
    for wall in read_squid(f"{SQUID}{lines}\n"):
        assert to(wall, host).verdict is verdict


def test_squid_by_port() -> None:
    (wall,) = read_squid(f"{SQUID}http_access allow !CONNECT ours\n")
    assert to(wall, "azurecr.io", 80).verdict is Verdict.ALLOWED
    assert to(wall, "azurecr.io", 8443).why.startswith("refused by line 9: http_access deny !Safe_ports")


def test_squid_in_the_way_is_two_walls() -> None:
    access, bump = read_squid(
        f"{SQUID}http_access allow all\nssl_bump peek all\nssl_bump splice ours\nssl_bump terminate all\n"
    )
    assert to(access, "evil.example.org").verdict is Verdict.ALLOWED
    assert to(bump, "evil.example.org").verdict is Verdict.BLOCKED
    assert to(bump, "evil.example.org", 80).verdict is Verdict.ALLOWED
    assert to(bump, "azurecr.io").verdict is Verdict.ALLOWED


def test_squid_remarks() -> None:
    (wall,) = read_squid(f"{SQUID}include /etc/squid/conf.d/*.conf\n")
    assert wall.remarks[0] == "line 6: *.mcr.microsoft.com matches nothing in squid; write .mcr.microsoft.com"
    assert "not read" in wall.remarks[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cache_mem 8 MB\n", "no squid.conf"),
        ("acl x\n", "line 1: a list needs"),
        ("acl x port http\n", "line 1: 'http' is no port"),
        ("acl x src here\n", "line 1: 'here' is not an address range"),
        ("acl x src 10.0.0.0/255.0.255.0\n", "holes"),
        ("acl x port 1\nacl x src 1.2.3.4\n", "line 2: the list x"),
        ("http_access allow x\n", "line 1: there is no list x"),
        ("http_access permit all\n", "line 1: .* needs one of allow, deny"),
    ],
)
def test_squid_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(AuditError, match=message):
        read_squid(text)
