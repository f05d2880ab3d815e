"""The configuration file: every fault is told with file and key, nothing is passed over, and no secret is repeated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.naming import Cloud, NamingError
from seawall.server.settings import SettingsError, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

NEEDED: Final = 'state = "state"\nregion = "eastus"\ndomain = "registry.example"\n'
Faults = list[str]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def one(text: str) -> Path:
        path = tmp_path / "seawall.toml"
        path.write_text(text, "utf-8")
        return path

    return one


@pytest.fixture
def faults(write: Callable[[str], Path]) -> Callable[[str], Faults]:
    """What is said of a configuration that cannot be used, a line for each fault."""

    def told(text: str) -> Faults:
        path = write(text)
        with pytest.raises(SettingsError) as caught:
            load_settings(path)
        lines = str(caught.value).splitlines()
        assert all(line.startswith(f"{path}: ") for line in lines)
        return [line.removeprefix(f"{path}: ") for line in lines]

    return told


def test_little_is_needed(write: Callable[[str], Path], tmp_path: Path) -> None:
    settings = load_settings(write(NEEDED))
    assert settings.state == tmp_path / "state"
    assert settings.region == "eastus"
    assert settings.cloud == Cloud.own("registry.example")
    assert settings.public_port == 443
    assert settings.metadata is None
    assert settings.sparse is False
    assert [door.listen for door in settings.door] == ["0.0.0.0:443"]
    assert settings.operations.listen.startswith("127.0.0.1:")
    assert settings.process.workers >= 1


def test_everything_may_be_said(write: Callable[[str], Path], tmp_path: Path) -> None:
    for name in ("a.crt", "a.key"):
        (tmp_path / name).write_text("x")
    settings = load_settings(
        write("""
            state = "/var/lib/seawall"
            region = "westus"
            domain = "Registry.Example."
            storage_domain = "storage.example"
            public_port = 8443
            metadata = "postgresql+psycopg://seawall:secret@db.example/seawall"
            sparse = true
            [[door]]
            listen = "[::]:8443"
            certificate = "a.crt"
            key = "a.key"
            [[door]]
            listen = "10.0.0.1:8444"
            [operations]
            listen = "127.0.0.1:9999"
            [process]
            workers = 3
            shutdown_seconds = 2.5
            [log]
            requests = "changes"
            [uploads]
            expire_hours = 24
        """)
    )
    assert settings.state == Path("/var/lib/seawall")
    assert settings.cloud == Cloud.own("registry.example", "storage.example")
    assert [(door.listen, door.certificate, door.key) for door in settings.door] == [
        ("[::]:8443", tmp_path / "a.crt", tmp_path / "a.key"),
        ("10.0.0.1:8444", None, None),
    ]
    assert (settings.process.workers, settings.process.shutdown_seconds) == (3, 2.5)
    assert settings.uploads.expire_hours == 24
    assert settings.log.requests == "changes"
    assert settings.sparse is True


def test_paths_begin_at_the_file_wherever_one_is(
    write: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(NEEDED)
    for place, given_path in ((Path("/"), tmp_path / "seawall.toml"), (tmp_path, Path("seawall.toml"))):
        monkeypatch.chdir(place)
        assert load_settings(given_path).state == tmp_path / "state"


ONE_FAULT: Final = {
    "region": 'region = "East US"',
    "domain": 'domain = "https://registry.example"',
    "storage_domain": 'storage_domain = "10.0.0.1"',
    "public_port": "public_port = 0",
    "metadata": 'metadata = "mysql://db.example/seawall"',
    "sparse": "sparse = []",
    "door": "door = []",
    "door.1.listen": '[[door]]\nlisten = "443"',
    "door.2.listen": '[[door]]\nlisten = "127.0.0.1:443"\n[[door]]\nlisten = "127.0.0.1:70000"',
    "door.1.certificate": '[[door]]\nlisten = "127.0.0.1:443"\ncertificate = "missing.crt"\nkey = "seawall.toml"',
    "door.1.key": '[[door]]\nlisten = "127.0.0.1:443"\ncertificate = "seawall.toml"\nkey = "."',
    "operations.listen": '[operations]\nlisten = "127.0.0.1"',
    "process.workers": "[process]\nworkers = 0",
    "process.shutdown_seconds": "[process]\nshutdown_seconds = -1",
    "log.requests": '[log]\nrequests = "some"',
    "uploads.expire_hours": "[uploads]\nexpire_hours = nan",
}


@pytest.mark.parametrize(("key", "text"), ONE_FAULT.items(), ids=ONE_FAULT)
def test_a_fault_is_told_with_its_key(faults: Callable[[str], Faults], key: str, text: str) -> None:
    kept = [line for line in NEEDED.splitlines() if line.split()[0] != text.split(maxsplit=1)[0]]
    [fault] = faults("\n".join([*kept, text]))
    assert fault.startswith(f"{key}: ")
    assert len(fault) > len(key) + 10


@pytest.mark.parametrize("key", ["state", "region", "domain"])
def test_what_is_needed_and_not_there(faults: Callable[[str], Faults], key: str) -> None:
    kept = [line for line in NEEDED.splitlines() if not line.startswith(key)]
    [fault] = faults("\n".join(kept))
    assert fault.startswith(f"{key}: ")


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("regions", 'regions = "eastus"'),
        ("Region", 'Region = "eastus"'),
        ("public-port", "public-port = 443"),
        ("doors", '[[doors]]\nlisten = "127.0.0.1:443"'),
        ("door.1.lisen", '[[door]]\nlisten = "127.0.0.1:443"\nlisen = "127.0.0.1:443"'),
        ("process.worker", "[process]\nworker = 1"),
        ("log.request", '[log]\nrequest = "all"'),
        ("uploads.expire_days", "[uploads]\nexpire_days = 1"),
        ("operations.port", "[operations]\nport = 1"),
    ],
)
def test_a_misspelt_key_is_not_passed_over(faults: Callable[[str], Faults], key: str, text: str) -> None:
    [fault] = faults(NEEDED + text)
    assert fault.startswith(f"{key}: ")


def test_all_faults_are_told_at_once(faults: Callable[[str], Faults]) -> None:
    told = faults('region = "East US"\ndomain = "a b"\nspeed = 1\n[process]\nworkers = 0\n[log]\nrequests = "some"')
    assert {fault.partition(": ")[0] for fault in told} == {
        "state",
        "region",
        "domain",
        "speed",
        "process.workers",
        "log.requests",
    }


NO_ADDRESSES: Final = [
    *("", ":443", "443", "0.0.0.0", "0.0.0.0:", "0.0.0.0:0", "0.0.0.0:65536", "0.0.0.0:-1", "0.0.0.0:+1", "0.0.0.0:a"),
    *("0.0.0.0:1.0", "0.0.0.0:443 ", "0.0.0.0:\N{SUPERSCRIPT TWO}", "0.0.0.0:\N{ARABIC-INDIC DIGIT ONE}"),
]


@pytest.mark.parametrize("listen", NO_ADDRESSES)
def test_what_is_no_address_is_told_with_what_would_be_one(faults: Callable[[str], Faults], listen: str) -> None:
    [fault] = faults(f'{NEEDED}[[door]]\nlisten = "{listen}"')
    assert fault.startswith("door.1.listen: ")
    assert "address:port" in fault


@pytest.mark.parametrize("given_file", ["certificate", "key"])
def test_a_certificate_needs_a_key_and_a_key_a_certificate(faults: Callable[[str], Faults], given_file: str) -> None:
    doors = '[[door]]\nlisten = "0.0.0.0:443"\n[[door]]\nlisten = "0.0.0.0:444"\n'
    [fault] = faults(f'{NEEDED}{doors}{given_file} = "seawall.toml"')
    assert fault.startswith("door")
    assert "2" in fault.removeprefix("door")[:10]
    assert "certificate and key" in fault


SECRET: Final = "hush4711"
TELLING: Final = {
    "another database": f'metadata = "mysql://seawall:{SECRET}@db.example/seawall"',
    "another driver": f'metadata = "postgresql://seawall:{SECRET}@db.example/seawall"',
    "no scheme": f'metadata = "seawall:{SECRET}@db.example"',
    "a list": f'metadata = ["postgresql+psycopg://seawall:{SECRET}@db.example/seawall"]',
    "a table": f'[metadata]\nurl = "postgresql+psycopg://seawall:{SECRET}@db.example/seawall"',
    "a misspelt key": f'metdata = "postgresql+psycopg://seawall:{SECRET}@db.example/seawall"',
    "no end of text": f'metadata = "postgresql+psycopg://seawall:{SECRET}@db.example/seawall',
    "no TOML": f"metadata = postgresql+psycopg://seawall:{SECRET}@db.example/seawall",
    "twice": f'metadata = "sqlite:////{SECRET}"\nmetadata = "sqlite:////{SECRET}"',
    "a port that is none": f'metadata = "postgresql+psycopg://seawall:{SECRET}@db.example:port/seawall"',
    "a password with an at": f'metadata = "postgresql+psycopg://seawall:at@home:{SECRET}@db.example/seawall"',
}


@pytest.mark.parametrize("text", TELLING.values(), ids=TELLING)
def test_no_fault_repeats_a_secret(write: Callable[[str], Path], text: str) -> None:
    # And each is told now, not by a traceback later.
    with pytest.raises(SettingsError) as caught:
        load_settings(write(NEEDED + text))
    for told in (str(caught.value), repr(caught.value), repr(caught.value.__cause__)):
        assert SECRET not in told
        assert "at@home" not in told


@pytest.mark.parametrize("url", ["sqlite:///", "sqlite:///:memory:", "sqlite:///seawall.db", "sqlite:///./a.db"])
def test_an_embedded_database_is_one_file_with_a_whole_path(faults: Callable[[str], Faults], url: str) -> None:
    # Anything else would be another database for each connection, or for each directory the command is run in.
    [fault] = faults(f'{NEEDED}metadata = "{url}"')
    assert fault.startswith("metadata: ")
    assert "absolute" in fault


SUFFIXES: Final = {
    "blob before the storage": ("blob.example.com", "example.com"),
    "data before the domain": ("example.com", "data.example.com"),
    "too long": (".".join(["a" * 60] * 4), "example.com"),
    "storage too long": ("example.com", ".".join(["a" * 60] * 4)),
}


@pytest.mark.parametrize(("domain", "storage"), SUFFIXES.values(), ids=SUFFIXES)
def test_suffixes_that_cannot_be_served_are_told(faults: Callable[[str], Faults], domain: str, storage: str) -> None:
    with pytest.raises(NamingError):
        Cloud.own(domain, storage)
    told = faults(f'state = "state"\nregion = "eastus"\ndomain = "{domain}"\nstorage_domain = "{storage}"')
    assert all("domain" in fault for fault in told)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.toml", tmp_path):
        with pytest.raises(SettingsError, match="cannot be read") as caught:
            load_settings(path)
        assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"a = ", b"[", b"\0", b"state = 'a'\nstate = 'b'", "é = 1".encode("latin-1")]
)
def test_what_is_no_toml(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "seawall.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match="TOML") as caught:
        load_settings(path)
    assert str(caught.value).startswith(f"{path}: ")


@given(st.binary(max_size=80), st.sampled_from([b"", NEEDED.encode()]))
def test_any_file_is_settings_or_refused(tmp_path: Path, content: bytes, before: bytes) -> None:
    path = tmp_path / "seawall.toml"
    path.write_bytes(before + content)
    try:
        settings = load_settings(path)
    except SettingsError as error:
        assert str(error).startswith(f"{path}: ")  # noqa: PT017 - either is right
    else:
        assert settings.cloud.domain == "registry.example"


def test_settings_stay_as_they_are(write: Callable[[str], Path]) -> None:
    settings = load_settings(write(NEEDED))
    with pytest.raises(ValueError, match="frozen"):
        settings.region = "westus"
