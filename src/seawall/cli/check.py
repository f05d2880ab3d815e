"""``seawall check``: the whole way of a pull from this machine, and what stands in it."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli.interval import seconds_of
from seawall.cli.need import (
    CloudOption,
    DataEndpointsOption,
    DualStackOption,
    FromOption,
    Options,
    PrivateLinkOption,
    RegionalOption,
    RegionsOption,
    RevocationOption,
    SignInOption,
    TagsFileOption,
)
from seawall.cli.output import INTERRUPTED, fail, say, say_json
from seawall.cli.place import JsonOption
from seawall.cli.targets import target_of

if TYPE_CHECKING:
    from seawall.check.report import Report

__all__ = ["check"]

WALLED_OFF = 4
"""Exit code when a wall, a proxy or a name server stands in the way."""

SOMETHING_ELSE = 5
"""Exit code when a pull fails for another reason."""


def check(
    target: Annotated[
        str,
        typer.Argument(
            metavar="REGISTRY[/REPOSITORY[:TAG]]",
            help="A registry's name, login server or host:port; with an image, that is pulled.",
            show_default=False,
        ),
    ],
    regions: RegionsOption = None,
    data_endpoints: DataEndpointsOption = None,
    regional_endpoints: RegionalOption = None,
    private_link: PrivateLinkOption = None,
    dual_stack: DualStackOption = None,
    sign_in: SignInOption = False,
    revocation: RevocationOption = False,
    cloud: CloudOption = None,
    sources: FromOption = None,
    tags_file: TagsFileOption = None,
    push: Annotated[bool, typer.Option("--push", help="Try an upload too; it is cancelled.")] = False,
    before_switch: Annotated[
        bool,
        typer.Option("--before-switch", help="Try the dedicated data endpoints that are not switched on yet."),
    ] = False,
    report_ready: Annotated[
        bool,
        typer.Option("--report-ready", help="Tell the registry (Seawall's) what --before-switch found."),
    ] = False,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="LABEL", help="This machine, as others know it.", show_default="its name"),
    ] = None,
    proxy: Annotated[
        str | None,
        typer.Option("--proxy", metavar="URL", help="http://, https:// or socks5://.", show_default="HTTPS_PROXY"),
    ] = None,
    no_proxy: Annotated[
        str | None, typer.Option("--no-proxy", metavar="LIST", help="Hosts without proxy.", show_default="NO_PROXY")
    ] = None,
    authority: Annotated[
        list[Path] | None,
        typer.Option("--ca", metavar="FILE", help="Trust this authority as well (PEM). May be repeated."),
    ] = None,
    username: Annotated[
        str | None,
        typer.Option(
            "--username",
            "-u",
            help="Sign in as this user, with the password in SEAWALL_PASSWORD.",
            show_default="who is signed in with docker or podman",
        ),
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    timeout: Annotated[
        float,
        typer.Option(min=1, max=3600, help="Seconds for everything; none of its waits takes more than a quarter."),
    ] = 30.0,
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="TARGET[:FORMAT]", help="Where a rule is missing, write all of them in this language."
        ),
    ] = "",
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page for those who run the firewall.")
    ] = None,
    watch: Annotated[str, typer.Option("--watch", metavar="TIME", help="Go on for ever, this often: 30s, 5m.")] = "",
    json: JsonOption = False,
) -> None:
    """Pull from a registry, step by step, and say what stands in the way and who has to open what.

    Ends with 0 when a pull works, 4 when a wall, proxy or name server stands in the way, 5 when something else does.
    """
    written = target_of(to) if to else None
    if report_ready and not before_switch:
        fail("--report-ready tells what --before-switch found; give both")
    pause = seconds_of(watch, "--watch") if watch else 0.0
    try:
        from seawall.cli.checking import Asked, prepared  # noqa: PLC0415 - slow to import, not needed for --help

        asked = Asked(
            target=target,
            options=Options(
                regions=tuple(regions or ()),
                data_endpoints=data_endpoints,
                regional_endpoints=regional_endpoints,
                private_link=private_link,
                dual_stack=dual_stack,
                push=push,
                sign_in=sign_in,
                revocation=revocation,
                cloud=cloud,
                sources=tuple(sources or ()),
                tags_file=tags_file,
            ),
            before_switch=before_switch,
            report=report_ready,
            name=name,
            proxy=proxy,
            no_proxy=no_proxy,
            authorities=tuple(authority or ()),
            username=username,
            password_stdin=password_stdin,
            seconds=timeout,
            to=bool(to),
        )
        ready = prepared(asked)
        while True:
            report = ready.go(quiet=json)
            rules = ready.rules(report, *written) if written else None
            _tell(report, rules, written[0].name if written else "", html, json=json)
            if not pause:
                raise typer.Exit(_code(report))
            sys.stdout.flush()
            time.sleep(pause)
    except KeyboardInterrupt:
        fail("stopped before the end", INTERRUPTED)


def _tell(report: Report, rules: str | None, language: str, html: Path | None, *, json: bool) -> None:
    from seawall.check.document import document  # noqa: PLC0415
    from seawall.check.html import page  # noqa: PLC0415
    from seawall.cli.check_view import say_report  # noqa: PLC0415

    if html is not None:
        try:
            html.write_text(page(report, rules or "", language), "utf-8")
        except OSError as error:
            fail(f"--html: {html}: {error.strerror}", 1)
    if json:
        say_json(document(report) | ({} if rules is None else {"rules": rules}))
        return
    say_report(report, rules or "")
    if html is not None:
        say(f"For those who run the firewall: {html}")


def _code(report: Report) -> int:
    from seawall.check.cause import Whose  # noqa: PLC0415

    first = next((problem for problem in report.problems if problem.fatal), None)
    if first is None:
        return 0
    return WALLED_OFF if first.whose in {Whose.WALL, Whose.PROXY, Whose.DNS} else SOMETHING_ELSE
