"""`az acr import`: from this registry, from another one, and what cannot be imported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.real.azure_cli import AzureCli
from tests.real.images import digest_of
from tests.real.product import Product
from tests.real.registry import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.real.product import Ready

NAME = ("--name", "myregistry")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture(scope="module")
def abroad(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Somebody else's registry."""
    with Product(tmp_path_factory.mktemp("abroad"), "--registry", "elsewhere") as product:
        yield product


@pytest.fixture(scope="module")
def product(abroad: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A registry that trusts the other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(abroad.ready.ca_file))
        product = Product(tmp_path_factory.mktemp("here"), "--region", "eastus")
        product.start()
    try:
        yield product
    finally:
        product.stop()


@pytest.fixture(scope="module")
def az(product: Product) -> AzureCli:
    return AzureCli(product.state)


def host_of(product: Product) -> str:
    """Write its address in a way that the Azure CLI takes for a login server: there must be a dot in it."""
    return product.ready.login_server.replace("localhost", "127.0.0.1")


def push(ready: Ready, name: str, tag: str, *layers: bytes) -> dict[str, bytes]:
    """Push an index of an image for each layer; return every manifest by its digest, the index last."""
    manifests: dict[str, bytes] = {}
    with Repository(ready, name) as repository:
        repository.push_whole(b"{}")
        for layer in layers:
            repository.push_whole(layer)
            blob = {"digest": digest_of(layer), "size": len(layer), "mediaType": "application/octet-stream"}
            config = {"digest": digest_of(b"{}"), "size": 2, "mediaType": "application/vnd.oci.image.config.v1+json"}
            body = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [blob]}).encode()
            repository.expect(201, "PUT", f"manifests/{digest_of(body)}", body, headers={"Content-Type": MANIFEST})
            manifests[digest_of(body)] = body
        children = [{"digest": one, "size": len(body), "mediaType": MANIFEST} for one, body in manifests.items()]
        index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": children}).encode()
        repository.expect(201, "PUT", f"manifests/{tag}", index, headers={"Content-Type": INDEX})
    return manifests | {digest_of(index): index}


def check_there(ready: Ready, name: str, tag: str, manifests: dict[str, bytes], *layers: bytes) -> None:
    """See that a whole image is there, octet for octet."""
    *_, index = manifests
    with Repository(ready, name) as repository:
        if tag:
            assert repository.expect(200, "GET", f"manifests/{tag}").headers["Docker-Content-Digest"] == index
        for digest, body in manifests.items():
            assert repository.expect(200, "GET", f"manifests/{digest}").content == body
        for layer in layers:
            assert repository.get("blobs", digest_of(layer)).content == layer


def test_an_image_of_this_registry_is_imported_under_another_name(az: AzureCli, product: Product) -> None:
    ready = product.ready
    manifests = push(ready, "team/app", "v1", b"one", b"two")
    about = ("acr", "import", *NAME, "--registry", "myregistry", "--source", "team/app:v1")
    az.answer(*about, "--image", "copy/app:v2", "--image", "copy/other:v3", "--repository", "copy/bare")
    for name, tag in (("copy/app", "v2"), ("copy/other", "v3"), ("copy/bare", "")):
        check_there(ready, name, tag, manifests, b"one", b"two")


def test_an_image_of_another_registry_is_imported(az: AzureCli, abroad: Product, product: Product) -> None:
    large = bytes(range(256)) * 20_000
    manifests = push(abroad.ready, "their/app", "v1", large, b"small")
    signed_in = ("--username", abroad.ready.username, "--password", abroad.ready.password)
    about = ("acr", "import", *NAME, "--source", f"{host_of(abroad)}/their/app:v1")
    refused = az.refusal(*about)
    assert "may not be read: say --username and --password" in refused
    az.answer(*about, *signed_in)
    check_there(product.ready, "their/app", "v1", manifests, large, b"small")
    # A tag that stands for something else is moved only by force.
    newer = push(abroad.ready, "their/app", "v1", b"newer")
    refused = az.refusal(*about, *signed_in)
    assert "their/app:v1 already exists" in refused
    assert abroad.ready.password not in refused + product.tail()
    check_there(product.ready, "their/app", "v1", manifests)
    az.answer(*about, *signed_in, "--force")
    check_there(product.ready, "their/app", "v1", newer, b"newer")


def test_what_is_not_there_is_said(az: AzureCli, abroad: Product) -> None:
    about = ("acr", "import", *NAME, "--source")
    assert "there is no myregistry/nothing:v1" in az.refusal(*about, "nothing:v1", "--registry", "myregistry")
    signed_in = ("--username", abroad.ready.username, "--password", abroad.ready.password)
    assert "there is no" in az.refusal(*about, f"{host_of(abroad)}/nothing:v1", *signed_in)
    assert "does not answer" in az.refusal(*about, "127.0.0.1:1/nothing:v1", *signed_in)
