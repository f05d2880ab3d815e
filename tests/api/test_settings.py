"""Configuration, commands and files: what is said, to whom, and who may read it."""

from __future__ import annotations

import json
import os
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.real.product import Product, free_ports
from tests.support import content, network
from tests.support.registry import Registry, basic
from tests.support.server import DOMAIN, Server, seawall

if TYPE_CHECKING:
    from collections.abc import Iterator

GOOD = f'state = "state"\nregion = "eastus"\ndomain = "{DOMAIN}"\n'


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (GOOD.replace("state =", "stat ="), "stat"),
        (GOOD.replace('state = "state"\n', ""), "state"),
        (GOOD.replace('"state"', "1"), "state"),
        (GOOD.replace("eastus", "East US"), "region"),
        (GOOD.replace("eastus", ""), "region"),
        (GOOD.replace(DOMAIN, "-x.test"), "domain"),
        (GOOD.replace(DOMAIN, "https://x.test"), "domain"),
        (GOOD.replace(DOMAIN, "*.x.test"), "domain"),
        (GOOD.replace(DOMAIN, "127.0.0.1"), "domain"),
        (GOOD.replace(DOMAIN, ""), "domain"),
        (f'{GOOD}storage_domain = "a b"\n', "storage_domain"),
        (f"{GOOD}public_port = 0\n", "public_port"),
        (f"{GOOD}public_port = 65536\n", "public_port"),
        (f'{GOOD}public_port = "https"\n', "public_port"),
        (f'{GOOD}metadata = "mysql://root:hunter2@localhost/x"\n', "metadata"),
        (f'{GOOD}metadata = "postgresql://root:hunter2@localhost/x"\n', "metadata"),
        (f'{GOOD}metadata = "sqlite:///relative.db"\n', "metadata"),
        (f'{GOOD}metadata = "sqlite:///:memory:"\n', "metadata"),
        (f"{GOOD}metadata = 1\n", "metadata"),
        (f'{GOOD}[[door]]\nlisten = "443"\n', "door.1.listen"),
        (f'{GOOD}[[door]]\nlisten = "0.0.0.0:0"\n', "door.1.listen"),
        (f'{GOOD}[[door]]\nlisten = "0.0.0.0:https"\n', "door.1.listen"),
        (f'{GOOD}[[door]]\nlisten = "0.0.0.0:443"\n[[door]]\nport = 1\n', "door.2.port"),
        (f'{GOOD}[[door]]\nlisten = "0.0.0.0:443"\ncertificate = "no.pem"\nkey = "no.key"\n', "door.1.certificate"),
        (f'{GOOD}[[door]]\nlisten = "0.0.0.0:443"\ncertificate = "seawall.toml"\n', "door"),
        (f"{GOOD}door = []\n", "door"),
        (f'{GOOD}[operations]\nlisten = "nowhere"\n', "operations.listen"),
        (f"{GOOD}[operations]\nport = 1\n", "operations.port"),
        (f"{GOOD}[process]\nworkers = 0\n", "process.workers"),
        (f"{GOOD}[process]\nworkers = 1.5\n", "process.workers"),
        (f"{GOOD}[process]\nshutdown_seconds = 0\n", "process.shutdown_seconds"),
        (f"{GOOD}[process]\nshutdown_seconds = nan\n", "process.shutdown_seconds"),
        (f'{GOOD}[log]\nrequests = "some"\n', "log.requests"),
        (f"{GOOD}[uploads]\nexpire_hours = 0\n", "uploads.expire_hours"),
        (f"{GOOD}[uploads]\nexpire_hours = inf\n", "uploads.expire_hours"),
        (f"{GOOD}sparse = 2\n", "sparse"),
        (f"{GOOD}[seawall]\n", "seawall"),
        ("state = \n", "TOML"),
        ("\0", "TOML"),
        ("", "state"),
    ],
)
def test_faults_are_named_by_key(tmp_path: Path, text: str, key: str) -> None:
    server = Server(tmp_path)
    server.config.write_text(text)
    told = server.fails("serve", "--check")
    assert str(server.config) in told
    assert any(line.removeprefix(f"seawall: {server.config}: ").startswith(key) or key == "TOML" in line
               for line in told.splitlines())  # fmt: skip
    assert "hunter2" not in told
    assert "Traceback" not in told
    assert not (tmp_path / "state").exists()


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.config.write_text('state = "s"\nregion = "X"\ndomain = "-"\nport = 1\n[process]\nworkers = 0\n')
    told = server.fails("serve", "--check")
    assert all(key in told for key in ("region", "domain", "port", "process.workers"))


@pytest.mark.parametrize("name", ["absent.toml", "", "absent/seawall.toml"])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    server = Server(tmp_path)
    server.config = tmp_path / name
    assert "cannot be read" in server.fails("serve", "--check")


def test_a_port_that_is_taken(server: Server, tmp_path: Path) -> None:
    other = Server(tmp_path)
    with socket.socket() as taken:
        taken.bind((network.LOOPBACK, other.port))
        taken.listen()
        told = other.does_not_start()
    assert f"cannot listen on 127.0.0.1:{other.port}" in told
    assert "Traceback" not in told
    with socket.socket() as taken:
        taken.bind((network.LOOPBACK, other.port + 1))
        taken.listen()
        assert f"127.0.0.1:{other.port + 1}" in other.does_not_start()
    # A second server with the same configuration must not share the first one's ports in silence.
    assert f"127.0.0.1:{server.port}" in server.does_not_start()
    assert server.operations("/healthz").status_code == 200


def test_what_commands_print_for_programs(tmp_path: Path) -> None:
    server = Server(tmp_path)
    made = server.run_json("registry", "create", "first")
    assert {**made, "password": ""} == {
        "name": "first",
        "tier": "Premium",
        "home": "eastus",
        "regions": ["eastus"],
        "data_endpoints": False,
        "anonymous_pull": False,
        "admin": True,
        "deletes": True,
        "default_action": "allow",
        "public_access": True,
        "username": "first",
        "password": "",
    }
    assert len(made["password"]) > 40
    facts = {name: value for name, value in made.items() if name not in {"username", "password"}}
    assert server.run_json("registry", "list") == [facts]
    switched = server.run_json("registry", "update", "first", "--data-endpoints", "--anonymous-pull", "--no-deletes")
    assert switched == {**facts, "data_endpoints": True, "anonymous_pull": True, "deletes": False}
    assert server.run_json("registry", "list") == [switched]
    token = server.run_json("token", "create", "build-server", "--scope-map", "_repositories_push")
    assert set(token) == {"username", "password", "registry"}
    assert server.run_json("token", "list") == [
        {
            "name": "build-server",
            "scope_map": "_repositories_push",
            "enabled": True,
            "passwords": {"password": {"expires": None}},
        }
    ]
    assert "team" not in server.run_json("scope-map", "list")
    server.run("scope-map", "create", "team", "--action", "repositories/team/*/content/read")
    assert server.run_json("scope-map", "list")["team"] == ["repositories/team/*/content/read"]
    renewed = server.run_json("registry", "renew-password", "first")
    assert renewed["username"] == "first"
    assert renewed["password"] != made["password"]
    checked = server.run_json("serve", "--check")
    assert checked["ok"] is True
    assert f"first.eastus.data.{DOMAIN}" in checked["hosts"]
    assert checked["registries"] == ["first"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["registry", "create", "first"], "already"),
        (["registry", "create", "No"], "lower-case"),
        (["registry", "create", "a/../b"], "lower-case"),
        (["registry", "create", ""], "5 to 50"),
        (["registry", "update", "first"], "what to change"),
        (["registry", "update", "unknown", "--admin"], "no registry"),
        (["registry", "renew-password", "unknown"], "no registry"),
        (["registry", "renew-password", "first", "--slot", "password3"], "--slot"),
        (["token", "create", "first"], "admin"),
        (["token", "create", "x y"], "token name"),
        (["token", "create", "token", "--scope-map", "nothing"], "no scope map"),
        (["token", "create", "there", "--scope-map", "_repositories_pull"], "already"),
        (["token", "update", "unknown", "--enable"], "no token"),
        (["token", "update", "first", "--disable"], "no token"),
        (["token", "delete", "unknown"], "no token"),
        (["token", "delete", "first"], "no token"),
        (["token", "list", "-r", "unknown"], "no registry"),
        (["scope-map", "create", "x"], "--action"),
        (["scope-map", "create", "_x", "--action", "repositories/a/content/read"], "must be"),
        (["scope-map", "create", "x", "--action", "everything"], "repositories/<name>/"),
        (["scope-map", "create", "x", "--action", "repositories/A/content/read"], "lower-case"),
        (["scope-map", "create", "x", "--action", "repositories/a*b/content/read"], "lower-case"),
        (["scope-map", "create", "x", "--action", "repositories/a/content/fly"], "content/read"),
        (["scope-map", "delete", "unknown"], "no scope map"),
        (["scope-map", "delete", "_repositories_pull"], "no scope map"),
    ],
    ids=" ".join,
)
def test_mistakes_on_the_command_line(mistaken: Server, arguments: list[str], word: str) -> None:
    told = mistaken.fails(*arguments)
    assert word in told
    assert "Traceback" not in told


@pytest.fixture(scope="module")
def mistaken(tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A node that nobody started, with a registry and a token."""
    server = Server(tmp_path_factory.mktemp("mistaken"))
    server.run("registry", "create", "first")
    server.run("token", "create", "there")
    return server


def test_which_registry_must_be_said_where_there_are_two(tmp_path: Path) -> None:
    server = Server(tmp_path)
    assert "no registry yet" in server.fails("token", "list")
    for name in ("first", "second"):
        server.run("registry", "create", name)
    assert "--registry first|second" in server.fails("token", "list")


# Files


def _open_to_others(root: Path) -> list[str]:
    """List what others than the owner could read, if they came that far."""
    if stat.S_IMODE(root.stat().st_mode) & 0o077:
        return [str(root)]
    return [
        str(path)
        for path in root.rglob("*")
        if not path.is_dir() and path.suffix != ".crt" and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]


@pytest.mark.parametrize("there_before", [False, True])
def test_the_state_directory_is_its_owners(tmp_path: Path, *, there_before: bool) -> None:
    server = Server(tmp_path)
    if there_before:
        server.state.mkdir(mode=0o755)
    facts = json.loads(seawall("registry", "create", "first", "--config", str(server.config), "--json").stdout)
    with server:
        registry = Registry(server, "first", facts["password"])
        registry.admin.push_image("a", "v1", b"layer")
        registry.admin.begin("a")
        assert _open_to_others(server.state) == []
        keys = [path for path in server.state.rglob("*") if path.suffix == ".key"]
        assert len(keys) == 2
        assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in keys)
    everything = b"".join(path.read_bytes() for path in server.state.rglob("*") if path.is_file())
    assert facts["password"].encode() not in everything


def test_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    server = Server(tmp_path / "here")
    server.config.write_text(server.config.read_text().replace(str(server.state), "kept"))
    server.run("registry", "create", "first")
    assert (tmp_path / "here" / "kept" / "seawall.db").exists()
    assert list((tmp_path / "elsewhere").iterdir()) == []


# Without any configuration


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """What `seawall up` starts."""
    with Product(tmp_path_factory.mktemp("up")) as running:
        yield running


def test_the_first_run(product: Product) -> None:
    ready = product.ready
    assert ready.login_server == f"localhost:{product.port}"
    assert ready.username == ready.registry == "myregistry"
    password = Path(ready.password_file)
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    assert len(ready.password) > 40
    assert _open_to_others(product.state) == []
    # Docker takes every *.crt in such a directory for an authority, so nothing else may be in it.
    assert [path.name for path in Path(ready.cert_dir).iterdir()] == ["ca.crt"]
    with network.client(Path(ready.ca_file)) as client:
        head = {"Authorization": basic(ready.username, ready.password)}
        for host in (ready.login_server, f"127.0.0.1:{product.port}"):
            assert client.get(f"https://{host}/v2/", headers=head).status_code == 200
            assert client.get(f"https://{host}/v2/", headers={"Authorization": basic("admin", "admin")}).is_error
        digest = content.digest_of(b"layer")
        base = f"https://{ready.login_server}/v2/a/blobs"
        assert client.post(f"{base}/uploads/?digest={digest}", headers=head, content=b"layer").status_code == 201
        link = client.get(f"{base}/{digest}", headers=head).headers["location"]
        assert link.startswith(f"https://{ready.blob_endpoint}/blobs/")
        assert client.get(link).content == b"layer"
        assert client.get(link.replace(ready.blob_endpoint, ready.data_endpoint)).status_code == 403
        assert client.get(f"http://{ready.operations}/readyz").status_code == 200


def test_nobody_beyond_this_machine_is_served(product: Product) -> None:
    listening = {
        line.split()[1]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and product.port <= int(line.split()[1].partition(":")[2], 16) < product.port + 5
    }
    assert {address.partition(":")[0] for address in listening} == {"0100007F"}
    assert len(listening) == 5


def test_a_second_run_knows_the_first(product: Product) -> None:
    before = product.ready.password
    assert "cannot listen" in seawall(
        "up", "--state", str(product.state), "--port", str(product.port), code=1
    ).stderr  # fmt: skip
    assert "Traceback" not in seawall("up", "--state", os.devnull, "--port", str(free_ports(5)), code=1).stderr
    assert Path(product.ready.password_file).read_text().strip() == before
