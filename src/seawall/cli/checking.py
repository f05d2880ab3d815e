"""From what was said on the command line to a check, and from its report to rules."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seawall.check.approach import Outfit
from seawall.check.comparison import flow_of
from seawall.check.credentials import Credentials, Keychain
from seawall.check.dns import SystemResolver
from seawall.check.limits import Limits
from seawall.check.question import Question
from seawall.check.reference import BadReferenceError, read_reference
from seawall.check.route import ProxyError, read_proxy, routes_of
from seawall.check.run import check
from seawall.check.services import is_public
from seawall.check.trust import Trust
from seawall.cli.check_need import planned_need
from seawall.cli.check_view import Progress
from seawall.cli.need import Options, cloud_of, newest_snapshot
from seawall.cli.output import fail, warn
from seawall.firewall.need import HTTPS, Need, NeedError
from seawall.firewall.plan import plan
from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import CannotExpressError, write
from seawall.naming import PUBLIC, lies_within
from seawall.neighbours import neighbours
from seawall.servicetags.snapshot import TagMissingError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from seawall.check.report import Report
    from seawall.firewall.targets.contract import Target
    from seawall.servicetags.snapshot import Snapshot

__all__ = ["Asked", "Prepared", "prepared"]

_CERTIFICATES = ("/etc/docker/certs.d", "/etc/containers/certs.d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was said on the command line; ``None`` where nothing was."""

    target: str
    options: Options
    before_switch: bool
    report: bool
    name: str | None
    proxy: str | None
    no_proxy: str | None
    authorities: tuple[Path, ...]
    username: str | None
    password_stdin: bool
    seconds: float
    to: bool


@dataclass(frozen=True, slots=True)
class Prepared:
    """A check that can be made as often as anybody likes; everything that was said has been looked at."""

    question: Question
    outfit: Outfit
    snapshot: Snapshot | None

    def go(self, *, quiet: bool) -> Report:
        """Make it; unless it is to be quiet, its progress is shown where somebody looks at a terminal."""
        if quiet:
            return asyncio.run(check(self.question, self.outfit))
        with Progress() as progress:
            return asyncio.run(check(self.question, self.outfit, progress))

    def rules(self, report: Report, target: Target, form: str) -> str:
        """Write the rules in a firewall's language; nothing when none is missing.

        All rules, not the missing ones alone: many products' files end with a refusal of everything else.
        """
        need = report.need
        if need is None or not any(problem.rules for problem in report.problems):
            return ""
        try:
            rules = plan(need, self._way(target), snapshot=self.snapshot)
            return write(target, form, rules)
        except (NeedError, TagMissingError, CannotExpressError) as error:
            # What was found is worth more than the form in which it was asked for.
            warn(f"--to {target.name}: {error}")
            return ""

    def _way(self, target: Target) -> Way:
        """Choose the narrowest way that the product has, and that there are the means for."""
        ways = [one for one in target.ability.ways if one is not Way.IP or self.snapshot is not None]
        return (ways or target.ability.ways)[0]


def prepared(asked: Asked) -> Prepared:
    """Look at everything that was said, and refuse what cannot be."""
    options = asked.options
    cloud = cloud_of(options.cloud) if options.cloud is not None else PUBLIC
    try:
        reference = read_reference(asked.target, cloud)
    except BadReferenceError as error:
        fail(str(error))
    need = planned_need(reference, options, before_switch=asked.before_switch)
    if asked.to and need is None:
        fail("--to: rules are written for registries of Azure, MCR and Seawall; is it one of these? Say --cloud DOMAIN")
    wanted = asked.to or options.tags_file is not None
    snapshot = newest_snapshot(options, need.cloud) if need is not None and wanted else None
    question = Question(
        reference=reference,
        need=need,
        credentials=_credentials(asked),
        client=_client(asked),
        snapshot=snapshot if options.tags_file is not None else None,
        push=options.push,
        before_switch=asked.before_switch,
        report=asked.report,
    )
    return Prepared(question, _outfit(asked, need), snapshot)


def _client(asked: Asked) -> str:
    name = (platform.node() or "unnamed") if asked.name is None else asked.name
    if not 0 < len(name) <= 64 or not name.isprintable() or name != name.strip():
        fail("--name: a machine's name has 1 to 64 letters, none of them unprintable, and no blank at either end")
    return name


def _outfit(asked: Asked, need: Need | None) -> Outfit:
    environment: dict[str, str] = dict(os.environ)
    if asked.proxy is not None:
        environment |= dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY"), asked.proxy)
    if asked.no_proxy is not None:
        environment["NO_PROXY"] = asked.no_proxy
    try:
        if asked.proxy:
            read_proxy(asked.proxy)
    except ProxyError as error:
        fail(f"--proxy: {error}")
    try:
        routes = routes_of(environment)
    except ProxyError as error:
        fail(str(error))
    directories = [Path(one) for one in _CERTIFICATES]
    directories.append(Path.home() / ".config" / "containers" / "certs.d")
    try:
        trust = Trust(asked.authorities, directories)
    except OSError as error:
        fail(f"--ca: {', '.join(map(str, asked.authorities))}: {error.strerror or error}")
    microsoft = need is not None and neighbours(need.cloud) is not None
    own = need.cloud.domain if need is not None and need.private_link else ""
    return Outfit(
        resolver=SystemResolver(),
        routes=routes,
        trust=trust.of,
        limits=Limits.within(asked.seconds),
        private=lambda host: bool(own) and lies_within(host, own),
        known=lambda host: is_public(host) or (microsoft and flow_of(need, host, HTTPS) is not None),
    )


def _credentials(asked: Asked) -> Callable[[str, str], Awaitable[Credentials | None]]:
    """Find out who signs in: who was said, or whom docker or podman would."""
    if asked.username is None:
        if asked.password_stdin:
            fail("--password-stdin: whose? say --username too")
        return Keychain(os.environ, Path.home()).find
    if not asked.username or ":" in asked.username:
        fail("--username: a user's name is not empty, and has no colon in it")
    written = sys.stdin.readline() if asked.password_stdin else os.environ.get("SEAWALL_PASSWORD", "")
    password = written.rstrip("\r\n")
    if not password:
        fail("--username: set the password in SEAWALL_PASSWORD, or give --password-stdin and write it there")
    said = Credentials(asked.username, password)

    async def find(authority: str, repository: str) -> Credentials | None:  # noqa: ARG001 - a keychain's shape
        return said

    return find
