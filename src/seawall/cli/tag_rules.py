"""Network rules by service tag: making them, and ``seawall network-rule refresh``, which keeps them current."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli.interval import seconds_of
from seawall.cli.need import Options, TagsFileOption, cloud_of, snapshot_of
from seawall.cli.output import fail, say, say_json, say_table
from seawall.cli.place import ConfigOption, JsonOption, StateOption, opened, settings_of
from seawall.cli.replay import GraceOption, MostLostOption, policy_of
from seawall.directories import default_service_tags

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from seawall.metadata.database import Database
    from seawall.metadata.rows import Writer
    from seawall.servicetags.feed import Shelf
    from seawall.servicetags.snapshot import Snapshot
    from seawall.servicetags.upkeep import Policy
    from seawall.tag_rule import Refreshed, TagRule

__all__ = ["refresh", "shelf_of", "tag_rules"]

FAILED = 1
"""Exit code when a file could not be had."""

REFUSED = 4
"""Exit code when a file looks like a mistake and the old addresses stay."""


def shelf_of(config: Path | None) -> Shelf:
    """Find where a node's weekly files are."""
    from seawall.servicetags.feed import Shelf  # noqa: PLC0415 - slow to import, not needed for --help

    named = settings_of(config).service_tags if config is not None else None
    return Shelf(named or default_service_tags())


def tag_rules(tags: list[str], file: Path | None, cloud: str | None, config: Path | None) -> list[TagRule]:
    """Make rules by service tags, from the file that was given or the last one fetched."""
    from seawall.servicetags.snapshot import TagMissingError  # noqa: PLC0415
    from seawall.tag_rule import tag_rule  # noqa: PLC0415

    if not tags:
        return []
    whose = cloud_of("public" if cloud is None else cloud)
    snapshot = snapshot_of(Options(tags_file=file), whose, shelf_of(config))
    try:
        return [tag_rule(snapshot, tag) for tag in tags]
    except TagMissingError as error:
        fail(str(error))


def refresh(
    registry: Annotated[
        str | None, typer.Option("--registry", "-r", help="Only this registry's rules.", show_default="every one's")
    ] = None,
    tags_file: TagsFileOption = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="Get this week's files from Microsoft first.")] = False,
    grace_days: GraceOption = 14,
    most_lost: MostLostOption = 20,
    confirm_loss: Annotated[
        bool, typer.Option("--confirm-loss", help="A great loss was looked at; it is right.")
    ] = False,
    every: Annotated[str, typer.Option(metavar="TIME", help="Go on for ever, this often: 30m, 6h, 1d.")] = "",
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Bring rules by service tag up to date with the newest weekly file.

    New addresses come in at once, in every region; those that a tag has lost stay for a grace period. A file that has
    lost too much, or the tag, changes nothing. Ends with 0 when the rules are current, 1 when a file could not be had,
    4 when one was refused.
    """
    if fetch and tags_file is not None:
        fail("--fetch and --service-tags: give one of them")
    pause = seconds_of(every, "--every") if every else 0.0
    policy = policy_of(grace_days, most_lost)
    while True:
        newest = _Newest(tags_file, shelf_of(config), fetch=fetch)
        with opened(state, config) as database:
            rows = _refresh(database, registry, newest.of, policy, confirmed=confirm_loss)
        # Whoever looked at one loss has not seen the next.
        confirm_loss = False
        _tell(rows, json=json)
        if not pause:
            standings = {row["status"] for row in rows}
            raise typer.Exit(FAILED if "failed" in standings else REFUSED if "refused" in standings else 0)
        sys.stdout.flush()
        time.sleep(pause)


class _Newest:
    """The newest file of each cloud, each had once."""

    def __init__(self, file: Path | None, shelf: Shelf, *, fetch: bool) -> None:
        self._file = file
        self._shelf = shelf
        self._fetch = fetch
        self._known: dict[str, Snapshot | str] = {}

    def of(self, cloud: str) -> Snapshot | str:
        """Return the file of a cloud, by the name it has there, or why it cannot be had."""
        from seawall.servicetags.feed import FeedError  # noqa: PLC0415
        from seawall.servicetags.snapshot import SnapshotError  # noqa: PLC0415

        if cloud not in self._known:
            try:
                self._known[cloud] = self._had(cloud)
            except (FeedError, SnapshotError, OSError) as error:
                self._known[cloud] = str(error)
        return self._known[cloud]

    def _had(self, cloud: str) -> Snapshot:
        from seawall.naming import CLOUDS  # noqa: PLC0415
        from seawall.neighbours import NEIGHBOURS  # noqa: PLC0415
        from seawall.servicetags.feed import FeedError, fetch, read_file  # noqa: PLC0415

        if self._file is not None:
            snapshot = read_file(self._file)
            if snapshot.cloud != cloud:
                raise FeedError(f"{self._file}: this is the file of {snapshot.cloud}, and the rule is of {cloud}")
            return snapshot
        whose = [one for one in CLOUDS.values() if one.domain in NEIGHBOURS and NEIGHBOURS[one.domain].tags == cloud]
        if self._fetch and whose:
            return self._shelf.keep(*fetch(whose[0]), cloud).snapshot
        return self._shelf.load(cloud)


def _refresh(
    database: Database, name: str | None, newest: Callable[[str], Snapshot | str], policy: Policy, *, confirmed: bool
) -> list[dict[str, Any]]:
    from seawall.metadata import registries  # noqa: PLC0415

    known = database.read_now(registries.list_all)
    if name is not None and name not in {one.name for one in known}:
        fail(f"there is no registry {name!r}; there are: {', '.join(one.name for one in known) or 'none'}")
    chosen = [one for one in known if name in {None, one.name}]
    # Files are had before the transaction begins: others write meanwhile.
    files = {rule.cloud: newest(rule.cloud) for one in chosen for rule in one.network.tags}
    today = datetime.now(UTC).date()
    rows: list[dict[str, Any]] = []

    def change(writer: Writer, name: str) -> list[dict[str, Any]]:
        registry = registries.the(writer.connection, name)
        after, told = registry.network, []
        for rule in registry.network.tags:
            # A rule that was made meanwhile is of a file that is as new.
            file = files.get(rule.cloud, "it was made just now")
            made = _made(rule, file, today, policy, confirmed=confirmed)
            told.append(_facts(name, rule, made, failed=isinstance(file, str)))
            after = after.with_tag(made.rule)
        if after != registry.network:
            registries.put(writer, replace(registry, network=after))
        return told

    for one in chosen:
        if one.network.tags:
            rows += database.write_now(change, one.name)
    return rows


def _made(rule: TagRule, file: Snapshot | str, today: date, policy: Policy, *, confirmed: bool) -> Refreshed:
    from seawall.servicetags.snapshot import TagMissingError  # noqa: PLC0415
    from seawall.tag_rule import Refreshed, refreshed  # noqa: PLC0415

    if isinstance(file, str):
        return Refreshed(rule, refusal=file)
    try:
        return refreshed(rule, file, today, policy, confirmed=confirmed)
    except TagMissingError as error:
        return Refreshed(rule, refusal=f"{error}; add a rule by another tag, and remove this one")


def _facts(registry: str, rule: TagRule, made: Refreshed, *, failed: bool) -> dict[str, Any]:
    if made.refusal:
        status = "failed" if failed else "refused"
    else:
        status = "changed" if any((*made.added, *made.removed)) else "unchanged"
    facts = {
        "registry": registry,
        "tag": rule.tag,
        "status": status,
        "basis": f"{made.rule.cloud} {made.rule.change}",
        "ipv4_added": made.added[0],
        "ipv4_removed": made.removed[0],
        "ipv6_added": made.added[1],
        "ipv6_removed": made.removed[1],
    }
    return facts | ({"reason": made.refusal} if made.refusal else {})


def _tell(rows: list[dict[str, Any]], *, json: bool) -> None:
    if json:
        say_json(rows)
        return
    if not rows:
        say("No registry has a rule by service tag; 'seawall network-rule add AzureDevOps' makes one.")
        return
    titles = ("REGISTRY", "TAG", "STATUS", "FROM", "IPV4 ADDED", "IPV4 REMOVED")
    names = ("registry", "tag", "status", "basis", "ipv4_added", "ipv4_removed")
    say_table(titles, [tuple(_cell(row[name]) for name in names) for row in rows])
    for row in rows:
        if "reason" in row:
            typer.echo(f"seawall: {row['registry']}, {row['tag']}: {row['reason']}; the old addresses stay", err=True)


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
