"""Both documents are held to the node, and the node to both, by requests that are made from them.

First one of each kind: each limit of each schema kept, just kept and just broken (schemathesis's *coverage*). Then some
at random, where there is more to say than a path. What is made is the same in every run.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.generation.drivers import CoverageGenerator
from schemathesis.generation.feedback import NO_FEEDBACK
from schemathesis.generation.overrides import Override
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    missing_required_header,
    negative_data_rejection,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from seawall.openapi import acr, management
from tests.unit.openapi import contents
from tests.unit.openapi.narrowed import narrowed
from tests.unit.openapi.operations import Operation, operations
from tests.unit.openapi.site import LOGIN, ORIGIN, Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from schemathesis import APIOperation, Case, CheckContext, Response
    from schemathesis.specs.openapi.schemas import OpenApiSchema

DOCUMENTS: Final = {"management": (management.describe(), ORIGIN), "acr": (acr.describe(), LOGIN)}
ALL: Final = [(name, one) for name, (document, _) in DOCUMENTS.items() for one in operations(document)]
OPERATIONS: Final = [pytest.param(name, one, id=f"{name}-{one.identifier}") for name, one in ALL]
TALKATIVE: Final = [pytest.param(name, one, id=f"{name}-{one.identifier}") for name, one in ALL if one.takes]
SETTINGS: Final[dict[str, Any]] = {
    "generation": {"deterministic": True},
    # What answers one method that a path does not have answers them all.
    "phases": {"coverage": {"unexpected-methods": ["trace"]}},
}
AT_RANDOM: Final = settings(
    max_examples=8,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
FOR_WHAT_IS_THERE: Final = frozenset(
    (
        "LocationNotAvailableForResourceType",
        "PAGINATION_NUMBER_INVALID",
        "QuotaExceeded",
        "UnAuthorizedForCredentialOperations",
        *(f"{feature}NotSupported" for feature in ("DataEndpointRule", "NetworkRule", "Replication", "AnonymousPull")),
        "DisablingPublicNetworkAccessNotSupported",
        "PrivateEndpointConnectionNotSupported",
    )
)
"""What is called so is refused with 400 for what is there now, not for how it was asked."""


def nonsense_is_refused(context: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """Hold it against the node when it accepts what the document does not allow."""
    if case.method == "DELETE" and response.status_code == 204:
        # Of a name that cannot be there is nothing, and to delete that is no error.
        return None
    return negative_data_rejection(context, response, case)


def sense_is_accepted(context: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """Hold it against the document when the node refuses what it allows, for another reason than what is there."""
    if response.status_code == 405 or is_for_what_is_there(case):
        return None
    if response.status_code == 400 and codes_of(response) & FOR_WHAT_IS_THERE:
        return None
    return positive_data_acceptance(context, response, case)


def codes_of(response: Response) -> set[str]:
    """Read what an answer says a refusal is called, in either API's shape."""
    document = json.loads(response.content)
    errors = document.get("errors", [document.get("error")])
    return {error["code"] for error in errors if isinstance(error, dict)}


def is_for_what_is_there(case: Case[Any]) -> bool:
    """Say whether a request may be refused, in the words for those that could never be, for what it is about."""
    named = {name: unquote(str(value)) for name, value in case.path_parameters.items()}
    return (
        # Paths in bodies are those of things of another registry.
        named.get("registry") == contents.BASIC.name
        # The scope maps that every registry has cannot be changed.
        or named.get("scopeMap", "").startswith("_")
        # Nor can the replica at home be deleted.
        or (case.method == "DELETE" and named.get("region") == contents.REGION)
    )


CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    missing_required_header,
    nonsense_is_refused,
    sense_is_accepted,
]


class Tried:
    """A node, and both documents as schemathesis reads them."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._schemas: dict[str, OpenApiSchema] = {}
        self._signed_in = {"management": site.operator, "acr": site.admin}
        self._asked_strangers: set[str] = set()
        self.requests = 0
        for name, (document, base) in DOCUMENTS.items():
            config = schemathesis.Config.from_dict(SETTINGS | {"base-url": base})
            self._schemas[name] = schemathesis.openapi.from_dict(narrowed(document), config=config)
            self._schemas[name].app = site

    def operation(self, name: str, one: Operation) -> APIOperation[Any, Any, Any, Any]:
        """Find an operation of a document."""
        return self._schemas[name][one.path][one.method]

    def hold(self, name: str, case: Case[Any]) -> None:
        """Send a request, and hold the answer to the document."""
        self.requests += 1
        headers = {"Authorization": self._signed_in[name]}
        response = case.call(headers=headers)
        checks = list(CHECKS)
        if response.status_code < 300 and case.operation.label not in self._asked_strangers:
            # Whether strangers may is the same for every request.
            self._asked_strangers.add(case.operation.label)
            checks.append(ignored_auth)
        try:
            case.validate_response(response, headers=headers, checks=checks)
        finally:
            if case.method != "GET" and response.status_code < 300:
                self._site.restore()


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Tried]:
    site = Site(tmp_path_factory.mktemp("site"), migrated_sqlite)
    yield Tried(site)
    site.close()


@pytest.mark.parametrize(("name", "one"), OPERATIONS)
def test_each_kind_of_request_is_answered_as_described(tried: Tried, name: str, one: Operation) -> None:
    operation = tried.operation(name, one)
    cases = CoverageGenerator(
        operation=operation,
        generation_modes=list(GenerationMode),
        generation_config=operation.schema.config.generation_for(operation=operation, phase="coverage"),
        auth_storage=None,
        override=Override(),
        feedback=NO_FEEDBACK,
    )
    wrong: dict[str, str] = {}
    for case in cases:
        try:
            tried.hold(name, case)
        except FailureGroup as group:
            # Of those with the same fault, one tells enough.
            wrong.setdefault(str([(type(failure), failure.message) for failure in group.exceptions]), str(group))
    assert not wrong, "\n".join(wrong.values())


@pytest.mark.parametrize(("name", "one"), TALKATIVE)
def test_requests_at_random_are_answered_as_described(tried: Tried, name: str, one: Operation) -> None:
    operation = tried.operation(name, one)
    cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in GenerationMode])

    @AT_RANDOM
    @given(cases)
    def hold(case: Case[Any]) -> None:
        tried.hold(name, case)

    hold()
