"""Operators: who may manage registries, not only use one. They sign in to the cloud, with a secret made here.

To the Azure CLI an operator is a service principal: its name is a GUID, and its secret a client secret.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from seawall.identity.gate import Identity, SignInError, claims_of
from seawall.identity.passwords import matching_credential, new_password
from seawall.identity.tokens import TokenKind, Verifier
from seawall.metadata import principals
from seawall.metadata.principals import CLOUD, Principal

if TYPE_CHECKING:
    from seawall.metadata.database import Database
    from seawall.metadata.rows import Writer

__all__ = ["OperatorGate", "create_operator", "renew_secret"]

_SLOT = "password"


def create_operator(writer: Writer) -> tuple[str, str]:
    """Let somebody manage registries; return the name and the secret, which is not kept."""
    secret, credential = new_password()
    name = str(uuid.uuid4())
    principals.put(writer, CLOUD, Principal(name, {_SLOT: credential}))
    return name, secret


def renew_secret(writer: Writer, operator: Principal) -> str:
    """Give an operator a new secret, which is not kept; whatever was signed in with the old one is over."""
    secret, credential = new_password()
    principals.put(writer, CLOUD, replace(operator, credentials={_SLOT: credential}))
    return secret


class OperatorGate:
    """Finds out which operator is asking."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._verifier = Verifier()

    async def sign_in(self, name: str, secret: str) -> Identity:
        """Check a name and a secret.

        Raises:
            SignInError: The same for an unknown operator and a wrong secret.
        """
        operator = await self._database.cached(principals.find, CLOUD, name)
        credential = matching_credential(operator, secret)
        if credential is None:
            raise SignInError("the client id or the client secret is wrong")
        return Identity(name, credential.identifier)

    async def admit(self, audience: str, authorization: str | None) -> Identity:
        """Read a request's ``Authorization`` header.

        Raises:
            SignInError: It is missing or does not hold, or the operator may not do anything any more.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            raise SignInError("sign in first")
        return await self.identify(token.strip(" \t"), TokenKind.MANAGEMENT, audience)

    async def identify(self, token: str, kind: TokenKind, audience: str) -> Identity:
        """Check a token that stands for an operator.

        Raises:
            SignInError: It does not hold, or the operator may not do anything any more.
        """
        claims = await claims_of(self._database, self._verifier, token, kind, audience)
        operator = await self._database.cached(principals.find, CLOUD, claims.subject)
        if operator is None or not operator.holds(claims.credential, time.time()):
            raise SignInError("this sign-in was withdrawn; sign in again", "invalid_token")
        return Identity(claims.subject, claims.credential)
