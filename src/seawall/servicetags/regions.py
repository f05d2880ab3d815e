"""The regions of Microsoft's clouds, as service tags spell them; host names have the same in lower case. Pure.

A weekly file knows its regions better (:attr:`seawall.servicetags.snapshot.Snapshot.regions`); this table serves where
there is none, and catches a mistyped region. Read off the tags of AzureContainerRegistry and Storage, 2025.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from seawall.naming import CHINA, PUBLIC, US_GOVERNMENT, NamingError, check_region

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall.naming import Cloud

__all__ = ["known_region", "regions_of"]

_PUBLIC: Final = """
    AustraliaCentral AustraliaCentral2 AustraliaEast AustraliaSoutheast AustriaEast BelgiumCentral BrazilSouth
    BrazilSoutheast CanadaCentral CanadaEast CentralIndia CentralUS CentralUSEUAP ChileCentral DenmarkEast
    EastAsia EastUS EastUS2 EastUS2EUAP EastUS3 EastUSSTG FranceCentral FranceSouth GermanyNorth
    GermanyWestCentral IndonesiaCentral IsraelCentral IsraelNorthwest ItalyNorth JapanEast JapanWest
    JioIndiaCentral JioIndiaWest KoreaCentral KoreaSouth MalaysiaSouth MalaysiaWest MexicoCentral
    NewZealandNorth NorthCentralUS NorthEurope NorwayEast NorwayWest PolandCentral QatarCentral SouthAfricaNorth
    SouthAfricaWest SouthCentralUS SouthCentralUS2 SouthCentralUSSTG SouthIndia SoutheastAsia SoutheastUS
    SoutheastUS3 SpainCentral SwedenCentral SwedenSouth SwitzerlandNorth SwitzerlandWest TaiwanNorth
    TaiwanNorthwest UAECentral UAENorth UKSouth UKWest WestCentralUS WestEurope WestIndia WestUS WestUS2 WestUS3
"""
_CHINA: Final = "ChinaEast ChinaEast2 ChinaEast3 ChinaNorth ChinaNorth2 ChinaNorth3"
_US_GOVERNMENT: Final = "USDoDCentral USDoDEast USGovArizona USGovIowa USGovTexas USGovVirginia"

_REGIONS: Final = {
    cloud.domain: {name.lower(): name for name in names.split()}
    for cloud, names in ((PUBLIC, _PUBLIC), (CHINA, _CHINA), (US_GOVERNMENT, _US_GOVERNMENT))
}


def regions_of(cloud: Cloud) -> Mapping[str, str]:
    """Return the tag spelling of each region by its host spelling; nothing for a domain of one's own."""
    return _REGIONS.get(cloud.domain, {})


def known_region(cloud: Cloud, text: str, also: Mapping[str, str] | None = None) -> str:
    """Read a region that somebody typed: ``eastus``, ``EastUS`` or ``East US``.

    Args:
        cloud: The cloud.
        text: What was typed.
        also: Further regions, such as those of a newer weekly file.

    Raises:
        NamingError: The cloud has no such region. In a domain of one's own any name that can be part of a host is one.
    """
    name = check_region("".join(text.split()).lower())
    known = {**regions_of(cloud), **(also or {})} if regions_of(cloud) else {}
    if known and name not in known:
        close = get_close_matches(name, known, n=3)
        hint = f"; is it {' or '.join(close)}?" if close else "."
        raise NamingError(
            f"{cloud.name} has no region {name!r}{hint} A region newer than this program is known once a service-tag "
            "file that has it is given"
        )
    return name
