"""From what was said on the command line to a check, and from its report to rules."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from seawall.check.approach import Outfit
from seawall.check.comparison import flow_of
from seawall.check.credentials import Credentials, Keychain
from seawall.check.dns import SystemResolver
from seawall.check.limits import Limits
from seawall.check.question import Question
from seawall.check.reference import BadReferenceError, Reference, read_reference
from seawall.check.route import ProxyError, routes_of
from seawall.check.run import check
from seawall.check.services import is_mcr, is_public
from seawall.check.trust import Trust
from seawall.cli.check_view import Progress
from seawall.cli.need import Options, cloud_of, need_of, snapshot_of
from seawall.cli.output import fail
from seawall.firewall.need import HTTPS, Need, NeedError
from seawall.firewall.plan import plan
from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import CannotExpressError, check_fit
from seawall.naming import CLOUDS, PUBLIC, Cloud, NamingError, Role
from seawall.neighbours import neighbours
from seawall.servicetags.snapshot import TagMissingError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from seawall.check.report import Report
    from seawall.firewall.targets.contract import Target

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
    options: Options

    def go(self, *, quiet: bool) -> Report:
        """Make it; unless it is to be quiet, its progress is shown where somebody looks at a terminal."""
        if quiet:
            return asyncio.run(check(self.question, self.outfit))
        with Progress() as progress:
            return asyncio.run(check(self.question, self.outfit, progress))

    def rules(self, report: Report, target: Target, form: str) -> str:
        """Write what stands in the way in a firewall's language; nothing when that is no matter of rules."""
        closed = {host for problem in report.problems if problem.rules for host in problem.hosts}
        met = [one for one in report.met if one.host in closed]
        need = report.need
        if need is None or not met:
            return ""
        wanted = {flow for one in met if (flow := flow_of(need, one.host, one.port)) is not None}
        way = target.ability.ways[0]
        try:
            snapshot = snapshot_of(self.options, need.cloud) if way is Way.IP and wanted else None
            rules = plan(need, way, snapshot=snapshot, only=wanted)
            check_fit(target, rules)
            return target.formats[form](rules) if wanted else ""
        except (NeedError, TagMissingError, CannotExpressError) as error:
            fail(f"--to: {error}")


def prepared(asked: Asked) -> Prepared:
    """Look at everything that was said, and refuse what cannot be."""
    options = asked.options
    cloud = cloud_of(options.cloud) if options.cloud is not None else PUBLIC
    try:
        reference = read_reference(asked.target, cloud)
    except BadReferenceError as error:
        fail(str(error))
    need = _need(reference, asked, cloud)
    if asked.to and need is None:
        fail("--to: rules are written for registries of Azure, MCR and Seawall; is it one of these? Say --cloud DOMAIN")
    question = Question(
        reference=reference,
        need=need,
        credentials=_credentials(asked),
        client=_client(asked),
        snapshot=snapshot_of(options, need.cloud) if need is not None and options.tags_file is not None else None,
        push=options.push,
        before_switch=asked.before_switch,
        report=asked.report,
    )
    return Prepared(question, _outfit(asked, need), options)


def _client(asked: Asked) -> str:
    name = (platform.node() or "unnamed") if asked.name is None else asked.name
    if not 0 < len(name) <= 64 or not name.isprintable() or name != name.strip():
        fail("--name: a machine's name has 1 to 64 letters, none of them unprintable, and no blank at either end")
    return name


def _need(reference: Reference, asked: Asked, cloud: Cloud) -> Need | None:
    """Work out what is planned for, where that can be known."""
    options = asked.options
    if is_mcr(reference.host):
        home = next(one for one in CLOUDS.values() if _is_mcr_of(reference.host, one))
        return Need(cloud=home, mcr=True, revocation=options.revocation)
    described = options.regions or options.sources or options.cloud or asked.before_switch
    described = described or any(one is not None for one in (options.data_endpoints, options.private_link))
    known = next((one for one in CLOUDS.values() if f".{reference.host}".endswith(f".{one.domain}")), None)
    if known is None and not described:
        # It may be anybody's: which other hosts it has, only a pull tells.
        return None
    name = reference.host
    if known is not None:
        try:
            host = known.parse(name)
        except NamingError as error:
            fail(str(error))
        if host.role not in {Role.LOGIN, Role.REGIONAL}:
            fail(f"{name} is no login server; a check begins there")
        name, cloud = known.login(host.registry), known
    need = need_of(replace(options, name=name, cloud=options.cloud or (cloud.domain if known else None)))
    if asked.before_switch and need.dedicated:
        fail("dedicated data endpoints are on already; leave --before-switch out")
    try:
        # Without regions, the registry is asked for them.
        return replace(need, port=reference.port, switching=asked.before_switch and bool(need.replicas))
    except NeedError as error:
        fail(str(error))


def _is_mcr_of(host: str, cloud: Cloud) -> bool:
    beside = neighbours(cloud)
    return beside is not None and beside.mcr == host


def _outfit(asked: Asked, need: Need | None) -> Outfit:
    environment: dict[str, str] = dict(os.environ)
    if asked.proxy is not None:
        environment |= dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY"), asked.proxy)
    if asked.no_proxy is not None:
        environment["NO_PROXY"] = asked.no_proxy
    try:
        routes = routes_of(environment)
    except ProxyError as error:
        fail(f"{'--proxy' if asked.proxy is not None else 'HTTPS_PROXY'}: {error}")
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
        limits=Limits(total=asked.seconds),
        private=lambda host: bool(own) and f".{host}".endswith(f".{own}"),
        known=lambda host: is_public(host) or (microsoft and flow_of(need, host, HTTPS) is not None),
    )


def _credentials(asked: Asked) -> Callable[[str, str], Awaitable[Credentials | None]]:
    """Find out who signs in: who was said, or whom docker or podman would."""
    if asked.username is None:
        if asked.password_stdin:
            fail("--password-stdin: whose? say --username too")
        return Keychain(os.environ, Path.home()).find
    written = sys.stdin.readline() if asked.password_stdin else os.environ.get("SEAWALL_PASSWORD", "")
    password = written.rstrip("\r\n")
    if not password:
        fail("--username: set the password in SEAWALL_PASSWORD, or give --password-stdin and write it there")
    said = Credentials(asked.username, password)

    async def find(authority: str, repository: str) -> Credentials | None:  # noqa: ARG001 - a keychain's shape
        return said

    return find
