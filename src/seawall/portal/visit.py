"""One request of somebody's, and what answering it takes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qs

from starlette.responses import HTMLResponse, RedirectResponse

from seawall import bodies
from seawall.portal import paths
from seawall.portal.formats import Formats
from seawall.portal.frame import render
from seawall.portal.session import Said
from seawall.portal.words import LANGUAGES, Words, language_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from seawall.doors import Doors
    from seawall.metadata.database import Database
    from seawall.naming import Cloud
    from seawall.portal.assets import Assets
    from seawall.portal.session import Session, Sessions
    from seawall.servicetags.feed import Shelf
    from seawall.servicetags.own_tags import Addresses
    from seawall.tiers import TiersOf

__all__ = ["PROOF", "RefusedError", "Services", "Visit"]

PROOF: Final = "proof"
"""The field of every form that shows that it is one of the session's."""

_LARGEST_FORM: Final = 64 * 1024
_MOST_FIELDS: Final = 100


class Services(NamedTuple):
    """What pages are made with."""

    cloud: Cloud
    doors: Doors
    database: Database
    here: Addresses
    tiers: TiersOf
    sessions: Sessions
    assets: Assets
    shelf: Shelf

    @property
    def region(self) -> str:
        """Where this node is."""
        return self.here.region


class RefusedError(Exception):
    """Something cannot be shown or done.

    Attributes:
        status: The HTTP status.
        words: Why, as a key of the catalogue.
        values: What is put into it.
    """

    def __init__(self, status: int, words: str, **values: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.values = values


@dataclass(frozen=True)
class Visit:
    """A request, who asks, and in which language they are answered.

    Attributes:
        services: What pages are made with.
        request: The request.
        session: Who asks; ``None`` before they have signed in.
    """

    services: Services
    request: Request
    session: Session | None = None

    @cached_property
    def words(self) -> Words:
        """The words of the reader's language."""
        return Words(language_of(self.request))

    @property
    def path(self) -> str:
        """Where this page is."""
        return paths.write(*self.request.scope["path"].split("/")[2:])

    def asked(self, name: str) -> str:
        """Return a parameter of the query; nothing where there is none.

        Raises:
            RefusedError: 400; it cannot be looked for in any database.
        """
        value = self.request.query_params.get(name, "")
        if "\0" in value:
            raise RefusedError(400, "The address of this page is not one that the portal has written.")
        return value

    async def form(self) -> Mapping[str, str]:
        """Read the fields of a form.

        Raises:
            RefusedError: 400, if it is none; 403, if it is none of this session's.
            ApiError: It is too large, or does not come.
        """
        body = await bodies.read(self.request, _LARGEST_FORM, "UNSUPPORTED")
        try:
            text = body.decode("ascii")
            fields = parse_qs(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
        except ValueError:
            raise RefusedError(400, "What was sent is not one of the portal's forms.") from None
        found = {name: values[0] for name, values in fields.items()}
        if self.session is not None and not self.session.is_proven_by(found.get(PROOF, "")):
            raise RefusedError(403, "This form is from an earlier session, or from another page. Load it again.")
        return found

    def page(self, template: str, status: int = 200, **values: Any) -> Response:  # noqa: ANN401 - templates know
        """Show a page."""
        session, sessions = self.session, self.services.sessions
        said = sessions.heard(self.request, session) if session else None
        words = self.words
        text = render(
            template,
            _=words,
            show=Formats(words),
            language=words.language,
            languages=LANGUAGES,
            assets=self.services.assets.paths,
            region=self.services.region,
            operator=session.operator if session else "",
            proof=session.proof if session else "",
            said=said,
            path=self.path,
            query=dict(self.request.query_params),
            to=paths.write,
            with_query=paths.with_query,
            **values,
        )
        response = HTMLResponse(text, status)
        if said is not None:
            sessions.forget_said(response)
        return response

    def go(self, path: str, words: str = "", *, good: bool = True, **values: str) -> Response:
        """Send the browser to a page, which begins by saying something if there is anything to say."""
        response = RedirectResponse(path, 303)
        if words and self.session is not None:
            self.services.sessions.say(response, self.session, Said(good, words, values))
        return response
