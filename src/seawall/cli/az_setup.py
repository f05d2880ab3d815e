"""``seawall az-setup``: the lines after which the Azure CLI manages this registry."""

from __future__ import annotations

import json as jsons
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from seawall.cli.output import fail, say, say_json
from seawall.cli.place import ConfigOption, JsonOption, StateOption, place_of, settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from seawall.server.state import State

__all__ = ["az_setup"]

_TENANT = "adfs"
_SECRET = "SECRET"  # noqa: S105 - what stands where a secret is to be put


class _Cloud(NamedTuple):
    """Where a cloud is managed, whom to trust there (nobody but whom every machine trusts, if empty), and as whom."""

    management: str
    ca_file: str
    operator: str
    secret: str


def az_setup(
    name: Annotated[str, typer.Option(help="What the Azure CLI is to call this cloud.")] = "Seawall",
    config_dir: Annotated[
        Path | None,
        typer.Option(help="Where the Azure CLI keeps its settings.", show_default="a directory beside the registry's"),
    ] = None,
    run: Annotated[bool, typer.Option("--run", help="Run them, instead of printing them.")] = False,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Print the lines after which 'az acr' manages this registry.

    The Azure CLI stays as it is for everything else: its settings for this cloud are in a directory of their own, which
    AZURE_CONFIG_DIR names. Its secret is read from a file and never stands on a command line.
    """
    place = place_of(state, config)
    cloud = _of_config(config, place) if config is not None else _of_up(place)
    environment = {"AZURE_CONFIG_DIR": str(config_dir or place.root / "azure")}
    if cloud.ca_file:
        environment["REQUESTS_CA_BUNDLE"] = cloud.ca_file
    commands = [
        ["az", "cloud", "register", "--name", name, "--endpoint-resource-manager", cloud.management],
        ["az", "cloud", "set", "--name", name],
        _login(cloud),
    ]
    if run:
        _run(name, environment, commands)
    if json:
        say_json({"environment": environment, "commands": [] if run else commands, "ran": run})
        return
    for line in _lines(environment, [] if run else commands):
        say(line)


def _lines(environment: Mapping[str, str], commands: Sequence[Sequence[str]]) -> Iterator[str]:
    yield from (f"export {key}={shlex.quote(value)}" for key, value in environment.items())
    yield from (shlex.join(command) for command in commands)


def _login(cloud: _Cloud) -> list[str]:
    words = ["az", "login", "--service-principal", "--username", cloud.operator, "--password", cloud.secret]
    return [*words, "--tenant", _TENANT, "--output", "none"]


def _of_up(place: State) -> _Cloud:
    try:
        facts = jsons.loads(place.facts.read_text())
    except (OSError, ValueError):
        fail(f"{place.root} has no registry yet; start one with 'seawall up', or say --state or --config")
    secret = f"@{facts['operator_secret_file']}"
    return _Cloud(f"https://{facts['management']}", facts["ca_file"], facts["operator"], secret)


def _of_config(config: Path, place: State) -> _Cloud:
    from seawall.server.authority import OwnAuthority  # noqa: PLC0415 - slow to import, not needed for --help
    from seawall.server.domain import operators_url  # noqa: PLC0415

    settings = settings_of(config)
    own = any(door.certificate is None for door in settings.door)
    ca_file = OwnAuthority(place.authority).certificate_file if own else ""
    return _Cloud(operators_url(settings), str(ca_file), "OPERATOR", _SECRET)


def _run(name: str, environment: Mapping[str, str], commands: Sequence[Sequence[str]]) -> None:
    import shutil  # noqa: PLC0415 - not needed for --help

    if shutil.which("az") is None:
        fail("there is no 'az' on the PATH; install the Azure CLI: pip install azure-cli")
    if any(_SECRET in command for command in commands):
        fail("say 'seawall operator create' first, and put its name and secret into the last of the printed lines")
    told = {**os.environ, **environment, "AZURE_CORE_COLLECT_TELEMETRY": "false"}
    known = _az(["az", "cloud", "show", "--name", name, "--output", "none"], told, quiet=True) == 0
    for command in commands:
        # A cloud that is known already may have moved to another port.
        words = ["update" if known and word == "register" else word for word in command]
        if _az([*words, "--only-show-errors"], told) != 0:
            fail(f"this failed: {shlex.join(words)}", 1)


def _az(command: Sequence[str], environment: Mapping[str, str], *, quiet: bool = False) -> int:
    import subprocess  # noqa: PLC0415 - not needed for --help

    errors = subprocess.DEVNULL if quiet else None
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stderr=errors, check=False)  # noqa: S603
    return done.returncode
