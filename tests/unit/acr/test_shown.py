"""What is shown of repositories, tags and manifests, and when they were made and changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import pytest

from seawall.identity.actions import Rights
from tests.support import content
from tests.unit.acr.counter import CONFIG

if TYPE_CHECKING:
    from tests.unit.acr.counter import Counter

FREE: Final = dict.fromkeys(("deleteEnabled", "writeEnabled", "readEnabled", "listEnabled"), True)
HEAD: Final = {"registry": "myregistry.azurecr.io", "imageName": "team/app"}


def time_of(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_all_there_is_to_tell(counter: Counter, wall: list[int]) -> None:
    made = time_of(wall[0])
    digest = counter.push("team/app", "v1", "layer")
    wall[0] += 1000
    changed = time_of(wall[0])
    counter.push("team/app", "latest", "layer")
    times = {"createdTime": made, "lastUpdateTime": changed}
    late = {"createdTime": changed, "lastUpdateTime": changed}
    assert counter.get("/acr/v1/team%2Fapp?api-version=2021-07-01") == {
        **HEAD,
        **times,
        "manifestCount": 1,
        "tagCount": 2,
        "changeableAttributes": FREE,
    }
    latest = {"name": "latest", "digest": digest, **late, "signed": False, "changeableAttributes": FREE}
    first = {**latest, "name": "v1", "createdTime": made, "lastUpdateTime": made}
    assert counter.get("/acr/v1/team/app/_tags/latest") == {**HEAD, "tag": latest}
    assert counter.get("/acr/v1/team/app/_tags") == {**HEAD, "tags": [latest, first]}
    manifest = {
        "digest": digest,
        "imageSize": len(CONFIG) + len("layer"),
        **times,
        "mediaType": content.OCI_IMAGE,
        "configMediaType": content.OCI_CONFIG,
        "architecture": "arm64",
        "os": "linux",
        "tags": ["latest", "v1"],
        "changeableAttributes": FREE,
    }
    assert counter.get(f"/acr/v1/team/app/_manifests/{digest.replace(':', '%3A')}") == {**HEAD, "manifest": manifest}
    assert counter.get("/acr/v1/team/app/_manifests") == {**HEAD, "manifests": [manifest]}
    assert counter.get("/acr/v1/_catalog") == {"repositories": ["team/app"]}


def test_an_index_shows_what_it_refers_to(counter: Counter) -> None:
    child = counter.push("app", None, "layer")
    body = content.index(content.image(CONFIG, b"layer"), annotations={"a": "b"})
    digest = counter.put("app", "all", body, content.OCI_INDEX)
    told = counter.get(f"/acr/v1/app/_manifests/{digest}")["manifest"]
    assert told["references"] == [{"digest": child}]
    assert not told.keys() & {"architecture", "os", "configMediaType"}
    assert counter.get("/acr/v1/app")["manifestCount"] == 2


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/acr/v1/other", 404, "NAME_UNKNOWN"),
        ("DELETE", "/acr/v1/other", 404, "NAME_UNKNOWN"),
        ("PATCH", "/acr/v1/other", 404, "NAME_UNKNOWN"),
        ("GET", "/acr/v1/other/_tags", 404, "NAME_UNKNOWN"),
        ("GET", "/acr/v1/other/_manifests", 404, "NAME_UNKNOWN"),
        ("GET", "/acr/v1/app/_tags/none", 404, "TAG_UNKNOWN"),
        ("PATCH", "/acr/v1/app/_tags/none", 404, "TAG_UNKNOWN"),
        ("DELETE", "/acr/v1/app/_tags/none", 404, "MANIFEST_UNKNOWN"),
        ("DELETE", "/acr/v1/app/_tags/%00", 404, "MANIFEST_UNKNOWN"),
        ("GET", "/acr/v1/app/_tags/%2F", 404, "TAG_UNKNOWN"),
        ("GET", f"/acr/v1/app/_manifests/sha256:{'0' * 64}", 404, "MANIFEST_UNKNOWN"),
        ("PATCH", f"/acr/v1/app/_manifests/sha256:{'0' * 64}", 404, "MANIFEST_UNKNOWN"),
        ("GET", "/acr/v1/app/_manifests/sha256:0", 400, "DIGEST_INVALID"),
        ("GET", "/acr/v1/app/_tags?digest=x", 400, "DIGEST_INVALID"),
        ("GET", "/acr/v1/app/_tags?orderby=size", 400, "UNSUPPORTED"),
        ("GET", "/acr/v1/app/_tags?n=-1", 400, "PAGINATION_NUMBER_INVALID"),
        ("GET", "/acr/v1/app/_tags?orderby=timeasc&last=none", 400, "PAGINATION_NUMBER_INVALID"),
        ("GET", "/acr/v1/UPPER", 400, "NAME_INVALID"),
        ("GET", "/acr/v1/app/_other", 404, "UNSUPPORTED"),
        ("POST", "/acr/v1/app", 405, "UNSUPPORTED"),
        ("DELETE", f"/acr/v1/app/_manifests/sha256:{'0' * 64}", 405, "UNSUPPORTED"),
        ("POST", f"/acr/v1/_deleted/app/_manifests/sha256:{'0' * 64}", 405, "UNSUPPORTED"),
        ("GET", "/acr/v1/_deleted/UPPER/_tags", 400, "NAME_INVALID"),
        ("GET", "/acr/v1/_deleted/%00/_manifests", 400, "NAME_INVALID"),
    ],
)
def test_what_is_not_there_or_means_nothing(counter: Counter, method: str, path: str, status: int, code: str) -> None:
    counter.push("app", "v1")
    answer = counter.call(method, path, {} if method == "PATCH" else None)
    assert (answer.status, answer.json["errors"][0]["code"]) == (status, code)


def test_nothing_that_was_deleted_can_be_restored(counter: Counter) -> None:
    counter.push("app", "v1")
    counter.call("DELETE", "/acr/v1/app")
    assert counter.get("/acr/v1/_deleted/_catalog") == {"repositories": []}
    assert counter.get("/acr/v1/_deleted/app/_tags")["tags"] == []
    assert counter.get("/acr/v1/_deleted/app/_manifests")["manifests"] == []


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "app", "metadata_read"),
        ("GET", "app/_tags", "metadata_read"),
        ("GET", "app/_tags/v1", "metadata_read"),
        ("GET", "app/_manifests", "metadata_read"),
        ("PATCH", "app", "metadata_read,metadata_write"),
        ("PATCH", "app/_tags/v1", "metadata_read,metadata_write"),
        ("DELETE", "app", "delete"),
        ("DELETE", "app/_tags/v1", "delete"),
    ],
)
def test_each_takes_the_right_to_it(counter: Counter, method: str, path: str, scope: str) -> None:
    counter.push("app", "v1")
    rights = {"metadata_read": "metadata/read", "metadata_read,metadata_write": "metadata/write"}
    needed = f"repositories/app/{rights.get(scope, 'content/delete')}"
    everything = [f"repositories/app/{one}" for one in ("content/read", "content/write", "content/delete")]
    everything += ["repositories/app/metadata/read", "repositories/app/metadata/write"]
    counter.doorman.rights = Rights.of_scope_map([one for one in everything if one != needed])
    refused = counter.call(method, f"/acr/v1/{path}", {})
    assert refused.status == 401
    assert f'scope="repository:app:{scope}"' in refused.headers["www-authenticate"]
    counter.doorman.rights = Rights.of_scope_map([needed])
    assert counter.call(method, f"/acr/v1/{path}", {}).status in {200, 202}


def test_the_catalog_shows_what_the_caller_may_see(counter: Counter) -> None:
    for name in ("a", "b", "team/c"):
        counter.push(name, "v1")
    assert counter.pages("/acr/v1/_catalog?n=1", "repositories") == ["a", "b", "team/c"]
    counter.doorman.rights = Rights.of_scope_map(["repositories/team/*/metadata/read"])
    assert counter.get("/acr/v1/_catalog") == {"repositories": ["team/c"]}


def test_made_is_kept_until_it_is_deleted(counter: Counter, wall: list[int]) -> None:
    made = time_of(wall[0])
    digest = counter.push("app", "v1", "one")

    def created() -> tuple[str, str, str]:
        tag = counter.get("/acr/v1/app/_tags/v1")["tag"]
        manifest = counter.get(f"/acr/v1/app/_manifests/{digest}")["manifest"]
        return counter.get("/acr/v1/app")["createdTime"], tag["createdTime"], manifest["createdTime"]

    wall[0] += 1000
    counter.push("app", "v1", "two")
    counter.push("app", "v1", "one")
    assert created() == (made, made, made)
    # A tag that is deleted and put again is another one.
    wall[0] += 1000
    retagged = time_of(wall[0])
    counter.call("DELETE", "/acr/v1/app/_tags/v1")
    counter.push("app", "v1", "one")
    assert created() == (made, retagged, made)
    # So is one that went with its manifest.
    wall[0] += 1000
    again = time_of(wall[0])
    counter.call("DELETE", f"/v2/app/manifests/{digest}")
    counter.push("app", "v1", "one")
    assert created() == (made, again, again)
    # And all of a repository.
    wall[0] += 1000
    anew = time_of(wall[0])
    assert counter.call("DELETE", "/acr/v1/app").status == 202
    counter.push("app", "v1", "one")
    assert created() == (anew, anew, anew)


def test_counts_are_those_of_what_is_there(counter: Counter) -> None:
    def counts() -> tuple[int, int]:
        told = counter.get("/acr/v1/app")
        assert told["tagCount"] == len(counter.get("/acr/v1/app/_tags")["tags"])
        assert told["manifestCount"] == len(counter.get("/acr/v1/app/_manifests")["manifests"])
        return told["manifestCount"], told["tagCount"]

    one, two = counter.push("app", "v1", "one"), counter.push("app", "v2", "two")
    counter.push("app", "latest", "two")
    assert counts() == (2, 3)
    counter.call("DELETE", "/v2/app/manifests/latest")
    assert counts() == (2, 2)
    counter.call("DELETE", f"/v2/app/manifests/{two}")
    assert counts() == (1, 1)
    # Its tag went with it, and does not come back with it.
    counter.push("app", None, "two")
    assert counts() == (2, 1)
    counter.push("app", "v2", "two")
    assert counts() == (2, 2)
    counter.call("DELETE", f"/v2/app/manifests/{one}")
    counter.call("DELETE", f"/v2/app/manifests/{two}")
    assert counts() == (0, 0)
