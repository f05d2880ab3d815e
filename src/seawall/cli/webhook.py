"""``seawall webhook``: who is told when images are pushed or deleted."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli.output import examples, fail, say, say_json, say_table, warn
from seawall.cli.place import (
    ConfigOption,
    JsonOption,
    RegistryOption,
    StateOption,
    check_quota,
    opened,
    the_registry,
)
from seawall.cli.webhook_events import events

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from seawall.metadata.webhooks import Webhook
    from seawall.topology import Registry

__all__ = ["app"]

NOT_TAKEN = 1
"""Exit code when a receiver does not take a test event."""

app = typer.Typer(no_args_is_help=True, help="Webhooks: who is told when images are pushed or deleted.")

NameArgument = Annotated[str, typer.Argument(help="The webhook's name.")]
ActionOption = Annotated[
    list[str] | None,
    typer.Option("--action", help="What to tell of: push, delete; say it again for the other.", show_default="both"),
]
RegionOption = Annotated[
    list[str] | None,
    typer.Option(
        "--region", help="The region whose node tells it; say it again for further ones.", show_default="every region"
    ),
]
SecretOption = Annotated[
    bool, typer.Option("--secret-stdin", help="Read from standard input the secret that events are signed with.")
]
_SCOPE_HELP = "Which images: app, app:v1, 'app:v1.*', 'team/*'; '*' is every one."


@app.command("list", epilog=examples("seawall webhook list", "seawall webhook list -r myregistry --json"))
def list_webhooks(
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """List a registry's webhooks; of their addresses only the host, since the rest may be secret."""
    from seawall.metadata import webhooks  # noqa: PLC0415 - slow to import, not needed for --help

    with opened(state, config) as database:
        known = database.read_now(webhooks.of, the_registry(database, registry).name)
    if json:
        say_json([_facts(one) for one in known])
        return
    rows = [
        (
            one.name,
            one.receiver,
            " ".join(one.actions),
            one.scope,
            " ".join(one.regions) or "every",
            "yes" if one.secret else "no",
            "enabled" if one.enabled else "disabled",
        )
        for one in known
    ]
    say_table(("NAME", "RECEIVER", "ACTIONS", "SCOPE", "REGIONS", "SIGNED", "STATUS"), rows)


@app.command(
    epilog=examples(
        "seawall webhook create deploy https://ci.example.com/hooks/images --scope app:*",
        "openssl rand -hex 32 | tee secret | seawall webhook create audit https://audit.example.com/ --secret-stdin",
        "seawall webhook create east https://ci.example.com/east --action push --region eastus",
    )
)
def create(
    name: NameArgument,
    url: Annotated[str, typer.Argument(help="Where events are sent, by POST: https://HOST/PATH.")],
    action: ActionOption = None,
    scope: Annotated[str, typer.Option(help=_SCOPE_HELP)] = "*",
    region: RegionOption = None,
    secret_stdin: SecretOption = False,
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Create a webhook; it is told from now on, by every region's node unless regions are named."""
    from seawall.metadata.webhooks import ACTIONS, Webhook, find, of, put  # noqa: PLC0415

    secret = _read_secret() if secret_stdin else ""
    with opened(state, config) as database:
        owner = the_registry(database, registry)
        _check_regions(owner, region)
        try:
            actions = tuple(dict.fromkeys(action or ACTIONS))
            made = Webhook(owner.name, name, url, actions, scope, secret, regions=tuple(sorted(set(region or ()))))
        except ValueError as error:
            fail(str(error))
        with database.writing() as writer:
            if find(writer.connection, owner.name, name) is not None:
                fail(f"there is a webhook {name!r} already; see 'seawall webhook update'")
            check_quota(owner, len(of(writer.connection, owner.name)) + 1, "webhooks", state, config)
            put(writer, made)
    if url.startswith("http:"):
        warn(f"warning: events go to {made.receiver} unencrypted")
    say_json(_facts(made)) if json else say(f"Created {name}. Try it: seawall webhook ping {name}")


@app.command(
    epilog=examples(
        "seawall webhook update deploy --scope 'team/*' --action push",
        "seawall webhook update audit --secret-stdin <new-secret",
        "seawall webhook update audit --disable",
    )
)
def update(
    name: NameArgument,
    url: Annotated[str | None, typer.Option(help="Where events are sent.")] = None,
    action: ActionOption = None,
    scope: Annotated[str | None, typer.Option(help=_SCOPE_HELP)] = None,
    region: RegionOption = None,
    every_region: Annotated[bool, typer.Option("--every-region", help="Let every region's node tell it.")] = False,
    secret_stdin: SecretOption = False,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Whether it is told anything.")] = None,
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Change a webhook; what it is still to be told goes by the new address and secret."""
    from seawall.metadata import webhooks  # noqa: PLC0415

    wanted = {
        "url": url,
        "actions": tuple(dict.fromkeys(action)) if action else None,
        "scope": scope,
        "regions": () if every_region else tuple(sorted(set(region))) if region else None,
        "secret": _read_secret() if secret_stdin else None,
        "enabled": enabled,
    }
    changes: dict[str, Any] = {setting: value for setting, value in wanted.items() if value is not None}
    if not changes:
        fail("say what to change; see 'seawall webhook update --help'")
    with opened(state, config) as database:
        owner = the_registry(database, registry)
        _check_regions(owner, region)
        # Read and written in one transaction, so that two changes at once do not undo each other.
        with database.writing() as writer:
            try:
                changed = replace(_the_webhook(writer.connection, owner, name), **changes)
            except ValueError as error:
                fail(str(error))
            webhooks.put(writer, changed)
    say_json(_facts(changed)) if json else say(f"Updated {name}.")


@app.command(epilog=examples("seawall webhook delete deploy"))
def delete(
    name: NameArgument,
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Delete a webhook; what it was still to be told is forgotten."""
    from seawall.metadata import webhooks  # noqa: PLC0415

    with opened(state, config) as database:
        owner = the_registry(database, registry).name
        if not database.write_now(webhooks.delete, owner, name):
            fail(f"there is no webhook {name!r}")
    say_json({"registry": owner, "name": name, "deleted": True}) if json else say(f"Deleted {name}.")


@app.command(epilog=examples("seawall webhook ping deploy"))
def ping(
    name: NameArgument,
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Send a webhook a test event from here, at once; ends with 1 if its receiver does not take it."""
    import asyncio  # noqa: PLC0415

    from seawall.events import envelope  # noqa: PLC0415
    from seawall.events.sending import Outcome, new_client, send  # noqa: PLC0415
    from seawall.metadata.telling import ping_document  # noqa: PLC0415

    with opened(state, config) as database:
        owner = the_registry(database, registry)
        webhook = database.read_now(_the_webhook, owner, name)
        told = ping_document(owner.name, database.region)

    async def try_it() -> Outcome:
        async with new_client() as client:
            return await send(client, webhook, envelope.envelope(told, envelope.source_of(owner.name)))

    outcome = asyncio.run(try_it())
    if json:
        say_json({"webhook": name, "taken": outcome.taken, "answer": outcome.words})
    else:
        say(outcome.words)
    if not outcome.taken:
        raise SystemExit(NOT_TAKEN)


app.command(
    "events", epilog=examples("seawall webhook events", "seawall webhook events --json | jq '.events[].error'")
)(events)


def _read_secret() -> str:
    secret = sys.stdin.readline().rstrip("\r\n")
    if not secret:
        fail("no secret came on standard input")
    return secret


def _check_regions(registry: Registry, regions: list[str] | None) -> None:
    there = [replica.region for replica in registry.replicas]
    for region in set(regions or ()) - set(there):
        fail(f"{registry.name} is not in region {region!r}; it is in {', '.join(there)}")


def _the_webhook(connection: Connection, registry: Registry, name: str) -> Webhook:
    from seawall.metadata import webhooks  # noqa: PLC0415

    found = webhooks.find(connection, registry.name, name)
    if found is None:
        fail(f"there is no webhook {name!r}")
    return found


def _facts(webhook: Webhook) -> dict[str, object]:
    return {
        "registry": webhook.registry,
        "name": webhook.name,
        "receiver": webhook.receiver,
        "actions": list(webhook.actions),
        "scope": webhook.scope,
        "regions": list(webhook.regions),
        "signed": bool(webhook.secret),
        "enabled": webhook.enabled,
    }
