"""Through a proxy: HTTP's CONNECT, or SOCKS 5, and what a refusal means.

Sources: RFC 9110 section 9.3.6 (CONNECT), RFC 1928 (SOCKS 5), RFC 1929 (its user names and passwords).
"""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Final

import anyio
import h11
import socksio

from seawall.check.addresses import is_address
from seawall.check.cause import Cause
from seawall.check.http import printable
from seawall.check.step import Evidence, Fault, Found

if TYPE_CHECKING:
    from anyio.abc import ByteStream

    from seawall.check.route import Proxy

__all__ = ["credentials_header", "open_tunnel", "tunnel_refusal"]

_PIECE: Final = 64 * 1024
_TELLING: Final = ("server", "via", "proxy-authenticate", "x-squid-error")
"""Headers of a refusal that say something of who refuses."""
_SOCKS_CAUSES: Final = {
    socksio.SOCKS5ReplyCode.CONNECTION_NOT_ALLOWED_BY_RULESET: Cause.PROXY,
}


def credentials_header(proxy: Proxy) -> dict[str, str]:
    """Write the header that signs in to a proxy; none for one without credentials."""
    if not proxy.username:
        return {}
    pair = base64.b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
    return {"Proxy-Authorization": f"Basic {pair}"}


async def open_tunnel(stream: ByteStream, proxy: Proxy, host: str, port: int, seconds: float) -> Found:
    """Ask a proxy for a host; after that the stream leads there.

    Raises:
        Fault: The proxy refuses, or cannot.
    """
    try:
        async with asyncio.timeout(seconds):
            if proxy.scheme.startswith("socks"):
                return await _socks(stream, proxy, host, port)
            return await _connect(stream, proxy, host, port)
    except TimeoutError:
        # A proxy that cannot connect itself says so only when its own patience is over.
        raise Fault(Cause.PROXY_FAILED, f"the proxy did not get through to it in {seconds:g} seconds") from None
    except (anyio.BrokenResourceError, anyio.EndOfStream, anyio.ClosedResourceError, OSError):
        raise Fault(Cause.PROXY, "the proxy hangs up when it is asked for it") from None


async def _connect(stream: ByteStream, proxy: Proxy, host: str, port: int) -> Found:
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    protocol = h11.Connection(h11.CLIENT)
    headers = {"Host": authority, "User-Agent": "seawall-check", **credentials_header(proxy)}
    request = h11.Request(method="CONNECT", target=authority, headers=list(headers.items()))
    await stream.send(protocol.send(request) + protocol.send(h11.EndOfMessage()))
    try:
        event = protocol.next_event()
        while event is h11.NEED_DATA or isinstance(event, h11.InformationalResponse):
            if event is h11.NEED_DATA:
                protocol.receive_data(await stream.receive(_PIECE))
            event = protocol.next_event()
    except h11.RemoteProtocolError:
        raise Fault(Cause.PROXY_GONE, "what answers there is no HTTP proxy") from None
    if not isinstance(event, h11.Response):
        raise Fault(Cause.PROXY, "the proxy hangs up when it is asked for it")
    if 200 <= event.status_code < 300:
        return Found(f"the proxy connects to {authority}")
    reason = printable(event.reason.decode("latin-1"))
    told = [(name.decode("latin-1").lower(), printable(value.decode("latin-1"))) for name, value in event.headers]
    evidence: Evidence = (
        ("answer", f"{event.status_code} {reason}".strip()),
        *(one for one in told if one[0] in _TELLING),
    )
    raise tunnel_refusal(event.status_code, proxy, evidence)


def tunnel_refusal(status: int, proxy: Proxy, evidence: Evidence) -> Fault:
    """Word what a proxy's refusal means."""
    if status == 407:
        what = "does not take the user name and password it was given" if proxy.username else "wants a user name"
        return Fault(Cause.PROXY_LOGIN, f"the proxy {what} (407)", *evidence)
    error = dict(evidence).get("x-squid-error", "")
    if status in {502, 503, 504} and "ACCESS_DENIED" not in error:
        return Fault(Cause.PROXY_FAILED, f"the proxy cannot get there ({status})", *evidence)
    return Fault(Cause.PROXY, f"the proxy refuses it ({status})", *evidence)


async def _socks(stream: ByteStream, proxy: Proxy, host: str, port: int) -> Found:
    talk = socksio.SOCKS5Connection()
    method = socksio.SOCKS5AuthMethod.USERNAME_PASSWORD if proxy.username else socksio.SOCKS5AuthMethod.NO_AUTH_REQUIRED
    try:
        talk.send(socksio.SOCKS5AuthMethodsRequest([method]))
        await stream.send(talk.data_to_send())
        chosen = talk.receive_data(_of_version(5, await _exactly(stream, 2)))
        if not isinstance(chosen, socksio.SOCKS5AuthReply) or chosen.method != method:
            what = "does not take a user name" if proxy.username else "wants a user name and password"
            raise Fault(Cause.PROXY_LOGIN, f"the SOCKS proxy {what}")
        if proxy.username:
            pair = socksio.SOCKS5UsernamePasswordRequest(proxy.username.encode(), proxy.password.encode())
            talk.send(pair)
            await stream.send(talk.data_to_send())
            verdict = talk.receive_data(await _exactly(stream, 2))
            if not getattr(verdict, "success", False):
                raise Fault(Cause.PROXY_LOGIN, "the SOCKS proxy does not take the user name and password it was given")
        talk.send(_command(host, port))
        await stream.send(talk.data_to_send())
        reply = talk.receive_data(_of_version(5, await _reply(stream)))
    except (socksio.SOCKSError, ValueError):
        raise Fault(Cause.PROXY_GONE, "what answers there is no SOCKS 5 proxy") from None
    if not isinstance(reply, socksio.SOCKS5Reply):
        raise Fault(Cause.PROXY_GONE, "what answers there is no SOCKS 5 proxy")
    if reply.reply_code is not socksio.SOCKS5ReplyCode.SUCCEEDED:
        cause = _SOCKS_CAUSES.get(reply.reply_code, Cause.PROXY_FAILED)
        raise Fault(cause, f"the SOCKS proxy answers: {reply.reply_code.name.lower().replace('_', ' ')}")
    return Found(f"the SOCKS proxy connects to {host}:{port}")


def _command(host: str, port: int) -> socksio.SOCKS5CommandRequest:
    # Names go as names, as Go's clients send them: the proxy looks them up.
    if not is_address(host):
        kind = socksio.SOCKS5AType.DOMAIN_NAME
        return socksio.SOCKS5CommandRequest(socksio.SOCKS5Command.CONNECT, kind, host.encode("ascii"), port)
    return socksio.SOCKS5CommandRequest.from_address(socksio.SOCKS5Command.CONNECT, (host, port))


def _of_version(version: int, data: bytes) -> bytes:
    if data[0] != version:
        raise socksio.SOCKSError
    return data


async def _exactly(stream: ByteStream, count: int) -> bytes:
    """Read so many octets: not one more, since what follows belongs to the host."""
    found = b""
    while len(found) < count:
        found += await stream.receive(count - len(found))
    return found


async def _reply(stream: ByteStream) -> bytes:
    head = await _exactly(stream, 4)
    if head[3] == 3:
        length = await _exactly(stream, 1)
        return head + length + await _exactly(stream, length[0] + 2)
    return head + await _exactly(stream, {1: 4, 4: 16}.get(head[3], 0) + 2)
