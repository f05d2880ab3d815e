"""What the portal says, in the reader's language.

The English words are the keys: ``_("Save")`` in templates, ``words("Save")`` in modules, ``marked("Save")`` where they
are said elsewhere. Whatever has no translation is said in English; a test sees to it that everything has one. Values
are put in by name and escaped, the words are nobody's but ours.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

__all__ = ["LANGUAGES", "LANGUAGE_COOKIE", "Words", "catalogue", "language_of", "marked"]

LANGUAGES: Final = {"en": "English", "ko": "한국어"}
LANGUAGE_COOKIE: Final = "__Host-seawall-language"

_ENGLISH: Final = "en"
_ID, _TEXT = "msgid ", "msgstr "


def marked(words: str) -> str:
    """Mark words for the catalogues that are said somewhere else."""
    return words


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Read a language's words by the English ones; nothing for English itself."""
    if language == _ENGLISH:
        return {}
    text = (files("seawall.portal") / "languages" / f"{language}.po").read_text("utf-8")
    # Texts of one line each; gettext quotes them as JSON does.
    found = [json.loads(line.partition(" ")[2]) for line in text.splitlines() if line.startswith((_ID, _TEXT))]
    return dict(zip(found[::2], found[1::2], strict=True))


class Words:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._catalogue = catalogue(language)

    def __call__(self, words: str, /, **values: object) -> Markup:
        """Say something; values that are markup already stay so, all others are escaped."""
        said = escape(self._catalogue.get(words, words))
        return said.format(**values) if values else said


def language_of(request: Request) -> str:
    """Choose a language: the one that was clicked, the one that was chosen before, or the browser's."""
    for chosen in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if chosen in LANGUAGES:
            return chosen
    return _accepted(request.headers.get("accept-language", ""))


def _accepted(header: str) -> str:
    """Read ``Accept-Language`` (RFC 9110 section 12.5.4); of equals the first is meant."""
    best, weight = _ENGLISH, 0.0
    for part in header.split(",")[:20]:
        tag, _, quality = part.partition(";")
        language = tag.strip().lower().partition("-")[0]
        try:
            wanted = float(quality.strip().removeprefix("q=")) if quality.strip() else 1.0
        except ValueError:
            continue
        if language in LANGUAGES and wanted > weight:
            best, weight = language, wanted
    return best
