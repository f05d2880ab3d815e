"""``seawall up``: a registry on this machine, with nothing to configure."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from seawall.cli.node import become_node
from seawall.cli.place import JsonOption, StateOption
from seawall.directories import default_state

__all__ = ["up"]


def up(
    state: StateOption = None,
    port: Annotated[
        int, typer.Option(help="The login server's port; five more follow it for each region.", min=1, max=65000)
    ] = 5000,
    registry: Annotated[str, typer.Option(help="The registry's name.")] = "myregistry",
    region: Annotated[
        list[str] | None,
        typer.Option(help="The region it is in; say it again for further ones.", show_default="as last time, or local"),
    ] = None,
    data_endpoints: Annotated[
        bool | None,
        typer.Option("--data-endpoints/--no-data-endpoints", help="Read layers from the dedicated data endpoint."),
    ] = None,
    anonymous_pull: Annotated[
        bool | None, typer.Option("--anonymous-pull/--no-anonymous-pull", help="Let anybody pull.")
    ] = None,
    sparse: Annotated[bool, typer.Option(help="Accept manifests whose content is not here.")] = False,
    tiers: Annotated[
        Literal["azure", "unlimited"],
        typer.Option(help="Whether the registry's tier decides what it may have, or it may have everything."),
    ] = "azure",
    workers: Annotated[
        int | None, typer.Option(help="Worker processes.", min=1, max=64, show_default="one a core")
    ] = None,
    log: Annotated[Literal["all", "changes", "none"], typer.Option(help="Which requests to log.")] = "changes",
    json: JsonOption = False,
) -> None:
    """Start a registry on this machine; with several regions, a node in each, which replicate from one another.

    Listens on the loopback address only, with its own certificate authority and a random admin password. The login
    server and the two data endpoints are ports of localhost. Everything is kept in one directory.
    """
    options = {
        "state": str((state or default_state()).absolute()),
        "port": port,
        "registry": registry,
        "regions": region or [],
        "data_endpoints": data_endpoints,
        "anonymous_pull": anonymous_pull,
        "sparse": sparse,
        "tiers": tiers,
        "workers": workers,
        "logged": log,
    }
    become_node("up", options, as_json=json)
