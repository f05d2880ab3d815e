"""The cases: what is measured, in which unit, and on what content."""

from __future__ import annotations

import json
import os
import statistics
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from bench import memory, transfer, wrk
from bench.client import UnexpectedAnswerError
from bench.fixtures import REPOSITORY, Image
from bench.wrk import Reading, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.fixtures import Blob, Fixtures, Layer
    from bench.run import Effort, Run

PAGE = 100
PUSHES_A_SECOND = 20
"""Tags pushed beside the manifest GETs: a store that only remembers answers is caught by the next change."""
PULLS = 5
"""Downloads of the large layer a run; their median counts, for one lasts well under a second."""


def _ping(run: Run) -> dict[str, Reading]:
    return {"ping": run.load(["/v2/"])}


def _manifest_tag(run: Run) -> dict[str, Reading]:
    return {"manifest-tag": _manifests(run, [image.tag for image in run.fixtures.images])}


def _manifest_digest(run: Run) -> dict[str, Reading]:
    return {"manifest-digest": _manifests(run, [image.manifest.digest for image in run.fixtures.images])}


def _manifests(run: Run, references: list[str]) -> Reading:
    length = min(len(image.manifest.body) for image in run.fixtures.images)
    return run.load([f"/v2/{REPOSITORY}/manifests/{reference}" for reference in references], length=length)


def _manifest_pushing(run: Run) -> dict[str, Reading]:
    image, done = run.fixtures.spare, threading.Event()
    client = transfer.connect(run.server, REPOSITORY)

    def push() -> None:
        number = 0
        while not done.wait(1 / PUSHES_A_SECOND):
            transfer.push_image(client, REPOSITORY, Image(image.manifest, f"w{number}"))
            number += 1

    with ThreadPoolExecutor(1) as pool:
        pushing = pool.submit(push)
        try:
            reading = _manifests(run, [image.tag for image in run.fixtures.images])
        finally:
            done.set()
        pushing.result()
    client.close()
    return {"manifest-pushing": reading}


def _blob_paths(blobs: Sequence[Blob]) -> list[str]:
    return [f"/v2/{REPOSITORY}/blobs/{blob.digest}" for blob in blobs]


def _redirect(run: Run) -> dict[str, Reading]:
    return {"redirect": run.load(_blob_paths(run.fixtures.small), 307)} if run.server.redirects else {}


def _blob(row: str, blobs: Callable[[Fixtures], Sequence[Blob]]) -> Callable[[Run], dict[str, Reading]]:
    def measure(run: Run) -> dict[str, Reading]:
        chosen = blobs(run.fixtures)
        paths, length = _blob_paths(chosen), len(chosen[0].body)
        if not run.server.redirects:
            return {row: run.load(paths, length=length)}
        client = transfer.connect(run.server, REPOSITORY)
        urls = [client.send("GET", path, 307).headers["location"] for path in paths]
        client.close()
        redirect, data = run.load(paths, 307), run.load_data(urls, length)
        # Both runs keep the processors busy, so the costs of the two requests of one pull add up.
        whole = Reading(1 / (1 / redirect.value + 1 / data.value))
        return {row: whole, f"{row} redirect": redirect, f"{row} data": data}

    return measure


def _tags(row: str, count: Callable[[Effort], int]) -> Callable[[Run], dict[str, Reading]]:
    def measure(run: Run) -> dict[str, Reading]:
        number, image = count(run.effort), run.fixtures.images[0]
        repository = f"bench/{row}"
        transfer.push_blobs(run.server, repository, run.fixtures.small[:9])
        client = transfer.connect(run.server, repository)
        transfer.push_image(client, repository, image)
        client.close()  # filling takes long enough for a server to close a connection that idles
        run.server.put_tags(repository, image, [f"t{tag:06d}" for tag in range(number - 1)])
        path = f"/v2/{repository}/tags/list?n={PAGE}"
        client = transfer.connect(run.server, repository)
        answer = client.send("GET", path, 200)
        client.close()
        listed = len(json.loads(answer.body)["tags"])
        if listed != (PAGE if run.server.pages else number):
            raise UnexpectedAnswerError(f"{run.server.name} lists {listed} of {number} tags")
        os.sync()
        token = run.server.token(repository)
        target = Target(run.server.origin, run.server.authority, token, (path,), 200, len(answer.body))
        return {row: wrk.measure(target, run.effort.seconds, run.effort.warm_seconds)}

    return measure


def _push_small(run: Run) -> dict[str, Reading]:
    blobs = run.fixtures.fresh
    rate = len(blobs) / transfer.push_blobs(run.server, REPOSITORY, blobs)
    client = transfer.connect(run.server, REPOSITORY)
    for blob in blobs:
        transfer.verify(client, REPOSITORY, blob.digest)
    client.close()
    os.sync()  # the next case shall not pay for writing these back
    return {"push-1MiB": Reading(rate)}


def _push_layer(run: Run, layer: Layer) -> float:
    """MB/s of one layer up, its bytes read back afterwards."""
    client = transfer.connect(run.server, REPOSITORY)
    rate = layer.size / 1e6 / transfer.push_layer(client, REPOSITORY, layer)
    transfer.verify(client, REPOSITORY, layer.digest)
    client.close()
    os.sync()
    return rate


def _push_large(run: Run) -> dict[str, Reading]:
    rates = [_push_layer(run, layer) for layer in run.fixtures.layers]
    return {"push-512MiB": Reading(statistics.median(rates))}


def _pull_large(run: Run) -> dict[str, Reading]:
    layer = run.fixtures.layers[0]
    client = transfer.connect(run.server, REPOSITORY)
    if not transfer.has_blob(client, REPOSITORY, layer.digest):
        _push_layer(run, layer)
    client.close()
    return {"blob-512MiB": Reading(statistics.median(_pull(run, layer) for _ in range(PULLS)))}


def _pull(run: Run, layer: Layer) -> float:
    pull = transfer.pull(run.server, REPOSITORY, layer.digest)
    if pull.size != layer.size:
        raise UnexpectedAnswerError(f"{run.server.name} sent {pull.size} of {layer.size} bytes")
    return pull.size / 1e6 / pull.seconds


def _memory(run: Run) -> dict[str, Reading]:
    giant = run.fixtures.giant
    assert giant is not None
    root = run.server.pid
    watch = memory.Watch(root)
    readings = {"rss": Reading(watch.before), "pss": Reading(memory.proportional(root))}
    with watch.sampling():
        _push_layer(run, giant)
        _pull(run, giant)
    return readings | {"rss-growth": Reading(watch.peak - watch.before)}


CASES: Mapping[str, Callable[[Run], dict[str, Reading]]] = {
    "ping": _ping,
    "manifest-tag": _manifest_tag,
    "manifest-digest": _manifest_digest,
    "manifest-pushing": _manifest_pushing,
    "redirect": _redirect,
    "blob-64KiB": _blob("blob-64KiB", lambda fixtures: fixtures.small),
    "blob-1MiB": _blob("blob-1MiB", lambda fixtures: fixtures.large),
    "tags-1k": _tags("tags-1k", lambda _: 1_000),
    "tags-100k": _tags("tags-100k", lambda effort: effort.many_tags),
    "push-1MiB": _push_small,
    "push-512MiB": _push_large,
    "blob-512MiB": _pull_large,
    "rss": _memory,
}
"""By name, in the order they run. Memory comes last, to see what all the others left behind."""
