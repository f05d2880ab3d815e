"""The process that a node is: what ``seawall up`` and ``seawall serve`` turn into.

A command line needs libraries that a server does not, and whatever the first process has loaded stays in memory for as
long as the node runs, in every worker. So the command line reads its options and then *becomes* this program
(``execve``, the same process for whoever watches it), which loads only what serving takes.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from seawall.cli.output import fail, say, say_json

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["become_node"]

_FEW_ARENAS = {"MALLOC_ARENA_MAX": "2"}
"""The C library's allocator keeps memory apart for each thread (mallopt(3)), and ours take turns at the same work."""


def become_node(kind: str, options: Mapping[str, object], *, as_json: bool) -> NoReturn:
    """Go on as a node.

    Args:
        kind: ``up`` or ``serve``.
        options: What was said on the command line, ready for JSON.
        as_json: Whether to print JSON once the node is ready.
    """
    # -P: the directory we happen to be in is no place to import from.
    command = [sys.executable, "-P", "-m", __spec__.name, kind, json.dumps(options), "json" if as_json else "text"]
    sys.stdout.flush()
    os.execve(sys.executable, command, _FEW_ARENAS | os.environ)  # noqa: S606 - ourselves, and no shell


def main() -> None:
    """Be a node until told to stop."""
    kind, options, form = sys.argv[1:]
    {"up": _up, "serve": _serve}[kind](json.loads(options), as_json=form == "json")


def _up(options: dict[str, Any], *, as_json: bool) -> None:
    from seawall.server.ensemble import supervise_all  # noqa: PLC0415 - the other kind does without
    from seawall.server.local import LocalOptions, local_nodes  # noqa: PLC0415
    from seawall.server.supervisor import PortError, StartError  # noqa: PLC0415

    try:
        told = options | {"state": Path(options["state"]), "regions": tuple(options["regions"])}
        nodes, facts = local_nodes(LocalOptions(**told))
        supervise_all(nodes, lambda: say_json(facts) if as_json else _greet_up(facts))
    except (PortError, StartError, ValueError, OSError) as error:
        fail(str(error), 1)


def _serve(options: dict[str, Any], *, as_json: bool) -> None:
    from seawall.server.domain import domain_node  # noqa: PLC0415 - the other kind does without
    from seawall.server.settings import SettingsError, load_settings  # noqa: PLC0415
    from seawall.server.supervisor import PortError, StartError, supervise  # noqa: PLC0415

    try:
        node, facts = domain_node(load_settings(Path(options["config"])))
    except (SettingsError, ValueError, OSError) as error:
        fail(str(error))
    try:
        supervise(node, lambda: say_json({"ready": True, **facts}) if as_json else _greet_serve(facts))
    except (PortError, StartError) as error:
        fail(str(error), 1)


def _greet_up(facts: dict[str, Any]) -> None:
    login, cert_dir, user = facts["login_server"], facts["cert_dir"], facts["username"]
    dedicated = bool(facts["dedicated"])
    layers = facts["data_endpoint"] if dedicated else facts["blob_endpoint"]
    password = f'"$(cat {facts["password_file"]})"'
    doors = f"""\
  login server    https://{login}    sign-in, manifests, uploads
  data endpoint   https://{layers}    layers{" (dedicated)" if dedicated else " (shared storage)"}"""
    if "regions" in facts:
        doors = "\n".join(_region(name, region, dedicated=dedicated) for name, region in facts["regions"].items())
    say(f"""\
Seawall is up: {"two doors in each region" if "regions" in facts else "two doors"}.

{doors}

  user {user}, password in {facts["password_file"]}

skopeo  skopeo copy --dest-cert-dir {cert_dir} --dest-creds {user}:{password} \\
          oci:./image docker://{login}/hello:v1
podman  podman login --cert-dir {cert_dir} -u {user} -p {password} {login}
        podman push --cert-dir {cert_dir} IMAGE {login}/hello:v1
docker  docker login -u {user} -p {password} {login}
        docker push {login}/hello:v1
curl    curl --cacert {facts["ca_file"]} -u {user}:{password} https://{login}/v2/_catalog

az      seawall az-setup --state {facts["state"]}
portal  https://{facts["management"]}/portal
        operator {facts["operator"]}, secret in {facts["operator_secret_file"]}

health and metrics  http://{facts["operations"]}/metrics
Ctrl-C stops it; everything stays in {facts["state"]}.
""")


def _region(name: str, facts: dict[str, str], *, dedicated: bool) -> str:
    layers = facts["data_endpoint" if dedicated else "blob_endpoint"]
    return f"  {name:16}login server  https://{facts['login_server']}    data endpoint  https://{layers}"


def _greet_serve(facts: dict[str, Any]) -> None:
    say("Seawall is up.")
    for host in facts["hosts"]:
        say(f"  https://{host}")
    if not facts["registries"]:
        say("  no registry yet: seawall registry create NAME --config FILE")


if __name__ == "__main__":
    main()
