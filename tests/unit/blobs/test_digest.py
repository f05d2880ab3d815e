"""Which digests are taken, and that nothing else is."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.blobs.digest import ALGORITHMS, Digest, DigestError, digest_of, new_hash, parse_digest
from tests.unit.strategies import digests

HEX = "0123456789abcdef" * 4


@given(digests)
def test_a_digest_is_taken_as_it_is(digest: Digest) -> None:
    assert parse_digest(digest) == digest


@given(st.binary(max_size=100), st.sampled_from(sorted(ALGORITHMS)))
def test_digests_are_those_of_the_standard(data: bytes, algorithm: str) -> None:
    assert digest_of(data, algorithm) == f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"
    assert parse_digest(digest_of(data, algorithm)) == digest_of(data, algorithm)
    running = new_hash(algorithm)
    for byte in data:
        running.update(bytes([byte]))
    assert f"{algorithm}:{running.hexdigest()}" == digest_of(data, algorithm)


def test_sha256_unless_said() -> None:
    assert digest_of(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "sha256",
        "sha256:",
        f":{HEX}",
        HEX,
        f"sha256:{HEX.upper()}",
        f"SHA256:{HEX}",
        f"sha256:{HEX[1:]}",
        f"sha256:{HEX}0",
        f"sha256:{HEX[1:]}g",
        f"sha256:{HEX}\n",
        f"sha256:{HEX[1:]}\n",
        f" sha256:{HEX}",
        f"sha256:{HEX} ",
        f"sha256::{HEX[1:]}",
        f"sha256-{HEX}",
        f"sha256+b64:{HEX}",
        f"sha512:{HEX}",
        f"sha384:{HEX}{HEX[:32]}",
        f"md5:{HEX[:32]}",
        f"sha1:{HEX[:40]}",
        f"blake3:{HEX}",
        f"sha256:{HEX}{HEX}",
        "sha256:../../../etc/passwd",
        "sha256:" + "../" * 21 + "a",
        "sha256:" + "/" * 64,
        "sha256:" + "\N{FULLWIDTH DIGIT ZERO}" * 64,
        "sha256:" + "\N{ARABIC-INDIC DIGIT ONE}" * 64,
        "sha256:" + "\0" * 64,
        "sha256:0x" + HEX[2:],
        "../sha256:" + HEX,
    ],
    ids=ascii,
)
def test_what_is_no_digest(text: str) -> None:
    with pytest.raises(DigestError, match="digest"):
        parse_digest(text)


@given(st.text(max_size=140))
def test_nonsense_is_refused_in_few_words(text: str) -> None:
    for one in (text, f"sha256:{text}", text * 100):
        with pytest.raises(DigestError) as caught:
            parse_digest(one)
        assert len(str(caught.value)) < 1500
