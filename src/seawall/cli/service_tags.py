"""``seawall service-tags``: Microsoft's weekly lists of address ranges."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli.need import CloudOption, Options, TagsFileOption, cloud_of, snapshot_of
from seawall.cli.output import examples, fail, say, say_json, say_table
from seawall.cli.place import JsonOption
from seawall.directories import default_service_tags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seawall.naming import Cloud
    from seawall.servicetags.difference import Difference
    from seawall.servicetags.prefixes import AddressSet
    from seawall.servicetags.snapshot import Snapshot

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Microsoft's weekly lists of address ranges: get, look up, compare.")

FilesArgument = Annotated[list[Path], typer.Argument(help="Weekly files, or directories of them.", show_default=False)]

NOTHING_FOUND = 1
"""Exit code of a look-up without an answer."""


@app.command(
    epilog=examples(
        "seawall service-tags fetch",
        "seawall service-tags fetch --cloud usgov",
        "seawall service-tags fetch --file ServiceTags_Public_20251020.json",
        "HTTPS_PROXY=http://proxy:3128 seawall service-tags fetch",
    )
)
def fetch(
    cloud: CloudOption = None,
    url: Annotated[str | None, typer.Option(help="A mirror's address of the file.")] = None,
    file: Annotated[Path | None, typer.Option(help="A file that was downloaded by hand.")] = None,
    json: JsonOption = False,
) -> None:
    """Get this week's file, verify it, and keep it; one that is not sound changes nothing."""
    from seawall.neighbours import neighbours  # noqa: PLC0415 - slow to import, not needed for --help
    from seawall.servicetags import feed  # noqa: PLC0415
    from seawall.servicetags.snapshot import SnapshotError  # noqa: PLC0415

    if url is not None and file is not None:
        fail("--url and --file: give one of them")
    whose = _cloud(cloud)
    beside = neighbours(whose)
    if beside is None:
        fail(f"{whose.name} has no service tags; they are for Microsoft's clouds")
    try:
        data, where = (feed.read_octets(file), str(file)) if file else feed.fetch(whose, url)
        kept = feed.Shelf(default_service_tags()).keep(data, where, beside.tags)
    except (feed.FeedError, SnapshotError) as error:
        fail(str(error), 1)
    except OSError as error:
        fail(f"{error.filename or default_service_tags()}: {error.strerror or error}", 1)
    if json:
        say_json({**_facts(kept.snapshot), "news": kept.news, "file": str(kept.path)})
    else:
        what = "something new" if kept.news else "the same as before"
        say(f"{kept.snapshot.cloud} {kept.snapshot.change}: {len(kept.snapshot.tags)} tags, {what}; in {kept.path}")


@app.command(
    epilog=examples(
        "seawall service-tags show AzureContainerRegistry.KoreaCentral",
        "seawall service-tags show Storage.WestEurope --json",
        "seawall service-tags show",
    )
)
def show(
    tag: Annotated[str | None, typer.Argument(help="The tag; all of them are listed when left out.")] = None,
    tags_file: TagsFileOption = None,
    cloud: CloudOption = None,
    json: JsonOption = False,
) -> None:
    """Show a service tag's addresses, in the fewest prefixes."""
    from seawall.servicetags.snapshot import TagMissingError  # noqa: PLC0415

    snapshot = snapshot_of(Options(tags_file=tags_file), _cloud(cloud))
    if tag is None:
        _list(snapshot, json=json)
        return
    try:
        found, addresses = snapshot.tag(tag), snapshot.addresses(tag)
    except TagMissingError as error:
        fail(str(error), NOTHING_FOUND)
    if json:
        facts = {"tag": found.name, "region": found.region or None, "change": found.change}
        say_json({**facts, **_counts(addresses), "prefixes": list(addresses.cidrs)})
        return
    for prefix in addresses.cidrs:
        say(prefix)


@app.command(
    epilog=examples("seawall service-tags lookup 20.41.69.130", "seawall service-tags lookup 13.69.64.80 --json")
)
def lookup(
    addresses: Annotated[list[str], typer.Argument(help="Addresses or ranges.", show_default=False)],
    tags_file: TagsFileOption = None,
    cloud: CloudOption = None,
    json: JsonOption = False,
) -> None:
    """Say which service tags hold an address, the most particular first. Ends with 1 if none holds it."""
    from seawall.servicetags.prefixes import PrefixError  # noqa: PLC0415

    snapshot = snapshot_of(Options(tags_file=tags_file), _cloud(cloud))
    try:
        found = {address: [tag.name for tag in snapshot.lookup(address)] for address in addresses}
    except PrefixError as error:
        fail(str(error))
    if json:
        say_json(found)
    else:
        say_table(("Address", "Service tags"), [(one, ", ".join(tags) or "none") for one, tags in found.items()])
    if not all(found.values()):
        raise typer.Exit(NOTHING_FOUND)


@app.command(
    epilog=examples(
        "seawall service-tags diff old.json new.json", "seawall service-tags diff old.json new.json --tag Storage"
    )
)
def diff(
    old: Annotated[Path, typer.Argument(help="The earlier file.", show_default=False)],
    new: Annotated[Path, typer.Argument(help="The later file.", show_default=False)],
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="Only this tag and its regions. May be repeated.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Compare two weekly files as address space, tag by tag."""
    from seawall.servicetags.difference import compare  # noqa: PLC0415

    before, after = _read(old), _read(new)
    known = {name for one in (before, after) for item in one.tags.values() for name in (item.name, item.service)}
    for name in tag or ():
        if name not in known:
            fail(f"neither file has the service tag {name!r}", NOTHING_FOUND)
    try:
        difference = compare(before, after)
    except ValueError as error:
        fail(str(error))
    _say_difference(difference, tag or [], json=json)


@app.command(epilog=examples("seawall service-tags history weekly/ --tag AzureContainerRegistry.KoreaCentral"))
def history(
    files: FilesArgument,
    tag: Annotated[list[str], typer.Option("--tag", help="The tag. May be repeated.", show_default=False)],
    json: JsonOption = False,
) -> None:
    """Follow tags through many weekly files; those that are not sound are named and left out."""
    from seawall.servicetags.history import follow  # noqa: PLC0415

    chosen = frozenset(tag)
    steps = []
    known: set[str] = set()
    for step in follow(_paths(files), chosen):
        if step.fault:
            typer.echo(f"seawall: {step.fault}", err=True)
        else:
            steps.append(step)
            known |= step.known
    if not steps:
        fail("there is no sound service-tag file among these", NOTHING_FOUND)
    if missing := sorted(chosen - known):
        # Not the same as one that never changes.
        fail(f"no file has the service tag {missing[0]!r}", NOTHING_FOUND)
    if json:
        say_json(
            [
                {"file": str(step.path), "change": step.change, "tag": one.tag, "fate": one.fate, **_moved(one)}
                for step in steps
                for one in step.changes
            ]
        )
        return
    rows = [
        (step.path.name, one.tag, one.fate, f"+{one.added.v4.size:,}", f"-{one.removed.v4.size:,}")
        for step in steps
        for one in step.changes
    ]
    say_table(("File", "Tag", "What", "IPv4 added", "IPv4 removed"), rows)


def _cloud(text: str | None) -> Cloud:
    return cloud_of("public" if text is None else text)


def _read(path: Path) -> Snapshot:
    from seawall.servicetags.feed import read_file  # noqa: PLC0415
    from seawall.servicetags.snapshot import SnapshotError  # noqa: PLC0415

    try:
        return read_file(path)
    except SnapshotError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{path}: {error.strerror}")


def _paths(files: list[Path]) -> Iterator[Path]:
    for path in files:
        found = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not found:
            fail(f"{path}: there are no .json files in it")
        yield from found


def _list(snapshot: Snapshot, *, json: bool) -> None:
    if json:
        say_json({**_facts(snapshot), "tags": {name: tag.change for name, tag in sorted(snapshot.tags.items())}})
        return
    for name in sorted(snapshot.tags):
        say(name)


def _say_difference(difference: Difference, tags: list[str], *, json: bool) -> None:
    chosen = [one for one in difference.changes if not tags or one.tag in tags or one.tag.partition(".")[0] in tags]
    if json:
        changes = [{"tag": one.tag, "fate": one.fate, **_moved(one)} for one in chosen]
        say_json({"old": difference.old, "new": difference.new, "changes": changes})
        return
    rows = [
        (one.tag, one.fate, f"+{one.added.v4.size:,}", f"-{one.removed.v4.size:,}", _sample(one.added, one.removed))
        for one in chosen
    ]
    say_table(("Tag", "What", "IPv4 added", "IPv4 removed", "Such as"), rows)


def _sample(added: AddressSet, removed: AddressSet) -> str:
    marked = [f"+{prefix}" for prefix in added.cidrs[:2]] + [f"-{prefix}" for prefix in removed.cidrs[:2]]
    return " ".join(marked)


def _moved(change: Any) -> dict[str, Any]:  # noqa: ANN401 - a Change, which is imported late
    return {"added": list(change.added.cidrs), "removed": list(change.removed.cidrs)}


def _facts(snapshot: Snapshot) -> dict[str, Any]:
    return {"cloud": snapshot.cloud, "change": snapshot.change, "fingerprint": snapshot.fingerprint}


def _counts(addresses: AddressSet) -> dict[str, int]:
    return {"ipv4_addresses": addresses.v4.size, "ipv6_addresses": addresses.v6.size}
