"""What the documents in replicated rows must look like, so that no region can make another one stumble. Pure.

Settings that a newer Seawall knows and this one does not are let pass: nobody here reads them.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyAddress,
    StrictBool,
    StrictInt,
    StrictStr,
    TypeAdapter,
    ValidationError,
)

from seawall.metadata import keys, registries
from seawall.metadata.schema import PRINCIPAL, READINESS, REGION, SCOPE_MAP, SETTING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Table

__all__ = ["check_document", "check_signing_key"]

_LEAST_SECRET: Final = 16
_LAST_SECOND: Final = 253_402_300_799.0
"""The end of the year 9999, behind which nobody can write a date (RFC 3339)."""


def _certificates(text: str) -> str:
    if text:
        try:
            ssl.create_default_context(cadata=text)
        except ssl.SSLError as error:
            raise ValueError(f"no certificates in PEM: {error}") from None
    return text


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        good = not text or (parts.scheme == "https" and parts.hostname and parts.port != 0)
    except ValueError:
        good = False
    if not good or parts.netloc.rpartition("@")[1] or parts.path or parts.query or parts.fragment:
        raise ValueError("no URL of a node, such as https://eastus.geo.registry.example.com")
    return text


class _Model(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


_Moment = Annotated[float, Field(ge=0, le=_LAST_SECOND)]


class _Credential(_Model):
    identifier: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    created: _Moment | None = None
    expires: _Moment | None = None


class _ScopeMap(_Model):
    actions: list[str]
    description: str = ""
    created: _Moment | None = None


class _Answer(_Model):
    region: str
    host: str
    ready: bool | None
    cause: str = ""


_REGION_FIELDS: Final[Mapping[str, TypeAdapter[Any]]] = {
    "url": TypeAdapter(Annotated[StrictStr, Field(pattern=r"^[!-~]*$", max_length=300), AfterValidator(_url)]),
    "key": TypeAdapter(Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9+/]{43}=$")]),
    "authority": TypeAdapter(Annotated[StrictStr, AfterValidator(_certificates)]),
    "addresses": TypeAdapter(list[IPvAnyAddress]),
    "drained": TypeAdapter(StrictBool),
    "former": TypeAdapter(list[tuple[Annotated[StrictInt, Field(ge=0, lt=2**63)], list[IPvAnyAddress]]]),
}
_PRINCIPAL_FIELDS: Final[Mapping[str, TypeAdapter[Any]]] = {
    "scope_map": TypeAdapter(StrictStr),
    "enabled": TypeAdapter(StrictBool),
    "credential": TypeAdapter(_Credential),
    "created": TypeAdapter(_Moment, config=ConfigDict(strict=True)),
}
_DOCUMENTS: Final[Mapping[Table, TypeAdapter[Any]]] = {
    SCOPE_MAP: TypeAdapter(_ScopeMap),
    READINESS: TypeAdapter(list[_Answer]),
}


def check_document(table: Table, row: Mapping[str, Any], value: object) -> None:
    """Check the document of a row.

    Raises:
        ValueError: With what is wrong.
    """
    if table is SETTING:
        registries.check_setting(row["name"], value)
        return
    shape = _DOCUMENTS.get(table)
    if table is REGION:
        shape = _REGION_FIELDS.get(row["field"])
    elif table is PRINCIPAL:
        shape = _PRINCIPAL_FIELDS.get(row["field"].partition("/")[0])
    if shape is None:
        return
    try:
        shape.validate_python(value)
    except ValidationError as error:
        # Without the value: it may be a secret.
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        raise ValueError("; ".join(fault["msg"] for fault in faults)) from None


def check_signing_key(row: Mapping[str, Any]) -> None:
    """Check a key that is not deleted: one that cannot be used would keep every region from signing.

    Raises:
        ValueError: It cannot be used. What it is, is not said.
    """
    if row["purpose"] in {keys.LINK, keys.PASSWORD}:
        if len(row["secret"]) < _LEAST_SECRET:
            raise ValueError(f"a {row['purpose']} key is too short")
    elif row["purpose"] == keys.TOKEN:
        try:
            key = load_pem_private_key(row["secret"], password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("a token key is no RSA key")
