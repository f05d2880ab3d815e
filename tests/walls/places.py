"""Who is who in the laboratory: hosts, their addresses, and the ranges that these lie in."""

from __future__ import annotations

from typing import Final

from seawall.naming import PUBLIC

EAST: Final = "eastus"
WEST: Final = "westus"
WORLD: Final = "world"

REGISTRY: Final = "myregistry"
IMAGE: Final = "app:1"
ACCOUNTS: Final = {EAST: "swlabeastaccount", WEST: "swlabwestaccount"}
LOGIN: Final = PUBLIC.login(REGISTRY)
DATA_EAST: Final = PUBLIC.data(REGISTRY, EAST)
DATA_WEST: Final = PUBLIC.data(REGISTRY, WEST)
GEO_EAST: Final = PUBLIC.regional(REGISTRY, EAST)
GEO_WEST: Final = PUBLIC.regional(REGISTRY, WEST)
BLOB_EAST: Final = PUBLIC.blob(ACCOUNTS[EAST])
BLOB_WEST: Final = PUBLIC.blob(ACCOUNTS[WEST])
OTHER: Final = "otherreg.azurecr.io"
"""Somebody else's registry: real, and in the ranges of the same tags, so that only rules by name keep it out."""
LOOK_ALIKE: Final = "myregistry.azurecr.io.evil.xyz"
"""Nobody's registry, and in no range."""

HOMES: Final = {
    EAST: ("20.1.0.1", "2603:1030:a::1"),
    WEST: ("20.1.1.1", "2603:1030:b::1"),
}
"""Where the login server is, by the region it is led to."""
NAMES: Final = {
    LOGIN: HOMES[EAST],
    GEO_EAST: HOMES[EAST],
    GEO_WEST: HOMES[WEST],
    DATA_EAST: ("20.1.0.2", "2603:1030:a::2"),
    DATA_WEST: ("20.1.1.2", "2603:1030:b::2"),
    BLOB_EAST: ("20.2.0.1", "2603:1040:a::1"),
    BLOB_WEST: ("20.2.16.1", "2603:1040:b::1"),
    PUBLIC.apex: ("20.1.0.5", "2603:1030:a::5"),
    OTHER: ("20.1.0.70", "2603:1030:a::70"),
    LOOK_ALIKE: ("20.9.0.66", "2603:1090::66"),
}
"""Every host that there is in the beginning, with its addresses."""
OWNERS: Final = {
    EAST: (LOGIN, DATA_EAST, BLOB_EAST, PUBLIC.apex, OTHER, LOOK_ALIKE),
    WEST: (GEO_WEST, DATA_WEST, BLOB_WEST),
}
"""Which node answers at the addresses of a host."""
PRIVATE: Final = ("10.30.0.4", "10.30.0.5", "fd30::4", "fd30::5")
"""Further addresses of the node in the east: a private endpoint's."""

RANGES: Final = {
    "AzureContainerRegistry": ("20.1.0.0/22", "2603:1030::/40"),
    "AzureContainerRegistry.EastUS": ("20.1.0.0/29", "20.1.0.64/26", "2603:1030:a::/48"),
    "AzureContainerRegistry.WestUS": ("20.1.1.0/29", "2603:1030:b::/48"),
    "Storage": ("20.2.0.0/16", "2603:1040::/40"),
    "Storage.EastUS": ("20.2.0.0/20", "2603:1040:a::/48"),
    "Storage.WestUS": ("20.2.16.0/21", "2603:1040:b::/48"),
    "MicrosoftContainerRegistry": ("20.3.0.0/29",),
    "AzureFrontDoor.FirstParty": ("20.4.0.128/25",),
    "AzureActiveDirectory": ("20.5.0.0/18",),
}
"""The weekly file of the laboratory."""

RESOLVERS: Final = ("10.10.0.2", "fd10::2")
"""The client's name server: the wall, as in most networks."""
WORLD_DNS: Final = ("20.53.0.53", "2603:1053::53")
PROXY_ADDRESS: Final = "10.11.0.1"
PROXY_PORT: Final = 3128
PROXY: Final = f"http://{PROXY_ADDRESS}:{PROXY_PORT}"
SOCKS_PORT: Final = 1080
SOCKS: Final = f"socks5://{PROXY_ADDRESS}:{SOCKS_PORT}"

EVERYTHING: Final = ("-r", EAST, "-r", WEST, "--data-endpoints", "--dual-stack")
"""Options of ``seawall rules``: dedicated data endpoints of both regions."""
EAST_ONLY: Final = ("-r", EAST, "--data-endpoints", "--dual-stack")
SHARED: Final = ("-r", EAST, "-r", WEST)
"""The login server and shared storage: what was enough before dedicated data endpoints. It has no IPv6."""
