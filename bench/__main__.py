"""`python -m bench`: measure every server in turn, print the table and keep it in docs/performance.md."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench import report
from bench.cases import CASES
from bench.fixtures import Fixtures
from bench.peers import installed_peers
from bench.results import Results
from bench.run import FULL, QUICK, Run
from bench.seawall import Seawall
from bench.servers import running

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.run import Effort
    from bench.servers import Server

CLIENT_TLS = Path(__file__).with_name("openssl.cnf")
CALM = 0.5
"""A load average above this says that something else is running."""


def main() -> None:
    """Read the options, measure, report."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short and small, to try things; writes no document")
    parser.add_argument(
        "--case",
        action="append",
        choices=CASES,
        help="measure only this; may be repeated; writes no document",
    )
    parser.add_argument("--rounds", type=int, help="how often every server takes its turn (3; quick: 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every reading to FILE")
    options = parser.parse_args()
    if os.environ.get("OPENSSL_CONF") != str(CLIENT_TLS):
        # OpenSSL reads its settings once, when a program starts; wrk and curl inherit them.
        os.environ["OPENSSL_CONF"] = str(CLIENT_TLS)
        os.execv(sys.executable, [sys.executable, "-m", "bench", *sys.argv[1:]])
    if os.getloadavg()[0] > CALM:
        print("bench: this machine is busy with something else; expect wide spreads", file=sys.stderr)
    rounds: int = options.rounds or (1 if options.quick else 3)
    cases: Sequence[str] = [name for name in CASES if not options.case or name in options.case]
    results = measure([Seawall(), *installed_peers()], cases, rounds, QUICK if options.quick else FULL)
    text = report.table(results, rounds)
    print(text)
    if options.json:
        results.save(options.json)
    if not options.quick and not options.case:
        report.write("bench", text)


def measure(servers: Sequence[Server], cases: Sequence[str], rounds: int, effort: Effort) -> Results:
    """Let the servers take turns, starting each round with the next one, so that none always goes first."""
    results = Results([server.name for server in servers], {server.name: server.pages for server in servers}, effort)
    with tempfile.TemporaryDirectory(prefix="seawall-bench-") as name:
        folder = Path(name)
        fixtures = make_fixtures(folder, cases, effort)
        for number in range(rounds):
            first = number % len(servers)
            for server in [*servers[first:], *servers[:first]]:
                with running(server, folder / "server"):
                    run = Run(server, fixtures, effort)
                    run.stage_images()
                    os.sync()
                    for case in cases:
                        print(f"round {number + 1}: {server.name}: {case}", file=sys.stderr, flush=True)
                        try:
                            results.add(server.name, CASES[case](run))
                        except Exception as error:
                            error.add_note(f"{server.name} failed the case {case}")
                            raise
    return results


def make_fixtures(folder: Path, cases: Sequence[str], effort: Effort) -> Fixtures:
    """The content that the chosen cases need, and no more."""
    return Fixtures.make(
        folder,
        pushes=effort.pushes if "push-1MiB" in cases else 0,
        layers=effort.layers if {"push-512MiB", "blob-512MiB"} & set(cases) else 0,
        layer_mib=effort.layer_mib,
        giant_repeats=effort.giant_repeats if "rss" in cases else 0,
    )


if __name__ == "__main__":
    main()
