"""``seawall keys``: what tokens and links are signed with."""

from __future__ import annotations

import typer

from seawall.cli.output import say
from seawall.cli.place import ConfigOption, StateOption, opened

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="The keys that tokens and links are signed with.")


@app.command()
def rotate(state: StateOption = None, config: ConfigOption = None) -> None:
    """Sign with new keys from now on.

    What was signed before stays valid until it ends by itself; keys older than a day are removed.
    """
    from seawall.identity.keyring import rotate as rotate_keys  # noqa: PLC0415 - slow to import, not needed for --help

    with opened(state, config) as database:
        removed = rotate_keys(database)
    say(f"New keys sign from now on; {removed} old ones were removed.")
