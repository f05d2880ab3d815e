"""Memory of a tree of processes, in MiB, from the kernel's own accounts."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PROC = Path("/proc")
PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)
SAMPLE_SECONDS = 0.05


def _tree(root: int) -> list[int]:
    """`root` and everything below it."""
    parents: dict[int, int] = {}
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                # The name in parentheses may hold anything; the state and the parent follow the last one.
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    tree = [root]
    for process in tree:
        tree.extend(child for child, parent in parents.items() if parent == process)
    return tree


def resident(root: int) -> float:
    """RSS summed over the tree. Pages that workers share count once for each of them."""
    total = 0.0
    for process in _tree(root):
        with contextlib.suppress(OSError):
            total += int((PROC / str(process) / "statm").read_text().split()[1]) * PAGE_MIB
    return total


def proportional(root: int) -> float:
    """PSS summed over the tree: shared pages are divided among their users, so this is what it costs."""
    total = 0.0
    for process in _tree(root):
        with contextlib.suppress(OSError):
            rollup = (PROC / str(process) / "smaps_rollup").read_text()
            found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
            total += int(found[1]) / 1024 if found else 0.0
    return total


class Watch:
    """The highest RSS of a tree while something happens, sampled."""

    def __init__(self, root: int) -> None:
        self._root = root
        self.before = self.peak = resident(root)
        self._ended = threading.Event()

    def _sample(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            self.peak = max(self.peak, resident(self._root))

    @contextlib.contextmanager
    def sampling(self) -> Iterator[None]:
        """Sample until the block is left."""
        thread = threading.Thread(target=self._sample)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()
