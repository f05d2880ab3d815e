"""Tokens that somebody else made, or changed, are refused in one way: TokenError."""

from __future__ import annotations

import base64
import time
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seawall.identity.scopes import Grant
from seawall.identity.tokens import TokenError, TokenKind, Verifier, issue
from tests.unit.identity.forging import (
    AUDIENCE,
    key,
    parts,
    public_jwk,
    public_pem,
    signed,
    signed_with_text,
    unsigned,
)

OURS, STRANGERS = key("ours"), key("strangers")
TOKEN: Final = issue(OURS, TokenKind.ACCESS, AUDIENCE, "edge-device", "cred0001", Grant({}))[0]
HEADER, CLAIMS = parts(TOKEN)
NOW: Final = int(time.time())
DAY: Final = 86400
"""More than a whole run of the tests takes, since the claims are written when it begins."""
ABSENT: Final = object()
SIGNATURE_BYTES: Final = 256


def accepted(token: str) -> bool:
    try:
        claims = Verifier().verify(token, TokenKind.ACCESS, AUDIENCE, [OURS])
    except TokenError:
        return False
    assert claims.subject
    return True


def test_the_forger_works() -> None:
    # Otherwise everything below would be refused for the wrong reason.
    assert accepted(TOKEN)
    assert accepted(signed(HEADER, CLAIMS, OURS))
    assert accepted(signed({**HEADER, "typ": "at+jwt", "x": "y"}, CLAIMS, OURS))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, "HS256", "RS256", "PS256", "ES256"])
@pytest.mark.parametrize("signature", [b"", b"\0" * SIGNATURE_BYTES])
def test_no_signature_is_enough(algorithm: str | None, signature: bytes) -> None:
    assert not accepted(unsigned({**HEADER, "alg": algorithm}, CLAIMS, signature))
    assert not accepted(unsigned({"alg": algorithm, "typ": "JWT"}, CLAIMS, signature))


@pytest.mark.parametrize("algorithm", ["HS256", "hs256", "RS256", "HS512"])
def test_the_public_key_is_no_shared_secret(algorithm: str) -> None:
    for secret in (public_pem(OURS), public_pem(OURS).strip(), OURS.name.encode(), b""):
        assert not accepted(signed_with_text({**HEADER, "alg": algorithm}, CLAIMS, secret))


STRANGE_HEADERS: Final[dict[str, dict[str, Any]]] = {
    "nothing else": {},
    "our name": {"kid": OURS.name},
    "their key": {"kid": OURS.name, "jwk": public_jwk(STRANGERS)},
    "their key alone": {"jwk": public_jwk(STRANGERS)},
    "an address of theirs": {"kid": OURS.name, "jku": "https://evil.example/keys"},
    "a certificate of theirs": {"kid": OURS.name, "x5c": ["MII"], "x5u": "https://evil.example/chain"},
    "a path": {"kid": "../../../../dev/null"},
    "SQL": {"kid": "x' UNION SELECT 'ours"},
    "an empty name": {"kid": ""},
    "critical headers": {"kid": OURS.name, "crit": ["b64"], "b64": False},
}


@pytest.mark.parametrize("header", STRANGE_HEADERS.values(), ids=STRANGE_HEADERS)
def test_only_our_keys_count_whatever_the_header_says(header: dict[str, Any]) -> None:
    assert not accepted(signed({"alg": "RS256", "typ": "JWT", **header}, CLAIMS, STRANGERS))


@pytest.mark.parametrize("name", [None, 1, True, ["ours"], {"ours": 1}, "OURS", "ours\0", " ours"])
def test_a_key_of_ours_is_chosen_by_its_exact_name(name: object) -> None:
    assert not accepted(signed({**HEADER, "kid": name}, CLAIMS, OURS))


WRONG_CLAIMS: Final[dict[str, dict[str, Any]]] = {
    "another audience": {"aud": "another.azurecr.io"},
    "several other audiences": {"aud": ["another.azurecr.io", "azurecr.io"]},
    "no audience": {"aud": ABSENT},
    "audience null": {"aud": None},
    "audience a number": {"aud": 1},
    "another issuer": {"iss": "azure container registry"},
    "no issuer": {"iss": ABSENT},
    "issuer a list": {"iss": ["Azure Container Registry"]},
    "over": {"exp": NOW - 1},
    "over for ever": {"exp": -1},
    "no end": {"exp": ABSENT},
    "end null": {"exp": None},
    "end in words": {"exp": "tomorrow"},
    "not yet": {"nbf": NOW + DAY},
    "no beginning": {"nbf": ABSENT},
    "beginning in words": {"nbf": "yesterday"},
    "issued in the future": {"iat": NOW + DAY},
    "no time of issue": {"iat": ABSENT},
    "no subject": {"sub": ABSENT},
    "subject null": {"sub": None},
    "subject a number": {"sub": 1},
    "subject a list": {"sub": ["edge-device"]},
    "no credential": {"cid": ABSENT},
    "another kind": {"grant_type": "refresh_token"},
    "no kind": {"grant_type": ABSENT},
    "kind a list": {"grant_type": ["access_token"]},
    "access a number": {"access": 1},
    "access null": {"access": None},
    "access of words": {"access": ["repository:a:pull"]},
    "access without actions": {"access": [{"type": "repository", "name": "a"}]},
    "access of unknown actions": {"access": [{"type": "repository", "name": "a", "actions": ["fly"]}]},
}


@pytest.mark.parametrize("changes", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS)
def test_a_good_signature_is_not_enough(changes: dict[str, Any]) -> None:
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not ABSENT}
    assert not accepted(signed(HEADER, claims, OURS))


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from("ABab01-_.=+/ \n\u00e9"))
def test_any_changed_character_breaks_a_token(place: int, put: str) -> None:
    changed = TOKEN[:place] + put + TOKEN[place + 1 :]
    if changed.rstrip("=") == TOKEN or changed == TOKEN:
        return
    # The last character of the signature holds bits that mean nothing; no claim can be changed with them.
    if accepted(changed):
        assert place == len(TOKEN) - 1
        assert parts(changed) == (HEADER, CLAIMS)


def test_parts_of_two_tokens_make_none() -> None:
    other = issue(OURS, TokenKind.ACCESS, AUDIENCE, "mallory", "cred0002", Grant({}))[0]
    one_parts, other_parts = TOKEN.split("."), other.split(".")
    assert not accepted(".".join((one_parts[0], one_parts[1], other_parts[2])))
    assert not accepted(".".join((one_parts[0], other_parts[1], one_parts[2])))
    assert not accepted(TOKEN + "." + one_parts[2])
    assert not accepted(".".join(one_parts[:2]))


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "e30.e30.e30",
        "\0",
        "\ud800",
        TOKEN + "\n",
        " " + TOKEN,
        TOKEN + "A" * 1_000_000,
        "A" * 1_000_000 + TOKEN,
        "." * 100_000,
        "eyJhbGciOiJSUzI1NiJ9." * 3,
    ],
    ids=lambda token: ascii(token)[:20],
)
def test_what_is_no_token(token: str) -> None:
    assert not accepted(token)


def test_an_oversized_token_is_refused_unread_though_well_signed() -> None:
    assert not accepted(signed(HEADER, {**CLAIMS, "padding": "x" * 2_000_000}, OURS))


def test_deeply_nested_tokens_are_refused() -> None:
    nested = base64.urlsafe_b64encode(b'{"a":' * 5_000 + b"1" + b"}" * 5_000).decode().rstrip("=")
    for token in (f"{nested}.{nested}.AAAA", f"{TOKEN.split('.')[0]}.{nested}.AAAA"):
        assert not accepted(token)


@given(st.text(max_size=60))
@example("\u00e9.\u00e9.\u00e9")
def test_nonsense_is_refused_and_nothing_else(text: str) -> None:
    header, claims, signature = TOKEN.split(".")
    for token in (text, f"{text}.{claims}.{signature}", f"{header}.{text}.{signature}", f"{header}.{claims}.{text}"):
        assert not accepted(token)
