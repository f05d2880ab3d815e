"""``seawall explain``: what a host, an address, a log line or an error message is about."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli.need import (
    CloudOption,
    DataEndpointsOption,
    FromOption,
    McrOption,
    Options,
    PrivateLinkOption,
    RegionsOption,
    TagsFileOption,
    cloud_of,
    need_of,
    newest_snapshot,
)
from seawall.cli.output import CANNOT_EXPRESS, fail, say, say_json
from seawall.cli.place import JsonOption
from seawall.cli.sources import decoded
from seawall.cli.targets import target_of

if TYPE_CHECKING:
    from seawall.firewall.explain import Explanation, Finding
    from seawall.firewall.need import Need
    from seawall.firewall.targets.contract import Target
    from seawall.servicetags.snapshot import Snapshot

__all__ = ["explain"]

_PIECE = 1 << 20

NOTHING_FOUND = 1
"""Exit code when the text names nothing that could be explained."""


def explain(
    text: Annotated[
        list[str],
        typer.Argument(help="Host, address, log line or error; - for standard input.", show_default=False),
    ],
    registry: Annotated[str | None, typer.Option("--registry", help="The registry it is about.")] = None,
    regions: RegionsOption = None,
    data_endpoints: DataEndpointsOption = None,
    private_link: PrivateLinkOption = None,
    mcr: McrOption = False,
    cloud: CloudOption = None,
    sources: FromOption = None,
    tags_file: TagsFileOption = None,
    to: Annotated[
        str, typer.Option("--to", metavar="TARGET[:FORMAT]", help="Write the rule in this firewall's language.")
    ] = "",
    json: JsonOption = False,
) -> None:
    """Say what a host, an address, a log line or an error is about, and which rule would allow it."""
    from seawall.firewall.explain import explain as look_at  # noqa: PLC0415 - slow to import, not needed for --help

    words = _standard_input() if text == ["-"] else " ".join(text)
    options = Options(
        name=registry,
        regions=tuple(regions or ()),
        data_endpoints=data_endpoints,
        private_link=private_link,
        mcr=mcr,
        cloud=cloud,
        sources=tuple(sources or ()),
        tags_file=tags_file,
    )
    described = (registry, sources, mcr, regions, data_endpoints is not None, private_link is not None)
    need = need_of(options) if any(described) else None
    written = target_of(to) if to else None
    if written and need is None:
        fail("--to: say which registry the rule is for: --registry")
    place = need.cloud if need else cloud_of("public" if options.cloud is None else options.cloud)
    snapshot = newest_snapshot(options, place)
    explanation = look_at(words, need, snapshot)
    if json:
        say_json(_document(explanation))
    else:
        _tell(explanation)
        if written and need:
            _write(explanation, need, snapshot, *written)
    if not explanation.findings and explanation.symptom is None:
        if not json:
            fail("there is no host, address or known error in this", NOTHING_FOUND)
        raise typer.Exit(NOTHING_FOUND)


def _standard_input() -> str:
    """Read the end of a log of any length, in whatever it is written."""
    data = b""
    while part := sys.stdin.buffer.read(_PIECE):
        data = (data + part)[-_PIECE:]
    return decoded(data, "replace")


def _document(explanation: Explanation) -> dict[str, Any]:
    symptom = explanation.symptom
    return {
        "symptom": symptom._asdict() if symptom else None,
        "findings": [
            {
                "what": one.what,
                "meaning": one.meaning,
                "expected": one.expected,
                "purpose": one.flow.purpose.value if one.flow else None,
                "rule": _rule(one),
                "tags": list(one.tags),
            }
            for one in explanation.findings
        ],
    }


def _tell(explanation: Explanation) -> None:
    if explanation.symptom:
        say(f"Cause: {explanation.symptom.meaning}.")
        say(f"  {explanation.symptom.advice[0].upper()}{explanation.symptom.advice[1:]}.")
    for one in explanation.findings:
        say(f"{one.what}: {one.meaning}.")
        if one.expected is not None:
            say(f"  {'Expected' if one.expected else 'Not expected'} of a client of this registry.")
        if one.tags:
            say(f"  Service tags: {', '.join(one.tags)}")
        if rule := _rule(one):
            say(f"  Allowed by: {rule}")


def _write(explanation: Explanation, need: Need, snapshot: Snapshot | None, target: Target, form: str) -> None:
    """Write the rules of the flows that were found, in a firewall's language."""
    from seawall.firewall.need import NeedError  # noqa: PLC0415
    from seawall.firewall.plan import plan  # noqa: PLC0415
    from seawall.firewall.targets.contract import CannotExpressError, write  # noqa: PLC0415
    from seawall.servicetags.snapshot import TagMissingError  # noqa: PLC0415

    flows = {one.flow for one in explanation.findings if one.flow and one.expected}
    if not flows:
        return
    try:
        text = write(target, form, plan(need, target.ability.ways[0], snapshot=snapshot, only=flows))
    except CannotExpressError as error:
        fail(str(error), CANNOT_EXPRESS)
    except (NeedError, TagMissingError) as error:
        fail(str(error))
    say()
    say(text.rstrip("\n"))


def _rule(finding: Finding) -> str | None:
    if finding.flow is None or finding.expected is False:
        return None
    return f"TCP {finding.flow.port} to {finding.flow.host}"
