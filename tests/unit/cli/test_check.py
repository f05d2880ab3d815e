"""``seawall check``: what it refuses, what it says of a wall, and how it ends where there is no registry."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest
import typer
from typer.testing import CliRunner

from seawall.check.cause import Cause, Whose
from seawall.cli.main import app
from tests.support.server import BINARY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Run = Callable[..., Done]

PATIENCE: Final = 20.0
CLOSED: Final = "127.0.0.1:1"
"""Where nobody listens."""
PASSWORD: Final = "Tr0ub4dor-and-3"
AZURE: Final = ("myregistry", "-r", "eastus", "--data-endpoints")
LOGIN: Final = "myregistry.azurecr.io"
DATA: Final = "myregistry.eastus.data.azurecr.io"
REPORT: Final = {
    "subject",
    "image",
    "verdict",
    "began",
    "seconds",
    "bound",
    "client",
    "before_switch",
    "problems",
    "steps",
    "met",
    "comparison",
}
PROBLEM: Final = {"cause", "hosts", "meaning", "fix", "whose", "fatal", "rules", "evidence"}
STEP: Final = {"kind", "host", "port", "place", "verdict", "said", "evidence", "seconds", "cause"}
MET: Final = {"host", "port", "place", "addresses", "way", "reached"}
COMPARISON: Final = {"planned", "missing", "missing_addresses", "surplus", "basis"}


class Refusing(socketserver.StreamRequestHandler):
    """A proxy that lets nobody through to anywhere."""

    def handle(self) -> None:
        assert isinstance(self.server, Proxy)
        self.server.asked += 1
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")


class Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    asked = 0

    def __str__(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture(autouse=True)
def _stranger(tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever checks has signed in nowhere, and sees no proxy but the one that a test names."""
    assert state.is_absolute()
    monkeypatch.delenv("HTTPS_PROXY")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "auth.json"))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


@pytest.fixture
def refusing_proxy() -> Iterator[Proxy]:
    """A proxy that refuses everything, and counts what it is asked."""
    with Proxy(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def refusing(refusing_proxy: Proxy) -> str:
    """Its address."""
    return str(refusing_proxy)


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the real program until the block ends."""
    with subprocess.Popen(
        [str(BINARY), "check", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def interrupted(process: subprocess.Popen[str]) -> str:
    """Press Ctrl-C; return what it still says on standard output."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    assert err == "seawall: stopped before the end\n"
    return out


# What is refused.


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([""], "REGISTRY"),
        (["no way"], "'no way'"),
        (["myregistry/UPPER"], "UPPER"),
        (["myregistry/app:"], "tag"),
        (["myregistry/app@sha256:12"], "sha256"),
        (["http://myregistry.azurecr.io"], "TLS"),
        (["myregistry.azurecr.io:0"], "port"),
        (["127.0.0.1:70000"], "65535"),
        (["2001:db8::1"], "brackets"),
        ([DATA], "no login server"),
        (["azurecr.io"], "no login server"),
        (["myregistry", "-r", "mars"], "'mars'"),
        (["myregistry", "--report-ready"], "--before-switch"),
        ([*AZURE, "--before-switch"], "--before-switch"),
        (["mcr.microsoft.com", "--before-switch"], "--before-switch"),
        (["ghcr.io", "--before-switch"], "--before-switch"),
        ([CLOSED, "--before-switch"], "--before-switch"),
        (["myregistry", "--ca", "/nowhere/ca.pem"], "--ca: /nowhere/ca.pem: No such file"),
        (["myregistry", "--ca", "/"], "--ca: /: "),
        (["myregistry", "--ca", str(__file__)], "--ca: "),
        (["myregistry", "--username", "builder"], "SEAWALL_PASSWORD"),
        (["myregistry", "--username", "builder", "--password-stdin"], "--password-stdin"),
        (["myregistry", "--password-stdin"], "--username"),
        (["myregistry", "--name", ""], "--name"),
        (["myregistry", "--name", " builder"], "--name"),
        (["myregistry", "--name", "two\nlines"], "--name"),
        (["myregistry", "--name", "\x1b[31mred"], "--name"),
        (["myregistry", "--name", "x" * 65], "--name"),
        (["myregistry", "--timeout", "0.5"], "--timeout"),
        (["myregistry", "--timeout", "3601"], "--timeout"),
        (["myregistry", "--timeout", "nan"], "--timeout"),
        (["myregistry", "--timeout", "inf"], "--timeout"),
        (["myregistry", "--timeout", "soon"], "--timeout"),
        (["myregistry", "--watch", "5"], "--watch"),
        (["myregistry", "--watch", "0s"], "--watch"),
        (["myregistry", "--watch", "32d"], "--watch"),
        (["myregistry", "--to", "sqid"], "squid"),
        (["myregistry", "--to", "squid:poem"], "'poem'"),
        ([CLOSED, "--to", "squid"], "--to"),
        (["ghcr.io", "--to", "squid"], "--to"),
        (["myregistry", "--service-tags", "/nowhere.json"], "/nowhere.json"),
        (["myregistry", "--from", "/nowhere.json"], "/nowhere.json"),
    ],
)
def test_what_cannot_be_is_refused_at_once(run: Run, words: list[str], said: str) -> None:
    began = time.monotonic()
    done = run("check", *words, code=2)
    assert said in done.err
    assert not done.out
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "words",
    [
        [f"builder:{PASSWORD}@myregistry.azurecr.io"],
        [f"myregistry/app@{PASSWORD}"],
        ["myregistry", "--proxy", f"ftp://builder:{PASSWORD}@proxy.test:21"],
        ["myregistry", "--proxy", f"http://builder:{PASSWORD}@proxy.test:99999"],
        ["myregistry", "--proxy", f"http://builder:{PASSWORD}/more@proxy.test:3128"],
        ["myregistry", "--proxy", f"socks5://builder:{PASSWORD}@"],
    ],
)
def test_what_is_refused_may_hold_a_password_and_is_not_repeated(run: Run, words: list[str]) -> None:
    done = run("check", *words, code=2)
    assert PASSWORD not in done.err
    assert ("--proxy" in done.err) == ("--proxy" in words)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY"])
def test_a_proxy_of_the_environment_that_is_none_is_named_once(
    run: Run, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, f"http://builder:{PASSWORD}@proxy.test:0")
    done = run("check", "myregistry", code=2)
    assert re.findall(r"HTTPS?_PROXY", done.err, re.IGNORECASE) == [variable.upper()]
    assert PASSWORD not in done.err


def test_a_proxy_that_is_none_is_named_by_the_option_alone(run: Run) -> None:
    done = run("check", "myregistry", "--proxy", "gopher://proxy.test", code=2)
    assert "--proxy" in done.err
    assert "_PROXY" not in done.err, "nobody has set such a variable"


# Where a wall or a proxy stands in the way.


def test_where_nobody_listens(run: Run) -> None:
    told = run("check", CLOSED, "--json", code=4).json
    assert told["subject"] == CLOSED
    assert told["verdict"] == "failed"
    assert [(one["cause"], one["hosts"], one["whose"]) for one in told["problems"]] == [
        (Cause.REFUSED, ["127.0.0.1"], Whose.WALL)
    ]
    assert told["problems"][0]["rules"] == ["TCP 1 to 127.0.0.1"]
    assert "TCP 1 to 127.0.0.1" in run("check", CLOSED, code=4).out


@pytest.mark.parametrize("kind", ["http", "https", "socks5"])
def test_a_proxy_that_is_not_there(run: Run, kind: str) -> None:
    done = run("check", *AZURE, "--proxy", f"{kind}://builder:{PASSWORD}@{CLOSED}", "--json", code=4)
    assert done.json["problems"][0]["cause"] == Cause.PROXY_GONE
    assert done.json["problems"][0]["hosts"] == ["127.0.0.1"]
    assert PASSWORD not in done.out
    text = run("check", *AZURE, "--proxy", f"{kind}://builder:{PASSWORD}@{CLOSED}", code=4)
    assert PASSWORD not in text.out + text.err


def test_a_proxy_of_the_environment_is_taken_and_an_exception_from_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, refusing: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", refusing)
    assert run("check", *AZURE, "--json", code=4).json["problems"][0]["cause"] == Cause.PROXY
    # Loopback addresses never go through a proxy; this one leads there and is none.
    assert run("check", "0.0.0.0:1", "--json", code=4).json["problems"][0]["cause"] == Cause.PROXY
    for direct in ("0.0.0.0", "0.0.0.0:1", "0.0.0.0/8", "*"):
        told = run("check", "0.0.0.0:1", "--no-proxy", direct, "--json", code=4).json
        assert {one["way"] for one in told["met"]} == {"direct"}
        assert told["problems"][0]["cause"] == Cause.REFUSED
    gone = run("check", *AZURE, "--proxy", f"http://{CLOSED}", "--json", code=4).json
    assert gone["problems"][0]["cause"] == Cause.PROXY_GONE, "what is said counts more than what is set"


def test_a_document_has_the_keys_that_were_promised(run: Run, refusing: str) -> None:
    told = run("check", *AZURE, "--proxy", refusing, "--json", "--name", "build-7", "--timeout", "9", code=4).json
    assert set(told) == REPORT
    shapes = [
        (told["problems"], PROBLEM),
        (told["steps"], STEP),
        (told["met"], MET),
        ([told["comparison"]], COMPARISON),
    ]
    for rows, keys in shapes:
        assert rows
        assert all(set(row) == keys for row in rows)
    assert told["client"] == "build-7"
    assert told["bound"] == 9
    assert 0 < told["seconds"] < 9
    assert told["before_switch"] is False
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told["began"])
    assert told["comparison"]["planned"] == [LOGIN, "azurecr.io", DATA]
    first = told["problems"][0]
    assert (first["cause"], first["hosts"], first["fatal"]) == (Cause.PROXY, [LOGIN, DATA], True)
    assert first["rules"] == [f"TCP 443 to {LOGIN}", f"TCP 443 to {DATA}"]
    assert {one["way"] for one in told["met"] if one["host"] in {LOGIN, DATA}} == {refusing}


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("squid", [f"dstdomain -n {LOGIN}", f"dstdomain -n {DATA}"]),
        ("nftables", ["20.0.0.0/24", "tcp dport"]),
        ("text", [LOGIN, DATA]),
    ],
)
def test_rules_for_what_is_closed(run: Run, refusing: str, tags_file: Path, target: str, words: list[str]) -> None:
    asked = ("check", *AZURE, "--proxy", refusing, "--service-tags", tags_file, "--to", target)
    rules = run(*asked, "--json", code=4).json["rules"]
    assert all(word in rules for word in words), rules
    out = run(*asked, code=4).out
    assert all(line in out for line in rules.splitlines())


def test_a_document_has_rules_only_when_they_were_asked_for(run: Run, refusing: str) -> None:
    asked = ("check", *AZURE, "--json", "--to", "squid", "--proxy")
    gone = run(*asked, f"http://{CLOSED}", code=4).json
    assert set(gone) == REPORT | {"rules"}
    assert gone["rules"] == "", "no rule of a firewall brings a proxy back"
    assert run(*asked, refusing, code=4).json["rules"]


def test_rules_that_cannot_be_written_do_not_cost_the_report(refusing_proxy: Proxy) -> None:
    """Rules by address need a weekly file, which is not here: that is said before the check, or beside its report."""
    words = ["check", *AZURE, "--proxy", str(refusing_proxy), "--to", "nftables"]
    done = CliRunner().invoke(app, words)
    if done.exit_code == 2:
        assert "--service-tags" in done.stderr
        assert refusing_proxy.asked == 0, "what was found at the proxy is not told"
    else:
        assert done.exit_code == 4, done.output
        assert LOGIN in done.stdout


def test_a_page_for_others(run: Run, refusing: str, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = run("check", *AZURE, "--proxy", refusing, "--to", "squid", "--html", page, code=4)
    assert str(page) in done.out
    text = page.read_text("utf-8")
    assert text.lower().startswith("<!doctype html>")
    assert LOGIN in text
    assert f"dstdomain -n {DATA}" in text
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", text), "a page that stands alone loads nothing"
    again = run("check", CLOSED, "--html", page, "--json", code=4)
    assert again.json["subject"] == CLOSED
    assert LOGIN not in page.read_text("utf-8")


@pytest.mark.parametrize("place", ["nowhere/report.html", "."])
def test_a_page_that_cannot_be_written(run: Run, tmp_path: Path, place: str) -> None:
    done = run("check", CLOSED, "--html", tmp_path / place, code=1)
    assert done.err.startswith(f"seawall: --html: {tmp_path / place}: ")
    assert done.err.count("\n") == 1


def test_a_black_hole_ends_when_time_is_up(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        told = run("check", f"127.0.0.1:{silent.getsockname()[1]}", "--timeout", "1", "--json", code=4).json
        assert time.monotonic() - began < 3
    # No single wait takes all the time there is, so the cause is known before it is up.
    assert told["problems"][0]["cause"] == Cause.SILENT
    assert told["bound"] == 1
    assert told["seconds"] < 1


# To the end, and before it.


def test_the_real_program_tells_by_its_exit_code() -> None:
    for words, code in (([CLOSED], 4), (["no way"], 2)):
        done = subprocess.run(
            [str(BINARY), "check", *words], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == code, done
        assert bool(done.stderr) == (code == 2)


def test_watching_goes_on_until_it_is_stopped() -> None:
    with started(CLOSED, "--watch", "1s", "--json") as process:
        assert process.stdout is not None
        first, second = (json.loads(process.stdout.readline()) for _ in range(2))
        rest = interrupted(process)
    assert first["problems"] == second["problems"]
    assert first["began"] < second["began"]
    assert all(set(json.loads(line)) == REPORT for line in rest.splitlines())


def test_watching_says_each_report_as_it_is_found() -> None:
    with started(CLOSED, "--watch", "1s") as process:
        assert process.stdout is not None
        seen = ""
        while seen.count("A pull fails here.") < 2:
            line = process.stdout.readline()
            assert line, "it ended by itself"
            seen += line
        interrupted(process)
    assert seen.count(f"Check of {CLOSED}") == 2


def test_stopped_in_the_middle() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(PATIENCE)
        with started(f"127.0.0.1:{silent.getsockname()[1]}") as process:
            talk, _ = silent.accept()
            with talk:
                began = time.monotonic()
                assert interrupted(process) == ""
                assert time.monotonic() - began < 5


# What it says of itself.


def test_help_mentions_every_option_and_shows_examples(run: Run) -> None:
    command = typer.main.get_command(app).commands["check"]  # type: ignore[attr-defined]
    told = run("check", "--help").out
    options = [name for one in command.params for name in (*one.opts, *one.secondary_opts) if name.startswith("--")]
    assert len(options) > 20
    assert [name for name in options if name not in told] == []
    assert all(one.help for one in command.params)
    examples = told.partition("Examples:\n")[2].splitlines()
    assert len(examples) >= 3
    assert all(line.strip().startswith("seawall check ") for line in examples)
    assert all(name in options for line in examples for name in re.findall(r"--[a-z-]+", line))


@pytest.mark.parametrize("words", [["check", "--help"], ["--help"]])
def test_help_waits_for_no_slow_library(words: list[str]) -> None:
    slow = ("anyio", "asyncio", "cryptography", "dns", "h11", "httpx", "rich.console", "socksio", "ssl", "sqlalchemy")
    program = (
        "import sys\nfrom seawall.cli.main import main\n"
        f"sys.argv = {['seawall', *words]!r}\n"
        f"try:\n    main()\nfinally:\n    print(*[one for one in {slow!r} if one in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert "Usage:" in done.stdout
    assert done.stderr.split() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without rights")
@pytest.mark.parametrize("home", ["nowhere", "shut"])
def test_it_runs_unprivileged(home: str, tmp_path: Path) -> None:
    """A first check, as root, reads whatever it needs of Python: nobody else may be able to here."""
    place = tmp_path / home
    if home == "shut":
        (place / ".docker").mkdir(parents=True, mode=0o700)
        (place / ".docker" / "config.json").write_text("{}")
    program = (
        "import os, sys\nfrom typer.testing import CliRunner\nfrom seawall.cli.main import app\n"
        "words, call = sys.argv[1:], CliRunner().invoke\ncall(app, words)\n"
        "os.setgroups([])\nos.setgid(65534)\nos.setuid(65534)\nos.chdir('/')\n"
        "done = call(app, words)\nprint(done.stdout, end='')\nprint(done.stderr, file=sys.stderr, end='')\n"
        "sys.exit(done.exit_code)\n"
    )
    environment = {"PATH": os.defpath, "HOME": str(place)}
    done = subprocess.run(
        [sys.executable, "-c", program, "check", CLOSED, "--json"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env=environment,
    )
    assert done.returncode == 4, done
    assert not done.stderr
    assert [one["cause"] for one in json.loads(done.stdout)["problems"]] == [Cause.REFUSED]
