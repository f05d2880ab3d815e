"""What people type for a registry or an image in one."""

from __future__ import annotations

import string
from typing import Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from seawall.check.reference import DOCKER_HUB, BadReferenceError, Reference, read_reference
from seawall.naming import CHINA, PUBLIC, Cloud
from tests.unit import strategies
from tests.unit.strategies import words

SHA256: Final = "sha256:" + "0123456789abcdef" * 4
SHA512: Final = "sha512:" + "0123456789abcdef" * 8
SECRET: Final = "hunter2"

READ: Final = {
    # Registries alone.
    "myregistry": Reference("myregistry.azurecr.io", 443),
    "MyRegistry": Reference("myregistry.azurecr.io", 443),
    "alpine": Reference("alpine.azurecr.io", 443),
    "myregistry-a1b2": Reference("myregistry-a1b2.azurecr.io", 443),
    "myregistry.azurecr.io": Reference("myregistry.azurecr.io", 443),
    "MyRegistry.AzureCR.io.": Reference("myregistry.azurecr.io", 443),
    "https://myregistry.azurecr.io/": Reference("myregistry.azurecr.io", 443),
    "HTTPS://ghcr.io": Reference("ghcr.io", 443),
    " mcr.microsoft.com\n": Reference("mcr.microsoft.com", 443),
    "localhost": Reference("localhost", 443),
    "localhost:5000": Reference("localhost", 5000),
    "harbor:8443": Reference("harbor", 8443),
    "harbor:443": Reference("harbor", 443),
    "10.0.0.1": Reference("10.0.0.1", 443),
    "10.0.0.1:5000": Reference("10.0.0.1", 5000),
    "[2001:DB8:0::1]": Reference("2001:db8::1", 443),
    "[::1]:5000": Reference("::1", 5000),
    # Docker Hub, by whatever name.
    "docker.io": Reference(DOCKER_HUB, 443),
    "index.docker.io": Reference(DOCKER_HUB, 443),
    "registry-1.docker.io:443": Reference(DOCKER_HUB, 443),
    "docker.io/alpine": Reference(DOCKER_HUB, 443, "library/alpine"),
    "docker.io/alpine:3.20": Reference(DOCKER_HUB, 443, "library/alpine", "3.20"),
    "docker://docker.io/library/alpine": Reference(DOCKER_HUB, 443, "library/alpine"),
    "docker.io/grafana/grafana": Reference(DOCKER_HUB, 443, "grafana/grafana"),
    "docker.io:5000/alpine": Reference("docker.io", 5000, "alpine"),
    # Images.
    "ghcr.io/owner/app": Reference("ghcr.io", 443, "owner/app"),
    "ghcr.io/owner/app/": Reference("ghcr.io", 443, "owner/app"),
    "ghcr.io/owner/app:v1_2.3-x": Reference("ghcr.io", 443, "owner/app", "v1_2.3-x"),
    f"ghcr.io/owner/app@{SHA256}": Reference("ghcr.io", 443, "owner/app", "", SHA256),
    f"ghcr.io/owner/app:v1@{SHA512}": Reference("ghcr.io", 443, "owner/app", "v1", SHA512),
    f"docker://localhost:5000/app@{SHA256}": Reference("localhost", 5000, "app", "", SHA256),
    "myregistry/samples/app:1": Reference("myregistry.azurecr.io", 443, "samples/app", "1"),
    "[::1]:5000/app:1": Reference("::1", 5000, "app", "1"),
    f"localhost/app:{'t' * 128}": Reference("localhost", 443, "app", "t" * 128),
}

REFUSED: Final = {
    # What is refused, and words of the message that say what to do.
    "": "host name",
    "/": "host name",
    "/app": "host name",
    "http://myregistry.azurecr.io": "without TLS",
    "HTTP://localhost:5000/app": "without TLS",
    "oci://myregistry.azurecr.io/app": "oci://",
    "https://https://ghcr.io": "port",
    "abc": "5 to 50",
    "abc/app": "5 to 50",
    "my_registry": "host name",
    "my registry": "host name",
    "*.azurecr.io": "host name",
    "-x.example": "host name",
    "b\u00fccher.example": "punycode",
    "boo\N{KELVIN SIGN}s": "ASCII",
    "1.2.3": "no address",
    "1.2.3.256": "no address",
    "01.2.3.4": "no address",
    "[10.0.0.1]:5000": "without",
    "[ghcr.io]": "no address",
    "[fe80::1%eth0]:5000": "zone",
    "::1": "brackets",
    "2001:db8::1/app": "brackets",
    "[::1": "brackets",
    "ghcr.io:": "port",
    "ghcr.io:0": "port",
    "ghcr.io:0443": "port",
    "ghcr.io:65536": "port",
    "ghcr.io:latest": "tag needs a repository",
    "ghcr.io:\u0661": "port",
    "ghcr.io//app": "repository",
    "ghcr.io/app//": "repository",
    "ghcr.io/Owner/app": "repository",
    "ghcr.io/app:": "tag",
    "ghcr.io/app:.x": "tag",
    "ghcr.io/app:-x": "tag",
    "ghcr.io/app:1:2": "tag",
    "ghcr.io/app:1/2": "tag",
    f"ghcr.io/app:{'t' * 129}": "tag",
    "ghcr.io/:1": "repository",
    "ghcr.io/app?x=1": "repository",
    f"ghcr.io/{'a' * 256}": "255",
    f"docker.io/{'a' * 250}": "255",
    "ghcr.io/app@": "digest",
    "ghcr.io/app@sha256:abc": "digest",
    f"ghcr.io/app@{SHA256.upper()}": "digest",
    f"ghcr.io/app@md5:{'0' * 32}": "digest",
    f"ghcr.io@{SHA256}": "needs a repository",
    f"ghcr.io/@{SHA256}": "repository",
    "x" * 5000: "too long",
}

SECRETIVE: Final = (
    f"user:{SECRET}@ghcr.io",
    f"{SECRET}@ghcr.io",
    f"https://user:{SECRET}@ghcr.io/owner/app:1",
    f"https://user:{SECRET}@ghcr.io/owner/app@{SHA256}",
    f"docker://user:{SECRET}@ghcr.io",
    f"user:1/{SECRET}@ghcr.io/app",
    f"user:1/{SECRET}@ghcr.io/app@{SHA256}",
    f"ghcr.io/app@{SECRET}",
    f"user:{SECRET}/1@{SHA256}",
    f"http://user:{SECRET}@localhost:5000/app",
)


@pytest.mark.parametrize("text", READ)
def test_what_people_write_is_read(text: str) -> None:
    assert read_reference(text, PUBLIC) == READ[text]


@pytest.mark.parametrize("text", REFUSED)
def test_what_names_nothing_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(BadReferenceError) as caught:
        read_reference(text, PUBLIC)
    assert REFUSED[text] in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("text", SECRETIVE)
def test_users_are_refused_and_passwords_never_repeated(text: str) -> None:
    with pytest.raises(BadReferenceError) as caught:
        read_reference(text, PUBLIC)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("cloud", "host"), [(CHINA, "myregistry.azurecr.cn"), (Cloud.own("corp.example"), "myregistry.corp.example")]
)
def test_a_bare_name_is_a_registry_of_the_cloud(cloud: Cloud, host: str) -> None:
    assert read_reference("myregistry/app", cloud) == Reference(host, 443, "app")


@pytest.mark.parametrize(
    ("text", "authority", "subject", "wanted"),
    [
        ("myregistry/app", "myregistry.azurecr.io", "myregistry.azurecr.io/app", "latest"),
        ("docker.io/alpine:3", DOCKER_HUB, "docker.io/library/alpine:3", "3"),
        (f"localhost:5000/app:1@{SHA256}", "localhost:5000", f"localhost:5000/app:1@{SHA256}", SHA256),
        ("[::1]/app", "[::1]", "[::1]/app", "latest"),
        ("[::1]:5000", "[::1]:5000", "[::1]:5000", "latest"),
        ("harbor:443/app", "harbor", "harbor:443/app", "latest"),
    ],
)
def test_a_reference_is_written(text: str, authority: str, subject: str, wanted: str) -> None:
    reference = read_reference(text, PUBLIC)
    assert (reference.authority, reference.subject, reference.object) == (authority, subject, wanted)


labels = words(1, 10)
hosts = st.one_of(
    st.lists(labels, min_size=1, max_size=4).map(".".join).filter(lambda name: not name.rpartition(".")[2].isdigit()),
    st.ip_addresses().map(str),
    st.sampled_from(["localhost", DOCKER_HUB]),
)
tags = st.builds(
    "{}{}".format,
    words(1, 1, string.ascii_letters + string.digits + "_"),
    words(0, 127, string.ascii_letters + string.digits + "_.-"),
)
references = st.builds(
    Reference,
    hosts,
    st.one_of(st.just(443), st.integers(1, 65535)),
    strategies.repositories,
    st.one_of(st.just(""), tags),
    st.one_of(st.just(""), strategies.digests),
)


@given(references, st.sampled_from(["", "https://", "docker://"]), st.sampled_from(["", "/"]))
def test_a_subject_reads_back(reference: Reference, scheme: str, slash: str) -> None:
    # Docker Hub has no repositories of one part.
    assume("/" in reference.repository or reference.host != DOCKER_HUB or reference.port != 443)
    assert read_reference(f"{scheme}{reference.subject}{slash}", PUBLIC) == reference


pieces = st.lists(
    st.one_of(st.sampled_from([*"/:@.[]%?#", "://", "http", "docker", "::1", "10.0.0.1", "443", SHA256]), words(1, 4)),
    max_size=9,
).map("".join)


@given(st.one_of(st.text(max_size=60), pieces))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        reference = read_reference(text, PUBLIC)
    except BadReferenceError:
        return
    assert "@" not in reference.host
    assert "@" not in reference.repository
    assert 0 < reference.port < 65536
    assert read_reference(reference.subject, PUBLIC) == reference


@given(words(1, 8), words(6, 20).map("pw{}wp".format), st.sampled_from(["", "/app", "/app:1", f"/app@{SHA256}"]))
def test_no_password_is_repeated(user: str, password: str, rest: str) -> None:
    with pytest.raises(BadReferenceError) as caught:
        read_reference(f"https://{user}:{password}@ghcr.io{rest}", PUBLIC)
    assert password not in str(caught.value)
