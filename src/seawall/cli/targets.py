"""``seawall targets``: the firewalls that rules can be written for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli.output import fail, say, say_json, say_table
from seawall.cli.place import JsonOption

if TYPE_CHECKING:
    from seawall.firewall.targets.contract import Target

__all__ = ["target_of", "targets"]


def targets(
    json: JsonOption = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the table and all caveats in Markdown.")] = False,
) -> None:
    """List the firewalls that rules can be written for, and what each can express."""
    from seawall.firewall.targets.matrix import matrix  # noqa: PLC0415 - slow to import, not needed for --help
    from seawall.firewall.targets.table import all_targets  # noqa: PLC0415

    every = list(all_targets())
    if markdown:
        say(matrix(every))
        return
    if json:
        say_json(
            [
                {
                    "target": one.name,
                    "title": one.title,
                    "ways": [way.value for way in one.ability.ways],
                    "wildcard": one.ability.wildcard.value,
                    "ipv6": one.ability.ipv6,
                    "formats": list(one.formats),
                    "atomic": one.ability.atomic,
                    "checker": one.ability.checker or None,
                    "caveats": list(one.ability.caveats),
                    "source": one.ability.source,
                }
                for one in every
            ]
        )
        return
    rows = [
        (one.name, one.title, ", ".join(one.ability.ways), one.ability.wildcard.value, ", ".join(one.formats))
        for one in every
    ]
    say_table(("Target", "Firewall", "By", "Wildcard stands for", "Formats"), rows)


def target_of(text: str) -> tuple[Target, str]:
    """Find the target and format that somebody asked for: ``nftables``, ``nsg:bicep``."""
    from seawall.firewall.targets.table import TargetUnknownError, find_target  # noqa: PLC0415

    name, _, form = text.partition(":")
    try:
        target = find_target(name)
    except TargetUnknownError as error:
        fail(f"--to: {error}")
    if form and form not in target.formats:
        fail(f"--to: {name} has no format {form!r}; there is {', '.join(target.formats)}")
    return target, form or next(iter(target.formats))
