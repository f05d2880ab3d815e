"""Running commands, in this process and in a place of the test's own."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest
from typer.testing import CliRunner

from seawall.cli.main import app
from tests.support.weekly import SMALL, weekly

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NEWER: Final = {
    **{name: prefixes for name, prefixes in SMALL.items() if name != "AzureContainerRegistry.IsraelCentral"},
    "AzureContainerRegistry.EastUS": ("20.0.0.0/24", "20.0.3.0/28", "2603:1000::/48"),
    "Storage": ("20.1.0.0/17", "20.1.128.0/17"),
    "StorageSyncService": ("20.2.0.0/25",),
    "AzureContainerRegistry.WestUS": ("20.0.3.128/28",),
}


class Done(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON
        """What it printed, which must be one JSON document on one line, and nothing else anywhere."""
        assert self.out.count("\n") == 1
        return self.json_lines

    @property
    def json_lines(self) -> Any:  # noqa: ANN401 - JSON
        """What it printed: one JSON document, on as many lines as it likes."""
        assert not self.err
        return json.loads(self.out)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where files are kept; nothing of the machine's own is seen or changed."""
    for name in list(os.environ):
        if name.startswith("SEAWALL_") or name.upper() in {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}:
            monkeypatch.delenv(name)
    # Should a test ask for something that is not here, it gets no further than this.
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "seawall-service-tags"


@pytest.fixture
def run(state: Path) -> Callable[..., Done]:
    """Run a command to its end. Whatever goes wrong, it says so in a sentence, and nothing of it is a traceback."""
    runner = CliRunner()

    def call(*arguments: str | Path, code: int = 0, stdin: str | bytes | None = None) -> Done:
        assert state.is_absolute()
        done = runner.invoke(app, [str(one) for one in arguments], input=stdin)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, f"{done.exit_code}, not {code}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        if code:
            # It names what was wrong, or shows that nothing was found.
            assert done.stderr or done.stdout
        return Done(done.exit_code, done.stdout, done.stderr)

    return call


@pytest.fixture
def tags_file(tmp_path: Path) -> Path:
    """A small weekly file."""
    path = tmp_path / "tags.json"
    path.write_bytes(weekly())
    return path


@pytest.fixture
def newer_file(tmp_path: Path) -> Path:
    """The next one, in which some has changed."""
    path = tmp_path / "newer.json"
    path.write_bytes(weekly(NEWER, change=375))
    return path


@pytest.fixture
def kept(state: Path) -> Path:
    """The file that was fetched last."""
    state.mkdir(parents=True)
    path = state / "Public.json"
    path.write_bytes(weekly())
    return path
