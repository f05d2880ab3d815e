"""What Azure itself says to the Azure CLI, on the client's own machine: who it is, and what there is to manage.

The CLI's way to Azure's management is none of the wall's business here; its way to the registry is.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Final

from tests.walls.sites import Answer, Site

if TYPE_CHECKING:
    from pathlib import Path

    from tests.walls.authority import Authority
    from tests.walls.loops import InsideLoop
    from tests.walls.sites import Request

HERE: Final = "127.0.0.1"
MANAGEMENT: Final = "management.azure.com"
IDENTITY_PORT: Final = 8081
NOBODY: Final = "00000000-0000-0000-0000-000000000001"
PROFILE: Final = {
    "subscriptions": [
        {
            "id": NOBODY,
            "name": "laboratory",
            "state": "Enabled",
            "user": {
                "name": "systemAssignedIdentity",
                "type": "servicePrincipal",
                "assignedIdentityInfo": "MSI",
            },
            "isDefault": True,
            "tenantId": NOBODY,
            "environmentName": "AzureCloud",
        }
    ]
}
"""A machine with an identity of its own, as the CLI remembers it."""
ENVIRONMENT: Final = {
    "IDENTITY_ENDPOINT": f"http://{HERE}:{IDENTITY_PORT}/token",
    "IDENTITY_HEADER": "laboratory",
    "NO_PROXY": MANAGEMENT,
    "no_proxy": MANAGEMENT,
}


def sign_in(folder: Path) -> None:
    """Let the CLI whose configuration is in a folder be signed in."""
    folder.mkdir()
    (folder / "azureProfile.json").write_text(json.dumps(PROFILE))


def serve(loop: InsideLoop, authority: Authority, token: str) -> None:
    """Answer the CLI for as long as a loop in the client's namespace runs.

    Args:
        loop: The loop.
        authority: Whom the CLI trusts.
        token: What it gets, and shows the registry.
    """

    def identity(_: Request) -> Answer:
        return _json({"access_token": token, "expires_on": str(int(time.time()) + 3600), "token_type": "Bearer"})

    def management(_: Request) -> Answer:
        return _json({"value": []})

    for answer, certificate, port in (
        (identity, None, IDENTITY_PORT),
        (management, authority.issue([MANAGEMENT]), 443),
    ):
        site = Site(answer, certificate)
        loop.do(site.listen((HERE,), port))
        loop.opened.append(site)


def _json(value: object) -> Answer:
    return Answer(200, {"Content-Type": "application/json"}, json.dumps(value).encode())
