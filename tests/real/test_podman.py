"""podman: log in, push what it built of a layout, pull it into an empty storage."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.real import images
from tests.real.clients import Clients

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.product import Product


@pytest.fixture
def podman(product: Product, short_path: Path) -> Iterator[Clients]:
    """A person who has not logged in yet; her images are removed afterwards."""
    if os.geteuid() != 0:
        pytest.skip("podman keeps plain files in a folder of its own only for root")
    person = Clients(product.ready, short_path / "home")
    yield person
    person.podman("rmi", "--all", "--force")


def login(podman: Clients) -> str:
    ready = podman.ready
    who = ("--username", ready.username, "--password-stdin", ready.login_server)
    return podman.podman("login", f"--cert-dir={ready.cert_dir}", *who, stdin=ready.password)


def test_login(podman: Clients) -> None:
    assert "Login Succeeded" in login(podman)


def test_image_pulls_into_an_empty_storage(podman: Clients, repository: str, tmp_path: Path) -> None:
    """The image is its own: podman compresses anew, and root's skopeo would remember that and use it elsewhere."""
    image = images.write_image(tmp_path / "layout")
    login(podman)
    trust = f"--cert-dir={podman.ready.cert_dir}"
    name = podman.podman("pull", "--quiet", image.source).strip()
    podman.podman("push", trust, name, f"docker://{podman.ref(repository)}")
    podman.podman("rmi", "--all", "--force")
    assert podman.podman("pull", "--quiet", trust, podman.ref(repository)).strip() == name


def test_manifest_list(podman: Clients, repository: str, tmp_path: Path) -> None:
    login(podman)
    trust = f"--cert-dir={podman.ready.cert_dir}"
    podman.podman("manifest", "create", "both")
    for architecture in ("amd64", "arm64"):
        layout = images.write_index(tmp_path / architecture, architectures=[architecture])
        podman.podman("manifest", "add", "--all", "both", layout.source)
    podman.podman("manifest", "push", "--all", trust, "both", f"docker://{podman.ref(repository)}")
    podman.podman("manifest", "rm", "both")
    name = podman.podman("pull", "--quiet", "--arch=arm64", trust, podman.ref(repository)).strip()
    assert podman.podman("image", "inspect", "--format={{.Architecture}}", name).strip() == "arm64"
