"""Tokens hold for their kind, audience and time, as long as their key is kept."""

from __future__ import annotations

import time

import pytest

from seawall.identity.actions import Action
from seawall.identity.scopes import Grant
from seawall.identity.tokens import ANONYMOUS, Claims, TokenError, TokenKind, Verifier, issue
from tests.unit.identity.forging import AUDIENCE, key, parts, signed

GRANT = Grant({"team/app": frozenset((Action.PULL, Action.PUSH))}, catalog=True)


def issued(kind: TokenKind = TokenKind.ACCESS, *, by: str = "newest", subject: str = "edge-device") -> str:
    return issue(key(by), kind, AUDIENCE, subject, "cred0001", GRANT if kind is TokenKind.ACCESS else None)[0]


@pytest.mark.parametrize("kind", TokenKind)
def test_a_token_says_what_it_was_issued_for(kind: TokenKind) -> None:
    token, lifetime = issue(key("newest"), kind, AUDIENCE, "edge-device", "cred0001", GRANT)
    claims = Verifier().verify(token, kind, AUDIENCE, [key("newest")])
    granted = GRANT if kind is TokenKind.ACCESS else Grant({})
    assert claims == Claims("edge-device", "cred0001", claims.expires, granted)
    assert 0 <= claims.expires - time.time() <= lifetime
    assert lifetime > 0


def test_the_documented_claims_and_lifetimes() -> None:
    header, claims = parts(issued())
    assert header["alg"] == "RS256"
    assert header["kid"] == "newest"
    assert claims["aud"] == AUDIENCE
    assert claims["sub"] == "edge-device"
    assert claims["iss"] == "Azure Container Registry"
    assert claims["version"] == "1.0"
    assert claims["grant_type"] == "access_token"
    assert claims["exp"] - claims["iat"] == 75 * 60
    assert claims["nbf"] <= claims["iat"] <= time.time()
    assert {"type": "repository", "name": "team/app", "actions": ["pull", "push"]} in claims["access"]
    assert {"type": "registry", "name": "catalog", "actions": ["*"]} in claims["access"]
    _, refresh = parts(issued(TokenKind.REFRESH))
    assert refresh["exp"] - refresh["iat"] == 3 * 3600
    assert refresh["grant_type"] == "refresh_token"
    assert "access" not in refresh


def test_no_two_tokens_are_the_same() -> None:
    assert parts(issued())[1]["jti"] != parts(issued())[1]["jti"]


def test_what_anybody_can_have_ends_sooner() -> None:
    _, lifetime = issue(key("newest"), TokenKind.ACCESS, AUDIENCE, ANONYMOUS)
    assert lifetime < issue(key("newest"), TokenKind.ACCESS, AUDIENCE, "edge-device")[1]


@pytest.mark.parametrize("kind", TokenKind)
@pytest.mark.parametrize("wanted", TokenKind)
def test_a_token_of_one_kind_is_none_of_another(kind: TokenKind, wanted: TokenKind) -> None:
    verifier, token, ring = Verifier(), issued(kind), [key("newest")]
    verifier.verify(token, kind, AUDIENCE, ring)  # remembered as what it is
    if kind is wanted:
        verifier.verify(token, wanted, AUDIENCE, ring)
    else:
        with pytest.raises(TokenError):
            verifier.verify(token, wanted, AUDIENCE, ring)


@pytest.mark.parametrize("audience", ["", "another.azurecr.io", AUDIENCE.upper(), f"{AUDIENCE}:443", f"{AUDIENCE}."])
def test_a_token_is_for_one_audience(audience: str) -> None:
    verifier, token = Verifier(), issued()
    verifier.verify(token, TokenKind.ACCESS, AUDIENCE, [key("newest")])
    with pytest.raises(TokenError):
        verifier.verify(token, TokenKind.ACCESS, audience, [key("newest")])


def test_a_token_outlives_a_change_of_keys_and_ends_with_its_own() -> None:
    verifier, token = Verifier(), issued(by="older")
    for ring in ([key("older")], [key("newest"), key("older")], [key("newest"), key("other"), key("older")]):
        assert verifier.verify(token, TokenKind.ACCESS, AUDIENCE, ring).subject == "edge-device"
    for ring in ([key("newest")], []):
        with pytest.raises(TokenError):
            verifier.verify(token, TokenKind.ACCESS, AUDIENCE, ring)
    # And holds again if the key comes back: what was remembered is not what decides.
    assert verifier.verify(token, TokenKind.ACCESS, AUDIENCE, [key("older")]).subject == "edge-device"


def test_a_token_that_was_verified_once_still_ends() -> None:
    header, claims = parts(issued())
    token = signed(header, {**claims, "exp": int(time.time()) + 2}, key("newest"))
    verifier = Verifier()
    ends = verifier.verify(token, TokenKind.ACCESS, AUDIENCE, [key("newest")]).expires
    time.sleep(ends - time.time() + 0.01)
    with pytest.raises(TokenError):
        verifier.verify(token, TokenKind.ACCESS, AUDIENCE, [key("newest")])


def test_an_error_tells_nothing_of_the_token() -> None:
    token = issued()
    for ring, audience in (([], AUDIENCE), ([key("newest")], "another.azurecr.io"), ([key("other")], AUDIENCE)):
        with pytest.raises(TokenError) as caught:
            Verifier().verify(token, TokenKind.ACCESS, audience, ring)
        assert not [
            part for part in (*token.split("."), "edge-device", "cred0001", AUDIENCE) if part in str(caught.value)
        ]


def test_a_token_with_as_many_scopes_as_may_be_asked_for_is_not_too_long() -> None:
    names = [f"{'team/' * 46}a{number:04}" for number in range(256)]
    grant = Grant({name: frozenset(Action) for name in names}, catalog=True)
    token, _ = issue(key("newest"), TokenKind.ACCESS, AUDIENCE, "edge-device", "cred0001", grant)
    assert Verifier().verify(token, TokenKind.ACCESS, AUDIENCE, [key("newest")]).grant == grant


def test_very_many_tokens_are_verified_without_end() -> None:
    verifier, ring = Verifier(), [key("newest")]
    tokens = [issued() for _ in range(20)]
    for token in tokens * 3:
        assert verifier.verify(token, TokenKind.ACCESS, AUDIENCE, ring).subject == "edge-device"
