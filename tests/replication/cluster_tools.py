"""skopeo and podman on the clients' network of a cluster, with a name server that changes its mind."""

from __future__ import annotations

import base64
import json
import os
import random
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Self

from tests.real.clients import TOOLS, Done
from tests.replication.cluster import LOGIN, REGISTRY
from tests.replication.cluster_node import CLOUD
from tests.walls.boxes import RESOLVING
from tests.walls.names import Names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.replication.cluster import Cluster

RESOLVER: Final = "10.90.0.53"
SECONDS: Final = 60.0
MOVE_SECONDS: Final = 0.02
"""How long the name server says the same: much shorter than any pull takes."""


class Tools:
    """The client programs of the registry's administrator."""

    def __init__(self, cluster: Cluster) -> None:
        self._net = cluster.roads.clients
        self._home = cluster.folder / "tools"
        (self._home / "run").mkdir(parents=True, mode=0o700)
        self._resolv = self._home / "resolv.conf"
        self._resolv.write_text(f"nameserver {RESOLVER}\n")
        self._trusted = cluster.trusted
        self._cluster = cluster
        secret = base64.b64encode(f"{REGISTRY}:{(cluster.folder / 'password').read_text()}".encode()).decode()
        hosts = (LOGIN, *(CLOUD.regional(REGISTRY, region) for region in cluster.nodes))
        (self._home / "config.json").write_text(json.dumps({"auths": {host: {"auth": secret} for host in hosts}}))
        cluster.roads.hub.owns(f"{RESOLVER}/32")
        self._names = Names((RESOLVER,), {host: (address,) for host, address in cluster.roads.names.items()})
        self._names.start(cluster.roads.loop)

    def lead(self, region: str) -> None:
        """Let the registry's name lead to a region."""
        self._names.lead(LOGIN, self._cluster.nodes[region].address)

    @contextmanager
    def moving(self, regions: Sequence[str]) -> Iterator[None]:
        """Let the registry's name lead to one region after another, many times while anything is pulled."""
        stop = threading.Event()

        def move() -> None:
            while not stop.wait(MOVE_SECONDS):
                self.lead(random.choice(regions))

        self.lead(regions[0])
        thread = threading.Thread(target=move)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def skopeo(self, repository: str, reference: str, host: str = LOGIN) -> Done:
        """Pull an image into a folder that is then removed."""
        with tempfile.TemporaryDirectory(dir=self._home) as target:
            source = f"docker://{host}/{repository}{_mark(reference)}{reference}"
            return self._run("skopeo", "--insecure-policy", "copy", "--quiet", source, f"dir:{target}")

    def podman(self, repository: str, reference: str) -> Done:
        """Pull an image into an empty storage that is then removed."""
        # Its sockets' names have a limit, so the path is short.
        with tempfile.TemporaryDirectory(prefix="swp-") as storage:
            words = (f"--root={storage}/s", f"--runroot={storage}/r", "--storage-driver=vfs")
            more = ("--cgroup-manager=cgroupfs", "--events-backend=none", "pull", "--quiet")
            return self._run("podman", *words, *more, f"{LOGIN}/{repository}{_mark(reference)}{reference}")

    def _run(self, *command: str) -> Done:
        environment = {
            "HOME": str(self._home),
            "PATH": f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{TOOLS}",
            "LANG": "C.UTF-8",
            "TMPDIR": str(self._home),
            "XDG_RUNTIME_DIR": str(self._home / "run"),
            "REGISTRY_AUTH_FILE": str(self._home / "config.json"),
            "SSL_CERT_FILE": str(self._trusted),
        }
        with self._net.inside():
            done = subprocess.run(
                [*RESOLVING, str(self._resolv), *command],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                env=environment,
                timeout=SECONDS,
                check=False,
            )
        return Done(done.returncode, done.stdout, done.stderr)


class Pulling:
    """Pulls again and again in threads, whatever was acknowledged, until the block ends.

    Attributes:
        pulls: How many there were.
        failures: What went wrong.
    """

    def __init__(self, *ways: Callable[[str], Done], choose: Callable[[], str]) -> None:
        self._stop = threading.Event()
        self._choose = choose
        self._threads = [threading.Thread(target=self._repeat, args=(way,)) for way in ways]
        self._lock = threading.Lock()
        self.pulls = 0
        self.failures: list[str] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, way: Callable[[str], Done]) -> None:
        while not self._stop.is_set():
            reference = self._choose()
            try:
                done = way(reference)
                said = "" if done.code == 0 else f"{reference}: {done}"
            except Exception as error:  # noqa: BLE001 - shown by the test
                said = f"{reference}: {error!r}"
            with self._lock:
                self.pulls += 1
                self.failures += [said] if said else []


def _mark(reference: str) -> str:
    return "@" if ":" in reference else ":"
