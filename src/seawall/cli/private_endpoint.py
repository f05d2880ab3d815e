"""``seawall private-endpoint``: addresses in private networks for the hosts of a registry."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from seawall.cli.output import examples, fail, say, say_json, say_table, warn
from seawall.cli.place import (
    ConfigOption,
    JsonOption,
    RegistryOption,
    StateOption,
    change_registry,
    opened,
    settings_of,
    the_registry,
)

if TYPE_CHECKING:
    from seawall.private_endpoint import PrivateEndpoint
    from seawall.topology import Registry

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help="Private endpoints: addresses in a private network for the login server and every data endpoint. Clients of "
    "that network come in whatever the rules about public addresses say, once the endpoint is approved.",
)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The private endpoint's name.")]
DescriptionOption = Annotated[str, typer.Option("--description", help="Why, for whoever reads it later.")]


@app.command(
    epilog=examples(
        "seawall private-endpoint create office --network 10.1.0.0/27",
        "seawall private-endpoint create office --network 10.1.0.0/27 --address registry=10.1.0.10 --approve",
    )
)
def create(
    name: NameArgument,
    network: Annotated[
        str, typer.Option(help="Where its addresses lie and its clients come from, such as 10.1.0.0/27.")
    ],
    address: Annotated[
        list[str] | None,
        typer.Option("--address", metavar="MEMBER=ADDRESS", help="An address you chose; the others are the next free."),
    ] = None,
    approve_it: Annotated[bool, typer.Option("--approve", help="Approve it at once.")] = False,
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Give the hosts of a registry addresses in a private network.

    Whatever forwards connections there, such as a router, a tunnel or an interface of the node itself, must lead these
    addresses to the node, and leave the clients' own addresses as they are.
    """
    from seawall.private_endpoint import created, members  # noqa: PLC0415 - slow to import, not needed for --help
    from seawall.topology import with_private_endpoint  # noqa: PLC0415

    given = _given(address or [])

    def change(before: Registry) -> Registry:
        if before.private_endpoint(name) is not None:
            raise ValueError(f"{before.name} has a private endpoint {name} already")
        made = created(name, network, members(replica.region for replica in before.replicas), given)
        return with_private_endpoint(before, _approved(made) if approve_it else made)

    _, after = change_registry(registry, state, config, change)
    endpoint = after.private_endpoint(name)
    assert endpoint is not None
    if json:
        say_json(_facts(endpoint))
        return
    say_table(("MEMBER", "ADDRESS"), list(endpoint.addresses))
    say()
    if not approve_it:
        say(f"It lets nobody in yet: seawall private-endpoint approve {name} -r {after.name}")
    say(f"Its network's name server needs: seawall private-endpoint dns {name} -r {after.name} --config FILE")


@app.command("list", epilog=examples("seawall private-endpoint list --json"))
def list_endpoints(
    registry: RegistryOption = None, state: StateOption = None, config: ConfigOption = None, json: JsonOption = False
) -> None:
    """List a registry's private endpoints."""
    from seawall.privatelink import missing  # noqa: PLC0415

    with opened(state, config) as database:
        found = the_registry(database, registry)
    if json:
        say_json([_facts(one) for one in found.private_endpoints])
        return
    rows = [
        (one.name, one.status.value, str(one.network), " ".join(address for _, address in one.addresses))
        for one in found.private_endpoints
    ]
    say_table(("NAME", "STATUS", "NETWORK", "ADDRESSES"), rows)
    for one in found.private_endpoints:
        without = missing(found, one)
        if without:
            warn(f"{one.name} has no address for {', '.join(without)}: delete it and create it anew")


@app.command(epilog=examples("seawall private-endpoint approve office --description 'asked for by the lab'"))
def approve(
    name: NameArgument,
    description: DescriptionOption = "",
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Let clients of a private endpoint's network in; this switches dedicated data endpoints on.

    Clients elsewhere are then sent to dedicated data endpoints as well: 'seawall registry readiness' says who could not
    reach them.
    """
    from seawall.topology import with_private_endpoint  # noqa: PLC0415

    switched = False

    def change(before: Registry) -> Registry:
        nonlocal switched
        after = with_private_endpoint(before, _approved(_the(before, name), description))
        switched = after.data_endpoints and not before.data_endpoints
        return after

    _, after = change_registry(registry, state, config, change)
    if json:
        say_json(_facts(_the(after, name)))
        return
    say(f"Approved {name}.")
    if switched:
        say(f"Layers of {after.name} are read from dedicated data endpoints now.")


@app.command(epilog=examples("seawall private-endpoint reject office"))
def reject(
    name: NameArgument,
    description: DescriptionOption = "",
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Let clients of a private endpoint's network in no longer; dedicated data endpoints stay as they are."""
    from seawall.private_endpoint import Status  # noqa: PLC0415
    from seawall.topology import with_private_endpoint  # noqa: PLC0415

    def change(before: Registry) -> Registry:
        rejected = replace(_the(before, name), status=Status.REJECTED, description=description)
        return with_private_endpoint(before, rejected)

    _, after = change_registry(registry, state, config, change)
    say_json(_facts(_the(after, name))) if json else say(f"Rejected {name}.")


@app.command(epilog=examples("seawall private-endpoint delete office"))
def delete(
    name: NameArgument,
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Delete a private endpoint; dedicated data endpoints stay as they are."""
    from seawall.topology import without_private_endpoint  # noqa: PLC0415

    def change(before: Registry) -> Registry:
        _the(before, name)
        return without_private_endpoint(before, name)

    _, after = change_registry(registry, state, config, change)
    facts = {"registry": after.name, "name": name, "deleted": True}
    say_json(facts) if json else say(f"Deleted {name}.")


@app.command(epilog=examples("seawall private-endpoint dns office --form dnsmasq --config seawall.toml"))
def dns(
    name: NameArgument,
    config: Annotated[Path, typer.Option("--config", help="Configuration file.", envvar="SEAWALL_CONFIG")],
    registry: RegistryOption = None,
    form: Annotated[
        Literal["zone", "dnsmasq", "coredns", "hosts"], typer.Option("--form", help="For which name server.")
    ] = "zone",
    json: JsonOption = False,
) -> None:
    """Print the records that a private network's name server needs.

    'zone' is the file of the zone privatelink.DOMAIN for bind and its like; the public names lead there once 'seawall
    region dns' was printed anew. The other forms name the hosts themselves.
    """
    from seawall.privatelink import FORMS, missing, private_records  # noqa: PLC0415

    with opened(None, config) as database:
        found = the_registry(database, registry)
    cloud = settings_of(config).cloud
    endpoint = _found(found, name)
    records = private_records(cloud, found, endpoint)
    without = missing(found, endpoint)
    if without:
        warn(f"{name} has no address for {', '.join(without)}: delete it and create it anew")
    if json:
        say_json([one._asdict() for one in records])
    else:
        sys.stdout.write(FORMS[form](cloud, records))


def _given(pairs: list[str]) -> dict[str, str]:
    given = {}
    for pair in pairs:
        member, equals, address = pair.partition("=")
        if not equals:
            fail(f"write --address as MEMBER=ADDRESS, such as registry=10.1.0.10, not {pair!r}")
        given[member] = address
    return given


def _approved(endpoint: PrivateEndpoint, description: str = "") -> PrivateEndpoint:
    from seawall.private_endpoint import Status  # noqa: PLC0415

    return replace(endpoint, status=Status.APPROVED, description=description or endpoint.description)


def _the(registry: Registry, name: str) -> PrivateEndpoint:
    endpoint = registry.private_endpoint(name)
    if endpoint is None:
        there = ", ".join(one.name for one in registry.private_endpoints) or "none"
        raise ValueError(f"{registry.name} has no private endpoint {name!r}; there are: {there}")
    return endpoint


def _found(registry: Registry, name: str) -> PrivateEndpoint:
    try:
        return _the(registry, name)
    except ValueError as error:
        fail(str(error))


def _facts(endpoint: PrivateEndpoint) -> dict[str, Any]:
    return {
        "name": endpoint.name,
        "network": str(endpoint.network),
        "status": endpoint.status.value,
        "description": endpoint.description,
        "addresses": dict(endpoint.addresses),
    }
