"""What is in a registry, by the unmodified Azure CLI: `az acr repository` and `az acr manifest`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.real.azure_cli import AzureCli
from tests.real.product import Product
from tests.real.registry import Repository
from tests.support import content

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = ("--name", "myregistry")
REGISTRY = ("--registry", "myregistry")
CONFIG = content.encode({"architecture": "arm64", "os": "linux"})


class Images(NamedTuple):
    """What is pushed: two images of one repository under three tags, and a signature of the first."""

    one: str
    two: str
    signature: str


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with Product(tmp_path_factory.mktemp("az-repository")) as product:
        yield product


@pytest.fixture(scope="module")
def az(product: Product) -> AzureCli:
    return AzureCli(product.state)


def push(repository: Repository, tag: str, layer: bytes) -> bytes:
    manifest = content.image(CONFIG, layer)
    for blob in (CONFIG, layer):
        repository.push_whole(blob)
    repository.put_manifest(tag, manifest)
    return manifest


def fill(product: Product, name: str) -> Images:
    with Repository(product.ready, name) as repository:
        one = push(repository, "v2", b"one")
        two = push(repository, "v1", b"two")
        repository.put_manifest("latest", two)
        signature = content.artifact("application/x.signature", subject=one)
        repository.push_whole(b"{}")
        digest = content.digest_of(signature)
        repository.put_manifest(digest, signature)
    return Images(content.digest_of(one), content.digest_of(two), digest)


def attributes(shown: dict[str, Any]) -> dict[str, bool]:
    found: dict[str, bool] = shown["changeableAttributes"]
    return found


def test_repositories_and_tags_are_listed_and_shown(az: AzureCli, product: Product) -> None:
    images = fill(product, "team/shown")
    assert "team/shown" in az.answer("acr", "repository", "list", *NAME)
    about = (*NAME, "--repository", "team/shown")
    assert az.answer("acr", "repository", "show-tags", *about) == ["latest", "v1", "v2"]
    newest = az.answer("acr", "repository", "show-tags", *about, "--orderby", "time_desc", "--top", "2", "--detail")
    assert [(one["name"], one["digest"]) for one in newest] == [("latest", images.two), ("v1", images.two)]
    shown = az.answer("acr", "repository", "show", *about)
    assert (shown["imageName"], shown["manifestCount"], shown["tagCount"]) == ("team/shown", 3, 3)
    assert (shown["registry"], attributes(shown)["deleteEnabled"]) == (product.ready.login_server, True)
    tag = az.answer("acr", "repository", "show", *NAME, "--image", "team/shown:v1")
    assert (tag["name"], tag["digest"]) == ("v1", images.two)
    assert tag["createdTime"] <= tag["lastUpdateTime"] <= shown["lastUpdateTime"]


def test_manifests_are_listed_and_shown(az: AzureCli, product: Product) -> None:
    images = fill(product, "manifests")
    about = (*REGISTRY, "--name", "manifests")
    listed = az.answer("acr", "manifest", "list-metadata", *about, "--orderby", "time_asc")
    assert [one["digest"] for one in listed] == [images.one, images.two, images.signature]
    assert (listed[1]["architecture"], listed[1]["os"], listed[1]["tags"]) == ("arm64", "linux", ["latest", "v1"])
    assert listed[1]["imageSize"] == len(CONFIG) + len("two")
    shown = az.answer("acr", "manifest", "show-metadata", *REGISTRY, "--name", f"manifests@{images.two}")
    assert shown == listed[1]
    whole = az.answer("acr", "manifest", "list", *about)
    layers = {layer["digest"] for one in whole for layer in one["layers"]}
    assert (len(whole), layers >= {content.digest_of(b"one"), content.digest_of(b"two")}) == (3, True)
    raw = az.run("acr", "manifest", "show", *REGISTRY, "--name", "manifests:v2", "--raw")
    assert content.digest_of(raw.stdout.encode()) == images.one
    [referrer] = az.answer("acr", "manifest", "list-referrers", *REGISTRY, "--name", "manifests:v2")["manifests"]
    assert (referrer["digest"], referrer["artifactType"]) == (images.signature, "application/x.signature")


def test_what_is_locked_stays(az: AzureCli, product: Product) -> None:
    images = fill(product, "locked")
    image = (*NAME, "--image", "locked:v1")
    assert attributes(az.answer("acr", "repository", "update", *image, "--write-enabled", "false")) == {
        "deleteEnabled": True,
        "listEnabled": True,
        "readEnabled": True,
        "writeEnabled": False,
    }
    assert "is locked against write" in az.refusal("acr", "repository", "delete", *image, "--yes")
    assert "is locked against write" in az.refusal("acr", "repository", "untag", *image)
    assert "is locked" in az.refusal("acr", "repository", "delete", *NAME, "--repository", "locked", "--yes")
    # Our own command says the same, and takes it off.
    told = json.loads(az.seawall("lock", "list", "--json"))
    assert told == [{"repository": "locked", "name": "v1", "against": ["write"]}]
    az.seawall("lock", "remove", "locked:v1")
    assert attributes(az.answer("acr", "repository", "show", *image))["writeEnabled"] is True
    manifest = (*REGISTRY, "--name", f"locked@{images.one}")
    shown = az.answer("acr", "manifest", "update-metadata", *manifest, "--read-enabled", "false")
    assert attributes(shown)["readEnabled"] is False
    assert "is locked against read" in az.refusal("acr", "manifest", "show", *manifest)
    az.answer("acr", "repository", "update", *NAME, "--repository", "locked", "--list-enabled", "false")
    assert "locked" not in az.answer("acr", "repository", "list", *NAME)


def test_what_is_deleted_is_gone(az: AzureCli, product: Product) -> None:
    images = fill(product, "gone")
    about = (*NAME, "--repository", "gone")
    az.answer("acr", "repository", "untag", *NAME, "--image", "gone:latest")
    assert az.answer("acr", "repository", "show-tags", *about) == ["v1", "v2"]
    az.answer("acr", "manifest", "delete", *REGISTRY, "--name", f"gone@{images.signature}", "--yes")
    az.answer("acr", "repository", "delete", *NAME, "--image", "gone:v1", "--yes")
    assert az.answer("acr", "repository", "show-tags", *about) == ["v2"]
    deleted = az.answer("acr", "repository", "delete", *about, "--yes")
    assert deleted == {"manifestsDeleted": [images.one], "tagsDeleted": ["v2"]}
    assert "there is no such repository" in az.refusal("acr", "repository", "show", *about)
    assert az.answer("acr", "repository", "list-deleted", *NAME) == []
    for command in ("list-deleted", "list-deleted-tags"):
        assert az.answer("acr", "manifest", command, *REGISTRY, "--name", "gone") == []
    restore = ("acr", "manifest", "restore", *REGISTRY, "--name", "gone:v1", "--digest", images.two, "--yes")
    assert "has no soft delete" in az.refusal(*restore)
