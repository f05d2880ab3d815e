"""``make soak``: three regions, clients that never stop, and faults at random, for as long as one likes.

::

    make soak                            ten minutes
    make soak ARGS='--minutes 60'        an hour
    make soak ARGS='--json --seed 7'     the figures as JSON, the same faults again

After each fault the clients pause until all regions are alike. At the end everything that was acknowledged is read back
from every region. The exit code is 1 if anything was lost, or if regions differ.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
from typing import Any, Final

from tests.replication.cluster import Cluster
from tests.replication.cluster_roads import why_not
from tests.replication.cluster_soak import PAIRS, REGIONS, Soak

NOT_HERE: Final = 2


def table(figures: dict[str, Any]) -> str:
    """Write figures for people."""
    alike = figures["alike_seconds"]
    rows = {f"fault: {name}": number for name, number in sorted(figures["faults"].items())} | {
        "faults injected": sum(figures["faults"].values()),
        "writes acknowledged": figures["acknowledged"],
        "requests unanswered or refused in faults": figures["unanswered"],
        "pulls verified": figures["pulled"],
        "acknowledged and lost": figures["lost"],
        "deleted and back": figures["undead"],
        "divergent after healing": figures["divergent"],
        "anything else wrong": len(figures["wrong"]),
        "alike after healing, median": f"{alike['median']} s",
        "alike after healing, worst": f"{alike['worst']} s",
    }
    return "\n".join(f"{name:42}{value:>10}" for name, value in rows.items())


def say(words: str) -> None:
    """Tell whoever watches; the figures alone go to standard output."""
    print(words, file=sys.stderr, flush=True)  # noqa: T201


def main() -> int:
    """Run for some minutes, and print what came of it."""
    parser = argparse.ArgumentParser(
        prog="make soak", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if reason := why_not():
        say(f"no soak here: {reason}")
        return NOT_HERE
    # Nodes must not outlive whoever is told to stop.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with Cluster(*REGIONS, relays=PAIRS) as cluster:
        soak = Soak(cluster, asked.seed)
        soak.run(asked.minutes * 60, say=say)
    figures = {"seed": asked.seed, "minutes": asked.minutes, **soak.figures}
    print(json.dumps(figures, indent=1) if asked.json else table(figures))  # noqa: T201
    for words in figures["wrong"]:
        say(words)
    return 0 if soak.good else 1


if __name__ == "__main__":
    sys.exit(main())
