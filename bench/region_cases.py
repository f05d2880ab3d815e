"""What is measured of two regions that replicate, in seconds and octets; the table is made elsewhere."""

from __future__ import annotations

import itertools
import os
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
from sqlalchemy import func, select

from bench import transfer
from bench.client import UnexpectedAnswerError
from bench.fixtures import MIB, Layer
from bench.region_content import SMALL, Content, Puller, push
from bench.regions import REPOSITORY, A, B
from seawall.blobs.digest import parse_digest
from seawall.metadata import manifests
from seawall.metadata.repositories import Repository
from seawall.metadata.schema import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection

    from bench.regions import Regions

PATIENCE = 900.0
STEP = 0.002
LAYER_FILE_MIB = 64


@dataclass(frozen=True, slots=True)
class CatchUp:
    """What it took a region to have all of another: seconds until the manifests, then until the blobs were there."""

    manifests: int
    seconds: float
    whole_seconds: float


@dataclass(frozen=True, slots=True)
class Copied:
    """One large layer, in octets a second: kept by B, or out of A with nothing but HTTPS.

    Fresh layers come from A's disk, since pushes go past its page cache; the others were read before.
    """

    fresh: float
    fresh_curl: float
    known: float
    known_curl: float
    known_httpx: float


def push_then_pull(regions: Regions, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds from an acknowledged push in A to the end of a pull in B, and those of pulling it there again."""
    pushing, pulling = regions.client(A), Puller(regions, B)
    first, again = [], []
    # The first pull of all opens connections, and does not count.
    for _ in range(rounds + 1):
        image = Content.of(10 * MIB)
        push(pushing, image)
        began = time.perf_counter()
        pulling.image(image)
        between = time.perf_counter()
        pulling.image(image)
        first.append(between - began)
        again.append(time.perf_counter() - between)
    return first[1:], again[1:]


def first_octet(regions: Regions, rounds: int) -> list[float]:
    """Seconds from asking B's login server for a layer that only A has to the first octet from B's data endpoint."""
    pushing, pulling, store = regions.client(A), Puller(regions, B), regions.store(B)
    taken = []
    with regions.copying_nothing(B):
        for _ in range(rounds + 1):
            image = Content.of(MIB)
            push(pushing, image)
            pulling.manifest(image)
            config, layer = image.blobs
            pulling.blob(config.digest)
            if store.size(parse_digest(layer.digest)) is not None:
                raise UnexpectedAnswerError("B has copied what nobody asked for")
            began = time.perf_counter()
            parts = pulling.parts(layer.digest)
            first = next(parts)
            taken.append(time.perf_counter() - began)
            if len(first) + sum(map(len, parts)) != len(layer.body):
                raise UnexpectedAnswerError("the layer did not come whole")
    return taken[1:]


def one_more(regions: Regions, rounds: int) -> list[float]:
    """Seconds from an acknowledged push of a small image in A until B has all of it, unasked."""
    pushing, store = regions.client(A), regions.store(B)
    repository = Repository(regions.registry, REPOSITORY)
    taken = []
    with regions.database(B) as database:

        def is_there(image: Content) -> bool:
            digest = parse_digest(image.manifest.digest)
            copied = all(store.size(one) is not None for one in image.digests)
            return copied and database.read_now(manifests.by_digest, repository, digest) is not None

        for _ in range(rounds):
            image = Content.of(SMALL)
            push(pushing, image)
            taken.append(_until(lambda image=image: is_there(image), STEP))  # type: ignore[misc]
    return taken


def copy_layers(regions: Regions, folder: Path, count: int, mib: int) -> list[Copied]:
    """Push large layers to A; how fast they come to B, and how fast A gives them to somebody who throws them away."""
    path = folder / "layer"
    path.write_bytes(os.urandom(LAYER_FILE_MIB * MIB))
    store, reading = regions.store(B), Puller(regions, A)
    found = []

    def pushed() -> Layer:
        layer = Layer.over(path, next(numbers), mib // LAYER_FILE_MIB)
        transfer.push_layer(regions.client(A), REPOSITORY, layer)
        return layer

    def kept(layer: Layer) -> float:
        digest = parse_digest(layer.digest)
        return layer.size / _until(lambda: store.size(digest) is not None, STEP)

    numbers = itertools.count()
    for _ in range(count):
        fresh = kept(pushed())
        with regions.copying_nothing(B):
            layer = pushed()
            fresh_curl = layer.size / _with_curl(regions, reading.url(layer.digest))
        known = kept(layer)
        urls = [reading.url(layer.digest) for _ in range(2)]
        raw = [layer.size / _with_curl(regions, urls[0]), layer.size / _with_httpx(regions, urls[1])]
        found.append(Copied(fresh, fresh_curl, known, *raw))
    return found


def _with_curl(regions: Regions, url: str) -> float:
    command = [*("curl", "--http1.1", "--silent", "--show-error", "--fail", "--output", os.devnull)]
    command += ["--cacert", str(regions.authority), "--write-out", "%{time_total}", url]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _with_httpx(regions: Regions, url: str) -> float:
    began = time.perf_counter()
    with httpx.Client(verify=regions.context(), trust_env=False) as client, client.stream("GET", url) as answer:
        answer.raise_for_status()
        for _ in answer.iter_raw():
            pass
    return time.perf_counter() - began


def catch_up(regions: Regions) -> CatchUp:
    """Wait until B, which has just begun with nothing, has all that A has."""
    began = time.perf_counter()
    with regions.database(A) as known, regions.database(B) as database:
        # What came before both answered does not count.
        before = database.read_now(_count)
        wanted = known.read_now(_count)
        _until(lambda: database.read_now(_count) == wanted, 0.05)
    seconds = time.perf_counter() - began
    blobs = _files(regions, A)
    _until(lambda: _files(regions, B) == blobs, 0.2)
    return CatchUp(wanted - before, seconds, time.perf_counter() - began)


def _count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(MANIFEST)).scalar_one()


def _files(regions: Regions, region: str) -> int:
    folders = regions.store(region).path(parse_digest(f"sha256:{'0' * 64}")).parent.parent
    return sum(len(os.listdir(folder)) for folder in folders.iterdir())  # noqa: PTH208 - names are enough


def idle(regions: Regions, seconds: float) -> float:
    """Share of one processor that all processes take while nothing happens."""
    # What was just copied is noted, and what follows a start is over.
    time.sleep(3.0)
    before = regions.cpu_seconds()
    time.sleep(seconds)
    return (regions.cpu_seconds() - before) / seconds


def _until(said: Callable[[], bool], step: float) -> float:
    began = time.perf_counter()
    while not said():
        if time.perf_counter() - began > PATIENCE:
            raise UnexpectedAnswerError(f"it is not there after {PATIENCE} seconds")
        time.sleep(step)
    return time.perf_counter() - began
