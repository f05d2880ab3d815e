"""Networking, firewall rules: what a wall in front of clients has to let through, in its own language."""

from __future__ import annotations

import asyncio
import shlex
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from starlette.responses import PlainTextResponse

from seawall.doors import LocalDoors
from seawall.firewall.targets.table import all_targets
from seawall.portal.hosts import login_server
from seawall.portal.rules import WAYS, Choice, RulesError, choose, need_of, text_of
from seawall.portal.visit import RefusedError

if TYPE_CHECKING:
    from starlette.responses import Response

    from seawall.portal.visit import Visit
    from seawall.topology import Registry

__all__ = ["file", "rules"]

_FIRST: Final = "text"


class Offer(NamedTuple):
    """A firewall and one of its formats, as the command line and as people call it."""

    written: str
    title: str


async def rules(visit: Visit, registry: Registry) -> Response:
    """Show the rules for the firewall that was chosen."""
    wanted = visit.asked("to") or _FIRST
    by = visit.asked("by")
    # A form that has not been sent yet asks for what is needed before the switch.
    asked = bool(visit.request.query_params.get("to"))
    switching = not registry.data_endpoints and (not asked or bool(visit.asked("switching")))
    text, wrong, choice = "", "", None
    try:
        choice = choose(wanted, by)
        text = await _text(visit, registry, choice, switching=switching)
    except RulesError as error:
        wrong = str(error)
    return visit.page(
        "rules.html",
        200 if not wrong else 400,
        registry=registry,
        offers=await asyncio.to_thread(_offers),
        wanted=choice.written if choice else wanted,
        by=by if by in WAYS else "",
        ways=[way.value for way in WAYS],
        switching=switching,
        text=text,
        wrong=wrong,
        title=choice.target.title if choice else "",
        caveats=choice.target.ability.caveats if choice else (),
        file_name=f"{registry.name}-{choice.file_name}" if choice else "",
        asked={"to": wanted, "by": by, "switching": "yes" if switching else ""},
        command=_command(visit, registry, choice, switching=switching) if choice else "",
    )


async def file(visit: Visit, registry: Registry) -> Response:
    """Give the rules as a file."""
    try:
        choice = choose(visit.asked("to"), visit.asked("by"))
        switching = bool(visit.asked("switching")) and not registry.data_endpoints
        text = await _text(visit, registry, choice, switching=switching)
    except RulesError:
        raise RefusedError(400, "The address of this page is not one that the portal has written.") from None
    name = f"{registry.name}-{choice.file_name}"
    return PlainTextResponse(text, headers={"Content-Disposition": f'attachment; filename="{name}"'})


async def _text(visit: Visit, registry: Registry, choice: Choice, *, switching: bool) -> str:
    services = visit.services
    need = need_of(services.cloud, services.doors, registry, switching=switching)
    # Some are written by large libraries, and addresses are looked up by DNS.
    return await asyncio.to_thread(text_of, need, choice)


def _command(visit: Visit, registry: Registry, choice: Choice, *, switching: bool) -> str:
    """Write the command that writes the same; nothing where there is none."""
    doors = visit.services.doors
    if switching and isinstance(doors, LocalDoors):
        # On one machine commands are told of the doors that are open now, and of no others.
        return ""
    words = ["seawall", "rules", "--from", f"https://{login_server(doors, registry)}"]
    words += ["--to", choice.written, "--by", choice.way.value]
    words += ["--resolve"] if choice.way.value == "ip" else []
    words += ["--switching"] if switching else []
    return shlex.join(words)


@cache
def _offers() -> tuple[Offer, ...]:
    """List every firewall with its formats; a format is named only where there are several."""
    found = []
    for target in all_targets():
        title = target.title[0].upper() + target.title[1:]
        for number, form in enumerate(target.formats):
            written = target.name if number == 0 else f"{target.name}:{form}"
            found.append(Offer(written, f"{title} ({form})" if len(target.formats) > 1 else title))
    return tuple(found)
