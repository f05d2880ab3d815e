"""An event loop in a thread of its own that is inside a namespace, with everything that it opens."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Final, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from tests.support.nets import Net

SECONDS: Final = 5
GRACE: Final = 0.02
T = TypeVar("T")


class Closeable(Protocol):
    """A server, or a transport."""

    def close(self) -> None: ...


class InsideLoop:
    """Runs until the block ends; then whatever still runs in it is cancelled.

    Attributes:
        opened: What is closed then.
    """

    def __init__(self, net: Net) -> None:
        self._net = net
        self._loop = asyncio.new_event_loop()
        self.opened: list[Closeable] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in there, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)

    def _run(self) -> None:
        with self._net.inside():
            self._loop.run_forever()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _end(self) -> None:
        for each in self.opened:
            each.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # What was closed says so in the next rounds of the loop.
        await asyncio.sleep(GRACE)
