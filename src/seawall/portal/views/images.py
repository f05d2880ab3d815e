"""One manifest: an image, an index, or whatever else was pushed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seawall.blobs.digest import DigestError, parse_digest
from seawall.metadata.browsing import image
from seawall.metadata.repositories import Repository
from seawall.portal.hosts import login_server
from seawall.portal.image import annotations_of, read_picture
from seawall.portal.visit import RefusedError

if TYPE_CHECKING:
    from starlette.responses import Response

    from seawall.portal.visit import Visit
    from seawall.topology import Registry

__all__ = ["one_image"]


async def one_image(visit: Visit, registry: Registry, name: str) -> Response:
    """Show a manifest.

    Args:
        visit: Who asks.
        registry: The registry.
        name: ``app:1.2`` or ``app@sha256:…``.
    """
    repository, at, reference = name.partition("@")
    if not at:
        repository, _, reference = name.rpartition(":")
    missing = RefusedError(404, "There is no image {name} in {registry}.", name=name[:300], registry=registry.name)
    try:
        if at:
            parse_digest(reference)
    except DigestError:
        raise missing from None
    if "\0" in name:
        raise missing
    found = await visit.services.database.read(image, Repository(registry.name, repository), reference)
    if found is None:
        raise missing
    # One large manifest takes a while to read, and everybody else is served meanwhile.
    picture = await visit.services.database.run(lambda: read_picture(found.manifest))
    if picture is None:
        raise RefusedError(500, "What is kept under {name} is no manifest that the portal can read.", name=name[:300])
    login = login_server(visit.services.doors, registry)
    return visit.page(
        "image.html",
        registry=registry,
        repository=repository,
        reference=reference,
        at=bool(at),
        picture=picture,
        tags=found.tags,
        referrers=[(one, annotations_of(one.annotations)) for one in found.referrers],
        more_referrers=found.more_referrers,
        pull=f"docker pull {login}/{repository}{'@' if at else ':'}{reference}",
        pull_exactly="" if at else f"docker pull {login}/{repository}@{picture.digest}",
    )
