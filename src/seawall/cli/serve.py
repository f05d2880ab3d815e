"""``seawall serve``: a registry under real names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seawall.cli.node import become_node
from seawall.cli.output import fail, say, say_json
from seawall.cli.place import JsonOption

__all__ = ["serve"]


def serve(
    config: Annotated[Path, typer.Option("--config", help="Configuration file.", envvar="SEAWALL_CONFIG")],
    check: Annotated[bool, typer.Option("--check", help="Only check the configuration and certificates.")] = False,
    json: JsonOption = False,
) -> None:
    """Serve registries under a domain of your own.

    SIGTERM stops, finishing transfers in flight; SIGHUP renews the worker processes, which then read renewed
    certificates. Registries are made with 'seawall registry create --config FILE'.
    """
    if not check:
        become_node("serve", {"config": str(config)}, as_json=json)
    from seawall.server.domain import domain_node  # noqa: PLC0415 - slow to import, not needed for --help
    from seawall.server.settings import SettingsError, load_settings  # noqa: PLC0415

    try:
        _, facts = domain_node(load_settings(config))
    except (SettingsError, ValueError, OSError) as error:
        fail(str(error))
    say_json({"ok": True, **facts}) if json else say(f"{config} is fine")
