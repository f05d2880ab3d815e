"""Sending one event to its receiver, once, within limits."""

from __future__ import annotations

import asyncio
import ssl
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, NamedTuple

import httpx

from seawall.events.envelope import headers_for

if TYPE_CHECKING:
    from seawall.metadata.webhooks import Webhook

__all__ = ["PATIENCE_SECONDS", "Outcome", "new_client", "send"]

PATIENCE_SECONDS: Final = 10.0
"""How long a receiver may take, from the first attempt to connect to the end of its answer."""

_CONNECT_SECONDS: Final = 5.0
_MOST_ANSWER: Final = 64 * 1024
_LONGEST_WORDS: Final = 200
_LONGEST_WAIT: Final = 3600
# What is said of this very event; everything else is said of all of them.
_OF_THE_EVENT: Final = frozenset((400, 409, 413, 422))


class Outcome(NamedTuple):
    """What came of sending an event.

    Attributes:
        taken: Whether the receiver has it.
        words: What happened, for people; it names the receiver's host and nothing else of its address.
        aside: Whether the receiver refused this very event, so that others may be taken all the same.
        wait_seconds: How long the receiver wants to be left alone.
    """

    taken: bool
    words: str
    aside: bool = False
    wait_seconds: float = 0.0


def new_client() -> httpx.AsyncClient:
    """Make a client for many receivers: it follows no redirects, keeps no cookies, and trusts whom the system trusts.

    A proxy that the environment names (``HTTPS_PROXY``, ``NO_PROXY``) is used.
    """
    return httpx.AsyncClient(
        verify=ssl.create_default_context(),
        follow_redirects=False,
        timeout=httpx.Timeout(PATIENCE_SECONDS, connect=_CONNECT_SECONDS),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        headers={"User-Agent": f"seawall/{version('seawall')}", "Accept": "*/*"},
    )


async def send(client: httpx.AsyncClient, webhook: Webhook, body: bytes) -> Outcome:
    """Send an event's bytes to a webhook's receiver."""
    answer: httpx.Response | None = None
    words = ""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            headers = headers_for(body, webhook)
            async with client.stream("POST", webhook.url, content=body, headers=headers) as answer:
                await _drain(answer)
    except (TimeoutError, httpx.TimeoutException):
        words = f"did not answer within {PATIENCE_SECONDS:.0f} seconds"
    except httpx.TransportError as error:
        words = f"cannot be reached: {_printable(str(error) or type(error).__name__)}"
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        # What these say may repeat the address.
        words = f"cannot be reached: {type(error).__name__}"
    # Once the status has come, it counts, whatever becomes of the rest.
    return (
        _of_answer(webhook, answer) if answer is not None else Outcome(taken=False, words=f"{webhook.receiver} {words}")
    )


async def _drain(answer: httpx.Response) -> None:
    """Read an answer to its end, so that the connection can be used again, unless it is long."""
    room = _MOST_ANSWER
    async for part in answer.aiter_raw():
        room -= len(part)
        if room < 0:
            return


def _of_answer(webhook: Webhook, answer: httpx.Response) -> Outcome:
    status = answer.status_code
    words = f"{webhook.receiver} answered {status}"
    if answer.is_success:
        return Outcome(taken=True, words=words)
    if answer.is_redirect:
        return Outcome(taken=False, words=f"{words} and sends elsewhere, which is not followed; give the final address")
    wait = answer.headers.get("retry-after", "")
    seconds = min(int(wait), _LONGEST_WAIT) if wait.isascii() and wait.isdigit() and len(wait) < 10 else 0
    return Outcome(taken=False, words=words, aside=status in _OF_THE_EVENT, wait_seconds=seconds)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)[:_LONGEST_WORDS]
