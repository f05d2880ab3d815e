"""Exceptions from a proxy: what curl and programs in Go really do with them, and two matchers that say the same.

The live tests listen as a proxy that refuses everything and writes down what it was asked for. A host that the client
reaches directly is never asked for.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import threading
import tomllib
from typing import TYPE_CHECKING

import pytest

from seawall.firewall.need import Need
from seawall.firewall.plan import plan
from seawall.firewall.rules import RuleSet, Way
from seawall.firewall.targets.clients import PROXY, TARGETS, direct_hosts
from seawall.firewall.targets.contract import CannotExpressError, Wildcard, check_fit
from seawall.topology import Replica
from tests.targets.rule_sets import DEDICATED, NEEDS, OWN, by_ip, by_name, every_rule_set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

RULE_SETS = {name: rules for name, rules in every_rule_set().items() if name.endswith("by-name")}
UNITS = [("docker", "drop-in"), ("containerd", "drop-in"), ("iotedge", "drop-in")]
PATIENCE = 20.0


def render(target: str, form: str, rules: RuleSet) -> str:
    check_fit(TARGETS[target], rules)
    return TARGETS[target].formats[form](rules)


# The two meanings. Each entry is compared with the host by itself.


def go_is_direct(exceptions: list[str], host: str) -> bool:
    """golang.org/x/net/http/httpproxy: a dot in front leaves out the parent, a star in front of it changes nothing."""
    for entry in exceptions:
        suffix = entry.removeprefix("*")
        if host.endswith(suffix if suffix.startswith(".") else f".{suffix}") or host == suffix:
            return True
    return host == "localhost"


def curl_is_direct(exceptions: list[str], host: str) -> bool:
    """curl: a dot in front changes nothing, a star is a letter like any other unless it is all there is."""
    for entry in exceptions:
        name = entry.removeprefix(".")
        if host == name or host.endswith(f".{name}"):
            return True
    return False


MATCHERS = {"go": go_is_direct, "curl": curl_is_direct}


# What clients really do.


class Proxy:
    """Refuses every tunnel, and remembers to where."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._asked: list[str] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                head = connection.recv(4096).decode("latin-1")
                method, target, *_ = head.split()
                assert method == "CONNECT", head
                self._asked.append(target.rpartition(":")[0])
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def asked(self) -> list[str]:
        """Hosts that were asked for since the last time."""
        asked, self._asked = self._asked, []
        return asked

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(PATIENCE)


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    running = Proxy()
    yield running
    running.close()


def run(command: list[str], **variables: str) -> None:
    """Run a client that will fail one way or the other, with nothing else said about proxies."""
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    done = subprocess.run(command, env={**kept, **variables}, capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode != 0, done


def by_curl(host: str, **variables: str) -> None:
    # Whatever is reached directly is this machine, where nobody listens; no name server is asked.
    run(["curl", "--silent", "--resolve", "*:1:127.0.0.1", f"https://{host}:1/"], **variables)


def by_skopeo(host: str, **variables: str) -> None:
    # It does ask, for names that RFC 2606 keeps free, and does not wait for name servers that are silent.
    patience = {"RES_OPTIONS": "timeout:1 attempts:1"}
    run(["skopeo", "inspect", "--raw", f"docker://{host}:1/a:b"], **patience, **variables)


CLIENTS = {"curl": by_curl, "skopeo": by_skopeo}
MEANING = {"curl": curl_is_direct, "skopeo": go_is_direct}


def client(name: str) -> Callable[..., None]:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not on this machine")
    return CLIENTS[name]


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.parametrize(
    "host", ["x.test", "a.x.test", "a.b.x.test", "evilx.test", "y.test", "a.y.test", "xy.test", "z.test", "a.z.test"]
)
def test_clients_read_exceptions_as_the_matchers_do(name: str, host: str, proxy: Proxy) -> None:
    exceptions = [".x.test", "y.test", "*.z.test"]
    client(name)(host, HTTPS_PROXY=proxy.url, NO_PROXY=",".join(exceptions))
    assert bool(proxy.asked()) != MEANING[name](exceptions, host)


@pytest.mark.parametrize("name", CLIENTS)
def test_clients_go_past_the_proxy_for_the_registry_and_nothing_else(name: str, proxy: Proxy, tmp_path: Path) -> None:
    """The shell's lines as written, run by a shell; the hosts end in .test, where nobody is."""
    need = Need(cloud=OWN, registry="myregistry", replicas=(Replica("eastus", "swone"), Replica("westus")))
    text = render("proxy-env", "sh", by_name(need)).replace(PROXY, proxy.url)
    told = shell_environment(tmp_path, text, {})
    variables = {key: told[key] for key in ("HTTPS_PROXY", "NO_PROXY", "https_proxy", "no_proxy")}
    ask = client(name)
    for host in ("myregistry.registry.test", "swone.blob.registry.test", "swtwo.blob.registry.test"):
        ask(host, **variables)
        assert proxy.asked() == [], host
    for host in (
        "registry.test",
        "other.registry.test",
        "xmyregistry.registry.test",
        "evilblob.registry.test",
        "myregistry.registry.test.evil.test",
    ):
        ask(host, **variables)
        assert set(proxy.asked()) == {host}


def shell_environment(folder: Path, text: str, before: dict[str, str]) -> dict[str, str]:
    """Source the lines in a strict shell and list what it then exports."""
    (folder / "proxy.sh").write_text(text)
    subprocess.run(["sh", "-n", folder / "proxy.sh"], check=True)
    done = subprocess.run(
        ["sh", "-euc", '. "$1"; env -0', "sh", folder / "proxy.sh"],
        env={"PATH": os.environ["PATH"], **before},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not done.stderr
    return dict(line.partition("=")[::2] for line in done.stdout.split("\0") if line)


def test_shell_keeps_exceptions_that_were_there(tmp_path: Path) -> None:
    told = shell_environment(tmp_path, render("proxy-env", "sh", by_name(DEDICATED)), {"NO_PROXY": "10.0.0.0/8,.corp"})
    assert told["NO_PROXY"] == told["no_proxy"]
    assert told["NO_PROXY"].split(",")[-2:] == ["10.0.0.0/8", ".corp"]
    assert told["HTTPS_PROXY"] == told["https_proxy"] == PROXY


def exceptions_of(target: str, form: str, text: str) -> list[str]:
    """Read the list back out of a file."""
    if form == "daemon":
        listed = json.loads(text)["proxies"]["no-proxy"]
    elif target == "proxy-env":
        [line] = [line for line in text.splitlines() if line.startswith("NO_PROXY=")]
        listed = shlex.split(line)[0].removeprefix("NO_PROXY=").removesuffix("${NO_PROXY:+,$NO_PROXY}")
    else:
        listed = next(value for key, value in unit_environment(text).items() if key.upper() == "NO_PROXY")
    assert isinstance(listed, str)
    return listed.split(",")


def unit_environment(text: str) -> dict[str, str]:
    """Read the variables of a drop-in as systemd does: quoted words, and two percent signs for one."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines[0] == "[Service]"
    words = [word for line in lines[1:] for word in shlex.split(line.removeprefix("Environment="))]
    return {key: value.replace("%%", "%") for key, _, value in (word.partition("=") for word in words)}


LISTS = [("proxy-env", "sh"), ("docker", "daemon"), *UNITS]


@pytest.mark.parametrize(("target", "form"), LISTS)
@pytest.mark.parametrize("name", RULE_SETS)
def test_lists_cover_every_host_and_no_look_alike(target: str, form: str, name: str) -> None:
    rules = RULE_SETS[name]
    exceptions = exceptions_of(target, form, render(target, form, rules))
    assert exceptions == list(direct_hosts(rules))
    meanings = MATCHERS if TARGETS[target].ability.wildcard is Wildcard.SUBTREE else {"go": go_is_direct}
    apex = rules.need.cloud.apex
    for matches in meanings.values():
        for rule in rules.rules:
            for host in rule.names:
                named = host.replace("*", "anything")
                assert matches(exceptions, named) != (host == apex)
                assert not matches(exceptions, f"{named}.evil.xyz")
                evil = "evil" + host.removeprefix("*.")
                # An exact name covers what is under it: evildata.mcr.microsoft.com, which is Microsoft's as well.
                below = any(evil.endswith(f".{other}") for other in direct_hosts(rules) if not other.startswith("."))
                assert matches(exceptions, evil) == below == (evil.endswith(".mcr.microsoft.com"))
        for parent in (name.removeprefix("*.") for rule in rules.rules for name in rule.names if name.startswith("*.")):
            assert go_is_direct(exceptions, parent) == parent.endswith(".mcr.microsoft.com")
        for look_alike in (apex, f"other.{apex}", f"xmyregistry.{apex}", f"myregistry.northeurope.data.{apex}"):
            assert not matches(exceptions, look_alike)


def test_the_apex_would_have_taken_every_registry_along() -> None:
    """Why it is left out: the reason must not stop being true unseen."""
    for matches in MATCHERS.values():
        assert matches(["azurecr.io"], "anybody.azurecr.io")
    text = render("proxy-env", "sh", by_name(DEDICATED))
    assert "# Left to the proxy: azurecr.io." in text
    assert "azurecr.io" not in direct_hosts(by_name(DEDICATED))


def test_stars_would_have_matched_nothing_in_curl() -> None:
    assert not curl_is_direct(["*.x.test"], "a.x.test")
    assert not any("*" in host for rules in RULE_SETS.values() for host in direct_hosts(rules))


@pytest.mark.parametrize("target", TARGETS)
def test_ranges_are_refused_since_they_would_do_nothing(target: str) -> None:
    with pytest.raises(CannotExpressError, match="--by name"):
        check_fit(TARGETS[target], by_ip(DEDICATED))
    with pytest.raises(CannotExpressError, match="--by name"):
        check_fit(TARGETS[target], plan(DEDICATED, Way.TAG))


@pytest.mark.parametrize("target", TARGETS)
def test_whose_proxy_it_is_must_be_filled_in(target: str) -> None:
    assert any(PROXY in caveat for caveat in TARGETS[target].ability.caveats)
    for form in TARGETS[target].formats:
        text = render(target, form, by_name(NEEDS["everything"]))
        set_here = [line for line in text.splitlines() if PROXY in line and not line.startswith("#")]
        assert len(set_here) == (2 if form == "deployment" else 1)


@pytest.mark.parametrize(("target", "form"), UNITS)
@pytest.mark.parametrize("name", RULE_SETS)
def test_systemd_takes_the_drop_ins(target: str, form: str, name: str, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine")
    text = render(target, form, RULE_SETS[name])
    # What a user with a difficult password would put there.
    assert verified(tmp_path, text.replace(PROXY, "http://me:a%%40b@proxy.example:3128")) == ""
    assert set(map(str.upper, unit_environment(text))) == {"HTTPS_PROXY", "NO_PROXY"}
    assert "%%" in text.partition("[Service]")[0]


def test_systemd_would_have_complained(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine")
    text = render("containerd", "drop-in", by_name(DEDICATED))
    assert "ignoring" in verified(tmp_path, text.replace(PROXY, 'http://a"b'))


def verified(folder: Path, text: str) -> str:
    unit = folder / "one.service"
    unit.write_text("[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/true\n")
    (folder / "one.service.d").mkdir(exist_ok=True)
    (folder / "one.service.d" / "proxy.conf").write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit],
        env={**os.environ, "SYSTEMD_UNIT_PATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.stderr


def test_iot_edge_s_own_parts() -> None:
    rules = by_name(NEEDS["everything"])
    config = tomllib.loads(render("iotedge", "config", rules))
    assert config == {"agent": {"env": {"https_proxy": PROXY, "UpstreamProtocol": "AmqpWs"}}}
    manifest = json.loads(render("iotedge", "deployment", rules))
    modules = manifest["modulesContent"]["$edgeAgent"]["properties.desired"]["systemModules"]
    assert set(modules) == {"edgeAgent", "edgeHub"}
    for module in modules.values():
        assert module["env"] == {"https_proxy": {"value": PROXY}, "UpstreamProtocol": {"value": "AmqpWs"}}
    # The services of IoT Edge are documented to read small letters; Go reads both.
    assert set(unit_environment(render("iotedge", "drop-in", rules))) == {"https_proxy", "no_proxy"}


def test_docker_s_daemon_gets_a_proxy_for_tls_and_exceptions() -> None:
    document = json.loads(render("docker", "daemon", by_name(DEDICATED)))
    assert set(document) == {"proxies"}
    assert set(document["proxies"]) == {"https-proxy", "no-proxy"}
