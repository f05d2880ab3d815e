"""``seawall up``: a registry on this machine, with nothing to configure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from seawall.cli.output import fail, say, say_json
from seawall.cli.place import JsonOption, StateOption, default_state

__all__ = ["up"]


def up(
    state: StateOption = None,
    port: Annotated[int, typer.Option(help="The login server's port; three more follow it.", min=1, max=65532)] = 5000,
    registry: Annotated[str, typer.Option(help="The registry's name.")] = "myregistry",
    region: Annotated[str, typer.Option(help="The region it is in.")] = "local",
    data_endpoints: Annotated[
        bool | None,
        typer.Option("--data-endpoints/--no-data-endpoints", help="Read layers from the dedicated data endpoint."),
    ] = None,
    anonymous_pull: Annotated[
        bool | None, typer.Option("--anonymous-pull/--no-anonymous-pull", help="Let anybody pull.")
    ] = None,
    sparse: Annotated[bool, typer.Option(help="Accept manifests whose content is not here.")] = False,
    workers: Annotated[
        int | None, typer.Option(help="Worker processes.", min=1, max=64, show_default="one a core")
    ] = None,
    log: Annotated[Literal["all", "changes", "none"], typer.Option(help="Which requests to log.")] = "changes",
    json: JsonOption = False,
) -> None:
    """Start a registry on this machine.

    Listens on the loopback address only, with its own certificate authority and a random admin password. The login
    server and the two data endpoints are ports of localhost. Everything is kept in one directory.
    """
    from seawall.server.local import LocalOptions, local_node  # noqa: PLC0415 - slow to import, not needed for --help
    from seawall.server.supervisor import PortError, StartError, supervise  # noqa: PLC0415

    options = LocalOptions(
        state=Path(state or default_state()),
        port=port,
        registry=registry,
        region=region,
        data_endpoints=data_endpoints,
        anonymous_pull=anonymous_pull,
        sparse=sparse,
        workers=workers,
        logged=log,
    )
    try:
        node, facts = local_node(options)
        supervise(node, lambda: say_json(facts) if json else _greet(facts))
    except (PortError, StartError, ValueError, OSError) as error:
        fail(str(error), 1)


def _greet(facts: dict[str, str | bool]) -> None:
    login, cert_dir, user = facts["login_server"], facts["cert_dir"], facts["username"]
    dedicated = bool(facts["dedicated"])
    layers = facts["data_endpoint"] if dedicated else facts["blob_endpoint"]
    password = f'"$(cat {facts["password_file"]})"'
    say(f"""\
Seawall is up: two doors.

  login server    https://{login}    sign-in, manifests, uploads
  data endpoint   https://{layers}    layers{" (dedicated)" if dedicated else " (shared storage)"}

  user {user}, password in {facts["password_file"]}

skopeo  skopeo copy --dest-cert-dir {cert_dir} --dest-creds {user}:{password} \\
          oci:./image docker://{login}/hello:v1
podman  podman login --cert-dir {cert_dir} -u {user} -p {password} {login}
        podman push --cert-dir {cert_dir} IMAGE {login}/hello:v1
docker  docker login -u {user} -p {password} {login}
        docker push {login}/hello:v1
curl    curl --cacert {facts["ca_file"]} -u {user}:{password} https://{login}/v2/_catalog

health and metrics  http://{facts["operations"]}/metrics
Ctrl-C stops it; everything stays in {facts["state"]}.
""")
