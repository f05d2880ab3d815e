"""What the Azure CLI asks: of the host where registries are managed, and of a registry's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bench.operators_ask import Ask, Case
from bench.operators_content import GREAT, OTHERS, tag
from seawall.identity.actions import BUILT_IN_SCOPE_MAPS
from seawall.identity.sign_in import PREFIX, REGISTRY_RESOURCE

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from bench.operators_node import Desk

VERSION = "api-version=2025-11-01"

TOKENS_AT_ONCE = 200
"""Tokens in one answer of the list; behind them is where to go on."""


def of_management(desk: Desk) -> list[Case]:
    """What `az login` and `az acr` ask of the operators' host."""
    amounts, operator, origin = desk.content.amounts, desk.operator, desk.node.management
    kind = "Microsoft.ContainerRegistry/registries"
    wanted = quote(f"resourceType eq '{kind}' and name eq '{desk.content.registry}'")

    def get(title: str, url: str, holds: Callable[[Any], bool]) -> Case:
        return Case(title, lambda _: Ask("GET", url, operator), lambda _, answer: holds(answer.json()))

    def listed(kind: str, number: int, title: str = "") -> Case:
        url = f"{desk.registry}/{kind}?{VERSION}"
        return get(f"`GET …/{kind}`{title}", url, lambda told: len(told["value"]) == number)

    def post(what: str, holds: Callable[[Any], bool]) -> Case:
        url = f"{desk.registry}/{what}?{VERSION}"
        return Case(f"`POST …/{what}`", lambda _: Ask("POST", url, operator), lambda _, answer: holds(answer.json()))

    return [
        get(
            "`GET /metadata/endpoints`", f"{origin}/metadata/endpoints?{VERSION}", lambda told: "authentication" in told
        ),
        get(
            "`GET /adfs/.well-known/openid-configuration`",
            f"{origin}{PREFIX}/.well-known/openid-configuration",
            lambda told: told["issuer"].startswith(origin),
        ),
        _sign_in(desk, origin, "to manage"),
        _sign_in(desk, REGISTRY_RESOURCE, "for registries"),
        get("`GET /subscriptions`", f"{origin}/subscriptions?{VERSION}", lambda told: len(told["value"]) == 1),
        get(
            "`GET …/resources?$filter=…`",
            f"{desk.subscription}/resources?$filter={wanted}&{VERSION}",
            lambda told: told["value"][0]["name"] == desk.content.registry,
        ),
        get(
            "`GET …/registries`",
            f"{desk.subscription}/providers/{kind}?{VERSION}",
            lambda told: told["value"][0]["properties"]["loginServer"] == desk.node.service,
        ),
        get(
            "`GET …/registries/NAME`",
            f"{desk.registry}?{VERSION}",
            lambda told: len(told["properties"]["networkRuleSet"]["ipRules"]) == amounts.ranges,
        ),
        _switch(desk),
        _rules(desk),
        listed("replications", len(OTHERS) + 1),
        get(
            "`GET …/listUsages`",
            f"{desk.registry}/listUsages?{VERSION}",
            lambda told: (
                told["value"][0]["currentValue"] > amounts.tags and told["value"][-1]["currentValue"] >= amounts.tokens
            ),
        ),
        post("listCredentials", lambda told: len(told["passwords"]) == 2),
        listed("tokens", min(amounts.tokens, TOKENS_AT_ONCE), f" (of {amounts.tokens:,}, the first answer)"),
        get(
            "`GET …/tokens/NAME`",
            f"{desk.registry}/tokens/token0007?{VERSION}",
            lambda told: told["properties"]["status"] == "enabled",
        ),
        _token(desk),
        _passwords(desk),
        # One more comes and goes while this is measured.
        listed("scopeMaps", amounts.scope_maps + len(BUILT_IN_SCOPE_MAPS) + 1, f" ({amounts.scope_maps:,})"),
        listed("webhooks", amounts.webhooks, f" ({amounts.webhooks:,})"),
        listed("privateEndpointConnections", amounts.private_endpoints, f" ({amounts.private_endpoints:,})"),
    ]


def _sign_in(desk: Desk, resource: str, title: str) -> Case:
    url, form = f"{desk.node.management}{PREFIX}/oauth2/token", desk.wants(resource)
    return Case(
        f"`POST /adfs/oauth2/token` ({title})",
        lambda _: Ask("POST", url, form=form),
        lambda _, answer: "access_token" in answer.json(),
    )


def _switch(desk: Desk) -> Case:
    def ask(number: int) -> Ask:
        wanted = {"properties": {"dataEndpointEnabled": number % 2 == 0}}
        return Ask("PATCH", f"{desk.registry}?{VERSION}", desk.operator, json=wanted)

    def holds(number: int, answer: httpx.Response) -> bool:
        hosts: list[str] = answer.json()["properties"]["dataEndpointHostNames"]
        return len(hosts) == (len(OTHERS) + 1 if number % 2 == 0 else 0)

    return Case("`PATCH …/registries/NAME` (`dataEndpointEnabled`)", ask, holds)


def _rules(desk: Desk) -> Case:
    """Remove the last of the rules that a tier gives, and add it again; each time all are sent."""
    most = desk.content.amounts.ranges
    ranges = ["127.0.0.1", *(f"198.51.{number}.0/24" for number in range(most - 1))]

    def kept(number: int) -> int:
        return most - (number + 1) % 2

    def ask(number: int) -> Ask:
        rules = [{"action": "Allow", "value": one} for one in ranges[: kept(number)]]
        wanted = {"properties": {"networkRuleSet": {"defaultAction": "Deny", "ipRules": rules}}}
        return Ask("PATCH", f"{desk.registry}?{VERSION}", desk.operator, json=wanted)

    def holds(number: int, answer: httpx.Response) -> bool:
        return len(answer.json()["properties"]["networkRuleSet"]["ipRules"]) == kept(number)

    return Case(f"`PATCH …/registries/NAME` (`networkRuleSet`, {most} rules)", ask, holds)


def _token(desk: Desk) -> Case:
    def status(number: int) -> str:
        return "disabled" if number % 2 == 0 else "enabled"

    return Case(
        "`PATCH …/tokens/NAME` (`status`)",
        lambda number: Ask(
            "PATCH",
            f"{desk.registry}/tokens/token0003?{VERSION}",
            desk.operator,
            json={"properties": {"status": status(number)}},
        ),
        lambda number, answer: answer.json()["properties"]["status"] == status(number),
    )


def _passwords(desk: Desk) -> Case:
    _, _, path = desk.registry.partition(desk.node.management)
    return Case(
        "`POST …/generateCredentials`",
        lambda _: Ask(
            "POST",
            f"{desk.registry}/generateCredentials?{VERSION}",
            desk.operator,
            json={"tokenId": f"{path}/tokens/token0005", "name": "password1"},
        ),
        lambda _, answer: len(answer.json()["passwords"]) == 1,
    )


def of_registry(desk: Desk) -> list[Case]:
    """What `az acr login`, `repository` and `manifest` ask of a registry, but for lists."""
    origin, bearer, amounts = desk.node.login, desk.bearer, desk.content.amounts
    here, digests = f"{origin}/acr/v1/{GREAT}", desk.content.digests

    def get(title: str, url: str, holds: Callable[[Any], bool]) -> Case:
        return Case(title, lambda _: Ask("GET", url, bearer), lambda _, answer: holds(answer.json()))

    def lock(number: int) -> Ask:
        return Ask("PATCH", f"{here}/_tags/{tag(7)}", bearer, json={"writeEnabled": number % 2 == 1})

    def is_locked(number: int, answer: httpx.Response) -> bool:
        given: bool = answer.json()["tag"]["changeableAttributes"]["writeEnabled"]
        return given == (number % 2 == 1)

    return [
        Case(
            "`GET /v2/` (401, where to sign in)",
            lambda _: Ask("GET", f"{origin}/v2/"),
            lambda _, answer: "realm=" in answer.headers["www-authenticate"],
            401,
        ),
        Case(
            "`POST /oauth2/exchange`",
            lambda _: Ask("POST", f"{origin}/oauth2/exchange", form=desk.exchange),
            lambda _, answer: "refresh_token" in answer.json(),
        ),
        Case(
            "`POST /oauth2/token`",
            lambda _: Ask("POST", f"{origin}/oauth2/token", form=desk.renewal),
            lambda _, answer: "access_token" in answer.json(),
        ),
        get(
            f"`GET /acr/v1/NAME` ({amounts.tags:,} tags, {amounts.tags:,} manifests)",
            here,
            lambda told: (told["tagCount"], told["manifestCount"]) == (amounts.tags, amounts.manifests),
        ),
        Case("`PATCH /acr/v1/NAME/_tags/TAG` (`writeEnabled`)", lock, is_locked),
        get("`GET /acr/v1/NAME/_tags/TAG`", f"{here}/_tags/{tag(5)}", lambda told: told["tag"]["digest"] == digests[5]),
        get(
            "`GET /acr/v1/NAME/_manifests/DIGEST`",
            f"{here}/_manifests/{digests[5]}",
            lambda told: (told["manifest"]["tags"], told["manifest"]["architecture"]) == ([tag(5)], "amd64"),
        ),
    ]


def that_delete(desk: Desk) -> list[Case]:
    """What takes something away, of the many; each request something else, so this comes last."""
    content, bearer = desk.content, desk.bearer
    last = content.amounts.tags - 1
    return [
        Case(
            "`DELETE /acr/v1/NAME/_tags/TAG`",
            lambda number: Ask("DELETE", f"{desk.node.login}/acr/v1/{GREAT}/_tags/{tag(last - number)}", bearer),
            lambda _, answer: not answer.content,
            202,
        ),
        Case(
            "`DELETE /v2/NAME/manifests/DIGEST`",
            lambda number: Ask("DELETE", f"{desk.node.login}/v2/{GREAT}/manifests/{content.digests[number]}", bearer),
            lambda _, answer: not answer.content,
            202,
        ),
    ]
