"""The real client programs, each told whom to trust and who it is."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from tests.real.images import Layout
    from tests.real.product import Ready

TOOLS: Final = Path(__file__).parents[2] / ".tools" / "bin"
PATIENCE: Final = 60.0


def tool(name: str) -> str:
    """Find a program that `make tools` installs, or skip."""
    found = shutil.which(name, path=f"{TOOLS}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    if found is None:
        pytest.skip(f"{name} is not on this machine; `make tools` says why it could not be installed")
    return found


@dataclass(frozen=True)
class Done:
    """What a program did."""

    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"exit code {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class Clients:
    """Client programs of one person with one home folder, one credentials file and one registry in mind."""

    def __init__(self, ready: Ready, home: Path, username: str = "", password: str = "") -> None:
        self.ready = ready
        self.home = home
        (home / "run").mkdir(mode=0o700, parents=True)
        self._credentials = home / "config.json"
        secret = base64.b64encode(f"{username}:{password}".encode()).decode()
        auths = {ready.login_server: {"auth": secret}} if username else {}
        self._credentials.write_text(json.dumps({"auths": auths}))

    def ref(self, repository: str, tag: str = "v1") -> str:
        separator = "@" if tag.startswith("sha256:") else ":"
        return f"{self.ready.login_server}/{repository}{separator}{tag}"

    def attempt(self, program: str, *arguments: str, stdin: str = "", trust: bool = False) -> Done:
        """Run a program; `trust` makes the registry's authority the only one it knows."""
        done = subprocess.run(
            [tool(program), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            cwd=self.home,
            env=self._environment() | ({"SSL_CERT_FILE": self.ready.ca_file} if trust else {}),
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def skopeo(self, *arguments: str) -> str:
        return succeed(self.attempt("skopeo", "--insecure-policy", *arguments))

    def skopeo_push(self, source: str, repository: str, *options: str, tag: str = "v1") -> str:
        target = f"docker://{self.ref(repository, tag)}"
        return self.skopeo("copy", f"--dest-cert-dir={self.ready.cert_dir}", *options, source, target)

    def skopeo_pull(self, repository: str, target: str, *options: str, tag: str = "v1") -> str:
        source = f"docker://{self.ref(repository, tag)}"
        return self.skopeo("copy", f"--src-cert-dir={self.ready.cert_dir}", *options, source, target)

    def podman(self, *arguments: str, stdin: str = "") -> str:
        return succeed(self.attempt("podman", *self.podman_storage(), *arguments, stdin=stdin))

    def podman_storage(self) -> list[str]:
        return [*self._storage(), "--cgroup-manager=cgroupfs", "--events-backend=none"]

    def buildah(self, *arguments: str) -> str:
        return succeed(self.attempt("buildah", *self._storage(), *arguments)).strip()

    def _storage(self) -> list[str]:
        """Keep images in the home folder, in plain files: nothing is mounted, nothing is left."""
        folders = [f"--root={self.home / 'storage'}", f"--runroot={self.home / 'run' / 'storage'}"]
        return [*folders, "--storage-driver=vfs"]

    def crane(self, *arguments: str) -> str:
        return succeed(self.attempt("crane", *arguments, trust=True)).strip()

    def oras(self, *arguments: str) -> str:
        return succeed(self.attempt("oras", *arguments, *self.oras_options()))

    def oras_options(self) -> list[str]:
        """Without the last one oras speaks plain HTTP to anything called localhost."""
        return [
            f"--registry-config={self._credentials}",
            f"--ca-file={self.ready.ca_file}",
            "--plain-http=false",
        ]

    def curl(self, *arguments: str) -> Done:
        """Run curl, which must at least reach the server."""
        done = self.attempt("curl", "--silent", "--show-error", "--cacert", self.ready.ca_file, *arguments)
        assert done.code == 0, done
        return done

    def _environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "TMPDIR": str(self.home),
            "XDG_RUNTIME_DIR": str(self.home / "run"),
            "DOCKER_CONFIG": str(self.home),
            "REGISTRY_AUTH_FILE": str(self._credentials),
        }


def succeed(done: Done) -> str:
    assert done.code == 0, done
    return done.out


def push_with(name: str, clients: Clients, layout: Layout, repository: str, tag: str = "v1") -> Done:
    """Push a layout with the named client, whatever comes of it."""
    if name == "skopeo":
        trust = f"--dest-cert-dir={clients.ready.cert_dir}"
        target = f"docker://{clients.ref(repository, tag)}"
        return clients.attempt("skopeo", "--insecure-policy", "copy", trust, layout.source, target)
    if name == "crane":
        return clients.attempt("crane", "push", str(layout.path), clients.ref(repository, tag), trust=True)
    assert name == "oras", name
    source = f"{layout.path}:{layout.tag}"
    options = [option.replace("--", "--to-", 1) for option in clients.oras_options()]
    return clients.attempt("oras", "copy", "--from-oci-layout", source, clients.ref(repository, tag), *options)
