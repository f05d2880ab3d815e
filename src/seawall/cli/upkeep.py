"""``seawall upkeep``: keeping a wall's address ranges current."""

from __future__ import annotations

import json as codec
import shlex
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from seawall.cli.interval import seconds_of
from seawall.cli.need import (
    CloudOption,
    DataEndpointsOption,
    DualStackOption,
    FromOption,
    McrOption,
    NameArgument,
    Options,
    PrivateLinkOption,
    RegionsOption,
    SignInOption,
    SwitchingOption,
    TagsFileOption,
    need_of,
)
from seawall.cli.output import examples, fail, say, say_json
from seawall.cli.place import JsonOption
from seawall.cli.replay import GraceOption, MostLostOption, policy_of, replay
from seawall.cli.targets import target_of
from seawall.directories import default_service_tags

if TYPE_CHECKING:
    from seawall.firewall.keeper import Job, Outcome
    from seawall.servicetags.snapshot import Snapshot

__all__ = ["app", "go_on"]

REFUSED = 4
"""Exit code when the new list looks like a mistake and the old rules stay."""

app = typer.Typer(no_args_is_help=True, help="Keep a wall's address ranges current: add first, remove later.")


@app.command(
    epilog=examples(
        "seawall upkeep run myregistry -r eastus --to nftables --out wall.nft --apply 'nft -f {file}'",
        "seawall upkeep run myregistry -r eastus --to text --out /srv/edl/registry.txt --every 6h",
        "seawall upkeep run myregistry -r eastus --to ipset --out rules.ipset --service-tags this-week.json --json",
    )
)
def run(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The file to keep current.")],
    name: NameArgument = None,
    regions: RegionsOption = None,
    data_endpoints: DataEndpointsOption = None,
    switching: SwitchingOption = False,
    private_link: PrivateLinkOption = None,
    dual_stack: DualStackOption = None,
    mcr: McrOption = False,
    sign_in: SignInOption = False,
    cloud: CloudOption = None,
    sources: FromOption = None,
    tags_file: TagsFileOption = None,
    to: Annotated[str, typer.Option("--to", metavar="TARGET[:FORMAT]", help="The firewall.")] = "nftables",
    state: Annotated[
        Path | None, typer.Option(help="Where to note what was given.", show_default="FILE.state beside --out")
    ] = None,
    apply: Annotated[
        str,
        typer.Option(help="Command that makes the wall take the rules: {file} is all of them, {change} what changes."),
    ] = "",
    check: Annotated[bool, typer.Option(help="Run the product's checker first, where it is installed.")] = True,
    grace_days: GraceOption = 14,
    most_lost: MostLostOption = 20,
    confirm_loss: Annotated[
        bool, typer.Option("--confirm-loss", help="A great loss was looked at; it is right.")
    ] = False,
    every: Annotated[str, typer.Option(metavar="TIME", help="Go on for ever, this often: 30m, 6h, 1d.")] = "",
    webhook: Annotated[str, typer.Option(metavar="URL", help="Tell this address about changes and refusals.")] = "",
    metrics: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write metrics for Prometheus's text file collector.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Fetch this week's list, and bring the rules in a file up to date with it.

    New ranges are added at once, old ones removed after a grace period. A list that is damaged or has lost too much
    changes nothing. Ends with 0 when the rules are current, 1 when something failed, 4 when a list was refused.
    """
    from seawall.firewall.keeper import Job, state_beside  # noqa: PLC0415 - slow to import, not needed for --help

    options = Options(
        name=name,
        regions=tuple(regions or ()),
        data_endpoints=data_endpoints,
        switching=switching,
        private_link=private_link,
        dual_stack=dual_stack,
        mcr=mcr,
        sign_in=sign_in,
        cloud=cloud,
        sources=tuple(sources or ()),
        tags_file=tags_file,
    )
    target, form = target_of(to)
    if "{change}" in apply and form not in target.changes:
        fail(f"--apply: {target.title} has no language for changes alone; use {{file}}")
    job = Job(
        need=need_of(options),
        target=target,
        form=form,
        file=out,
        state=state or state_beside(out),
        policy=policy_of(grace_days, most_lost),
        apply=_command(apply),
        check=check,
    )
    go_on(job, options, every=every, confirmed=confirm_loss, webhook=webhook, metrics=metrics, json=json)


app.command(
    epilog=examples(
        "seawall upkeep replay weekly/ --registry myregistry --region westeurope",
        "seawall upkeep replay weekly/ --registry myregistry --grace-days 0 --json",
    )
)(replay)


def go_on(
    job: Job,
    options: Options,
    *,
    every: str = "",
    confirmed: bool = False,
    webhook: str = "",
    metrics: Path | None = None,
    json: bool = False,
) -> NoReturn:
    """Run once, or for ever; then end with the exit code."""
    pause = seconds_of(every, "--every") if every else 0.0
    while True:
        code, report = _once(job, options, confirmed=confirmed)
        # Whoever looked at one loss has not seen the next.
        confirmed = False
        say_json(report) if json else say(_words(report))
        _notify(report, webhook, metrics)
        if not pause:
            raise typer.Exit(code)
        sys.stdout.flush()
        time.sleep(pause)


def _once(job: Job, options: Options, *, confirmed: bool) -> tuple[int, dict[str, Any]]:
    """Run once; return the exit code and the report."""
    from seawall.firewall.keeper import keep  # noqa: PLC0415
    from seawall.firewall.need import NeedError  # noqa: PLC0415
    from seawall.firewall.note import KeepError  # noqa: PLC0415
    from seawall.firewall.targets.contract import CannotExpressError  # noqa: PLC0415
    from seawall.servicetags.feed import FeedError  # noqa: PLC0415
    from seawall.servicetags.snapshot import SnapshotError  # noqa: PLC0415

    try:
        outcome = keep(job, _newest(job, options), datetime.now(UTC).date(), confirmed=confirmed)
    except (FeedError, SnapshotError, KeepError, NeedError, CannotExpressError, OSError) as error:
        return 1, {"status": "failed", "file": str(job.file), "reason": str(error)}
    return (REFUSED if outcome.status == "refused" else 0), _report(job, outcome)


def _newest(job: Job, options: Options) -> Snapshot:
    """Get the newest list: the file that was given, or this week's from Microsoft."""
    from seawall.neighbours import neighbours  # noqa: PLC0415
    from seawall.servicetags.feed import FeedError, Shelf, fetch, read_file  # noqa: PLC0415

    if options.tags_file is not None:
        return read_file(options.tags_file)
    beside = neighbours(job.need.cloud)
    if beside is None:
        raise FeedError(f"{job.need.cloud.name} publishes no addresses to keep current")
    return Shelf(default_service_tags()).keep(*fetch(job.need.cloud), beside.tags).snapshot


def _report(job: Job, outcome: Outcome) -> dict[str, Any]:
    decision = outcome.decision
    return {
        "status": outcome.status,
        "file": str(job.file),
        "basis": outcome.basis,
        "added": list(decision.added.cidrs),
        "removed": list(decision.removed.cidrs),
        "leaving": {day.isoformat(): list(kept.cidrs) for day, kept in decision.state.leaving.items()},
        "ipv4_addresses": decision.state.applied.v4.size,
        "checked": outcome.checked,
        "applied": outcome.applied,
        **({"reason": decision.refusal} if decision.refusal else {}),
    }


def _words(report: dict[str, Any]) -> str:
    match report["status"]:
        case "failed":
            return f"failed: {report['reason']}"
        case "refused":
            return f"refused: {report['reason']}; the old rules stay"
        case "unchanged":
            return f"unchanged: {report['file']} is current ({report['basis']})"
    moved = f"{len(report['added'])} ranges added, {len(report['removed'])} removed"
    return f"changed: {report['file']} is from {report['basis']} now: {moved}"


def _notify(report: dict[str, Any], webhook: str, metrics: Path | None) -> None:
    from seawall.cli.notify import tell, write_metrics  # noqa: PLC0415

    if metrics is not None:
        write_metrics(metrics, report)
    if webhook and report["status"] != "unchanged":
        tell(webhook, codec.dumps(report))


def _command(text: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        fail(f"--apply: {text!r} is no command: {error}")
    if text and not words:
        fail("--apply: there is no command in it")
    return words
