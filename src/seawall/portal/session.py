"""Who is signed in: a signed token in a cookie, and what is bound to it.

Whether the operator may still do anything is asked anew with every request, so a renewed secret or a removed operator
ends every session at once. Nothing slows down guessing: secrets are 256 random bits, and nobody guesses one in the time
there is.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from seawall.identity.gate import SignInError
from seawall.identity.issuing import sign
from seawall.identity.operators import OperatorGate
from seawall.identity.tokens import TokenKind

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from seawall.metadata.database import Database

__all__ = ["Said", "Session", "Sessions"]

_NO_WORD: Final = re.compile(r"[^a-z0-9]+")
_LONGEST_SAID: Final = 2048
_SAID_SECONDS: Final = 60


class Said(NamedTuple):
    """What the next page says first: whether it is good news, and the words with what is put into them."""

    good: bool
    words: str
    values: dict[str, str]


class Session(NamedTuple):
    """Somebody who is signed in."""

    operator: str
    token: str

    @property
    def proof(self) -> str:
        """What every form carries: only pages of this session know it."""
        return self._seal("form")

    def is_proven_by(self, proof: str) -> bool:
        """Say whether a form is one of this session's."""
        return hmac.compare_digest(self.proof.encode(), proof.encode("utf-8", "replace"))

    def _seal(self, text: str) -> str:
        # The token is known to this browser and to us, and to no page of anybody else's: a key like any other.
        return hmac.digest(self.token.encode(), text.encode(), "sha256").hex()

    def write(self, said: Said) -> str:
        """Write what the next page is to say, so that nobody else can make it say anything."""
        text = base64.urlsafe_b64encode(json.dumps(said).encode()).decode("ascii")
        return f"{text}.{self._seal(text)}"

    def read(self, written: str) -> Said | None:
        """Read what :meth:`write` wrote for this session; ``None`` if it did not."""
        text, _, seal = written.partition(".")
        if not hmac.compare_digest(self._seal(text).encode(), seal.encode("utf-8", "replace")):
            return None
        values: list[Any] = json.loads(base64.urlsafe_b64decode(text))
        return Said(*values)


class Sessions:
    """Begins, finds and ends sessions."""

    def __init__(self, database: Database, authority: str) -> None:
        """Take the authority of the operators' host.

        Cookies have no ports, and on one machine each region has its portal at another port of ``localhost``: so the
        port is part of their names.
        """
        self._database = database
        self._gate = OperatorGate(database)
        self._audience = f"https://{authority}/portal"
        name = _NO_WORD.sub("-", authority.lower())
        self._cookie = f"__Host-seawall-{name}"
        self._said = f"__Host-seawall-said-{name}"

    async def find(self, request: Request) -> Session | None:
        """Find out who asks."""
        token = request.cookies.get(self._cookie)
        if not token:
            return None
        try:
            identity = await self._gate.identify(token, TokenKind.PORTAL, self._audience)
        except SignInError:
            return None
        return Session(identity.subject, token)

    async def begin(self, response: Response, name: str, secret: str) -> None:
        """Sign somebody in.

        Raises:
            SignInError: The name or the secret is wrong.
        """
        identity = await self._gate.sign_in(name, secret)
        token, lifetime = await sign(self._database, TokenKind.PORTAL, self._audience, identity)
        self._set(response, self._cookie, token, lifetime)

    def end(self, response: Response) -> None:
        """Let the browser forget who is signed in."""
        self._set(response, self._cookie, "", 0)
        self._set(response, self._said, "", 0)

    def say(self, response: Response, session: Session, said: Said) -> None:
        """Let the next page say something."""
        written = session.write(said)
        if len(written) <= _LONGEST_SAID:
            self._set(response, self._said, written, _SAID_SECONDS)

    def heard(self, request: Request, session: Session) -> Said | None:
        """Return what this page is to say."""
        written = request.cookies.get(self._said)
        return session.read(written) if written else None

    def forget_said(self, response: Response) -> None:
        """Let nothing be said twice."""
        self._set(response, self._said, "", 0)

    @staticmethod
    def _set(response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(name, value, seconds, path="/", secure=True, httponly=True, samesite="strict")
