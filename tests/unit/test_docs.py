"""Pages that are made from the code are up to date, and links between pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from seawall.firewall.targets.matrix import matrix
from seawall.firewall.targets.table import all_targets

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?://)([^)#]+)")


def test_the_table_of_targets_is_what_they_declare() -> None:
    page = (ROOT / "docs" / "rules" / "targets.md").read_text("utf-8")
    assert page.endswith(f"{matrix(all_targets())}\n"), "run: make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    missing = [link for link in LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()]
    assert not missing
