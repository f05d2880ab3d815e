"""The admin user's passwords: ``…/registries/{name}/listCredentials`` and ``…/regenerateCredential``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seawall.identity.credentials import SLOTS, admin_passwords, renew_password
from seawall.identity.issuing import answer
from seawall.management.call import present
from seawall.management.errors import ManagementError
from seawall.management.reading import bad, known_only

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from seawall.management.call import Call
    from seawall.metadata.rows import Writer

__all__ = ["renew", "show"]


async def show(call: Call) -> Response:
    """Show both passwords."""
    if call.question != ("POST", ()):
        raise call.no_such_path()
    _check_admin(call, enabled=call.registry.admin)
    passwords = await call.services.database.cached(admin_passwords, call.registry.name)
    if not any(passwords.values()):
        # Only their hashes are kept, and nobody is to be shown a password that is none.
        name = call.registry.name
        words = (
            f"The passwords of {name} were made by an older Seawall and cannot be shown. Make new ones, which ends "
            f"what was signed in with them: az acr credential renew --name {name} --password-name password, and "
            "password2"
        )
        raise ManagementError(409, "CredentialsNotShown", words)
    return _told(call, passwords)


async def renew(call: Call) -> Response:
    """Make a password anew, and show both."""
    if call.question != ("POST", ()):
        raise call.no_such_path()
    slot = str(known_only(await call.body(), ("name",)).get("name")).lower()
    if slot not in SLOTS:
        raise bad(f"'name' must be {' or '.join(SLOTS)}")
    return _told(call, await call.services.database.write(_renew, call, slot))


def _renew(writer: Writer, call: Call, slot: str) -> dict[str, str | None]:
    registry = present(writer, call.registry.name)
    _check_admin(call, enabled=registry.admin)
    renew_password(writer, registry.name, registry.name, slot=slot)
    return admin_passwords(writer.connection, registry.name)


def _told(call: Call, passwords: Mapping[str, str | None]) -> Response:
    listed = [{"name": slot, "value": value} for slot, value in passwords.items()]
    return answer({"username": call.registry.name, "passwords": listed})


def _check_admin(call: Call, *, enabled: bool) -> None:
    if not enabled:
        path = call.services.account.registry_path(call.registry.name)
        # The words are the service's, as far as the hint: tools look for them.
        words = f"Cannot perform credential operations for {path} as admin user is disabled."
        hint = f"Enable it first: az acr update --name {call.registry.name} --admin-enabled true"
        raise ManagementError(400, "UnAuthorizedForCredentialOperations", f"{words} {hint}")
