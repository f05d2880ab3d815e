"""Who may not push leaves nothing behind and is told why."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.real import images
from tests.real.clients import Clients, push_with, succeed
from tests.real.product import Product
from tests.real.registry import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.images import Layout

REFUSED = re.compile("unauthorized|denied|authentication required|invalid username/password", re.IGNORECASE)
NOBODY = ("", "")


def assert_empty(product: Product, repository: str, image: Layout) -> None:
    with Repository(product.ready, repository) as there:
        assert there.tags() == []
        assert [there.get("blobs", layer).status_code for layer in image.layers()] == [404] * len(image.layers())


@pytest.mark.parametrize(
    "who", [("myregistry", "wrong"), ("stranger", "wrong"), NOBODY], ids=["wrong", "unknown", "nobody"]
)
@pytest.mark.parametrize("client", ["skopeo", "crane", "oras"])
def test_push_is_refused_and_leaves_nothing(
    product: Product, repository: str, image: Layout, tmp_path: Path, *, client: str, who: tuple[str, str]
) -> None:
    done = push_with(client, Clients(product.ready, tmp_path / "home", *who), image, repository)
    assert done.code != 0, done
    assert REFUSED.search(done.err), done
    assert_empty(product, repository, image)


def test_podman_login_with_a_wrong_password(product: Product, short_path: Path) -> None:
    ready = product.ready
    stranger = Clients(ready, short_path / "home")
    who = ("--username", ready.username, "--password", "wrong", ready.login_server)
    storage = stranger.podman_storage()
    done = stranger.attempt("podman", *storage, "login", f"--cert-dir={ready.cert_dir}", *who)
    assert done.code != 0, done
    assert REFUSED.search(done.err), done


def test_oras_login_with_a_wrong_password(product: Product, tmp_path: Path) -> None:
    stranger = Clients(product.ready, tmp_path / "home")
    who = ("--username", product.ready.username, "--password-stdin", product.ready.login_server)
    done = stranger.attempt("oras", "login", *stranger.oras_options(), *who, stdin="wrong")
    assert done.code != 0, done
    assert REFUSED.search(done.err), done


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with Product(tmp_path_factory.mktemp("public"), "--anonymous-pull") as running:
        yield running


@pytest.fixture
def published(public: Product, repository: str, image: Layout, tmp_path: Path) -> str:
    """A repository into which its owner pushed the image."""
    owner = Clients(public.ready, tmp_path / "owner", public.ready.username, public.ready.password)
    owner.skopeo_push(image.source, repository)
    return repository


@pytest.fixture
def anybody(public: Product, short_path: Path) -> Clients:
    return Clients(public.ready, short_path / "home")


def test_anybody_pulls_with_skopeo(anybody: Clients, published: str, image: Layout, tmp_path: Path) -> None:
    anybody.skopeo_pull(published, f"oci:{tmp_path / 'pulled'}:v1")
    assert images.contents(images.read_layout(tmp_path / "pulled")) == images.contents(image)


def test_anybody_pulls_with_crane(anybody: Clients, published: str) -> None:
    assert anybody.crane("validate", "--remote", anybody.ref(published)).startswith("PASS")


def test_anybody_pulls_with_oras(anybody: Clients, published: str, image: Layout) -> None:
    told = anybody.oras("manifest", "fetch", anybody.ref(published))
    assert told.strip().encode() == image.read(image.digest)


def test_anybody_pulls_with_podman(anybody: Clients, published: str, image: Layout) -> None:
    done = anybody.attempt(
        *("podman", *anybody.podman_storage(), "pull", "--quiet"),
        *(f"--cert-dir={anybody.ready.cert_dir}", anybody.ref(published)),
    )
    config: str = image.manifest()["config"]["digest"]
    assert succeed(done).strip() == config.removeprefix("sha256:")


@pytest.mark.parametrize("client", ["skopeo", "crane", "oras"])
def test_nobody_but_the_owner_pushes(
    public: Product, anybody: Clients, repository: str, image: Layout, client: str
) -> None:
    done = push_with(client, anybody, image, repository)
    assert done.code != 0, done
    assert REFUSED.search(done.err), done
    assert_empty(public, repository, image)
