"""Which room may use which: the table below is the map of the house.

Every import counts, also those for type checkers only and those inside functions.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

import seawall

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE: Final = Path(seawall.__file__).parent
LONGEST_MODULE: Final = 300

# A room may use the rooms beside it, which all stand above it in the table; itself always.
ROOMS: Final = {
    # What there is: names, and what they stand for.
    "naming": (),
    "wildcards": (),
    "neighbours": ("naming",),
    "durable": (),
    "directories": (),
    # Lists of addresses that others keep. Who may come to a registry may be said by them, as may what a wall lets out.
    "servicetags": ("durable", "neighbours", "naming"),
    "tag_rule": ("servicetags",),
    "network": ("tag_rule",),
    "private_endpoint": ("network",),
    "topology": ("private_endpoint", "naming", "network"),
    "tiers": ("topology",),
    "doors": ("naming",),
    "records": ("naming", "topology", "private_endpoint"),
    "privatelink": ("records", "naming", "topology", "private_endpoint"),
    # The rules that let clients through a wall. Neither knows anything of the servers.
    "firewall": ("servicetags", "durable", "neighbours", "topology", "wildcards", "naming"),
    # The way of a pull, from the client's side; it speaks with any registry, and knows nothing of this one's inside.
    "check": ("firewall", "servicetags", "neighbours", "topology", "wildcards", "naming"),
    # What is kept. Metadata speaks of digests and knows nothing else of blobs, blobs nothing of metadata.
    "blobs": (),
    # What the doors see, and whoever keeps it.
    "sightings": (),
    "metadata": ("blobs.digest", "sightings", "topology", "private_endpoint", "network", "tag_rule", "naming"),
    # Who would break by a switch.
    "switching": ("metadata", "sightings", "naming"),
    # Helpers of everything that answers requests.
    "errors": (),
    "bodies": ("errors",),
    "preconditions": (),
    # How many may ask.
    "rates": ("tiers", "topology", "errors"),
    # Who is asking, and what they may do.
    "identity": ("rates", "metadata", "topology", "naming", "errors", "bodies"),
    # What other regions have: what the doors ask, and replication answers.
    "elsewhere": ("blobs.digest", "metadata"),
    # The two doors. The login door writes the links that the data door reads.
    "dataplane": (
        "sightings",
        "elsewhere",
        "identity",
        "metadata",
        "blobs",
        "topology",
        "naming",
        "errors",
        "bodies",
        "preconditions",
    ),
    "registry": (
        "tiers",
        "rates",
        "sightings",
        "elsewhere",
        "dataplane",
        "identity",
        "metadata",
        "blobs",
        "topology",
        "doors",
        "naming",
        "errors",
        "bodies",
        "preconditions",
    ),
    # The service's own API at the login door.
    "acr": ("registry", "identity", "metadata", "blobs", "naming", "errors", "bodies"),
    # How one region keeps in step with the others, and fetches from them what it lacks.
    "replication": (
        "elsewhere",
        "registry.document",
        "dataplane",
        "metadata",
        "blobs",
        "topology",
        "naming",
        "errors",
        "bodies",
    ),
    # Images from other registries.
    "importing": ("check.token", "registry", "elsewhere", "metadata", "blobs", "network", "errors"),
    # Managing registries as Azure Resource Manager does.
    "management": (
        "replication.status",
        "importing",
        "blobs.digest",
        "privatelink",
        "identity",
        "metadata",
        "tiers",
        "private_endpoint",
        "topology",
        "doors",
        "network",
        "naming",
        "errors",
        "bodies",
    ),
    # Telling others what happens to images.
    "events": ("metadata", "doors", "naming"),
    # The same for people with a browser, and the rules that their walls need.
    "portal": (
        "servicetags",
        "tag_rule",
        "neighbours",
        "switching",
        "sightings",
        "privatelink",
        "private_endpoint",
        "replication.status",
        "registry.document",
        "identity",
        "metadata",
        "firewall",
        "blobs.digest",
        "tiers",
        "topology",
        "doors",
        "network",
        "naming",
        "errors",
        "bodies",
    ),
    # What firewalls poll.
    "feeds": (
        "portal.rules",
        "firewall",
        "servicetags",
        "metadata",
        "topology",
        "doors",
        "naming",
        "errors",
        "preconditions",
    ),
    # What the APIs of operators and of the login door are, for programs.
    "openapi": ("feeds.polled", "private_endpoint", "topology", "network", "errors"),
    # The process that opens them.
    "server": (
        "servicetags.own_tags",
        "directories",
        "openapi",
        "feeds",
        "importing",
        "network",
        "rates",
        "sightings",
        "portal",
        "management",
        "events",
        "durable",
        "replication",
        "elsewhere",
        "acr",
        "registry",
        "dataplane",
        "identity",
        "metadata",
        "blobs",
        "records",
        "tiers",
        "topology",
        "doors",
        "wildcards",
        "naming",
        "errors",
        "bodies",
    ),
    # The command line reads and changes what is kept; it answers no requests.
    "cli": (
        "directories",
        "tag_rule",
        "switching",
        "sightings",
        "check",
        "server",
        "management",
        "replication",
        "events",
        "records",
        "privatelink",
        "identity",
        "metadata",
        "blobs",
        "durable",
        "firewall",
        "servicetags",
        "neighbours",
        "private_endpoint",
        "tiers",
        "topology",
        "network",
        "naming",
    ),
}

# Rooms and modules without input, output, clock or chance. They use each other and these modules, nothing else.
PURE: Final = (
    "naming",
    "wildcards",
    "tag_rule",
    "network",
    "private_endpoint",
    "topology",
    "tiers",
    "doors",
    "records",
    "privatelink",
    "neighbours",
    "servicetags.prefixes",
    "servicetags.regions",
    "servicetags.snapshot",
    "servicetags.difference",
    "servicetags.locator",
    "servicetags.upkeep",
    "firewall.flow",
    "firewall.need",
    "firewall.rules",
    "firewall.plan",
    "firewall.description",
    "firewall.private_link",
    "firewall.explain",
    "firewall.symptoms",
    "firewall.targets",
    "firewall.audit",
    "check.addresses",
    "check.cause",
    "check.comparison",
    "check.diagnosis",
    "check.document",
    "check.drawing",
    "check.frame",
    "check.html",
    "check.limits",
    "check.picture",
    "check.reference",
    "check.report",
    "check.route",
    "check.services",
    "check.stations",
    "check.step",
    "check.wording",
    "blobs.digest",
    "registry.document",
    "registry.routes",
    "acr.routes",
    "dataplane.ranges",
    "management.account",
    "openapi.acr",
    "openapi.document",
    "openapi.hooks",
    "openapi.images",
    "openapi.management",
    "openapi.names",
    "openapi.networks",
    "openapi.refusals",
    "openapi.resources",
    "openapi.rights",
    "openapi.shapes",
    "openapi.things",
)
# Reading and writing an address is pure, though these live beside what opens connections.
ADDRESS_WORDS: Final = frozenset(("AF_INET", "AF_INET6", "inet_ntop", "inet_pton"))
HARMLESS: Final = frozenset(
    (
        "__future__",
        "aerleon",
        "datetime",
        "shlex",
        "uuid",
        "yaml",
        "textwrap",
        "base64",
        "binascii",
        "bisect",
        "collections",
        "csv",
        "dataclasses",
        "difflib",
        "enum",
        "functools",
        "hashlib",
        "html",
        "importlib",
        "io",
        "ipaddress",
        "itertools",
        "operator",
        "json",
        "re",
        "typing",
    )
)


class Import(NamedTuple):
    """A module of ours, one that it imports, and where."""

    importer: str
    imported: str
    line: int

    def __str__(self) -> str:
        return f"{self.importer} imports {self.imported} in line {self.line}"


def modules() -> dict[str, Path]:
    """Every module of ours by its name behind ``seawall.``; the package itself is ``""``."""
    found = {}
    for path in SOURCE.rglob("*.py"):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports() -> Iterator[Import]:
    """Every import of ours; ``from seawall.a import b`` counts as one of ``seawall.a.b`` where that is a module."""
    known = modules()
    for name, path in known.items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Import(names=names):
                    targets = [alias.name for alias in names]
                case ast.ImportFrom(module="socket", names=names) if {one.name for one in names} <= ADDRESS_WORDS:
                    continue
                case ast.ImportFrom(module=str(module), names=names, level=0):
                    inner = [f"{module}.{alias.name}" for alias in names]
                    targets = [one if one.removeprefix("seawall.") in known else module for one in inner]
                case ast.ImportFrom():
                    targets = ["(a relative import)"]
                case _:
                    continue
            yield from (Import(name, target, node.lineno) for target in targets)


ALL_IMPORTS: Final = list(imports())
OURS: Final = [one for one in ALL_IMPORTS if one.imported.partition(".")[0] == "seawall"]


def lies_in(module: str, *places: str) -> bool:
    return any(f"{module}.".startswith(f"{place}.") for place in places)


def room_of(module: str) -> str:
    return module.partition(".")[0]


def test_every_room_is_in_the_table() -> None:
    assert {room_of(name) for name in modules()} - {""} == set(ROOMS)


def test_the_table_goes_one_way() -> None:
    above: set[str] = set()
    for room, used in ROOMS.items():
        assert {room_of(one) for one in used} <= above, f"{room} uses what stands below it"
        above.add(room)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_uses_only_those_it_may(room: str) -> None:
    strays = [
        str(one)
        for one in OURS
        if room_of(one.importer) == room and not lies_in(one.imported.removeprefix("seawall."), room, *ROOMS[room])
    ]
    assert not strays


def test_there_are_imports_to_check() -> None:
    # A reader that finds nothing would pass everything above.
    assert len(OURS) > 100
    assert any(
        one.importer == "metadata.blobs" and one.imported == "seawall.blobs.digest" for one in OURS
    )  # typing only
    assert any(
        one.importer.startswith("cli.") and one.imported == "seawall.server.node" for one in OURS
    )  # in a function
    assert any(one.importer == "identity.service" and one.imported == "seawall.bodies" for one in OURS)  # from seawall


def test_the_package_itself_imports_nothing() -> None:
    assert not [str(one) for one in OURS if not one.importer]


def test_nothing_is_imported_relatively() -> None:
    assert not [str(one) for one in ALL_IMPORTS if one.imported.startswith("(")]


@pytest.mark.parametrize("place", PURE)
def test_what_is_pure_uses_only_what_is_pure(place: str) -> None:
    used = [one for one in ALL_IMPORTS if lies_in(one.importer, place)]
    strays = [
        str(one)
        for one in used
        if one.imported.partition(".")[0] not in HARMLESS and not lies_in(one.imported.removeprefix("seawall."), *PURE)
    ]
    assert used
    assert not strays


def test_what_is_pure_does_not_reach_out_without_importing() -> None:
    for name, path in modules().items():
        if lies_in(name, *PURE):
            called = {
                node.func.id
                for node in ast.walk(ast.parse(path.read_text("utf-8")))
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            }
            assert called.isdisjoint({"open", "print", "input", "exec", "eval", "__import__", "breakpoint"}), name


@pytest.mark.parametrize("name", modules())
def test_no_module_is_long(name: str) -> None:
    lines = len(modules()[name].read_text("utf-8").splitlines())
    assert lines <= LONGEST_MODULE, f"{name or 'seawall'} has {lines} lines: part it"
