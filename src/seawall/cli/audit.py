"""``seawall audit``: what an existing firewall configuration does to the flows that are needed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli.need import (
    CloudOption,
    DataEndpointsOption,
    DualStackOption,
    FromOption,
    McrOption,
    NameArgument,
    Options,
    PrivateLinkOption,
    PushOption,
    RegionalOption,
    RegionsOption,
    RevocationOption,
    SignInOption,
    SwitchingOption,
    TagsFileOption,
    need_of,
    resolved_of,
    snapshot_of,
)
from seawall.cli.output import fail, say, say_json, say_table
from seawall.cli.place import JsonOption
from seawall.cli.sources import decoded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seawall.firewall.audit.contract import Wall
    from seawall.firewall.audit.verdicts import Audit, Finding
    from seawall.firewall.need import Need
    from seawall.servicetags.prefixes import AddressSet

__all__ = ["audit"]

NOT_ALLOWED = 4
"""Exit code when a flow that clients cannot do without is not let through."""

_MANY = 8
"""Ranges from which the rest is counted only; JSON has them all."""

_MANY_RULES = 3
"""Rules of one flow, the same way."""


def audit(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The configuration; - for standard input.")],
    name: NameArgument = None,
    regions: RegionsOption = None,
    data_endpoints: DataEndpointsOption = None,
    switching: SwitchingOption = False,
    regional_endpoints: RegionalOption = None,
    private_link: PrivateLinkOption = None,
    dual_stack: DualStackOption = None,
    push: PushOption = False,
    mcr: McrOption = False,
    sign_in: SignInOption = False,
    revocation: RevocationOption = False,
    cloud: CloudOption = None,
    sources: FromOption = None,
    tags_file: TagsFileOption = None,
    form: Annotated[
        str | None,
        typer.Option("--format", help="nft, iptables, squid, nsg or list.", show_default="guessed"),
    ] = None,
    path: Annotated[
        str | None,
        typer.Option(
            "--path",
            help="output for what the machine itself sends, forward for what it passes on.",
            show_default="whichever is filtered",
        ),
    ] = None,
    client: Annotated[
        list[str] | None,
        typer.Option("--client", metavar="RANGE", help="Where clients are, for rules by source. May be repeated."),
    ] = None,
    resolve: Annotated[bool, typer.Option("--resolve", help="Look up addresses of single hosts now, by DNS.")] = False,
    json: JsonOption = False,
) -> None:
    """Say what a firewall configuration does to every flow that clients of a registry need.

    Reads what 'nft -j list ruleset' and 'iptables-save' print, squid.conf, a network security group (ARM or az), and
    plain lists. Ends with 4 when a needed flow is not let through.
    """
    need = need_of(
        Options(
            name=name,
            regions=tuple(regions or ()),
            data_endpoints=data_endpoints,
            switching=switching,
            regional_endpoints=regional_endpoints,
            private_link=private_link,
            dual_stack=dual_stack,
            push=push,
            mcr=mcr,
            sign_in=sign_in,
            revocation=revocation,
            cloud=cloud,
            sources=tuple(sources or ()),
            tags_file=tags_file,
        )
    )
    walls = _walls(file, form, path)
    found = _judge(need, walls, tags_file, _clients(client or ()), resolve=resolve)
    if json:
        say_json(_document(found))
    else:
        _say(found)
    if not found.passes:
        raise SystemExit(NOT_ALLOWED)


def _walls(file: str, form: str | None, path: str | None) -> Sequence[Wall]:
    from seawall.firewall.audit.contract import AuditError  # noqa: PLC0415 - slow to import, not needed for --help
    from seawall.firewall.audit.table import READERS, guess_format  # noqa: PLC0415

    if form is not None and form not in READERS:
        fail(f"--format: {form!r} is none of {', '.join(READERS)}")
    if path not in {None, "output", "forward"}:
        fail(f"--path: {path!r} is neither output nor forward")
    try:
        text = decoded(sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes())
        walls = READERS[form or guess_format(text)](text)
    except AuditError as error:
        fail(f"{file}: {error}")
    except UnicodeDecodeError as error:
        fail(f"{file}: this is no text: {error}")
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    return [wall for wall in walls if path is None or wall.path in {path, ""}]


def _clients(texts: Sequence[str]) -> AddressSet:
    from seawall.servicetags.prefixes import AddressSet, PrefixError  # noqa: PLC0415

    try:
        return AddressSet.of(texts)
    except PrefixError as error:
        fail(f"--client: {error}")


def _judge(need: Need, walls: Sequence[Wall], tags_file: Path | None, client: AddressSet, *, resolve: bool) -> Audit:
    from seawall.firewall.audit.contract import AuditError  # noqa: PLC0415
    from seawall.firewall.audit.verdicts import audit_walls, knows_addresses  # noqa: PLC0415
    from seawall.firewall.need import NeedError  # noqa: PLC0415
    from seawall.neighbours import neighbours  # noqa: PLC0415
    from seawall.servicetags.snapshot import TagMissingError  # noqa: PLC0415

    resolved = resolved_of(need) if resolve else None
    published = neighbours(need.cloud) is not None and knows_addresses(walls)
    try:
        snapshot = snapshot_of(Options(tags_file=tags_file), need.cloud) if published else None
        return audit_walls(need, walls, snapshot=snapshot, resolved=resolved, client=client)
    except (AuditError, NeedError, TagMissingError) as error:
        fail(str(error))


def _say(found: Audit) -> None:
    rows = []
    for one in found.findings:
        optional = " (optional)" if one.flow.extra else ""
        rows.append((f"{one.passage.verdict}{optional}", one.flow.host, str(one.flow.port), _details(one)))
    say_table(("Verdict", "Endpoint", "Port", "Because"), rows)
    for title, lines in (
        ("Stale ranges, in no service tag that is asked for", found.stale_ranges),
        ("Stale names", [f"{name}: {why}" for name, why in found.stale_names]),
        ("Note", found.remarks),
    ):
        if lines:
            say(f"\n{title}:")
            for line in _few(lines):
                say(f"  {line}")


def _details(one: Finding) -> str:
    passage = one.passage
    words = [f"by {rule}" for rule in passage.by[:_MANY_RULES]]
    words += [f"and by {len(passage.by) - _MANY_RULES} more rules"] if len(passage.by) > _MANY_RULES else []
    words += [f"by default ({passage.default})"] if passage.default else []
    words += [passage.why] if passage.why else []
    missing = [*passage.missing_names, *passage.missing.cidrs] if passage.why and passage.by else []
    words += [f"missing: {', '.join(_few(missing))}"] if missing else []
    words += [f"too wide: {one.wide}"] if one.wide else []
    return "\n".join(words)


def _few(lines: Sequence[str]) -> list[str]:
    return [*lines[:_MANY], *([f"and {len(lines) - _MANY} more"] if len(lines) > _MANY else [])]


def _document(found: Audit) -> dict[str, Any]:
    return {
        "passes": found.passes,
        "flows": [
            {
                "host": one.flow.host,
                "port": one.flow.port,
                "purpose": one.flow.purpose.value,
                "optional": one.flow.extra,
                "verdict": one.passage.verdict.value,
                "by": [{"where": rule.where, "text": rule.text} for rule in one.passage.by],
                "by_default": one.passage.default or None,
                "why": one.passage.why or None,
                "missing_names": list(one.passage.missing_names),
                "missing_prefixes": list(one.passage.missing.cidrs),
                "too_wide": one.wide or None,
            }
            for one in found.findings
        ],
        "stale_ranges": list(found.stale_ranges),
        "stale_names": [{"name": name, "why": why} for name, why in found.stale_names],
        "remarks": list(found.remarks),
    }
