"""The ``seawall`` command."""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import Annotated

import typer

from seawall.cli import (
    audit,
    az_setup,
    check,
    data_endpoint,
    explain,
    keys,
    lock,
    network_rule,
    operator,
    private_endpoint,
    region,
    registry,
    replica,
    replication,
    rules,
    scope_map,
    serve,
    service_tags,
    targets,
    token,
    up,
    upkeep,
    webhook,
)
from seawall.cli.output import INTERRUPTED, examples

__all__ = ["app", "main"]

app = typer.Typer(
    name="seawall",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="A container registry with two front doors: sign-in and manifests at one, layers at the other.",
    epilog="Try it: seawall up",
)
app.command(
    epilog=examples("seawall up", "seawall up --port 5443 --data-endpoints", "seawall up --state ./registry --json")
)(up.up)
app.command(epilog=examples("seawall serve --config seawall.toml", "seawall serve --config seawall.toml --check"))(
    serve.serve
)
app.command(
    epilog=examples(
        "seawall endpoints myregistry",
        "seawall endpoints myregistry --region eastus --region westus --data-endpoints",
        "az acr show-endpoints --name myregistry | seawall endpoints --from -",
        "seawall endpoints --mcr --json",
    )
)(rules.endpoints)
app.command(
    epilog=examples(
        "seawall rules myregistry --region eastus --data-endpoints",
        "seawall rules myregistry --region eastus --by ip --to nftables | nft -c -f -",
        "az acr show --name myregistry | seawall rules --from - --to squid",
        "seawall rules myregistry --mcr --to html --out change-request.html",
    )
)(rules.rules)
app.command(
    epilog=examples(
        "nft -j list ruleset | seawall audit - myregistry --region eastus --data-endpoints",
        "seawall audit /etc/squid/squid.conf myregistry --region eastus",
        "seawall audit nsg.json --from registry.json --service-tags this-week.json --json",
    )
)(audit.audit)
app.command(
    epilog=examples(
        "seawall check myregistry.azurecr.io/app:1.2",
        "seawall check myregistry -r eastus -r westus --data-endpoints --to squid",
        "seawall check myregistry -r eastus --before-switch",
        "seawall check mcr.microsoft.com --proxy http://proxy.corp:3128 --html report.html",
        "seawall check localhost:5000 --ca ~/.local/state/seawall/ca/ca.crt --username myregistry --push",
    )
)(check.check)
app.command(
    epilog=examples(
        "seawall explain weumanaged15.blob.core.windows.net --registry myregistry",
        "seawall explain 'dial tcp 20.41.69.130:443: i/o timeout' --registry myregistry -r koreacentral",
        "journalctl -k -g 'seawall refused' | tail -1 | seawall explain -",
    )
)(explain.explain)
app.command(epilog=examples("seawall targets", "seawall targets --json"))(targets.targets)
app.add_typer(upkeep.app, name="upkeep")
app.add_typer(service_tags.app, name="service-tags")
app.command(epilog=examples("seawall az-setup", "seawall az-setup --run", "seawall az-setup --config seawall.toml"))(
    az_setup.az_setup
)
app.add_typer(registry.app, name="registry")
app.add_typer(operator.app, name="operator")
app.add_typer(token.app, name="token")
app.add_typer(scope_map.app, name="scope-map")
app.add_typer(data_endpoint.app, name="data-endpoint")
app.add_typer(network_rule.app, name="network-rule")
app.add_typer(private_endpoint.app, name="private-endpoint")
app.add_typer(webhook.app, name="webhook")
app.add_typer(lock.app, name="lock")
app.add_typer(region.app, name="region")
app.add_typer(replica.app, name="replica")
app.add_typer(replication.app, name="replication")
app.add_typer(keys.app, name="keys")


def _version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"seawall {version('seawall')}")
        raise typer.Exit


@app.callback()
def root(
    _version_wanted: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=lambda value: _version(wanted=value),
            is_eager=True,
            help="Print the version.",
        ),
    ] = False,
) -> None:
    """Take the options that every command shares."""


def main() -> None:
    """Run the command line."""
    # Whatever Seawall writes is for its own user alone.
    os.umask(0o077)
    try:
        app()
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
