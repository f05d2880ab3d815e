"""One server in one round: how hard it is measured, and what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bench import transfer, wrk
from bench.client import UnexpectedAnswerError
from bench.fixtures import REPOSITORY
from bench.wrk import Reading, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.fixtures import Fixtures
    from bench.servers import Server


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how large: the full measurement or a quick look."""

    seconds: int = 5
    warm_seconds: int = 1
    pushes: int = 240
    layers: int = 3
    layer_mib: int = 512
    giant_repeats: int = 4
    many_tags: int = 100_000


FULL = Effort()
QUICK = Effort(seconds=1, warm_seconds=0, pushes=64, layers=1, layer_mib=64, giant_repeats=4, many_tags=5_000)


@dataclass(frozen=True, slots=True)
class Run:
    """One server in one round, on a fresh store that holds the images."""

    server: Server
    fixtures: Fixtures
    effort: Effort

    def load(self, paths: Sequence[str], status: int = 200, length: int = 0) -> Reading:
        """Load the registry API, with the bearer token."""
        token = self.server.token(REPOSITORY)
        return self._measure(Target(self.server.origin, self.server.authority, token, tuple(paths), status, length))

    def load_data(self, urls: Sequence[str], length: int) -> Reading:
        """Load signed URLs of the data endpoint, which want no token."""
        origins = {f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, urls)}
        if len(origins) != 1:
            raise UnexpectedAnswerError(f"redirects lead to several places: {origins}")
        (origin,) = origins
        paths = tuple(url.removeprefix(origin) for url in urls)
        return self._measure(Target(origin, self.server.authority, None, paths, 200, length))

    def _measure(self, target: Target) -> Reading:
        return wrk.measure(target, self.effort.seconds, self.effort.warm_seconds)

    def stage_images(self) -> None:
        """Push the blobs and images that the GET cases ask for."""
        transfer.push_blobs(self.server, REPOSITORY, [*self.fixtures.small, *self.fixtures.large])
        client = transfer.connect(self.server, REPOSITORY)
        for image in self.fixtures.images:
            transfer.push_image(client, REPOSITORY, image)
        client.close()
