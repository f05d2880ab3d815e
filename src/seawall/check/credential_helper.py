"""Asking a credential helper: a program that keeps passwords for docker and podman.

The protocol is that of docker's credential helpers: ``docker-credential-NAME get`` reads a server from its input and
writes JSON. Whatever it writes may hold a secret, so no message repeats any of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
from typing import IO, TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HelperError", "Kept", "ask_helper"]

_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
_NOT_FOUND: Final = b"credentials not found in native keychain"
_LONGEST_ANSWER: Final = 64 * 1024


class HelperError(RuntimeError):
    """A helper is of no help. The message names it and says why."""


class Kept(NamedTuple):
    """What a helper keeps for a server."""

    username: str
    secret: str


class _SpillError(Exception):
    """More came than any credentials have."""


async def ask_helper(name: str, server: str, environment: Mapping[str, str], seconds: float) -> Kept | None:
    """Ask a helper for a server; ``None`` when it keeps nothing for it.

    Args:
        name: What stands behind ``docker-credential-``.
        server: As the client that stored it would write it.
        environment: The helper's; it is looked for in this one's PATH.
        seconds: How long it may take; then it is killed with all its children.

    Raises:
        HelperError: It cannot be run, takes too long, fails, or answers something else.
    """
    if not _NAME.fullmatch(name):
        raise HelperError(f"{name[:40]!r} cannot be the name of a credential helper")
    program = f"docker-credential-{name}"
    found = shutil.which(program, path=environment.get("PATH", ""))
    if found is None:
        raise HelperError(f"the credential helper {program} is not installed: no directory in PATH has it")
    try:
        async with asyncio.timeout(seconds):
            status, answer = await _run(found, server, environment)
    except _SpillError:
        raise HelperError(f"the credential helper {program} answers with more than {_LONGEST_ANSWER} bytes") from None
    except TimeoutError:
        raise HelperError(f"the credential helper {program} did not answer within {seconds:g} s") from None
    except OSError as error:
        raise HelperError(f"the credential helper {program} cannot be run: {error.strerror}") from None
    if status:
        if answer.strip() == _NOT_FOUND:
            return None
        raise HelperError(f"the credential helper {program} failed with exit code {status}")
    kept = _read(answer)
    if kept is None:
        raise HelperError(f"the credential helper {program} does not answer as credential helpers do")
    return kept if kept.secret else None


async def _run(program: str, server: str, environment: Mapping[str, str]) -> tuple[int, bytes]:
    """Run a helper to its end; it and its children are killed if that does not come about."""
    with contextlib.ExitStack() as pipes:
        # Pipes of our own: asyncio's would keep waiting for a grandchild that holds them after the helper was killed.
        answer, theirs = _pipe(pipes)
        question, ours = _pipe(pipes)
        # So short a question fits into any pipe before anybody reads it.
        ours.write(server.encode())
        ours.close()
        process = await asyncio.create_subprocess_exec(
            program,
            "get",
            stdin=question,
            stdout=theirs,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(environment),
            # A group to kill it with, and no terminal to ask for a password on.
            start_new_session=True,
        )
        try:
            # The answer ends when nobody can write to it any more.
            theirs.close()
            read = await _read_pipe(answer)
            return await process.wait(), read
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            raise


def _pipe(pipes: contextlib.ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    """Open a pipe: where to read, where to write."""
    end, start = os.pipe()
    return pipes.enter_context(os.fdopen(end, "rb", 0)), pipes.enter_context(os.fdopen(start, "wb", 0))


async def _read_pipe(pipe: IO[bytes]) -> bytes:
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    answer = b""
    try:
        while chunk := await reader.read(_LONGEST_ANSWER):
            answer += chunk
            if len(answer) > _LONGEST_ANSWER:
                raise _SpillError
    finally:
        transport.close()
    return answer


def _read(answer: bytes) -> Kept | None:
    try:
        read = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    if not isinstance(read, dict):
        return None
    username, secret = read.get("Username", ""), read.get("Secret", "")
    return Kept(username, secret) if isinstance(username, str) and isinstance(secret, str) else None
