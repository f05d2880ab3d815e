"""Whatever comes in whatever pieces, the file holds it: directly written blocks, rests of blocks, and small pieces."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.blobs.writer import FileWriter

if TYPE_CHECKING:
    from pathlib import Path

KIB = 1024
SIZES = st.lists(
    st.one_of(st.integers(0, 9000), st.sampled_from([4096, 256 * KIB - 1, 256 * KIB, 1024 * KIB, 1024 * KIB + 1])),
    max_size=4,
)
PUT_DOWN = "put down"


def written(path: Path, calls: list[list[bytes] | str]) -> int:
    """Write pieces, putting the file down and taking it up again in between; return the last offset."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR)
    writer = FileWriter(path, descriptor)
    for call in calls:
        if isinstance(call, list):
            writer.append(b"".join(call))
            continue
        writer.flush()
        writer.close()
        os.close(descriptor)
        descriptor = os.open(path, os.O_RDWR)
        writer = FileWriter(path, descriptor)
    writer.flush()
    writer.close()
    os.close(descriptor)
    return writer.offset


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.lists(st.one_of(SIZES, st.just(PUT_DOWN)), max_size=6), seed=st.integers(0, 1000))
def test_the_file_is_the_pieces_in_order(tmp_path: Path, calls: list[list[int] | str], seed: int) -> None:
    source = random.Random(seed)
    pieces = [[source.randbytes(size) for size in call] if isinstance(call, list) else call for call in calls]
    path = tmp_path / "upload"
    path.unlink(missing_ok=True)
    whole = b"".join(piece for call in pieces if isinstance(call, list) for piece in call)
    assert written(path, pieces) == len(whole)
    assert path.read_bytes() == whole


def test_large_pieces_leave_nothing_in_the_page_cache(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    try:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_DIRECT))
    except OSError:
        pytest.skip("this file system knows no O_DIRECT")
    written(path, [[os.urandom(1024 * KIB) * 8]])
    assert path.stat().st_size == 8 * 1024 * KIB
    assert cached_octets(path) == 0


def cached_octets(path: Path) -> int:
    """Ask the kernel how much of a file is in memory, by reading without waiting for the disk (preadv2, RWF_NOWAIT)."""
    with path.open("rb") as file:
        buffer = bytearray(path.stat().st_size)
        try:
            return os.preadv(file.fileno(), [buffer], 0, os.RWF_NOWAIT)
        except BlockingIOError:
            return 0
