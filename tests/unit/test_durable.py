"""Files are replaced whole or not at all."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from seawall.durable import PRIVATE, READABLE, replace_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("mode", [PRIVATE, READABLE])
@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_a_file_is_written_whole_and_for_whom_it_is_meant(tmp_path: Path, mode: int, umask: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o666)
    before = os.umask(umask)
    try:
        for content in (b"", b"new", bytes(range(256)) * 100):
            replace_file(path, content, mode)
            assert path.read_bytes() == content
            assert stat.S_IMODE(path.stat().st_mode) == mode
    finally:
        os.umask(before)
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(path, b"new", READABLE)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
