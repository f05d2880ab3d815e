"""Which tests stay together when a run is spread over several processes.

Those that share something that takes long to start run in one process, in their order: those of one file, of one
running server, or of the laboratory.
"""

from __future__ import annotations

import re
from typing import Final

SERVERS: Final = {"api": ("sqlite", "postgresql"), "real": ("shared", "dedicated"), "walls": ("",)}
"""What runs for all the tests of a folder: the parameters of the fixture that starts it."""

BESIDE: Final = {"tests/api/test_slow_clients.py": "tests/api sqlite"} | {
    f"tests/replication/test_{name}.py": "tests/replication cluster"
    for name in ("clients", "faults", "faults_disk", "faults_lies", "faults_members", "faults_soak", "microsoft")
}
"""Files that have no part in such a server, and need others to go on meanwhile, or not to be many at a time."""

LONGEST: Final = (
    "tests/replication cluster",
    "tests/walls",
    "tests/api sqlite",
    "tests/api postgresql",
    "tests/replication/test_convergence.py",
    "tests/real/test_crash.py",
    "tests/api/test_serving.py",
    "tests/real shared",
    "tests/real dedicated",
)


def group_of(nodeid: str) -> str:
    """Say which group a test belongs to."""
    path, _, name = nodeid.partition("::")
    folder = path.removeprefix("tests/").partition("/")[0]
    parameters = {"", *re.split(r"[][-]", name.partition("[")[2])}
    shared = [server for server in SERVERS.get(folder, ()) if server in parameters]
    return f"tests/{folder} {shared[0]}".strip() if shared else BESIDE.get(path, path)


def rank(nodeid: str) -> int:
    """Say when its group begins: those that take longest before all others, so that none is left over at the end."""
    group = group_of(nodeid)
    return LONGEST.index(group) if group in LONGEST else len(LONGEST)
