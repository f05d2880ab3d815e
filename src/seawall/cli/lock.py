"""``seawall lock``: tags, manifests and repositories that must not be overwritten, deleted, read or listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli.output import examples, fail, say, say_json, say_table
from seawall.cli.place import ConfigOption, JsonOption, RegistryOption, StateOption, opened, the_registry

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help="Locks: tags, manifests and repositories that must not be overwritten or deleted, or not be read or listed; "
    "they count in every region.",
)

TargetArgument = Annotated[
    str, typer.Argument(metavar="REPOSITORY[:TAG|@DIGEST]", help="What to lock; a repository as a whole without more.")
]
RightsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--against",
        help="delete, write (which is against deleting, too), read or list; delete and write if left out.",
        show_default=False,
    ),
]
RightsToGiveBackOption = Annotated[
    list[str] | None,
    typer.Option("--against", help="delete, write, read or list; all of them if left out.", show_default=False),
]


@app.command("list", epilog=examples("seawall lock list --registry myregistry --json"))
def list_locks(
    registry: RegistryOption = None, state: StateOption = None, config: ConfigOption = None, json: JsonOption = False
) -> None:
    """List what is locked."""
    from seawall.metadata import locks  # noqa: PLC0415 - slow to import, not needed for --help

    with opened(state, config) as database:
        found = database.read_now(locks.list_all, the_registry(database, registry).name)
    if json:
        say_json([{"repository": one.repository, "name": one.name, "against": sorted(one.rights)} for one in found])
    else:
        say_table(
            ("REPOSITORY", "TAG OR DIGEST", "AGAINST"),
            [(one.repository, one.name or "everything", ", ".join(sorted(one.rights))) for one in found],
        )


@app.command("set", epilog=examples("seawall lock set team/app:1.2", "seawall lock set team/app --against delete"))
def set_lock(
    target: TargetArgument,
    against: RightsOption = None,
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Lock something; it counts here at once, and in other regions as soon as they hear of it."""
    _change(target, against or ["delete", "write"], registry, state, config, allowed=False, json=json)


@app.command("remove", epilog=examples("seawall lock remove team/app:1.2 --against write"))
def remove(
    target: TargetArgument,
    against: RightsToGiveBackOption = None,
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Take a lock off."""
    _change(target, against, registry, state, config, allowed=True, json=json)


def _change(
    target: str,
    against: list[str] | None,
    registry: str | None,
    state: Path | None,
    config: Path | None,
    *,
    allowed: bool,
    json: bool,
) -> None:
    from seawall.blobs.digest import DigestError, parse_digest  # noqa: PLC0415
    from seawall.metadata import locks, tags  # noqa: PLC0415
    from seawall.metadata.repositories import Repository  # noqa: PLC0415
    from seawall.naming import NamingError, check_repository  # noqa: PLC0415

    path, at, digest = target.partition("@")
    tag = ""
    if not at:
        path, _, tag = target.partition(":")
    try:
        rights = [locks.Right(one) for one in against] if against else list(locks.Right)
        name = parse_digest(digest) if at else tag
        check_repository(path)
    except (NamingError, DigestError) as error:
        fail(str(error))
    except ValueError:
        fail(f"--against must be one of {', '.join(locks.Right)}")
    if tag and not tags.GRAMMAR.fullmatch(tag):
        fail(f"{tag!r} is no tag")
    with opened(state, config) as database:
        repository = Repository(the_registry(database, registry).name, path)
        with database.writing() as writer:
            for right in rights:
                locks.put(writer, repository, name, right, allowed=allowed)
    words = " and ".join(filter(None, (", ".join(rights[:-1]), rights[-1])))
    if json:
        say_json({"repository": path, "name": name, "against": sorted(rights), "locked": not allowed})
    else:
        say(f"{target} is {'no longer locked' if allowed else 'locked'} against {words}.")
