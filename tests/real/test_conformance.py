"""The official OCI conformance program: each version as it comes, then with everything on that it can test."""

from __future__ import annotations

import os
import re
import subprocess
import uuid
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Final

import pytest

from tests.real.clients import TOOLS
from tests.real.product import Product
from tests.support import report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM: Final = TOOLS / "conformance"
LEAST: Final = {"1.1": 850, "dev": 980}
"""How many cases pass when a version is tested as it comes; fewer means that something was left out."""

LEAST_OF_EVERYTHING: Final = 1020

NAMES: Final = (
    "API_PING API_PULL API_PUSH API_REFERRER API_TAGS_ATOMIC API_TAGS_DELETE API_TAGS_LIST "
    "API_BLOBS_ATOMIC API_BLOBS_DELETE API_BLOBS_DIGEST_HEADER API_BLOBS_MOUNT_ANONYMOUS "
    "API_BLOBS_UPLOAD_CANCEL API_MANIFESTS_ATOMIC API_MANIFESTS_DELETE API_MANIFESTS_DIGEST_HEADER "
    "API_MANIFESTS_TAG_PARAM DATA_IMAGE DATA_INDEX DATA_INDEX_LIST DATA_SPARSE DATA_ARTIFACT DATA_SUBJECT "
    "DATA_SUBJECT_MISSING DATA_ARTIFACT_LIST DATA_SUBJECT_LIST DATA_DATA_FIELD DATA_NONDISTRIBUTABLE "
    "DATA_CUSTOM_FIELDS DATA_NO_LAYERS DATA_EMPTY_BLOB DATA_SHA512"
)
EVERYTHING: Final = {f"OCI_{name}": "true" for name in NAMES.split()}
"""All that it can be told to test; each version leaves some of it out unless told."""


def settings(product: Product, results: Path) -> dict[str, str]:
    """Where to go; its own setting for certificates has no effect, so Go is told whom to trust."""
    ready = product.ready
    repository = f"conformance/{uuid.uuid4().hex[:8]}"
    return {
        "OCI_REGISTRY": ready.login_server,
        "OCI_REPO1": f"{repository}/one",
        "OCI_REPO2": f"{repository}/two",
        "OCI_USERNAME": ready.username,
        "OCI_PASSWORD": ready.password,
        "OCI_RESULTS_DIR": str(results),
        "OCI_LOG": "error",
        "SSL_CERT_FILE": ready.ca_file,
        "PATH": os.defpath,
    }


def counts(output: str) -> dict[str, int]:
    """How many cases ended how, as its summary says."""
    summary = output.partition("OCI Conformance Result:")[2].partition("API conformance:")[0]
    return {name.lower(): int(number) for name, number in re.findall(r"^  (\w+)\.*: +(\d+)$", summary, re.MULTILINE)}


def shortcomings(results: Path) -> list[str]:
    """The cases that did not pass though they were wanted, each with the reason that the program gives."""
    cases = [
        (case.get("status"), case.get("name"), case.findtext("system-out"), case.findtext("system-err", ""))
        for case in ET.parse(results / "junit.xml").iter("testcase")
    ]
    return [
        f"{name}: {reason}"
        for status, name, reason, log in cases
        if status != "passed" and "is disabled in the configuration" not in log
    ]


def judge(product: Product, results: Path, request: pytest.FixtureRequest, **switches: str) -> int:
    """Run the program, show what it counted, and return how many cases passed if none fell short."""
    if not PROGRAM.exists():
        pytest.skip("the program is not built; `make tools` says why")
    done = subprocess.run(
        [PROGRAM],
        env=settings(product, results) | switches,
        cwd=results,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (results / "junit.xml").exists(), done.stdout + done.stderr
    found = counts(done.stdout)
    told = ", ".join(f"{name} {found[name]}" for name in ("pass", "fail", "error", "skip", "disabled"))
    report.show(request, f"{request.node.name}: {told}")
    assert shortcomings(results) == []
    assert found["fail"] + found["error"] + found["skip"] == 0, told
    assert done.returncode == 0
    return found["pass"]


@pytest.mark.parametrize("version", LEAST)
def test_conformance(product: Product, tmp_path: Path, request: pytest.FixtureRequest, version: str) -> None:
    assert judge(product, tmp_path, request, OCI_VERSION=version) >= LEAST[version]


@pytest.fixture
def sparse(tmp_path: Path) -> Iterator[Product]:
    """A registry that takes manifests whose content is not there, which the program can test only then."""
    with Product(tmp_path / "product", "--sparse", "--data-endpoints") as running:
        yield running


def test_conformance_with_everything_on(sparse: Product, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    passed = judge(sparse, tmp_path, request, OCI_VERSION="dev", **EVERYTHING)
    assert passed >= LEAST_OF_EVERYTHING
