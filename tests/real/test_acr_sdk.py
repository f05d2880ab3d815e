"""What is in a registry, by Microsoft's unmodified Python library, signed in as an operator with its companion."""

from __future__ import annotations

import gc
import hashlib
import io
import json
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from azure.containerregistry import ArtifactManifestOrder, ArtifactTagOrder, ContainerRegistryClient
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential

from tests.real.product import Product
from tests.support import content

if TYPE_CHECKING:
    from collections.abc import Iterator

# The library leaves connections open where an answer was a refusal.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

CONFIG = content.encode({"architecture": "amd64", "os": "linux"})


@pytest.fixture(scope="module", autouse=True)
def _tidy() -> Iterator[None]:
    """Close what was left open before somebody else's test is blamed for it."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with Product(tmp_path_factory.mktemp("sdk")) as product:
        yield product


@pytest.fixture(scope="module")
def facts(product: Product) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((product.state / "up.json").read_text())
    return told


@pytest.fixture(scope="module")
def client(product: Product, facts: dict[str, Any]) -> Iterator[ContainerRegistryClient]:
    """The library's client, with its own way of signing in: at an AD FS, which asks nobody else who we are."""
    ca_file = product.ready.ca_file
    secret = Path(facts["operator_secret_file"]).read_text().strip()
    with ExitStack() as stack:
        credential = ClientSecretCredential(
            "adfs",
            facts["operator"],
            secret,
            authority=f"https://{facts['management']}",
            disable_instance_discovery=True,
            connection_verify=ca_file,
        )
        stack.callback(credential.close)
        yield stack.enter_context(
            ContainerRegistryClient(product.ready.login_server, credential, connection_verify=ca_file)
        )


def push(client: ContainerRegistryClient, repository: str, tag: str | None, layer: bytes) -> str:
    """Push an image; return its digest."""
    described = []
    for blob, kind in ((CONFIG, content.OCI_CONFIG), (layer, content.OCI_LAYER)):
        uploaded, size = client.upload_blob(repository, io.BytesIO(blob))
        described.append({"mediaType": kind, "digest": uploaded, "size": size})
    manifest = {
        "schemaVersion": 2,
        "mediaType": content.OCI_IMAGE,
        "config": described[0],
        "layers": described[1:],
    }
    digest: str = client.set_manifest(repository, manifest, tag=tag)
    return digest


def test_blobs_and_manifests_go_there_and_back(client: ContainerRegistryClient) -> None:
    # Longer than one of the library's chunks.
    layer = bytes(range(256)) * (5 * 4096)
    digest = push(client, "team/content", "v1", layer)
    found = client.get_manifest("team/content", "v1")
    assert (found.digest, found.media_type) == (digest, content.OCI_IMAGE)
    stream = client.download_blob("team/content", content.digest_of(layer))
    assert hashlib.sha256(b"".join(stream)).digest() == hashlib.sha256(layer).digest()
    client.delete_blob("team/content", content.digest_of(CONFIG))
    with pytest.raises(ResourceNotFoundError):
        client.download_blob("team/content", content.digest_of(CONFIG))


def test_everything_is_listed_in_order_and_page_by_page(client: ContainerRegistryClient) -> None:
    digests = [push(client, f"lists/{name}", "v1", name.encode()) for name in ("b", "a")]
    assert [name for name in client.list_repository_names(results_per_page=1) if "lists" in name] == [
        "lists/a",
        "lists/b",
    ]
    digests = [push(client, "lists/c", tag, tag.encode()) for tag in ("z", "x", "y")]
    for tag_order, names in (
        (None, ["x", "y", "z"]),
        (ArtifactTagOrder.LAST_UPDATED_ON_ASCENDING, ["z", "x", "y"]),
        (ArtifactTagOrder.LAST_UPDATED_ON_DESCENDING, ["y", "x", "z"]),
    ):
        tags = list(client.list_tag_properties("lists/c", order_by=tag_order, results_per_page=2))
        assert [tag.name for tag in tags] == names
    assert tags[0].created_on == tags[0].last_updated_on >= tags[1].last_updated_on
    for order, expected in (
        (ArtifactManifestOrder.LAST_UPDATED_ON_ASCENDING, digests),
        (ArtifactManifestOrder.LAST_UPDATED_ON_DESCENDING, digests[::-1]),
    ):
        manifests = list(client.list_manifest_properties("lists/c", order_by=order, results_per_page=1))
        assert [one.digest for one in manifests] == expected


def test_properties_are_told_and_changed(client: ContainerRegistryClient) -> None:
    digest = push(client, "properties", "v1", b"layer")
    manifest = client.get_manifest_properties("properties", "v1")
    assert (manifest.digest, manifest.tags, manifest.size_in_bytes) == (digest, ["v1"], len(CONFIG) + 5)
    assert (manifest.architecture, manifest.operating_system) == ("amd64", "linux")
    repository = client.get_repository_properties("properties")
    assert (repository.name, repository.manifest_count, repository.tag_count) == ("properties", 1, 1)
    tag = client.get_tag_properties("properties", "v1")
    assert (tag.name, tag.digest, tag.can_delete) == ("v1", digest, True)

    assert client.update_tag_properties("properties", "v1", can_delete=False).can_delete is False
    with pytest.raises(HttpResponseError, match="locked against delete"):
        client.delete_tag("properties", "v1")
    assert client.update_tag_properties("properties", "v1", can_delete=True).can_delete is True
    assert client.update_manifest_properties("properties", digest, can_read=False).can_read is False
    with pytest.raises(HttpResponseError) as refused:
        client.get_manifest("properties", "v1")
    assert refused.value.status_code == 405
    updated = client.update_repository_properties("properties", can_write=False, can_list=False)
    assert (updated.can_write, updated.can_list, updated.can_read) == (False, False, True)
    with pytest.raises(HttpResponseError) as refused:
        push(client, "properties", "v2", b"another")
    assert refused.value.status_code == 405
    assert "properties" not in list(client.list_repository_names())


def test_what_is_deleted_is_gone_and_what_is_not_there_is_no_fault(client: ContainerRegistryClient) -> None:
    one, two = (push(client, "gone", tag, tag.encode()) for tag in ("v1", "v2"))
    client.delete_tag("gone", "v1")
    client.delete_tag("gone", "none")
    client.delete_manifest("gone", one)
    assert [tag.name for tag in client.list_tag_properties("gone")] == ["v2"]
    assert [manifest.digest for manifest in client.list_manifest_properties("gone")] == [two]
    for _ in range(2):
        client.delete_repository("gone")
        with pytest.raises(ResourceNotFoundError):
            client.get_repository_properties("gone")


def test_nobody_gets_in_with_another_secret(product: Product, facts: dict[str, Any]) -> None:
    with (
        ClientSecretCredential(
            "adfs",
            facts["operator"],
            "something else",
            authority=f"https://{facts['management']}",
            disable_instance_discovery=True,
            connection_verify=product.ready.ca_file,
        ) as credential,
        ContainerRegistryClient(
            product.ready.login_server, credential, connection_verify=product.ready.ca_file
        ) as client,
        pytest.raises(ClientAuthenticationError, match="is wrong"),
    ):
        list(client.list_repository_names())
