"""What Azure's tools print about a registry, read; and what they do not print, refused with a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seawall.firewall.description import Description, DescriptionError, read_description, read_login_server
from seawall.naming import CHINA, CLOUDS, PUBLIC, Cloud, NamingError
from tests.unit.strategies import regions, registries

SEED: Final = Path(__file__).parents[4] / "shared" / "seed"
# As the article prints it, commas included.
ARTICLE: Final = """
{
    "loginServer": "myregistry.azurecr.io",
    "dataEndpoints": [
        {
            "region": "eastus",
            "endpoint": "myregistry.eastus.data.azurecr.io",
        },
        {
            "region": "westus",
            "endpoint": "myregistry.westus.data.azurecr.io",
        }
    ]
}
"""
# What `az acr show` prints, less what has no bearing.
SHOW: Final[dict[str, Any]] = {
    "adminUserEnabled": False,
    "creationDate": "2026-01-02T03:04:05.678901+00:00",
    "dataEndpointEnabled": True,
    "dataEndpointHostNames": ["myregistry.eastus.data.azurecr.io", "myregistry.westus.data.azurecr.io"],
    "encryption": {"keyVaultProperties": None, "status": "disabled"},
    "id": "/subscriptions/0/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/myregistry",
    "location": "eastus",
    "loginServer": "myregistry.azurecr.io",
    "name": "myregistry",
    "privateEndpointConnections": [],
    "sku": {"name": "Premium", "tier": "Premium"},
    "type": "Microsoft.ContainerRegistry/registries",
}
OUTSIDE: Final = frozenset(("id", "location", "name", "sku", "type"))
"""What the REST interface has beside ``properties``."""
REPLICATIONS: Final = [
    {
        "id": f"/subscriptions/0/.../replications/{region}",
        "location": region,
        "name": region,
        "provisioningState": "Succeeded",
        "type": "Microsoft.ContainerRegistry/registries/replications",
    }
    for region in ("eastus", "koreacentral")
]


def read(*documents: object) -> Description:
    texts = [one if isinstance(one, str) else json.dumps(one) for one in documents]
    return read_description([(f"file {at}", text) for at, text in enumerate(texts)])


def rest(document: dict[str, Any]) -> dict[str, Any]:
    """The same as the REST interface has it."""
    outer = {key: value for key, value in document.items() if key in OUTSIDE}
    return {**outer, "properties": {key: value for key, value in document.items() if key not in OUTSIDE}}


def without(*keys: str, **changes: object) -> dict[str, Any]:
    return {key: value for key, value in {**SHOW, **changes}.items() if key not in keys}


def test_the_article_s_sample_with_its_commas() -> None:
    with pytest.raises(ValueError, match=r"Expecting|Illegal"):
        json.loads(ARTICLE)
    found = read(ARTICLE)
    assert (found.cloud, found.registry) == (PUBLIC, "myregistry")
    assert found.regions == {"eastus", "westus"}
    assert found.data_endpoints is True
    assert found.regional_endpoints is None


def test_the_article_itself() -> None:
    """The sample cut out of the article's text."""
    texts = [path.read_text("utf-8") for path in sorted(SEED.glob("*.txt"))] if SEED.is_dir() else []
    samples = [text[text.index('{\n    "loginServer"') :] for text in texts if '{\n    "loginServer"' in text]
    if not samples:
        pytest.skip("the article is not beside the checkout")
    for sample in samples:
        assert read(sample[: sample.index("\n}") + 2]) == read(ARTICLE)


@pytest.mark.parametrize("document", [SHOW, rest(SHOW)], ids=["az", "rest"])
def test_show_in_both_shapes(document: dict[str, Any]) -> None:
    found = read(document)
    assert (found.cloud, found.registry) == (PUBLIC, "myregistry")
    assert found.regions == {"eastus", "westus"}
    assert found.data_endpoints is True
    assert found.private_link is False
    assert found.regional_endpoints is None
    assert found.dual_stack is None


@pytest.mark.parametrize(
    ("key", "value", "field", "meaning"),
    [
        ("dataEndpointEnabled", False, "data_endpoints", False),
        ("dataEndpointEnabled", None, "data_endpoints", None),
        ("regionalEndpoints", "Enabled", "regional_endpoints", True),
        ("regionalEndpoints", "Disabled", "regional_endpoints", False),
        ("privateEndpointConnections", [{"id": "x"}], "private_link", True),
        ("privateEndpointConnections", None, "private_link", None),
        ("endpointProtocol", "IPv4AndIPv6", "dual_stack", True),
        ("endpointProtocol", "IPv4", "dual_stack", False),
    ],
)
@pytest.mark.parametrize("shape", [dict, rest])
def test_switches(key: str, value: object, field: str, meaning: object, shape: Any) -> None:  # noqa: ANN401
    assert getattr(read(shape(without(**{key: value}))), field) is meaning


def test_regional_endpoints_tell_regions_too() -> None:
    hosts = ["myregistry.eastus.geo.azurecr.io", "myregistry.japaneast.geo.azurecr.io"]
    found = read(without(dataEndpointEnabled=False, dataEndpointHostNames=[], regionalEndpointHostNames=hosts))
    assert found.regions == {"eastus", "japaneast"}


def test_show_endpoints_while_dedicated_ones_are_off() -> None:
    shared = [{"region": region, "endpoint": "*.blob.core.windows.net"} for region in ("eastus", "westus")]
    found = read({"loginServer": "myregistry.azurecr.io", "dataEndpoints": shared})
    assert found.data_endpoints is False
    assert found.regions == {"eastus", "westus"}


@pytest.mark.parametrize(("listed", "meaning"), [([], False), ([{"region": "eastus"}], True)])
def test_show_endpoints_with_regional_ones(listed: list[object], meaning: bool) -> None:
    document = {**json.loads(ARTICLE.replace(",\n        }", "\n        }")), "regionalEndpoints": listed}
    assert read(document).regional_endpoints is meaning


@pytest.mark.parametrize("document", [REPLICATIONS, {"value": REPLICATIONS}], ids=["az", "rest"])
def test_the_list_of_replications(document: object) -> None:
    assert read(document) == Description(regions=frozenset({"eastus", "koreacentral"}))


@pytest.mark.parametrize("text", ["East US", "EastUS", "eastus"])
def test_regions_however_they_are_spelled(text: str) -> None:
    assert read([{"location": text}]).regions == {"eastus"}


def test_several_texts_say_more_than_each() -> None:
    found = read(without("dataEndpointHostNames", dataEndpointEnabled=False), REPLICATIONS)
    assert found.registry == "myregistry"
    assert found.regions == {"eastus", "koreacentral"}
    assert found.data_endpoints is False
    backwards = read(REPLICATIONS, without("dataEndpointHostNames", dataEndpointEnabled=False))
    assert backwards == found


def test_the_home_region_of_a_premium_registry_is_not_all_of_it() -> None:
    """A registry with replicas shows only where it was made; rules for that region alone would break pulls."""
    off = {"dataEndpointEnabled": False, "dataEndpointHostNames": []}
    assert read(without(**off)).regions == frozenset()
    for tier in ("Basic", "Standard"):
        assert read(without(**off, sku={"name": tier, "tier": tier})).regions == {"eastus"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (SHOW, {"loginServer": "otherregistry.azurecr.io", "location": "eastus"}),
        (ARTICLE, ARTICLE.replace("myregistry", "otherregistry")),
        ({"loginServer": "myregistry.azurecr.io"}, {"loginServer": "myregistry.azurecr.cn"}),
        ({"loginServer": "myregistry.azurecr.io"}, {"loginServer": "myregistry.registry.test"}),
    ],
)
def test_two_registries_are_refused(first: object, second: object) -> None:
    with pytest.raises(DescriptionError, match="two registries") as caught:
        read(first, second)
    assert str(caught.value).startswith("file 1: ")
    assert "myregistry" in str(caught.value)


def test_texts_that_contradict_each_other_are_refused() -> None:
    shared = [{"region": "eastus", "endpoint": "*.blob.core.windows.net"}]
    with pytest.raises(DescriptionError, match="dedicated data endpoints"):
        read(SHOW, {"loginServer": "myregistry.azurecr.io", "dataEndpoints": shared})


@pytest.mark.parametrize(
    "document",
    [
        {"loginServer": "myregistry.azurecr.io", "dataEndpointHostNames": ["otherregistry.eastus.data.azurecr.io"]},
        {
            "loginServer": "myregistry.azurecr.io",
            "dataEndpoints": [{"region": "eastus", "endpoint": "otherregistry.eastus.data.azurecr.io"}],
        },
        {
            "loginServer": "myregistry.azurecr.io",
            "dataEndpoints": [{"region": "eastus", "endpoint": "myregistry.westus.data.azurecr.io"}],
        },
    ],
)
def test_endpoints_of_another_are_refused(document: object) -> None:
    with pytest.raises(DescriptionError):
        read(document)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "nothing in it"),
        (" \n", "nothing in it"),
        ("ERROR: (ResourceNotFound) The Resource was not found.", "--output json"),
        ("NAME        LOCATION\n----------  --------\nmyregistry  eastus", "--output json"),
        ("<html></html>", "--output json"),
        ('{"loginServer": "myregistry.azurecr.io"', "--output json"),
        ("[" * 50_000, "--output json"),
        ("{}", "az acr show"),
        ("null", "az acr show"),
        ("NaN", "az acr show"),
        ('"myregistry.azurecr.io"', "az acr show"),
        ('{"name": "myregistry"}', "az acr show"),
        ('{"loginServer": 5}', "az acr show"),
        ("[1]", "location"),
        ('[{"name": "eastus"}]', "location"),
        ('[{"location": 5}]', "location"),
        ('[{"location": "*"}]', "region"),
        ('[{"location": "eastus", "type": "Microsoft.ContainerRegistry/registries"}]', "az acr show"),
        ('{"dataEndpoints": []}', "loginServer"),
        ('{"loginServer": "myregistry.azurecr.io", "dataEndpoints": [5]}', "dataEndpoints"),
        ('{"loginServer": "myregistry.azurecr.io", "dataEndpoints": [{"region": "eastus"}]}', "dataEndpoints"),
        ('{"loginServer": "azurecr.io"}', "not a login server"),
        ('{"loginServer": "myregistry.eastus.data.azurecr.io"}', "not a login server"),
        ('{"loginServer": "mcr.microsoft.com"}', "mcr"),
        ('{"loginServer": "myregistry"}', "azurecr.io"),
        ('{"loginServer": "my registry"}', "host name"),
        ('{"loginServer": "10.0.0.1"}', "address"),
        ('{"loginServer": "myregistry.registry.test:x", "dataEndpoints": []}', "port"),
        ('{"loginServer": "myregistry.registry.test:0", "dataEndpoints": []}', "port"),
        ('{"loginServer": "myregistry.registry.test:65536", "dataEndpoints": []}', "port"),
        (f'{{"loginServer": "myregistry.registry.test:{"9" * 5000}", "dataEndpoints": []}}', "port"),
    ],
)
def test_nonsense_is_refused_with_a_message_that_names_the_file(text: str, hint: str) -> None:
    with pytest.raises(DescriptionError, match=hint) as caught:
        read(text)
    assert str(caught.value).startswith("file 0: ")
    assert len(str(caught.value)) < 500


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["eastus", "myregistry.azurecr.io"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
_KEYS: Final = (*SHOW, "properties", "dataEndpoints", "regionalEndpoints", "endpointProtocol", "value")


@given(st.sampled_from(_KEYS), _json)
@example("properties", [1])
@example("properties", "x")
@example("sku", 5)
@example("dataEndpointHostNames", [1])
@example("dataEndpointHostNames", 5)
@example("dataEndpointHostNames", "abc")
@example("privateEndpointConnections", 5)
@example("endpointProtocol", [])
@example("value", [{"location": "eastus", "type": 5}])
def test_whatever_stands_in_a_field_it_is_read_or_refused(key: str, value: object) -> None:
    for document in ({**SHOW, key: value}, rest({**SHOW, key: value}), [{**REPLICATIONS[0], key: value}]):
        try:
            found = read(document)
        except DescriptionError:
            continue
        assert isinstance(found, Description)


@given(registries, st.sets(regions, min_size=1, max_size=4), st.sampled_from(sorted(CLOUDS)), st.booleans())
def test_what_show_endpoints_says_is_read_back(registry: str, where: set[str], cloud: str, dedicated: bool) -> None:
    place = CLOUDS[cloud]
    listed = [
        {"region": one, "endpoint": place.data(registry, one) if dedicated else place.blob_wildcard} for one in where
    ]
    found = read({"loginServer": place.login(registry), "dataEndpoints": listed})
    assert (found.cloud, found.registry, found.regions) == (place, registry, frozenset(where))
    assert found.data_endpoints is dedicated


@given(registries, st.sampled_from([*CLOUDS.values(), Cloud.own("registry.test"), Cloud.own("a.b.c.test")]))
def test_login_servers_are_read_back(registry: str, cloud: Cloud) -> None:
    for text in (cloud.login(registry), cloud.login(registry).upper(), cloud.login(registry) + "."):
        found, name = read_login_server(text)
        assert (found.domain, name) == (cloud.domain, registry)


def test_a_cloud_of_one_s_own_comes_first() -> None:
    own = Cloud.own("registry.test", "store.test")
    assert read_login_server("myregistry.registry.test", own) == (own, "myregistry")
    assert read_login_server("myregistry.azurecr.cn", own) == (CHINA, "myregistry")


@pytest.mark.parametrize(
    "host",
    [
        "azurecr.io",
        "azurecr.cn",
        "azurecr.us",
        "myregistry.eastus.geo.azurecr.io",
        "",
        "..",
        "a b.azurecr.io",
        "mcr.azure.cn",
    ],
)
def test_what_is_no_login_server(host: str) -> None:
    with pytest.raises(NamingError):
        read_login_server(host)


def test_a_registry_that_was_never_replicated_lists_nothing() -> None:
    # That is what the service answers for a fresh one; its home is not shown there.
    assert read_description([("replicas.json", "[]")]).regions == frozenset()
