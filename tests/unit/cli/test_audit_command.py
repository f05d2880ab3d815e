"""``seawall audit``: what it takes for a configuration."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from seawall.cli.main import app

SQUID = "acl registry dstdomain myregistry.azurecr.io\nhttp_access allow registry\nhttp_access deny all\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_configuration_in_whatever_programs_pipe(encoding: str) -> None:
    done = CliRunner().invoke(app, ["audit", "-", "myregistry", "--format", "squid"], input=SQUID.encode(encoding))
    # What signing in takes is let through; storage is not.
    assert done.exit_code == 4, done.output
    assert "line 2: http_access allow registry" in done.stdout


def test_what_is_no_text() -> None:
    done = CliRunner().invoke(app, ["audit", "-", "myregistry"], input=b"\xc3\x28\x80")
    assert done.exit_code == 2
    assert "no text" in done.stderr
