"""skopeo: what goes in by one door comes out by the other, byte for byte."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tests.real import images

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.clients import Clients
    from tests.real.images import Layout


def inspect(clients: Clients, repository: str, *options: str, tag: str = "v1") -> str:
    trust = f"--cert-dir={clients.ready.cert_dir}"
    return clients.skopeo("inspect", trust, *options, f"docker://{clients.ref(repository, tag)}")


def list_tags(clients: Clients, repository: str) -> list[str]:
    target = f"docker://{clients.ready.login_server}/{repository}"
    answer = clients.skopeo("list-tags", f"--cert-dir={clients.ready.cert_dir}", target)
    tags: list[str] = json.loads(answer)["Tags"]
    return tags


def delete(clients: Clients, repository: str, tag: str) -> None:
    target = f"docker://{clients.ref(repository, tag)}"
    clients.skopeo("delete", f"--cert-dir={clients.ready.cert_dir}", target)


def test_image_comes_back_byte_for_byte(clients: Clients, repository: str, image: Layout, tmp_path: Path) -> None:
    clients.skopeo_push(image.source, repository)
    clients.skopeo_pull(repository, f"oci:{tmp_path / 'pulled'}:v1")
    pulled = images.read_layout(tmp_path / "pulled")
    assert pulled.digest == image.digest
    assert images.contents(pulled) == images.contents(image)


def test_index_comes_back_with_every_platform(clients: Clients, repository: str, index: Layout, tmp_path: Path) -> None:
    clients.skopeo_push(index.source, repository, "--all")
    clients.skopeo_pull(repository, f"oci:{tmp_path / 'pulled'}:v1", "--all")
    pulled = images.read_layout(tmp_path / "pulled")
    assert pulled.digest == index.digest
    assert images.contents(pulled) == images.contents(index)


def test_one_platform_of_an_index(clients: Clients, repository: str, index: Layout, tmp_path: Path) -> None:
    clients.skopeo_push(index.source, repository, "--all")
    target = f"oci:{tmp_path / 'pulled'}:v1"
    source = f"docker://{clients.ref(repository)}"
    trust = f"--src-cert-dir={clients.ready.cert_dir}"
    clients.skopeo("--override-arch=arm64", "copy", trust, source, target)
    (wanted,) = [
        child["digest"] for child in index.manifest()["manifests"] if child["platform"]["architecture"] == "arm64"
    ]
    assert images.read_layout(tmp_path / "pulled").digest == wanted


def test_inspect_names_digest_layers_and_tags(clients: Clients, repository: str, image: Layout) -> None:
    clients.skopeo_push(image.source, repository)
    told = json.loads(inspect(clients, repository))
    assert told["Digest"] == image.digest
    assert told["Layers"] == image.layers()
    assert told["RepoTags"] == ["v1"]


def test_inspect_by_digest_gives_the_manifest_itself(clients: Clients, repository: str, image: Layout) -> None:
    clients.skopeo_push(image.source, repository)
    raw = inspect(clients, repository, "--raw", tag=image.digest)
    assert raw.encode() == image.read(image.digest)


def test_tags_are_listed_in_order(clients: Clients, repository: str, image: Layout) -> None:
    for tag in ("v2", "V1", "v10", "latest"):
        clients.skopeo_push(image.source, repository, tag=tag)
    assert list_tags(clients, repository) == ["V1", "latest", "v10", "v2"]


def test_delete_takes_the_image_and_leaves_the_others(
    clients: Clients, repository: str, image: Layout, index: Layout
) -> None:
    clients.skopeo_push(image.source, repository, tag="going")
    clients.skopeo_push(index.source, repository, "--all", tag="staying")
    delete(clients, repository, "going")
    assert list_tags(clients, repository) == ["staying"]


def test_docker_schema_2_keeps_its_type_and_digest(
    clients: Clients, repository: str, image: Layout, tmp_path: Path
) -> None:
    digest_file = tmp_path / "digest"
    clients.skopeo_push(image.source, repository, "--format=v2s2", f"--digestfile={digest_file}")
    raw = inspect(clients, repository, "--raw")
    assert json.loads(raw)["mediaType"] == images.DOCKER_MANIFEST
    assert images.digest_of(raw.encode()) == digest_file.read_text()


def test_docker_schema_2_layers_come_back(clients: Clients, repository: str, image: Layout, tmp_path: Path) -> None:
    clients.skopeo_push(image.source, repository, "--format=v2s2")
    clients.skopeo_pull(repository, f"dir:{tmp_path / 'pulled'}")
    for layer in image.layers():
        assert (tmp_path / "pulled" / layer.removeprefix("sha256:")).read_bytes() == image.read(layer)


def test_second_push_uploads_nothing(clients: Clients, repository: str, image: Layout) -> None:
    clients.skopeo_push(image.source, repository)
    target = f"docker://{clients.ref(repository, 'again')}"
    trust = f"--dest-cert-dir={clients.ready.cert_dir}"
    done = clients.attempt("skopeo", "--insecure-policy", "--debug", "copy", trust, image.source, target)
    assert done.code == 0, done
    assert set(re.findall(r'"(HEAD|POST|PATCH|PUT) https://', done.err)) == {"HEAD", "PUT"}, done


def test_copy_between_repositories(clients: Clients, repository: str, image: Layout) -> None:
    clients.skopeo_push(image.source, repository)
    trust = f"--src-cert-dir={clients.ready.cert_dir}"
    clients.skopeo_push(f"docker://{clients.ref(repository)}", f"{repository}/copy", trust)
    assert json.loads(inspect(clients, f"{repository}/copy"))["Digest"] == image.digest


def test_login_with_the_right_password(clients: Clients) -> None:
    ready = clients.ready
    done = clients.attempt(
        *("skopeo", "login", f"--cert-dir={ready.cert_dir}", "--username", ready.username),
        *("--password-stdin", ready.login_server),
        stdin=ready.password,
    )
    assert "Login Succeeded" in done.out, done


def test_authority_is_needed(clients: Clients, repository: str, image: Layout) -> None:
    target = f"docker://{clients.ref(repository)}"
    done = clients.attempt("skopeo", "--insecure-policy", "copy", image.source, target)
    assert done.code != 0, done
    assert "certificate" in done.err, done
