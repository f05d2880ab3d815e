"""The state directory is its owner's alone."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from seawall.server.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.parametrize("existing", [None, 0o755, 0o777, 0o700])
def test_nobody_else_may_look_into_it(tmp_path: Path, existing: int | None) -> None:
    root = tmp_path / "deep" / "state"
    if existing is not None:
        root.mkdir(parents=True)
        root.chmod(existing)
    for _ in range(2):
        State(root).ensure()
        assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_everything_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    state = State((tmp_path / "state").relative_to(tmp_path))
    monkeypatch.chdir("/")
    places = (state.database, state.authority, state.tls, state.admin_password("myregistry"))
    assert all(place.is_relative_to(tmp_path / "state") for place in places)
    assert len(set(places)) == len(places)
    assert state.database_url == f"sqlite:///{tmp_path}/state/seawall.db"
    assert state.admin_password("myregistry") != state.admin_password("another")


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for root in (tmp_path / "file", tmp_path / "file" / "state"):
        with pytest.raises(OSError, match=str(root)):
            State(root).ensure()
