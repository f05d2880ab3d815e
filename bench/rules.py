"""`python -m bench.rules`: how fast rules are worked out, beside the libraries that do parts of it.

Needs the weekly files: an archive or a directory of them, by default the one beside the checkout.
"""

from __future__ import annotations

import argparse
import gc
import ipaddress
import random
import subprocess
import sys
import tarfile
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import netaddr

from bench import report
from bench.results import machine
from bench.servers import ROOT
from seawall.firewall.need import Need
from seawall.firewall.replay import replay
from seawall.servicetags.difference import compare
from seawall.servicetags.locator import Locator
from seawall.servicetags.prefixes import V4, AddressSet
from seawall.servicetags.snapshot import read_snapshot
from seawall.servicetags.upkeep import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = ROOT.parent / "shared" / "data" / "servicetags.tar.xz"
PROGRAM = Path(sys.executable).with_name("seawall")
TIMES = 9
ADDRESSES = 1_000_000


def main() -> None:
    """Measure and rewrite the table."""
    parser = argparse.ArgumentParser(prog="bench.rules", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="archive or directory of weekly files")
    options = parser.parse_args()
    if not options.data.exists():
        print(f"bench: no weekly files at {options.data}: rules are not measured", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(prefix="seawall-bench-") as name:
        folder = options.data
        if folder.is_file():
            with tarfile.open(folder) as archive:
                archive.extractall(name, filter="data")
            folder = Path(name)
        text = table(sorted(folder.rglob("Public_*.json")))
    print(text)
    report.write("rules", text)


def table(files: list[Path]) -> str:
    """Measure everything on the newest file, and on all of them."""
    old, new = (path.read_bytes() for path in files[-2:])
    snapshot, before = read_snapshot(new, "new"), read_snapshot(old, "old")
    prefixes = sum(len(tag.prefixes) for tag in snapshot.tags.values())
    rows = [
        (
            f"read, verify and index one file ({prefixes:,} prefixes)",
            "60 ms",
            _ms(_best(partial(read_snapshot, new, ""))),
        ),
        *_cover(list(snapshot.tag("AzureCloud").prefixes)),
        ("look addresses up among all tags", "2 M/s", _lookups(Locator(snapshot))),
        ("compare two files that were read", "100 ms", _ms(_best(partial(compare, before, snapshot)))),
        (
            "read two files and compare them",
            "-",
            _ms(_best(lambda: compare(read_snapshot(old, ""), read_snapshot(new, "")))),
        ),
        ("`seawall rules --by ip --to nftables`, cold", "400 ms", _ms(_best(partial(_rules, files[-1])))),
        ("`seawall --help`", "150 ms", _ms(_best(partial(_run, "--help")))),
        ("replay, a file", "120 ms", _ms(_best(partial(_replay, files), times=1) / len(files))),
    ]
    lines = ["| what | aim | measured |", "|---|--:|--:|", *(f"| {a} | {b} | {c} |" for a, b, c in rows), ""]
    lines.append(f"Best of {TIMES}, on {machine()}; {len(files)} weekly files, the newest of {len(new):,} bytes.")
    return "\n".join(lines)


def _cover(prefixes: list[str]) -> list[tuple[str, str, str]]:
    v4 = [prefix for prefix in prefixes if ":" not in prefix]
    objects = [ipaddress.IPv4Network(prefix) for prefix in v4]
    ours = _best(partial(_cover_of, v4))
    stdlib = _best(partial(_collapse, objects))
    other = _best(partial(netaddr.cidr_merge, v4))
    return [
        (f"minimal cover of AzureCloud, IPv4 ({len(v4):,} prefixes, from text)", "-", _ms(ours)),
        ("· `ipaddress.collapse_addresses`, from objects", "5x", f"{_ms(stdlib)} ({stdlib / ours:.1f}x ours)"),
        ("· `netaddr.cidr_merge`, from text", "1x", f"{_ms(other)} ({other / ours:.1f}x ours)"),
    ]


def _cover_of(prefixes: list[str]) -> list[str]:
    return AddressSet.of(prefixes).v4.cover()


def _collapse(objects: list[ipaddress.IPv4Network]) -> list[ipaddress.IPv4Network]:
    return list(ipaddress.collapse_addresses(objects))


def _lookups(locator: Locator) -> str:
    chance = random.Random(1)
    addresses = [chance.getrandbits(32) for _ in range(ADDRESSES)]
    seconds = _best(partial(locator.find, V4, addresses))
    return f"{ADDRESSES / seconds / 1e6:.1f} M/s (integers, one search each in all pieces of the address space)"


def _replay(files: list[Path]) -> None:
    replay(Need(registry="myregistry"), files, Policy())


def _rules(file: Path) -> None:
    _run("rules", "myregistry", "--region", "eastus", "--by", "ip", "--to", "nftables", "--service-tags", str(file))


def _run(*arguments: str) -> None:
    subprocess.run([str(PROGRAM), *arguments], check=True, stdout=subprocess.DEVNULL)


def _best(act: Callable[[], object], times: int = TIMES) -> float:
    """Seconds of the fastest of several runs: what is left when nothing else got in the way."""
    taken = []
    for _ in range(times):
        gc.collect()
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return min(taken)


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:,.1f} ms"


if __name__ == "__main__":
    main()
