"""What stands beside a cloud's registries and is needed with them: Microsoft's own hosts. Pure.

:mod:`seawall.naming` has the grammar of names that belong to a registry; here are the fixed ones that belong to none:
the Microsoft Container Registry (MCR), the sign-in service, and the places that say whether a certificate was revoked.
A domain of one's own has none of them.

Sources: "Client firewall rules" of the Microsoft Container Registry (github.com/microsoft/containerregistry); "Azure
Certificate Authority details" for revocation; "Azure IP ranges and service tags" for the weekly files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from seawall.naming import CHINA, PUBLIC, US_GOVERNMENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall.naming import Cloud

__all__ = ["NEIGHBOURS", "Neighbours", "neighbours"]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Microsoft's hosts in one cloud.

    Attributes:
        mcr: MCR's login server.
        mcr_data: The pattern of MCR's data endpoints.
        sign_in: Where users and service principals of the cloud sign in.
        revocation: Where certificates say that lists of revoked ones, status and issuers are; plain HTTP, port 80.
        tags: What the weekly service-tag file calls the cloud.
        download: The page that links to that file.
        sign_in_tag: The service tag of ``sign_in``.
        front_door_tag: The service tag of MCR's data endpoints besides its own; empty where there is none.
    """

    mcr: str
    mcr_data: str
    sign_in: tuple[str, ...]
    revocation: tuple[str, ...]
    tags: str
    download: str
    sign_in_tag: str = "AzureActiveDirectory"
    front_door_tag: str = "AzureFrontDoor.FirstParty"


_DIGICERT: Final = ("cacerts.digicert.com", "crl3.digicert.com", "crl4.digicert.com", "ocsp.digicert.com")
_MICROSOFT_PKI: Final = (
    "caissuers.microsoft.com",
    "mscrl.microsoft.com",
    "oneocsp.microsoft.com",
    "www.microsoft.com",
)
_PAGE: Final = "https://www.microsoft.com/download/details.aspx?id="

NEIGHBOURS: Final[Mapping[str, Neighbours]] = {
    PUBLIC.domain: Neighbours(
        mcr="mcr.microsoft.com",
        mcr_data="*.data.mcr.microsoft.com",
        sign_in=("login.microsoftonline.com",),
        revocation=(*_DIGICERT, *_MICROSOFT_PKI),
        tags="Public",
        download=f"{_PAGE}56519",
    ),
    US_GOVERNMENT.domain: Neighbours(
        mcr="mcr.microsoft.com",
        mcr_data="*.data.mcr.microsoft.com",
        sign_in=("login.microsoftonline.us",),
        revocation=(*_DIGICERT, *_MICROSOFT_PKI),
        tags="AzureGovernment",
        download=f"{_PAGE}57063",
        # The Government's file has no tag for it; its MCR is the public one.
        front_door_tag="",
    ),
    CHINA.domain: Neighbours(
        mcr="mcr.azure.cn",
        mcr_data="*.data.mcr.azure.cn",
        sign_in=("login.partner.microsoftonline.cn", "login.chinacloudapi.cn"),
        revocation=("cacerts.digicert.cn", "crl.digicert.cn", "ocsp.digicert.cn", *_DIGICERT, *_MICROSOFT_PKI),
        tags="China",
        download=f"{_PAGE}57062",
        front_door_tag="",
    ),
}
"""By the cloud's login suffix."""


def neighbours(cloud: Cloud) -> Neighbours | None:
    """Return Microsoft's hosts in a cloud; ``None`` for a domain of one's own."""
    return NEIGHBOURS.get(cloud.domain)
