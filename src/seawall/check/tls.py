"""TLS: whose certificate a host shows, and if it does not hold, why.

A handshake is made as clients make it. Where it fails, another is made that believes everything, over which nothing
is said but a question without any secret: the certificate itself, and whether a registry, a sign-in page or nothing
answers, tell a private authority from somebody on the way who opens TLS.
"""

from __future__ import annotations

import asyncio
import datetime
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import anyio
from anyio.streams.tls import TLSAttribute, TLSStream
from cryptography import x509
from cryptography.x509.oid import NameOID

from seawall.check.cause import Cause
from seawall.check.http import printable
from seawall.check.step import Evidence, Fault, Found

if TYPE_CHECKING:
    from anyio.abc import ByteStream

__all__ = ["Certificate", "Mistrust", "credulous", "handshake", "read_certificate", "shown"]

# OpenSSL's numbers, X509_V_ERR_...: not yet valid, has expired, self-signed leaf, host name and address mismatch.
_CAUSES: Final = {
    9: Cause.EXPIRED,
    10: Cause.EXPIRED,
    18: Cause.SELF_SIGNED,
    62: Cause.WRONG_NAME,
    64: Cause.WRONG_NAME,
}
_UNREADABLE: Final = (ValueError, x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType)
_MANY_NAMES: Final = 6
_SOON: Final = datetime.timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server shows.

    Attributes:
        subject: Whose it is.
        issuer: Who vouches for it.
        names: The hosts it is for.
        begins: From when, in UTC.
        ends: Until when, in UTC.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    begins: datetime.datetime
    ends: datetime.datetime

    @property
    def is_self_signed(self) -> bool:
        """Say whether it vouches for itself."""
        return self.subject == self.issuer

    def evidence(self) -> Evidence:
        """Tell it."""
        more = f" and {len(self.names) - _MANY_NAMES} more" if len(self.names) > _MANY_NAMES else ""
        return (
            ("issued by", self.issuer),
            ("issued for", ", ".join(self.names[:_MANY_NAMES]) + more or self.subject),
            ("valid", f"{self.begins:%Y-%m-%d} to {self.ends:%Y-%m-%d}"),
        )


class Mistrust(Exception):  # noqa: N818 - what was found, not a mistake of the program
    """A certificate does not hold.

    Attributes:
        cause: The cause as far as the certificate alone tells it.
        words: OpenSSL's words.
    """

    def __init__(self, cause: Cause, words: str) -> None:
        super().__init__(words)
        self.cause = cause
        self.words = words


def credulous() -> ssl.SSLContext:
    """Believe everything, for a look at what is shown. Nothing that is secret may be said over it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def handshake(stream: ByteStream, host: str, context: ssl.SSLContext, seconds: float) -> TLSStream:
    """Begin TLS.

    Raises:
        Mistrust: The certificate does not hold.
        Fault: There is no TLS at all.
    """
    try:
        async with asyncio.timeout(seconds):
            return await TLSStream.wrap(stream, hostname=host, ssl_context=context, standard_compatible=False)
    except TimeoutError:
        raise Fault(Cause.SILENT, f"no answer to the TLS hello in {seconds:g} seconds") from None
    except ssl.SSLCertVerificationError as error:
        cause = _CAUSES.get(error.verify_code, Cause.UNKNOWN_AUTHORITY)
        raise Mistrust(cause, printable(error.verify_message)) from None
    except (anyio.EndOfStream, anyio.BrokenResourceError, ConnectionError):
        raise Fault(Cause.CUT, "the connection is cut as soon as the TLS hello names the host") from None
    except ssl.SSLError as error:
        reason = printable(error.reason or str(error))
        if isinstance(error, ssl.SSLEOFError):
            raise Fault(Cause.CUT, "the connection is cut as soon as the TLS hello names the host") from None
        # Plain HTTP in answer to a TLS hello, and an alert that is about the name said.
        if "WRONG_VERSION" in reason or "HTTP_REQUEST" in reason:
            raise Fault(Cause.NO_TLS, "what answers does not speak TLS", ("in detail", reason)) from None
        if "UNRECOGNIZED_NAME" in reason or "ACCESS_DENIED" in reason:
            raise Fault(Cause.CUT, "the TLS hello is turned away by its name", ("in detail", reason)) from None
        raise Fault(Cause.TLS, "no TLS comes about", ("in detail", reason)) from None
    except (OSError, ValueError) as error:
        raise Fault(Cause.TLS, "no TLS comes about", ("in detail", printable(str(error)))) from None


def read_certificate(stream: TLSStream) -> Certificate | None:
    """Read the certificate that was shown; ``None`` if it is none that can be read."""
    data = stream.extra(TLSAttribute.peer_certificate_binary, None)  # noqa: S610 - no database
    try:
        found = x509.load_der_x509_certificate(data or b"")
        alternative = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = tuple(printable(str(name.value)) for name in alternative)
    except x509.ExtensionNotFound:
        names = ()
    except _UNREADABLE:
        return None
    try:
        subject, issuer = _name(found.subject), _name(found.issuer)
        return Certificate(subject, issuer, names, found.not_valid_before_utc, found.not_valid_after_utc)
    except _UNREADABLE:
        return None


def _name(name: x509.Name) -> str:
    """Name somebody by organisation and common name, which is what people know them by."""
    parts = []
    for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        parts += [printable(str(one.value)) for one in name.get_attributes_for_oid(kind)[:1]]
    return ", ".join(dict.fromkeys(parts)) or printable(name.rfc4514_string()) or "nobody"


def shown(stream: TLSStream) -> Found:
    """Say what came about."""
    version = str(stream.extra(TLSAttribute.tls_version, "TLS"))  # noqa: S610 - no database
    certificate = read_certificate(stream)
    if certificate is None:
        return Found(version)
    evidence = (("version", version), *certificate.evidence())
    said = f"{version}, certificate by {certificate.issuer}"
    left = certificate.ends - datetime.datetime.now(datetime.UTC)
    if left < _SOON:
        return Found(f"{said}, which ends in {left.days} days", evidence, Cause.EXPIRED)
    return Found(said, evidence)
