"""Everything that people read is in every language's catalogue."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

import pytest
from starlette.requests import Request

import seawall.portal
from seawall.portal.words import LANGUAGES, catalogue, language_of
from tests.unit.portal.browser import NETWORKING, Browser

ROOT: Final = Path(seawall.portal.__file__).parent
_IN_TEMPLATES: Final = re.compile(r"""\b_\((?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""")


def said_in_templates() -> set[str]:
    found = set()
    for path in (ROOT / "templates").glob("*.html"):
        for double, single in _IN_TEMPLATES.findall(path.read_text("utf-8")):
            found.add(double or single)
    return found


def said_in_code() -> set[str]:
    """Words that are given to whoever translates, and those of refusals."""
    found = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            place = {"marked": 0, "words": 0, "RefusedError": 1, "_": 0}.get(name)
            if place is not None and len(node.args) > place:
                word = node.args[place]
                if isinstance(word, ast.Constant) and isinstance(word.value, str):
                    found.add(word.value)
    return found


@pytest.mark.parametrize("language", set(LANGUAGES) - {"en"})
def test_nothing_is_missing_and_nothing_is_left_over(language: str) -> None:
    translated = {words for words in catalogue(language) if words}
    said = said_in_templates() | said_in_code()
    assert len(said) > 100
    assert said - translated == set()


@pytest.mark.parametrize("language", set(LANGUAGES) - {"en"})
def test_a_translation_has_the_places_of_the_original(language: str) -> None:
    place = re.compile(r"\{(\w+)\}")
    for words, said in catalogue(language).items():
        assert said, words
        assert set(place.findall(words)) == set(place.findall(said)) or not words, words


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("ko", "ko"),
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("en-GB,ko;q=0.9", "en"),
        ("de,fr", "en"),
        ("de;q=1,ko;q=0.1", "ko"),
        ("ko;q=nonsense", "en"),
        (";;;,,,", "en"),
    ],
)
def test_the_browsers_language_is_spoken(header: str, language: str) -> None:
    scope = {"type": "http", "query_string": b"", "headers": [(b"accept-language", header.encode())]}
    assert language_of(Request(scope)) == language


def test_a_language_that_was_chosen_stays(browser: Browser) -> None:
    assert ("html", {"lang": "en"}) in browser.get(NETWORKING).tags
    assert ("html", {"lang": "ko"}) in browser.get(f"{NETWORKING}?lang=ko").tags
    page = browser.get(NETWORKING, headers={"Accept-Language": "en"})
    assert ("html", {"lang": "ko"}) in page.tags
    assert "전용 데이터 엔드포인트" in page.text
    assert ("html", {"lang": "en"}) in browser.get(f"{NETWORKING}?lang=xx&lang=en").tags
