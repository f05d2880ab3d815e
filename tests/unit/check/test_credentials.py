"""Credentials of docker and podman: their files, and real helper programs."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.check.credentials import Credentials, Keychain, KeychainError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HOST: Final = "reg.example"
HUB: Final = "registry-1.docker.io"
HUB_KEY: Final = "https://index.docker.io/v1/"
AZURE: Final = "00000000-0000-0000-0000-000000000000"
SECRET: Final = "hunter2"
ME: Final = Credentials("me", SECRET)

# Answers for the server it was asked for, so that a test sees which that was.
WORKS: Final = f"""read server; printf '{{"Username":"%s","Secret":"{SECRET}"}}' "$server\""""
NOTHING: Final = "echo credentials not found in native keychain; exit 1"


def pair(username: str, password: str) -> str:
    return base64.b64encode(f"{username}:{password}".encode()).decode()


MINE: Final = {"auth": pair("me", SECRET)}


class Home:
    """A home directory with files of docker and podman, and helpers on its PATH."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.bin = root / "bin"
        self.bin.mkdir()
        # Where a runtime directory is set, nothing of this machine's own is read.
        self.environment = {"PATH": f"{self.bin}:/usr/bin:/bin", "XDG_RUNTIME_DIR": str(root / "run")}

    def write(self, name: str, content: object) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def docker(self, content: object) -> Path:
        return self.write(".docker/config.json", content)

    def helper(self, name: str, script: str) -> None:
        path = self.bin / f"docker-credential-{name}"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def find(self, authority: str = HOST, repository: str = "", *, seconds: float = 5) -> Credentials | None:
        keychain = Keychain(self.environment, self.root, helper_seconds=seconds)
        return asyncio.run(keychain.find(authority, repository))

    def fault(self, *, seconds: float = 5) -> str:
        with pytest.raises(KeychainError) as caught:
            self.find(seconds=seconds)
        assert SECRET not in str(caught.value)
        return str(caught.value)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def ends(pid: int) -> bool:
    """Say whether a process is gone within a moment; whoever inherits it may take one to bury it."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def wait_for(path: Path) -> None:
    """Wait until there is something in a file."""
    until = time.monotonic() + 30
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < until
        time.sleep(0.01)


class TestFiles:
    def test_none_is_there(self, home: Home) -> None:
        assert home.find() is None

    def test_they_are_read_in_podman_s_order(self, home: Home) -> None:
        places = ["explicit.json", "config/containers/auth.json", "docker/config.json"]
        home.environment |= {
            "REGISTRY_AUTH_FILE": str(home.root / "explicit.json"),
            "XDG_CONFIG_HOME": str(home.root / "config"),
            "DOCKER_CONFIG": str(home.root / "docker"),
        }
        for place in places:
            home.write(place, {"auths": {HOST: {"auth": pair(place, SECRET)}}})
        for place in places:
            assert home.find() == Credentials(place, SECRET)
            (home.root / place).unlink()
        assert home.find() is None

    def test_they_have_places_where_nothing_is_said(self, home: Home) -> None:
        places = ["run/containers/auth.json", ".config/containers/auth.json", ".docker/config.json"]
        for place in places:
            home.write(place, {"auths": {HOST: {"auth": pair(place, SECRET)}}})
        for place in places:
            assert home.find() == Credentials(place, SECRET)
            (home.root / place).unlink()

    def test_an_explicit_file_stands_for_that_of_the_runtime_directory(self, home: Home) -> None:
        home.environment["REGISTRY_AUTH_FILE"] = str(home.root / "missing.json")
        home.write("run/containers/auth.json", {"auths": {HOST: MINE}})
        assert home.find() is None

    @pytest.mark.parametrize(
        ("key", "authority"),
        [
            (HOST, HOST),
            (f"https://{HOST}", HOST),
            (f"https://{HOST}/", HOST),
            (f"http://{HOST}/v1/", HOST),
            (f"https://{HOST}/v2/", HOST),
            (f"{HOST}/v1/", HOST),
            (f"{HOST}/", HOST),
            ("reg.example:5000", "reg.example:5000"),
            ("https://reg.example:5000/v2", "reg.example:5000"),
            (HUB_KEY, HUB),
            ("index.docker.io/v1/", HUB),
            ("docker.io", HUB),
            (HUB, HUB),
        ],
    )
    def test_a_host_is_found_however_it_is_written(self, home: Home, key: str, authority: str) -> None:
        home.docker({"auths": {key: MINE}})
        assert home.find(authority) == ME

    @pytest.mark.parametrize(
        ("key", "authority"),
        [
            ("reg.example:5000", HOST),
            (HOST, "reg.example:5000"),
            (f"x.{HOST}", HOST),
            (f"{HOST}.evil", HOST),
            (f"https://evil/{HOST}", HOST),
            (f"{HOST}/team", HOST),
            ("docker.io/library", HUB),
            ("docker.io", "docker.io.evil"),
        ],
    )
    def test_other_hosts_are_not(self, home: Home, key: str, authority: str) -> None:
        home.docker({"auths": {key: MINE}})
        assert home.find(authority) is None

    @pytest.mark.parametrize(
        ("repository", "username"),
        [
            ("team/app", "app"),
            ("team/other", "team"),
            ("team/app/part", "app"),
            ("teams", "all"),
            ("app", "all"),
            ("", "all"),
        ],
    )
    def test_the_closest_part_of_a_registry_wins(self, home: Home, repository: str, username: str) -> None:
        keys = {HOST: "all", f"{HOST}/team": "team", f"{HOST}/team/app": "app"}
        home.docker({"auths": {key: {"auth": pair(user, SECRET)} for key, user in keys.items()}})
        assert home.find(HOST, repository) == Credentials(username, SECRET)

    def test_docker_hub_s_parts_are_docker_io_s(self, home: Home) -> None:
        home.docker({"auths": {"docker.io/library": MINE}})
        assert home.find(HUB, "library/alpine") == ME

    @pytest.mark.parametrize(
        ("entry", "found"),
        [
            (MINE, ME),
            ({"auth": pair("me", "a:b\0\0")}, Credentials("me", "a:b")),
            ({"username": "me", "password": SECRET}, ME),
            ({"auth": pair(AZURE, ""), "identitytoken": "token"}, Credentials(AZURE, "", "token")),
            ({"identitytoken": "token"}, Credentials("", "", "token")),
            ({"auth": pair("me", "")}, None),
            ({}, None),
            ({"auth": None}, None),
            ({"email": "me@corp.example"}, None),
        ],
    )
    def test_an_entry_is_read(self, home: Home, entry: object, found: Credentials | None) -> None:
        home.docker({"auths": {HOST: entry}})
        assert home.find() == found

    @pytest.mark.parametrize("content", ["", " \n", "{}", '{"auths": null, "credHelpers": null, "credsStore": ""}'])
    def test_a_file_may_be_empty(self, home: Home, content: str) -> None:
        home.docker(content)
        assert home.find() is None

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (f'{{"auths": {{"{SECRET}', "not valid JSON"),
            ("[" * 100_000, "not valid JSON"),
            ("[]", "not a JSON object"),
            ({"auths": [SECRET]}, "auths is not"),
            ({"credHelpers": SECRET}, "credHelpers is not"),
            ({"credHelpers": {HOST: {"a": SECRET}}}, "has no name"),
            ({"credsStore": [SECRET]}, "has no name"),
            ({"auths": {HOST: SECRET}}, "not a JSON object"),
            ({"auths": {HOST: {"auth": [SECRET]}}}, "not all text"),
            ({"auths": {HOST: {"auth": SECRET}}}, "base64"),
            ({"auths": {HOST: {"auth": base64.b64encode(SECRET.encode()).decode()}}}, "base64"),
            ({"auths": {HOST: {"auth": base64.b64encode(b"\xff:\xff").decode()}}}, "base64"),
            (" " * (1 << 20) + "{}", "larger"),
        ],
    )
    def test_a_broken_file_is_named(self, home: Home, content: object, reason: str) -> None:
        path = home.docker(content)
        message = home.fault()
        assert message.startswith(f"{path}: ")
        assert reason in message

    def test_what_is_no_file_is_named(self, home: Home) -> None:
        path = home.root / ".docker" / "config.json"
        path.mkdir(parents=True)
        assert home.fault().startswith(f"{path}: ")
        path.rmdir()
        os.mkfifo(path)
        assert home.fault().startswith(f"{path}: ")

    def test_an_unreadable_file_is_named(self, home: Home) -> None:
        # Root may read any file, but nobody one that is a way to itself.
        path = home.root / ".docker" / "config.json"
        path.parent.mkdir()
        path.symlink_to(path)
        assert home.fault().startswith(f"{path}: cannot be read: ")

    @pytest.mark.parametrize("shape", [str, repr, "{}".format])
    def test_secrets_are_not_shown(self, shape: Callable[[object], str]) -> None:
        shown = shape(Credentials("me", SECRET, "token-of-mine"))
        assert "me" in shown
        assert SECRET not in shown
        assert "token-of-mine" not in shown

    @given(
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just(pair("a", "b"))),
            lambda inner: st.dictionaries(
                st.one_of(
                    st.sampled_from(["auths", "credHelpers", "auth", "identitytoken", HOST, f"https://{HOST}/x"]),
                    st.text(max_size=3),
                ),
                inner,
                max_size=4,
            ),
            max_leaves=12,
        )
    )
    def test_any_json_is_read_or_refused(self, tmp_path: Path, content: Any) -> None:  # noqa: ANN401 - JSON
        (tmp_path / "config.json").write_text(json.dumps(content))
        # Without a PATH no helper can be found, whatever it is called.
        environment = {"DOCKER_CONFIG": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
        try:
            found = asyncio.run(Keychain(environment, tmp_path).find(HOST))
        except KeychainError:
            return
        assert found is None or found.password or found.identity_token


class TestHelpers:
    @pytest.mark.parametrize(
        ("config", "authority", "found"),
        [
            # The user's name is the server that the helper was asked for.
            ({"credHelpers": {HOST: "works"}}, HOST, HOST),
            ({"credHelpers": {HOST: "works"}}, "other.example", None),
            ({"credsStore": "works"}, HOST, HOST),
            ({"credsStore": "works"}, HUB, HUB_KEY),
            ({"credsStore": "works", "auths": {HOST: {}}}, HOST, HOST),
            ({"credsStore": "works", "auths": {HOST: MINE}}, HOST, "me"),
            ({"credHelpers": {HOST: "works"}, "auths": {HOST: MINE}}, HOST, HOST),
            ({"credHelpers": {HOST: "nothing"}, "auths": {HOST: MINE}}, HOST, "me"),
            ({"credHelpers": {HOST: "nothing"}, "credsStore": "works"}, HOST, None),
            ({"credHelpers": {HOST: ""}, "credsStore": "works"}, HOST, None),
            ({"credHelpers": {HOST: ""}, "auths": {HOST: MINE}}, HOST, "me"),
            ({"credHelpers": {"docker.io": "works"}}, HUB, "docker.io"),
            ({"credHelpers": {HUB_KEY: "works"}}, HUB, HUB_KEY),
            ({"credsStore": "nothing"}, HOST, None),
        ],
    )
    def test_they_are_asked_in_order(
        self, home: Home, config: Mapping[str, object], authority: str, found: str | None
    ) -> None:
        home.helper("works", WORKS)
        home.helper("nothing", NOTHING)
        home.docker(config)
        assert home.find(authority) == (Credentials(found, SECRET) if found else None)

    def test_one_that_has_nothing_sends_on_to_the_next_file(self, home: Home) -> None:
        home.helper("nothing", NOTHING)
        home.write("run/containers/auth.json", {"credHelpers": {HOST: "nothing"}})
        home.docker({"auths": {HOST: MINE}})
        assert home.find() == ME

    @pytest.mark.parametrize(
        ("username", "found"),
        [("<token>", Credentials("", "", SECRET)), (AZURE, Credentials(AZURE, "", SECRET)), ("me", ME)],
    )
    def test_some_users_have_identity_tokens(self, home: Home, username: str, found: Credentials) -> None:
        home.helper("azure", f"""echo '{{"Username":"{username}","Secret":"{SECRET}"}}'""")
        home.docker({"credsStore": "azure"})
        assert home.find() == found

    def test_it_is_called_as_docker_calls_it(self, home: Home) -> None:
        home.helper("says", """printf '{"Username":"%s %s %s","Secret":"x"}' "$*" "$(cat)" "$MARK" """)
        home.environment["MARK"] = "its environment"
        home.docker({"credHelpers": {HOST: "says"}})
        assert home.find() == Credentials(f"get {HOST} its environment", "x")

    def test_one_that_does_not_listen_works(self, home: Home) -> None:
        home.helper("deaf", f"""exec 0<&-; echo '{{"Username":"me","Secret":"{SECRET}"}}'""")
        home.docker({"credsStore": "deaf"})
        assert home.find() == ME

    @pytest.mark.parametrize(
        ("script", "reason"),
        [
            (f"echo {SECRET}; exit 3", "failed with exit code 3"),
            (f"echo credentials not found in native keychain {SECRET}; exit 1", "exit code 1"),
            (f"echo {SECRET} >&2; exit 1", "exit code 1"),
            ("kill -9 $$", "exit code -9"),
            (f"echo {SECRET}", "does not answer"),
            (f"echo '[\"{SECRET}\"]'", "does not answer"),
            (f"""echo '{{"Username":["{SECRET}"],"Secret":"x"}}'""", "does not answer"),
            ("exit 0", "does not answer"),
            ("head -c 70000 /dev/zero", "more than 65536 bytes"),
        ],
    )
    def test_one_that_fails_is_named(self, home: Home, script: str, reason: str) -> None:
        home.helper("bad", script)
        path = home.docker({"credHelpers": {HOST: "bad"}})
        message = home.fault()
        assert message.startswith(f"{path}: the credential helper docker-credential-bad ")
        assert reason in message

    def test_one_that_keeps_an_empty_secret_keeps_none(self, home: Home) -> None:
        home.helper("empty", """echo '{"Username":"","Secret":""}'""")
        home.docker({"credsStore": "empty"})
        assert home.find() is None

    def test_one_that_is_not_there_is_named(self, home: Home) -> None:
        home.docker({"credsStore": "gone"})
        assert "docker-credential-gone is not installed" in home.fault()

    def test_one_that_is_no_program_is_named(self, home: Home) -> None:
        home.helper("broken", "")
        (home.bin / "docker-credential-broken").write_bytes(b"\x7fELF nonsense")
        home.docker({"credsStore": "broken"})
        assert "docker-credential-broken cannot be run" in home.fault()

    @pytest.mark.parametrize("name", ["../bin/evil", "a b", "x;touch y", "$(id)", "a/b", "\u00e9", "x\n"])
    def test_a_name_that_is_none_is_not_run(self, home: Home, name: str) -> None:
        home.docker({"credsStore": name})
        assert "cannot be the name" in home.fault()
        assert not (home.root / "y").exists()


class TestTimeAndMemory:
    """Helpers that do not end by themselves; every one leaves its process numbers in a file."""

    @pytest.mark.parametrize(
        "script",
        [
            "echo $$ >> pids; sleep 60",
            "echo $$ >> pids; sleep 60 & echo $! >> pids; wait",
            # The helper itself has ended: its child holds the answer open.
            f"""echo '{{"Username":"me","Secret":"{SECRET}"}}'; sleep 60 & echo $! >> pids""",
            "trap '' TERM INT HUP; echo $$ >> pids; sleep 60 & echo $! >> pids; wait",
        ],
        ids=["hangs", "hangs-in-a-child", "child-holds-the-pipe", "deaf-to-signals"],
    )
    def test_one_that_hangs_is_killed_with_its_children(self, home: Home, script: str) -> None:
        home.helper("slow", f"cd {home.root}; {script}")
        home.docker({"credsStore": "slow"})
        began = time.monotonic()
        assert "docker-credential-slow did not answer within 1 s" in home.fault(seconds=1)
        assert time.monotonic() - began < 4
        pids = [int(line) for line in (home.root / "pids").read_text().split()]
        assert pids
        assert all(ends(pid) for pid in pids)

    def test_a_grandchild_in_a_session_of_its_own_delays_nothing(self, home: Home) -> None:
        home.helper("agent", f"cd {home.root}; setsid sleep 8 & echo $! > pids")
        home.docker({"credsStore": "agent"})
        began = time.monotonic()
        assert "did not answer" in home.fault(seconds=1)
        assert time.monotonic() - began < 4

    def test_one_that_spills_is_stopped_at_once(self, home: Home) -> None:
        home.helper("spills", f"cd {home.root}; echo $$ > pids; exec cat /dev/zero")
        home.docker({"credsStore": "spills"})
        began = time.monotonic()
        assert "more than 65536 bytes" in home.fault()
        assert time.monotonic() - began < 4
        assert ends(int((home.root / "pids").read_text()))

    def test_one_is_killed_when_nobody_waits_any_more(self, home: Home) -> None:
        home.helper("slow", f"cd {home.root}; echo $$ > pids; sleep 60")
        home.docker({"credsStore": "slow"})

        async def leave() -> None:
            looking = asyncio.create_task(Keychain(home.environment, home.root).find(HOST))
            await asyncio.to_thread(wait_for, home.root / "pids")
            looking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await looking

        asyncio.run(leave())
        assert ends(int((home.root / "pids").read_text()))

    def test_no_descriptor_is_left_open(self, home: Home) -> None:
        home.helper("works", WORKS)
        home.helper("fails", "exit 1")
        home.docker({"credHelpers": {HOST: "works", "fails.example": "fails"}})

        async def often() -> tuple[int, int]:
            keychain = Keychain(home.environment, home.root)
            counts = []
            for _ in range(4):
                await keychain.find(HOST)
                with pytest.raises(KeychainError):
                    await keychain.find("fails.example")
                await asyncio.sleep(0)
                counts.append(len(os.listdir("/proc/self/fd")))  # noqa: PTH208 - nothing that blocks
            return counts[0], counts[-1]

        first, last = asyncio.run(often())
        assert first == last


@pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not installed")
@pytest.mark.parametrize(
    ("config", "authority"),
    [
        ({"auths": {HOST: MINE}}, HOST),
        ({"auths": {f"https://{HOST}/v1/": MINE}}, HOST),
        ({"auths": {f"x.{HOST}": MINE}}, HOST),
        ({"auths": {f"{HOST}:5000": MINE}}, HOST),
        ({"auths": {HUB_KEY: MINE}}, "docker.io"),
        ({"auths": {"docker.io": MINE}}, "docker.io"),
        ({"auths": {f"{HOST}/team": MINE}}, f"{HOST}/team/app"),
        ({"auths": {f"{HOST}/team": MINE}}, f"{HOST}/other/app"),
        ({"auths": {HOST: {"auth": pair("all", "x")}, f"{HOST}/team": MINE}}, f"{HOST}/team/app"),
        ({"auths": {HOST: MINE}, "credHelpers": {HOST: "works"}}, HOST),
        ({"auths": {HOST: MINE}, "credsStore": "works"}, HOST),
        ({"credHelpers": {"docker.io": "works"}}, "docker.io"),
    ],
)
def test_skopeo_would_sign_in_as_the_same_user(home: Home, config: Mapping[str, object], authority: str) -> None:
    home.helper("works", WORKS)
    home.docker(config)
    run = subprocess.run(
        ["skopeo", "login", "--get-login", authority],
        env={**home.environment, "HOME": str(home.root)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    host, _, repository = authority.partition("/")
    found = home.find(HUB if host == "docker.io" else host, repository)
    assert (found.username if found else "") == run.stdout.strip()
