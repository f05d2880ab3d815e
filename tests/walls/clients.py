"""The real clients, behind the wall: each with its own name servers, home, trust and proxy, and bounded in time."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tests.real.clients import TOOLS
from tests.support.server import BINARY
from tests.walls import azure
from tests.walls.boxes import RESOLVING
from tests.walls.places import IMAGE, LOGIN, REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.support.nets import Net

SECONDS: Final = 20.0
OVERDUE: Final = 124
"""The exit code of what was ended because its time was up, as timeout(1) has it."""


@dataclass(frozen=True)
class Done:
    """What a client did."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether it says that all went well."""
        return self.code == 0

    @property
    def said(self) -> str:
        """Everything it said."""
        return self.out + self.err

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON
        """What it printed, read."""
        return json.loads(self.out)

    def __str__(self) -> str:
        return f"exit code {self.code} after {self.seconds:.1f} s\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


@dataclass
class Pulling:
    """A client that pulls in a loop."""

    pulls: int = 0
    failures: list[Done] = field(default_factory=list)


class Client:
    """The machine behind the wall.

    Every call takes: `proxy`, an address to go through; `login`, whether the registry's credentials are known;
    `inspected`, whether the authority that opens TLS is trusted as well; `seconds`, after which it is ended.
    """

    def __init__(self, net: Net, folder: Path, trusted: bytes, inspecting: bytes, password: str) -> None:
        folder.mkdir()
        self._net = net
        self._folder = folder
        self.resolv = folder / "resolv.conf"
        self._trust = {False: folder / "trusted.pem", True: folder / "inspected.pem"}
        self._trust[False].write_bytes(trusted)
        self._trust[True].write_bytes(trusted + inspecting)
        secret = base64.b64encode(f"{REGISTRY}:{password}".encode()).decode()
        self._homes = {}
        for login, auths in ((True, {LOGIN: {"auth": secret}}), (False, {})):
            home = self._homes[login] = folder / ("user" if login else "stranger")
            (home / "run").mkdir(parents=True, mode=0o700)
            azure.sign_in(home / "azure")
            (home / "config.json").write_text(json.dumps({"auths": auths}))

    def skopeo(self, image: str = IMAGE, **how: Any) -> Done:  # noqa: ANN401 - handed on
        """Pull an image into a folder that is then removed."""
        with tempfile.TemporaryDirectory(dir=self._folder) as target:
            source = f"docker://{_whole(image)}"
            return self.run("skopeo", "--insecure-policy", "copy", "--quiet", source, f"dir:{target}", **how)

    def podman(self, image: str = IMAGE, **how: Any) -> Done:  # noqa: ANN401 - handed on
        """Pull an image into an empty storage that is then removed."""
        # Its sockets' names have a limit, so the path is short.
        with tempfile.TemporaryDirectory(prefix="swp-") as storage:
            words = (f"--root={storage}/s", f"--runroot={storage}/r", "--storage-driver=vfs")
            more = ("--cgroup-manager=cgroupfs", "--events-backend=none")
            return self.run("podman", *words, *more, "pull", "--quiet", _whole(image), **how)

    def curl(self, url: str, *arguments: str, **how: Any) -> Done:  # noqa: ANN401 - handed on
        """Ask for an address; the body is printed."""
        return self.run("curl", "--silent", "--show-error", "--max-time", "8", *arguments, url, **how)

    def check(self, target: str = f"{LOGIN}/{IMAGE}", *options: str, **how: Any) -> Done:  # noqa: ANN401 - handed on
        """Run `seawall check`; its report is in `.json`."""
        return self.run(str(BINARY), "check", target, *options, "--json", **{"seconds": 60.0, **how})

    def az(self, *options: str, **how: Any) -> Done:  # noqa: ANN401 - handed on
        """Run the Azure CLI's own check of the registry's health, signed in as the machine."""
        words = ("acr", "check-health", "--name", REGISTRY, "--ignore-errors", "--yes", *options)
        return self.run(str(TOOLS / "az"), *words, **{"seconds": 60.0, "environment": azure.ENVIRONMENT, **how})

    def run(
        self,
        *command: str,
        proxy: str = "",
        login: bool = True,
        inspected: bool = False,
        seconds: float = SECONDS,
        environment: Mapping[str, str] | None = None,
    ) -> Done:
        """Run any program to its end, or to the end of its time."""
        env = self._environment(self._homes[login], proxy, self._trust[inspected]) | dict(environment or {})
        began = time.monotonic()
        with self._net.inside():
            process = subprocess.Popen(
                [*RESOLVING, str(self.resolv), *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                env=env,
                cwd=self._folder,
                start_new_session=True,
            )
        try:
            out, err = process.communicate(timeout=seconds)
            code = process.returncode
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            code = OVERDUE
        return Done(code, out, err, time.monotonic() - began)

    def shell(self) -> None:
        """Let somebody at this terminal work on the machine until they are done."""
        env = self._environment(self._homes[True], "", self._trust[False])
        env |= {"TERM": os.environ.get("TERM", "dumb"), "PS1": "client$ "}
        env["PATH"] = f"{BINARY.parent}{os.pathsep}{env['PATH']}"
        with self._net.inside():
            subprocess.run([*RESOLVING, str(self.resolv), "bash", "--norc"], env=env, cwd=self._folder, check=False)

    @contextmanager
    def pulling(self, **how: Any) -> Iterator[Pulling]:  # noqa: ANN401 - handed on
        """Pull again and again, by skopeo, until the block ends; when it begins, one has ended."""
        done = Pulling()
        stop, first = threading.Event(), threading.Event()

        def pull() -> None:
            while not stop.is_set():
                result = self.skopeo(**how)
                done.pulls += 1
                if not result.ok:
                    done.failures.append(result)
                first.set()

        thread = threading.Thread(target=pull)
        thread.start()
        try:
            assert first.wait(2 * SECONDS), "the first pull does not end"
            yield done
        finally:
            stop.set()
            thread.join()

    @staticmethod
    def _environment(home: Path, proxy: str, trust: Path) -> dict[str, str]:
        found = {
            "HOME": str(home),
            "PATH": f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{TOOLS}",
            "LANG": "C.UTF-8",
            "TMPDIR": str(home),
            "XDG_RUNTIME_DIR": str(home / "run"),
            "DOCKER_CONFIG": str(home),
            "REGISTRY_AUTH_FILE": str(home / "config.json"),
            "SSL_CERT_FILE": str(trust),
            "CURL_CA_BUNDLE": str(trust),
            "REQUESTS_CA_BUNDLE": str(trust),
            "AZURE_CONFIG_DIR": str(home / "azure"),
            "AZURE_CORE_COLLECT_TELEMETRY": "no",
        }
        # Programs do not agree on the case.
        return found | (dict.fromkeys(("HTTPS_PROXY", "https_proxy"), proxy) if proxy else {})


def has_az() -> bool:
    """Say whether the Azure CLI is here; `make tools` installs it."""
    return shutil.which("az", path=str(TOOLS)) is not None


def _whole(image: str) -> str:
    return image if "/" in image else f"{LOGIN}/{image}"
