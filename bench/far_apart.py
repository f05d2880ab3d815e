"""`python -m bench.far_apart STATE PORT SECONDS REGION…`: `seawall up` with a long road between the regions.

Each node is told that the others are at the ports of a relay, and answers to that name as well.
"""

from __future__ import annotations

import json
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.relay import relayed
from seawall.metadata import regions
from seawall.metadata.database import Database
from seawall.naming import Host, Role
from seawall.server.ensemble import supervise_all
from seawall.server.local import LocalOptions, local_nodes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall.doors import Doors
    from seawall.metadata.rows import Writer


class MoreDoors:
    """Doors that are known by further names."""

    def __init__(self, doors: Doors, further: Mapping[str, Host]) -> None:
        self._doors = doors
        self.several = doors.several
        self._further = further

    def locate(self, authority: str) -> Host | None:
        """Read an authority that a client sent."""
        return self._further.get(authority) or self._doors.locate(authority)

    def authority(self, host: Host) -> str:
        """Write the authority under which clients reach a host."""
        return self._doors.authority(host)

    def name(self, host: Host) -> str:
        """Write an authority that says which host it is."""
        return self._doors.name(host)


def main() -> None:
    """Be the regions until told to stop."""
    state, port, seconds, *names = sys.argv[1:]
    nodes, facts = local_nodes(LocalOptions(Path(state), int(port), regions=tuple(names)))
    with relayed([node.listeners[-1].port for node in nodes], float(seconds)) as ports:
        instead = {name: f"localhost:{port}" for name, port in zip(names, ports, strict=True)}
        further = {authority: Host(Role.NODE, region=name) for name, authority in instead.items()}
        for node in nodes:
            with closing(Database(node.database_url, node.region)) as database:
                database.write_now(_move, instead)
        led = [replace(node, doors=MoreDoors(node.doors, further)) for node in nodes]
        supervise_all(led, lambda: print(json.dumps(facts), flush=True))


def _move(writer: Writer, instead: Mapping[str, str]) -> None:
    for region in regions.list_all(writer.connection):
        regions.put(writer, replace(region, url=f"https://{instead[region.name]}"))


if __name__ == "__main__":
    main()
