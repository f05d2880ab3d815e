"""What a plain list is taken for."""

from __future__ import annotations

import pytest

from seawall.firewall.audit.contract import AuditError
from seawall.firewall.audit.passage import Verdict
from seawall.firewall.audit.plain import read_list
from tests.unit.firewall.audit.forms import LIST, to


@pytest.mark.parametrize(
    ("where", "verdict"),
    [
        ("myregistry.azurecr.io", Verdict.ALLOWED),
        ("*.blob.core.windows.net", Verdict.ALLOWED),
        ("a.b.blob.core.windows.net", Verdict.BLOCKED),
        ("*.data.mcr.microsoft.com", Verdict.ALLOWED),
        ("mcr.microsoft.com", Verdict.ALLOWED),
        ("192.0.2.9", Verdict.ALLOWED),
        ("198.51.100.9", Verdict.ALLOWED),
        ("198.51.100.0/28", Verdict.PARTLY),
        ("203.0.113.7", Verdict.ALLOWED),
        ("203.0.113.8", Verdict.BLOCKED),
        ("2001:db8::9", Verdict.ALLOWED),
    ],
)
def test_lists(where: str, verdict: Verdict) -> None:
    (wall,) = read_list(LIST)
    assert to(wall, where).verdict is verdict


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# nothing\n\n", "empty"),
        ("a.example.org b.example.org\n", "line 1"),
        ("a.example.org\nhttps://azurecr.io/\n", "line 2"),
        ("10.0.0.1/8\n", "line 1: .*address bits"),
        ("1.2.3.9-1.2.3.1\n", "line 1: .*ends before it begins"),
        ("localhost\n", "line 1: 'localhost' is no host name"),
        ("a.*.azurecr.io\n", "line 1"),
    ],
)
def test_lists_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(AuditError, match=message):
        read_list(text)
