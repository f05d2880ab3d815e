"""``seawall check`` at a registry that runs: pulls, uploads, who signs in, and what must never be said."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from seawall.check.cause import Cause
from tests.real.product import BINARY, Product
from tests.real.registry import Repository
from tests.support import content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.real.product import Ready
    from tests.unit.cli.conftest import Done

    Run = Callable[..., Done]

PATIENCE: Final = 20.0
LAYER: Final = b"layer" * 20_000
TOKEN: Final = re.compile(r"eyJ[\w-]+\.[\w-]+")
"""How every token begins."""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A registry with an image in it, and dedicated data endpoints."""
    with Product(tmp_path_factory.mktemp("product"), "--data-endpoints") as running:
        with Repository(running.ready, "team/app") as there:
            for blob in (b"{}", LAYER):
                there.push_at_once(blob)
            there.put_manifest("1", content.image(b"{}", LAYER))
        yield running


@pytest.fixture
def ready(product: Product) -> Ready:
    return product.ready


@pytest.fixture
def image(ready: Ready) -> str:
    return f"{ready.login_server}/team/app:1"


@pytest.fixture(autouse=True)
def _stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever checks has signed in nowhere."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "auth.json"))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


@pytest.fixture
def check(run: Run, ready: Ready, product: Product) -> Callable[..., Done]:
    """Check as a stranger who trusts the registry; whatever is said, no secret is."""

    def call(*words: str | Path, code: int = 0, stdin: str | None = None) -> Done:
        done = run("check", *words, "--ca", ready.ca_file, code=code, stdin=stdin)
        assert_secret(product, done.out + done.err)
        return done

    return call


@pytest.fixture
def signed_in(check: Callable[..., Done], ready: Ready, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Check as the registry's administrator."""
    monkeypatch.setenv("SEAWALL_PASSWORD", ready.password)

    def call(*words: str | Path, code: int = 0) -> Done:
        return check(*words, "--username", ready.username, code=code)

    return call


def pair(ready: Ready) -> str:
    return base64.b64encode(f"{ready.username}:{ready.password}".encode()).decode()


def signature(ready: Ready) -> str:
    """Return the part of a signed link that is the same in every one for this layer."""
    with Repository(ready, "team/app") as there:
        location = there.expect(307, "GET", f"blobs/{content.digest_of(LAYER)}").headers["Location"]
    return str(location).partition("?")[2].partition(".")[0]


def assert_secret(product: Product, said: str) -> None:
    ready = product.ready
    for secret in (ready.password, pair(ready), f"?{signature(ready)}"):
        assert secret not in said
    assert not TOKEN.search(said)


def test_an_image_is_pulled(signed_in: Callable[..., Done], ready: Ready, image: str) -> None:
    told = signed_in(image, "--json").json
    assert (told["verdict"], told["problems"], told["image"]) == ("ok", [], "team/app:1")
    kinds = [(one["kind"], one["verdict"]) for one in told["steps"]]
    for kind in ("dns", "tcp", "tls", "challenge", "token", "manifest", "redirect", "blob", "endpoints", "clock"):
        assert (kind, "ok") in kinds
    assert "upload" not in dict(kinds), "nobody asked for one"
    (data,) = [one for one in told["met"] if one["place"] == "data endpoint"]
    assert f"{data['host']}:{data['port']}" == ready.data_endpoint
    assert all(one["reached"] for one in told["met"])
    assert told["seconds"] < 2
    text = signed_in(image).out
    assert "A pull works." in text
    assert ready.data_endpoint in text


@pytest.mark.parametrize("form", ["{0}/team/app@{1}", "{0}/team/app:other@{1}", "https://{0}/team/app:1", "{0}"])
def test_every_way_to_name_it(signed_in: Callable[..., Done], ready: Ready, form: str) -> None:
    digest = content.digest_of(content.image(b"{}", LAYER))
    told = signed_in(form.format(ready.login_server, digest), "--json").json
    assert told["verdict"] == "ok"
    assert told["image"].startswith("team/app"), "where none is named, one is found"


def test_an_upload_leaves_nothing_behind(signed_in: Callable[..., Done], product: Product, image: str) -> None:
    def there() -> list[str]:
        roots = (product.state / "uploads", product.state / "blobs")
        return sorted(str(one) for root in roots for one in root.rglob("*"))

    before = there()
    told = signed_in(image, "--push", "--json").json
    assert told["verdict"] == "ok"
    (upload,) = [one for one in told["steps"] if one["kind"] == "upload"]
    assert upload["verdict"] == "ok"
    assert there() == before
    with Repository(product.ready, "team/app") as repository:
        assert repository.tags() == ["1"]


@pytest.mark.parametrize(
    ("name", "cause"),
    [("team/app:2", Cause.NO_IMAGE), ("none/such:1", Cause.NO_IMAGE), (f"team/app@sha256:{'0' * 64}", Cause.NO_IMAGE)],
)
def test_an_image_that_is_not_there(signed_in: Callable[..., Done], ready: Ready, name: str, cause: Cause) -> None:
    told = signed_in(f"{ready.login_server}/{name}", "--json", code=5).json
    assert told["problems"][0]["cause"] == cause
    assert told["problems"][0]["rules"] == [], "no firewall is to be told anything"


def test_nobody_has_signed_in(check: Callable[..., Done], ready: Ready, image: str) -> None:
    told = check(image, "--json", code=5).json
    assert told["problems"][0]["cause"] == Cause.SIGN_IN
    assert f"docker login {ready.login_server}" in told["problems"][0]["fix"], "another port is another registry"


def test_a_wrong_password(check: Callable[..., Done], image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAWALL_PASSWORD", "not-this-one-7531")
    done = check(image, "--username", "myregistry", "--json", code=5)
    assert done.json["problems"][0]["cause"] == Cause.SIGN_IN
    assert "not-this-one-7531" not in done.out


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\nand more\n"])
def test_a_password_on_standard_input(check: Callable[..., Done], ready: Ready, image: str, end: str) -> None:
    words = (image, "--username", ready.username, "--password-stdin", "--json")
    assert check(*words, stdin=ready.password + end).json["verdict"] == "ok"


def test_standard_input_counts_more_than_the_environment(
    check: Callable[..., Done], ready: Ready, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEAWALL_PASSWORD", "not-this-one-7531")
    words = (image, "--username", ready.username, "--password-stdin", "--json")
    assert check(*words, stdin=ready.password).json["verdict"] == "ok"


@pytest.mark.parametrize("place", ["docker/config.json", "auth.json"])
def test_whoever_signed_in_with_docker_or_podman(
    check: Callable[..., Done], ready: Ready, image: str, tmp_path: Path, place: str
) -> None:
    file = tmp_path / place
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"auths": {ready.login_server: {"auth": pair(ready)}}}))
    assert check(image, "--json").json["verdict"] == "ok"
    file.write_text(json.dumps({"auths": {"localhost:1": {"auth": pair(ready)}}}))
    assert check(image, "--json", code=5).json["problems"][0]["cause"] == Cause.SIGN_IN


def test_a_broken_file_of_docker_is_a_warning(check: Callable[..., Done], image: str, tmp_path: Path) -> None:
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "config.json").write_text('{"auths": ')
    told = check(image, "--json", code=5).json
    assert told["problems"][0]["cause"] == Cause.SIGN_IN
    assert "config.json" in json.dumps(told["problems"])


def test_an_authority_that_nobody_named(run: Run, image: str) -> None:
    told = run("check", image, "--json", code=5).json
    assert told["problems"][0]["cause"] == Cause.UNKNOWN_AUTHORITY
    assert "--ca" in told["problems"][0]["fix"]


def test_a_page_has_no_secrets_either(
    signed_in: Callable[..., Done], product: Product, image: str, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    signed_in(image, "--push", "--html", page)
    text = page.read_text("utf-8")
    assert product.ready.data_endpoint in text
    assert_secret(product, text)


def test_the_real_program_pulls(product: Product, image: str, tmp_path: Path) -> None:
    ready = product.ready
    words = ("check", image, "--ca", ready.ca_file, "--username", ready.username, "--password-stdin")
    done = subprocess.run(
        [str(BINARY), *words],
        input=f"{ready.password}\n",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={"HOME": str(tmp_path), "LANG": "C.UTF-8"},
    )
    assert done.returncode == 0, done
    assert not done.stderr
    assert done.stdout.splitlines()[-1].endswith("s.")
    assert_secret(product, done.stdout)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Product]:
    with Product(tmp_path / "empty") as running:
        yield running


def test_a_registry_without_images(run: Run, empty: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    ready = empty.ready
    monkeypatch.setenv("SEAWALL_PASSWORD", ready.password)
    asked = ("check", ready.login_server, "--ca", ready.ca_file, "--username", ready.username, "--json")
    told = run(*asked).json
    assert told["verdict"] == "warning"
    (problem,) = told["problems"]
    assert (problem["cause"], problem["fatal"]) == (Cause.NOT_PULLED, False)
    assert f"seawall check {ready.login_server}/" in problem["fix"], "another port is another registry"


def test_a_registry_without_images_can_still_be_pushed_to(
    run: Run, empty: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or else it is said that nothing was tried; silence would pass for a push that works."""
    ready = empty.ready
    monkeypatch.setenv("SEAWALL_PASSWORD", ready.password)
    asked = ("check", ready.login_server, "--ca", ready.ca_file, "--username", ready.username, "--json", "--push")
    told = run(*asked).json
    assert any(one["kind"] == "upload" for one in told["steps"]) or "push" in json.dumps(told["problems"])
