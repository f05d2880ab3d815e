"""``seawall replication``: how the regions stand to one another."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli.interval import seconds_of
from seawall.cli.output import examples, fail, say, say_json, say_table
from seawall.cli.place import ConfigOption, JsonOption, RegistryOption, StateOption, opened, the_registry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from seawall.metadata.database import Database
    from seawall.replication.http_peer import HttpPeer

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="How the regions stand to one another.")

BEHIND = 4
"""Exit code while something is behind, on its way, or in trouble."""


@app.command(
    epilog=examples(
        "seawall replication status --config seawall.toml",
        "seawall replication status --watch 2s",
        "seawall replication status --json",
    )
)
def status(
    watch: Annotated[str, typer.Option(metavar="TIME", help="Show it again this often: 2s, 1m.")] = "",
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Show how far each region is behind each other, what is on its way, and what went wrong last.

    Every region is asked how it sees itself. Ends with 4 while anything is behind or in trouble, for scripts.
    """
    import asyncio  # noqa: PLC0415 - slow to import, not needed for --help

    from rich.console import Console  # noqa: PLC0415 - slow to import, not needed for --help

    pause = seconds_of(watch, "--watch") if watch else 0.0
    with opened(state, config) as database:
        while True:
            found = asyncio.run(_ask_all(database, lambda peer: peer.status(), _own_status))
            say_json(found) if json else _show(found)
            if not pause:
                break
            time.sleep(pause)
            if not json:
                Console().clear()  # nothing happens where nobody looks at a terminal
    if not all(map(_in_step, found)):
        raise typer.Exit(BEHIND)


@app.command(epilog=examples("seawall replication image team/app:1.2", "seawall replication image team/app@sha256:..."))
def image(
    name: Annotated[str, typer.Argument(metavar="REPOSITORY[:TAG|@DIGEST]", help="The image; its tag is latest.")],
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Show what each region has of an image: present, on its way, or missing."""
    import asyncio  # noqa: PLC0415 - slow to import, not needed for --help

    from seawall.blobs.digest import DigestError, parse_digest  # noqa: PLC0415 - slow to import, not needed for --help
    from seawall.metadata.repositories import Repository  # noqa: PLC0415
    from seawall.naming import NamingError, check_repository  # noqa: PLC0415
    from seawall.replication.contract import Question  # noqa: PLC0415

    repository, reference = _split(name)
    try:
        check_repository(repository)
        if "@" in name:
            parse_digest(reference)
    except (NamingError, DigestError) as error:
        fail(str(error))
    with opened(state, config) as database:
        owner = the_registry(database, registry)
        question = Question(Repository(owner.name, repository), (reference,))
        regions = {replica.region for replica in owner.replicas}

        async def own(database: Database) -> dict[str, Any]:
            from seawall.blobs.directory import DirectoryBlobs  # noqa: PLC0415
            from seawall.cli.place import place_of  # noqa: PLC0415
            from seawall.replication.status import image as own_image  # noqa: PLC0415

            store = DirectoryBlobs(place_of(state, config).root)
            return await database.read(own_image, store, question.repository, reference)

        found = asyncio.run(_ask_all(database, lambda peer: peer.image(question), own))
    found = [one for one in found if one["region"] in regions]
    if json:
        say_json(found)
    else:
        rows = [(one["region"], one.get("state", "unknown"), _image_words(one)) for one in found]
        say_table(("REGION", "STATE", "DETAIL"), rows)
    if any(one.get("state") != "present" for one in found):
        raise typer.Exit(BEHIND)


@app.command(epilog=examples("seawall replication renew --config seawall.toml"))
def renew(state: StateOption = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Let every other region read this one's log from its beginning; needed after a backup was restored here.

    Others go on where they stopped reading. Where the database was set back, what is written next takes places that
    they have read already, and they would never see it.
    """
    from seawall.metadata import log  # noqa: PLC0415 - slow to import, not needed for --help

    with opened(state, config) as database:
        database.note_now(log.renew)
        epoch = database.read_now(log.head).epoch
        region = database.region
    say_json({"region": region, "epoch": epoch}) if json else say(f"All regions read the log of {region} anew.")


async def _own_status(database: Database) -> dict[str, Any]:
    from seawall.replication.status import node  # noqa: PLC0415

    return await database.read(node, database.region)


async def _ask_all(
    database: Database,
    ask: Callable[[HttpPeer], Awaitable[dict[str, Any]]],
    own: Callable[[Database], Awaitable[dict[str, Any]]],
) -> list[dict[str, Any]]:
    """Ask every region the same; one that does not answer is told with ``unanswered``."""
    import asyncio  # noqa: PLC0415 - slow to import, not needed for --help

    from seawall.replication.contract import PeerError  # noqa: PLC0415
    from seawall.replication.neighbourhood import Neighbourhood  # noqa: PLC0415

    async def answer(peer: HttpPeer) -> dict[str, Any]:
        try:
            return {**await ask(peer), "region": peer.region, "unanswered": ""}
        except PeerError as error:
            return {"region": peer.region, "unanswered": str(error)}

    neighbourhood = Neighbourhood(database)
    try:
        mine = {**await own(database), "region": database.region, "unanswered": ""}
        others = await asyncio.gather(*(answer(peer) for peer in await neighbourhood.peers()))
    finally:
        await neighbourhood.close()
    return [mine, *others]


def _in_step(node: dict[str, Any]) -> bool:
    if node["unanswered"]:
        return False
    if not node["peers"]:
        return True
    return all(map(_peer_in_step, node["peers"])) and node["settled"] and not node["queue"]["blobs"]


def _peer_in_step(peer: dict[str, Any]) -> bool:
    # What it has fetched from here tells more than it knows: it may not have heard yet that there is more.
    if peer["it_is_behind"] or not peer["reachable"]:
        return not peer["it_is_behind"]
    return not peer["error"] and not peer["behind"] and peer["heard_seconds_ago"] is not None


def _show(nodes: list[dict[str, Any]]) -> None:
    if len(nodes) == 1 and not nodes[0]["peers"]:
        say(f"{nodes[0]['region']} is alone; 'seawall region invite' lets another one join")
        return
    rows = []
    for node in nodes:
        if node["unanswered"]:
            rows.append((node["region"], "", "does not answer", "", node["unanswered"]))
            continue
        queue = node["queue"]
        for number, peer in enumerate(node["peers"]):
            waiting = f"{queue['blobs']} layers, {_octets(queue['octets'])}" if queue["blobs"] else "none"
            first = number == 0
            error = peer["error"] or (queue["error"] if first else "")
            name = node["region"] if first else ""
            rows.append((name, peer["region"], _behind(peer), waiting if first else "", error))
    say_table(("REGION", "HAS FROM", "BEHIND", "ON THEIR WAY", "LAST ERROR"), rows)


def _behind(peer: dict[str, Any]) -> str:
    if not peer["reachable"]:
        return f"lacks {peer['it_is_behind']} changes" if peer["it_is_behind"] else "comes by itself"
    if peer["heard_seconds_ago"] is None:
        return "never heard"
    if not peer["behind"] and not peer["seconds"]:
        return "in step"
    return f"{peer['behind']} changes, {peer['seconds']:.0f} s"


def _image_words(node: dict[str, Any]) -> str:
    if node["unanswered"]:
        return str(node["unanswered"])
    if node["state"] == "missing":
        return "no such image there"
    words = f"{node['here']} of {node['blobs']} layers"
    return words if node["state"] == "present" else f"{words}, {_octets(node['octets_to_come'])} to come"


def _split(name: str) -> tuple[str, str]:
    repository, at, digest = name.partition("@")
    if at:
        return repository, digest
    repository, colon, tag = name.rpartition(":")
    return (repository, tag) if colon else (name, "latest")


def _octets(number: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if number < 1024:
            return f"{number:.0f} {unit}"
        number /= 1024
    return f"{number:.1f} GiB"
