"""``seawall endpoints`` and ``seawall rules``: what a wall must open, and that in its own language."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

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
from seawall.cli.output import CANNOT_EXPRESS, fail, say_json, say_table
from seawall.cli.place import JsonOption
from seawall.cli.targets import target_of

if TYPE_CHECKING:
    from seawall.firewall.need import Need
    from seawall.firewall.rules import RuleSet, Way
    from seawall.firewall.targets.contract import Target

__all__ = ["endpoints", "rules"]


def endpoints(
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
    json: JsonOption = False,
) -> None:
    """List the endpoints that clients of a registry need, and why."""
    from seawall.firewall.need import flows  # noqa: PLC0415 - slow to import, not needed for --help

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
        )
    )
    found = flows(need)
    if json:
        say_json(
            [
                {
                    "host": flow.host,
                    "port": flow.port,
                    "purpose": flow.purpose.value,
                    "regions": list(flow.regions),
                    "tags": list(flow.tags),
                    "optional": flow.extra,
                    "why": flow.why,
                    "source": flow.source,
                }
                for flow in found
            ]
        )
        return
    rows = [(flow.host, str(flow.port), flow.purpose.value, flow.why) for flow in found]
    say_table(("Endpoint", "Port", "For", "Why"), rows)


def rules(
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
    to: Annotated[
        str, typer.Option("--to", metavar="TARGET[:FORMAT]", help="The firewall; 'seawall targets' lists them.")
    ] = "markdown",
    by: Annotated[
        str | None,
        typer.Option("--by", help="name, ip, tag or private-link.", show_default="the narrowest the target has"),
    ] = None,
    resolve: Annotated[bool, typer.Option("--resolve", help="Look up addresses of single hosts now, by DNS.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write to a file instead of standard output.")
    ] = None,
    watch: Annotated[
        str,
        typer.Option(
            "--watch",
            metavar="TIME",
            help="Keep the file of --out current by IP, this often: 6h, 1d. 'seawall upkeep run' has more to choose.",
        ),
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print JSON; the same as --to json.")] = False,
) -> None:
    """Write the rules that let clients of a registry through, in a firewall's own language.

    Ends with 3 when the firewall cannot express them; the message says what to do instead.
    """
    options = Options(
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
    target, form = target_of("json" if json else to)
    need = need_of(options)
    if watch:
        _watch(need, target, form, out, options, watch)
    text = _write(target, form, _rule_set(need, target, by, options, resolve=resolve))
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        fail(f"{out}: {error.strerror}", 1)


def _watch(need: Need, target: Target, form: str, out: Path | None, options: Options, every: str) -> NoReturn:
    from seawall.cli.upkeep import go_on  # noqa: PLC0415
    from seawall.firewall.keeper import Job, state_beside  # noqa: PLC0415

    if out is None:
        fail("--watch keeps a file current; say which with --out")
    job = Job(need=need, target=target, form=form, file=out, state=state_beside(out))
    go_on(job, options, every=every)


def _rule_set(need: Need, target: Target, by: str | None, options: Options, *, resolve: bool) -> RuleSet:
    from seawall.firewall.need import NeedError  # noqa: PLC0415
    from seawall.firewall.rules import Way  # noqa: PLC0415
    from seawall.firewall.targets.advice import advised  # noqa: PLC0415
    from seawall.servicetags.snapshot import TagMissingError  # noqa: PLC0415

    way = _way(by, target)
    resolved = resolved_of(need) if resolve else None
    # A file that was given is used to check the spelling of tags as well.
    wanted = (way is Way.IP and not resolve) or (way is Way.TAG and options.tags_file is not None)
    snapshot = snapshot_of(options, need.cloud) if wanted else None
    try:
        return advised(need, target, way, snapshot=snapshot, resolved=resolved)
    except (NeedError, TagMissingError) as error:
        fail(str(error))


def _way(by: str | None, target: Target) -> Way:
    from seawall.firewall.rules import Way  # noqa: PLC0415

    if by is None:
        return target.ability.ways[0]
    try:
        return Way(by)
    except ValueError:
        fail(f"--by: {by!r} is none of {', '.join(Way)}")


def _write(target: Target, form: str, rules: RuleSet) -> str:
    from seawall.firewall.targets.contract import CannotExpressError, write  # noqa: PLC0415

    try:
        return write(target, form, rules)
    except CannotExpressError as error:
        fail(str(error), CANNOT_EXPRESS)
