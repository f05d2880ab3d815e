"""The service's own API at every login server, below ``/acr/v1/``. Pure.

What answers is in ``acr/api.py``; who may is decided in ``registry/admission.py``, and before that, by address, in
``server/application.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.openapi.document import (
    answer,
    body,
    document,
    header,
    in_path,
    in_query,
    operation,
    parameter,
    refusals,
)
from seawall.openapi.images import IMAGES
from seawall.openapi.names import DIGEST, REPOSITORY, REPOSITORY_LENGTH, TAG
from seawall.openapi.refusals import BODY, ERRORS, SERVER, common
from seawall.openapi.shapes import NO_NUL, integer, schema, text

if TYPE_CHECKING:
    from seawall.openapi.document import Object

__all__ = ["describe"]

_DESCRIPTION: Final = """\
What is in a registry, for `az acr repository` and the service's SDKs. Sign in with a user name and a password, or \
with a token of `/oauth2/token` for the scopes that a 401 names.

The slashes in a repository's name may be written as they are, or as `%2F`.\
"""

_ONE: Final = "/acr/v1/{repository}"
_DELETED: Final = "/acr/v1/_deleted"
_ANYBODY: Final = refusals(401, 403, 421, 429, *SERVER)
_READ: Final = {**refusals(400, 404), **_ANYBODY}
_WRITE: Final = {**refusals(*BODY), **_READ}
_DELETE: Final = {**refusals(405), **_READ}
_NEXT: Final = {"Link": header("Where the next page is, if there is one (RFC 8288).", text(), always=False)}
_PAGE: Final = ("n", "last")
_ORDERED: Final = (*_PAGE, "orderby", "at")
_ATTRIBUTES: Final = body(schema("AttributesWanted"))

_PARAMETERS: Final[dict[str, Object]] = {
    "repository": in_path("repository", "The repository.", text(pattern=REPOSITORY, maxLength=REPOSITORY_LENGTH)),
    "tag": in_path("tag", "The tag.", text(pattern=TAG)),
    "digest": in_path("digest", "The manifest's digest.", text(pattern=DIGEST)),
    "api-version": in_query("api-version", "Which release of Azure's API a client was made for: any.", text()),
    "n": in_query("n", "At most so many; more than a page has is as good as that.", integer(minimum=0)),
    "last": in_query("last", "Behind which entry the page begins; follow `Link`.", text(pattern=NO_NUL)),
    "orderby": in_query("orderby", "By time of the last write; otherwise by name.", schema("Order")),
    "at": in_query("at", "This registry's own, as it stands in `Link`.", text()),
    "of": in_query("digest", "Only tags that stand for this manifest, if it says something.", schema("DigestOrNone")),
}


def describe() -> Object:
    """Write the document."""
    components = {
        "schemas": {**IMAGES, "Refusal": ERRORS},
        "parameters": _PARAMETERS,
        "responses": common("Refusal", "Where to get a token, and for what (Docker's token authentication)."),
        "securitySchemes": {
            "password": {"type": "http", "scheme": "basic", "description": "The admin user, or a token's password."},
            "token": {"type": "http", "scheme": "bearer", "description": "A token of `/oauth2/token`."},
        },
    }
    paths = {**_catalog(), **_repositories(), **_tags(), **_manifests(), **_deleted()}
    return document("Seawall, at a login server", _DESCRIPTION, paths, components, [{"password": []}, {"token": []}])


def _at(methods: dict[str, Object], *names: str) -> Object:
    return {"parameters": [parameter(name) for name in (*names, "api-version")], **methods}


def _read(identifier: str, summary: str, shape: str, *parameters: str) -> Object:
    """Describe a GET, of a list where it has parameters."""
    told = answer("A page of them.", schema(shape), headers=_NEXT) if parameters else answer("As it is.", schema(shape))
    taken = [parameter(name) for name in parameters]
    return operation(identifier, summary, {"200": told, **_READ}, parameters=taken)


def _lock(identifier: str, shape: str) -> Object:
    changed = {"200": answer("As it is now.", schema(shape)), **_WRITE}
    return operation(identifier, "Change what may be done with it.", changed, sends=_ATTRIBUTES)


def _catalog() -> dict[str, Object]:
    answers = {"200": answer("A page of them.", schema("Catalog"), headers=_NEXT), **refusals(400), **_ANYBODY}
    taken = [parameter(name) for name in _PAGE]
    return {
        "/acr/v1/_catalog": _at(
            {"get": operation("listRepositories", "List the repositories one may see.", answers, parameters=taken)}
        )
    }


def _repositories() -> dict[str, Object]:
    deleted = {"202": answer("What went with it.", schema("RepositoryDeleted")), **_DELETE}
    return {
        _ONE: _at(
            {
                "get": _read("getRepository", "Show a repository.", "Repository"),
                "patch": _lock("changeRepository", "Repository"),
                "delete": operation("deleteRepository", "Delete a repository with all that is in it.", deleted),
            },
            "repository",
        )
    }


def _tags() -> dict[str, Object]:
    deleted = {"202": answer("It is deleted; its manifest stays."), **_DELETE}
    return {
        f"{_ONE}/_tags": _at({"get": _read("listTags", "List tags.", "Tags", *_ORDERED, "of")}, "repository"),
        f"{_ONE}/_tags/{{tag}}": _at(
            {
                "get": _read("getTag", "Show a tag.", "Tag"),
                "patch": _lock("changeTag", "Tag"),
                "delete": operation("deleteTag", "Delete a tag.", deleted),
            },
            "repository",
            "tag",
        ),
    }


def _manifests() -> dict[str, Object]:
    return {
        f"{_ONE}/_manifests": _at(
            {"get": _read("listManifests", "List manifests.", "Manifests", *_ORDERED)}, "repository"
        ),
        f"{_ONE}/_manifests/{{digest}}": _at(
            {
                "get": _read("getManifest", "Show a manifest.", "Manifest"),
                "patch": _lock("changeManifest", "Manifest"),
            },
            "repository",
            "digest",
        ),
    }


def _deleted() -> dict[str, Object]:
    """Describe what could be restored: nothing, for nothing of it is kept."""

    def empty(identifier: str, shape: str, refused: dict[str, Object]) -> Object:
        answers = {"200": answer("There are none.", schema(shape)), **refused}
        return operation(identifier, "List what could be restored.", answers)

    of_one = {**refusals(400), **_ANYBODY}
    restore = operation("restoreManifest", "Refuse to restore a manifest.", {**refusals(405), **_ANYBODY})
    return {
        f"{_DELETED}/_catalog": _at({"get": empty("listDeletedRepositories", "DeletedRepositories", _ANYBODY)}),
        f"{_DELETED}/{{repository}}/_tags": _at({"get": empty("listDeletedTags", "DeletedTags", of_one)}, "repository"),
        f"{_DELETED}/{{repository}}/_manifests": _at(
            {"get": empty("listDeletedManifests", "DeletedManifests", of_one)}, "repository"
        ),
        f"{_DELETED}/{{repository}}/_manifests/{{digest}}": _at({"post": restore}, "repository", "digest"),
    }
