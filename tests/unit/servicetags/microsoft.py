"""Microsoft's pages and files, as they are on good days and on bad ones."""

from __future__ import annotations

import gzip
from typing import Final

from seawall.naming import CHINA, PUBLIC, US_GOVERNMENT
from seawall.servicetags.snapshot import LARGEST_FILE
from tests.support.website import Reply, moved
from tests.support.weekly import weekly

GOOD: Final = weekly()
FOLDER: Final = "https://download.microsoft.com/download/7/1/d/71d86715-5596-4529-9b13-da13a5de5b63"
LINK: Final = f"{FOLDER}/ServiceTags_Public_20251020.json"
PAGES: Final = {
    PUBLIC: "https://www.microsoft.com/download/details.aspx?id=56519",
    US_GOVERNMENT: "https://www.microsoft.com/download/details.aspx?id=57063",
    CHINA: "https://www.microsoft.com/download/details.aspx?id=57062",
}


def page(*links: str) -> Reply:
    """Microsoft's page: a link among many, and the same once more in a script."""
    anchors = "".join(f'<a href="{link}" class="mscom-link">Download</a>' for link in links)
    script = "".join(f'{{"url":"{link}","size":"4.1 MB"}}' for link in links)
    text = f'<!DOCTYPE html><a href="https://www.microsoft.com/en-us/">Home</a>{anchors}<script>{script}</script>'
    return Reply(text.encode())


BAD_DAYS: Final = {
    "not found": (Reply(b"<html>404 - File or directory not found.</html>", 404), "404"),
    "forbidden": (Reply(b"", 403), "403"),
    "busy": (Reply(b"<HTML><TITLE>Service Unavailable</TITLE></HTML>", 503), "503"),
    "timeout": (Reply(b"<HTML><TITLE>Gateway Timeout - In read </TITLE></HTML>", 504), "504"),
    "not modified": (Reply(b"", 304), "304"),
    "in circles": (moved("/bad"), "redirect"),
    "nowhere": (moved("http://"), ""),
    "to a file": (moved("file:///etc/passwd"), "file:"),
    "truncated": (Reply(GOOD[:1000], missing=len(GOOD) - 1000), "incomplete|without sending complete"),
    "nothing of what was promised": (Reply(b"", missing=10), "incomplete|without sending complete"),
    "not packed": (Reply(GOOD, headers={"Content-Encoding": "gzip"}), "decompress|header"),
    "endless": (Reply(GOOD, endless=True), str(LARGEST_FILE)),
    "a bomb": (Reply(gzip.compress(b" " * (LARGEST_FILE + 1)), headers={"Content-Encoding": "gzip"}), "more than"),
}
