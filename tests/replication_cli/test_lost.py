"""A region that is lost, and one that is set back to a backup."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.replication_cli.site import EAST, WEST, in_step, until

if TYPE_CHECKING:
    from tests.replication_cli.site import Machine, Site


def test_a_dead_region_is_removed_and_may_join_anew(site: Site) -> None:
    east, west = site.set_up(EAST, WEST)
    site.found(east)
    east.lets_join(west)
    east.says("replica", "add", WEST, "--yes")
    in_step(east, west)
    image = site.push(WEST, "v1", 2000)
    in_step(east, west)
    west.kill()
    assert "takes no part" in east.refuses("region", "remove", "northeurope", code=1)
    assert "say 'seawall region leave' here" in east.refuses("region", "remove", EAST, code=2)
    assert east.told("region", "remove", WEST) == {"region": WEST, "removed": True}
    assert [one["region"] for one in east.told("region", "list")] == [EAST]
    assert [one["region"] for one in east.told("replica", "list")] == [EAST]
    assert east.told("replication", "status")[0]["peers"] == []
    assert site.pulls(EAST, "v1") == image
    # It comes back and does not know; nobody talks to it, and it says so.
    west.restart()
    (told,) = [one for one in west.told("replication", "status", code=4) if one["region"] == EAST]
    assert "does not know this region; was it removed?" in told["unanswered"]
    assert "was it removed?" in west.refuses("region", "leave", code=1)
    assert west.told("region", "leave", "--force") == {"region": WEST, "told": []}
    east.lets_join(west)
    east.says("replica", "add", WEST, "--yes")
    in_step(east, west)
    assert site.pulls(WEST, "v1") == image


def test_a_restored_backup_is_read_from_its_beginning(site: Site) -> None:
    east, west = site.set_up(EAST, WEST)
    site.found(east)
    east.lets_join(west)
    east.says("replica", "add", WEST, "--yes")
    site.push(EAST, "old")
    in_step(east, west)
    east.stop()
    backup = site.folder / "backup"
    shutil.copytree(east.state.root, backup)
    east.restart()
    lost = [site.push(EAST, f"lost{number}", 500) for number in range(3)]
    in_step(east, west)
    west.kill()
    east.stop()
    shutil.rmtree(east.state.root)
    shutil.copytree(backup, east.state.root)
    epoch = east.told("replication", "renew")["epoch"]
    assert epoch != east.told("replication", "renew")["epoch"]
    east.restart()
    # More is written than was lost: its log is longer again than what the other one had read of it.
    new = [site.push(EAST, f"new{number}", 500) for number in range(8)]
    west.restart()
    in_step(east, west)
    # Not by pulling, which would fetch what is missing: what each of them has is asked for.
    for tag, image in (
        *((f"new{at}", one) for at, one in enumerate(new)),
        *((f"lost{at}", one) for at, one in enumerate(lost)),
    ):
        until(lambda tag=tag: _present(west, tag), f"{tag} is not in both regions")  # type: ignore[misc]
        assert site.pulls(EAST, tag) == site.pulls(WEST, tag) == image


def _present(machine: Machine, tag: str) -> bool:
    return machine.tries("replication", "image", f"app:{tag}").code == 0
