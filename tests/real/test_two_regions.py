"""One command starts two regions: what is pushed in one is pulled from the other at once, by its own data endpoint."""

from __future__ import annotations

import json
import ssl
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from tests.real.clients import Clients
from tests.real.images import contents, digest_of, read_layout, write_image, write_index
from tests.real.product import BINARY, Product
from tests.real.registry import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EAST, WEST = "eastus", "westus"


@pytest.fixture(scope="module", params=["dedicated", "shared"])
def regions(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    options = ["--region", EAST, "--region", WEST, *(["--data-endpoints"] if request.param == "dedicated" else [])]
    with Product(tmp_path_factory.mktemp(f"regions-{request.param}"), *options, ports=12) as product:
        yield product


def layers_from(product: Product, region: str) -> str:
    ready = product.ready_in(region)
    return ready.data_endpoint if product.dedicated else ready.blob_endpoint


def user(product: Product, region: str, home: Path) -> Clients:
    ready = product.ready_in(region)
    return Clients(ready, home / region, ready.username, ready.password)


def replication_status(product: Product) -> subprocess.CompletedProcess[str]:
    command = [str(BINARY), "replication", "status", "--state", str(product.state), "--json"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_an_image_is_pulled_from_the_other_region_at_once(regions: Product, tmp_path: Path) -> None:
    east = user(regions, EAST, tmp_path)
    west = user(regions, WEST, tmp_path)
    for number in range(5):
        layout = write_image(tmp_path / f"image{number}")
        pusher, puller = (east, west) if number % 2 else (west, east)
        pusher.skopeo_push(layout.source, f"at-once/{number}")
        # Not a moment later: nobody has waited for anything to be copied.
        puller.skopeo_pull(f"at-once/{number}", f"oci:{tmp_path / f'pulled{number}'}:v1")
        assert contents(read_layout(tmp_path / f"pulled{number}")) == contents(layout)


def test_an_index_comes_with_its_images(regions: Product, tmp_path: Path) -> None:
    layout = write_index(tmp_path / "index")
    user(regions, EAST, tmp_path).skopeo_push(layout.source, "index", "--all")
    user(regions, WEST, tmp_path).skopeo_pull("index", f"oci:{tmp_path / 'pulled'}:v1", "--all")
    assert contents(read_layout(tmp_path / "pulled")) == contents(layout)


@pytest.mark.parametrize("region", [EAST, WEST])
def test_layers_are_read_from_the_region_that_was_asked(regions: Product, region: str) -> None:
    content = f"layer of {region}".encode()
    with Repository(regions.ready_in(EAST), "redirects") as repository:
        repository.push_whole(content)
    with Repository(regions.ready_in(region), "redirects") as repository:
        answer = repository.expect(307, "GET", f"blobs/{digest_of(content)}")
        assert urlsplit(str(answer.headers["Location"])).netloc == layers_from(regions, region)
        assert repository.get("blobs", digest_of(content)).content == content


@pytest.mark.parametrize("region", [EAST, WEST])
def test_every_region_lists_the_endpoints_of_both(regions: Product, region: str) -> None:
    with Repository(regions.ready_in(region), "any") as repository:
        told = repository.send("GET", "/v2/_seawall/endpoints").json()
    assert told["dataEndpoints"] == [{"region": one, "endpoint": layers_from(regions, one)} for one in (EAST, WEST)]


def test_both_regions_say_that_they_are_in_step(regions: Product) -> None:
    with Repository(regions.ready_in(EAST), "status") as repository:
        repository.push_whole(b"something")
    # 4 while something is on its way, and then 0.
    for _ in range(100):
        done = replication_status(regions)
        if done.returncode == 0:
            break
        assert done.returncode == 4, done.stderr
    told = json.loads(done.stdout)
    assert [one["region"] for one in told] == [EAST, WEST]
    assert all(peer["behind"] == 0 and not peer["error"] for one in told for peer in one["peers"])
    assert all(one["queue"]["blobs"] == 0 for one in told)


def test_a_user_made_in_one_region_signs_in_at_the_other(regions: Product) -> None:
    command = [str(BINARY), "token", "create", "builder", "--scope-map", "_repositories_pull"]
    done = subprocess.run(
        [*command, "--state", str(regions.state), "--json"], capture_output=True, text=True, timeout=60, check=True
    )
    password = json.loads(done.stdout)["password"]
    west = regions.ready_in(WEST)
    trust = ssl.create_default_context(cafile=west.ca_file)
    for _ in range(200):
        answer = httpx.get(
            f"https://{west.login_server}/v2/", auth=("builder", password), verify=trust, trust_env=False
        )
        if answer.status_code == 200:
            break
    assert answer.status_code == 200


@pytest.mark.parametrize("region", [EAST, WEST])
def test_the_endpoints_and_rules_commands_list_both_regions(regions: Product, region: str) -> None:
    ready = regions.ready_in(region)
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(regions.state.parent),
        "SEAWALL_USERNAME": ready.username,
        "SEAWALL_PASSWORD": ready.password,
        "SSL_CERT_FILE": ready.ca_file,
    }

    def told(*arguments: str) -> str:
        command = [str(BINARY), *arguments, "--from", f"https://{ready.login_server}"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=environment).stdout

    wanted = {ready.login_server, *(layers_from(regions, one) for one in (EAST, WEST))}
    assert {f"{one['host']}:{one['port']}" for one in json.loads(told("endpoints", "--json"))} == wanted
    squid = told("rules", "--to", "squid")
    for place in wanted:
        assert f"_port port {place.rpartition(':')[2]}" in squid
