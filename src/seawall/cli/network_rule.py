"""``seawall network-rule``: where a registry's clients may come from, by addresses and by service tags."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from seawall.cli.need import CloudOption, TagsFileOption
from seawall.cli.output import examples, fail, say, say_json, say_table, warn
from seawall.cli.place import (
    ConfigOption,
    JsonOption,
    RegistryOption,
    StateOption,
    change_registry,
    opened,
    the_registry,
)
from seawall.cli.tag_rules import refresh, tag_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from seawall.network import NetworkRules, Range
    from seawall.tag_rule import TagRule
    from seawall.topology import Registry

__all__ = ["app"]

NOT_THERE = 1
"""Exit code when a rule that was to go is not there."""

app = typer.Typer(
    no_args_is_help=True,
    help="Network rules: where clients may come from, by address or service tag; changes count at once.",
)

RulesArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="RANGE|TAG...",
        help="An IPv4 or IPv6 address, a prefix such as 203.0.113.0/24, or a service tag such as AzureDevOps.",
    ),
]


class Wanted(NamedTuple):
    """What was written: ranges and service tags, each once, in the order they came."""

    ranges: list[Range]
    tags: list[str]


@app.command("list", epilog=examples("seawall network-rule list", "seawall network-rule list -r myregistry --json"))
def list_rules(
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """List a registry's network rules, and whether they count."""
    with opened(state, config) as database:
        found = the_registry(database, registry)
    if json:
        say_json(_facts(found))
        return
    if found.network.count:
        ranges = [(str(one), "") for one in found.network.ranges]
        say_table(("RANGE OR TAG", "MEANS"), [*ranges, *((rule.tag, _means(rule)) for rule in found.network.tags)])
        say()
    say(_meaning(found))


@app.command(
    epilog=examples(
        "seawall network-rule add 203.0.113.7",
        "seawall network-rule add 203.0.113.0/24 2001:db8:40::/48 --registry myregistry",
        "seawall network-rule add AzureDevOps AzureCloud.WestEurope",
    )
)
def add(
    rules: RulesArgument,
    registry: RegistryOption = None,
    tags_file: TagsFileOption = None,
    cloud: CloudOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Let clients in from some addresses, or from wherever a service tag says; rules that are there already stay.

    Rules count once the registry refuses everybody else: seawall registry update NAME --default-action deny. A tag's
    addresses are those of the last weekly file fetched ('seawall service-tags fetch') until 'network-rule refresh'.
    """
    wanted = _parsed(rules)
    made = tag_rules(wanted.tags, tags_file, cloud, config)

    def change(before: NetworkRules) -> NetworkRules:
        new = before.adding(wanted.ranges)
        for rule in made:
            new = new.adding_tag(rule)
        return new

    before, after = _change(registry, state, config, change)
    if json:
        say_json(_facts(after))
        return
    for one in wanted.ranges:
        say(f"{one} is there already." if one in before.network.ranges else f"Added {one}.")
    for rule in made:
        say(f"{rule.tag} is there already." if before.network.tag(rule.tag) else f"Added {rule.tag}: {_means(rule)}.")
    say(_meaning(after))


@app.command(epilog=examples("seawall network-rule remove 203.0.113.7 AzureDevOps --registry myregistry"))
def remove(
    rules: RulesArgument,
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Remove rules, written as 'seawall network-rule list' shows them; ends with 1 when one is not there."""
    unwanted = _parsed(rules)

    def change(before: NetworkRules) -> NetworkRules:
        new = before.removing(unwanted.ranges)
        for tag in unwanted.tags:
            new = new.without_tag(tag)
        return new

    before, after = _change(registry, state, config, change)
    missing = [str(one) for one in unwanted.ranges if one not in before.network.ranges]
    missing += [tag for tag in unwanted.tags if before.network.tag(tag) is None]
    for one in missing:
        warn(f"{before.name} has no rule for {one}")
    if json:
        say_json(_facts(after))
    else:
        for one in (*map(str, unwanted.ranges), *unwanted.tags):
            if one not in missing:
                say(f"Removed {one}.")
        say(_meaning(after))
    if missing:
        raise SystemExit(NOT_THERE)


app.command(
    epilog=examples(
        "seawall network-rule refresh",
        "seawall network-rule refresh --fetch --every 6h",
        "seawall network-rule refresh --service-tags ServiceTags_Public_20251024.json --json",
    )
)(refresh)


@app.command(epilog=examples("seawall network-rule refused", "seawall network-rule refused --json"))
def refused(
    registry: RegistryOption = None, state: StateOption = None, config: ConfigOption = None, json: JsonOption = False
) -> None:
    """List the clients that this node has refused within 30 days, the latest first.

    To let one in: seawall network-rule add ADDRESS. Every region's node keeps a list of its own.
    """
    from seawall.metadata import sightings  # noqa: PLC0415
    from seawall.sightings import Kind  # noqa: PLC0415

    with opened(state, config) as database:
        found = the_registry(database, registry)
        seen = database.read_now(sightings.seen, found.name, Kind.REFUSED)
    facts = [
        {
            "address": one.sighting.address,
            "times": one.times,
            "first": _moment(one.first),
            "last": _moment(one.last),
            "comes_in_now": found.admits(one.sighting.address),
        }
        for one in seen
    ]
    if json:
        say_json(facts)
        return
    if not facts:
        say(f"Nobody was refused by {found.name} within {sightings.DAYS} days.")
        return
    rows = [
        (str(one["address"]), str(one["times"]), str(one["last"]), "yes" if one["comes_in_now"] else "no")
        for one in facts
    ]
    say_table(("ADDRESS", "TIMES", "LAST", "COMES IN NOW"), rows)
    say()
    say(f"To let one in: seawall network-rule add ADDRESS -r {found.name}")


def _moment(milliseconds: int) -> str:
    from datetime import UTC, datetime  # noqa: PLC0415

    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")


def _parsed(rules: list[str]) -> Wanted:
    from seawall.network import NetworkRulesError, parse_range  # noqa: PLC0415 - slow to import, not needed for --help
    from seawall.tag_rule import is_tag_name  # noqa: PLC0415

    tags = [text for text in dict.fromkeys(rules) if is_tag_name(text)]
    try:
        return Wanted(list(dict.fromkeys(parse_range(text) for text in rules if not is_tag_name(text))), tags)
    except NetworkRulesError as error:
        fail(str(error))


def _change(
    name: str | None, state: StateOption, config: ConfigOption, change: Callable[[NetworkRules], NetworkRules]
) -> tuple[Registry, Registry]:
    """Change a registry's rules; return it as it was and as it is."""
    return change_registry(name, state, config, lambda before: replace(before, network=change(before.network)))


def _facts(registry: Registry) -> dict[str, object]:
    return {
        "registry": registry.name,
        "default_action": registry.network.default_action.value,
        "rules": [str(one) for one in registry.network.ranges],
        "service_tags": [
            {"tag": rule.tag, "cloud": rule.cloud, "change": rule.change, "prefixes": list(rule.addresses.cidrs)}
            for rule in registry.network.tags
        ],
    }


def _means(rule: TagRule) -> str:
    """Say how many addresses a rule lets in."""
    addresses = rule.addresses
    return f"{addresses.v4.size:,} IPv4 addresses in {len(addresses.cidrs):,} ranges, {rule.cloud} {rule.change}"


def _meaning(registry: Registry) -> str:
    from seawall.network import Action  # noqa: PLC0415

    rules = registry.network
    if rules.default_action is Action.DENY:
        many = "these addresses" if rules.count else "nobody"
        return f"{registry.name} answers {many} and refuses everybody else."
    switch = f"seawall registry update {registry.name} --default-action deny"
    if rules.count:
        return f"{registry.name} answers everybody; its rules do not count before '{switch}'."
    return f"{registry.name} answers everybody. To let in only some, add rules for them, then '{switch}'."
