"""What a region answers through its public interface, held against what it must."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.replication.model import Shown
    from tests.replication.regions import Region

__all__ = ["check_answers"]


async def check_answers(region: Region, shown: Shown, blobs: Mapping[str, bytes]) -> None:
    """Ask for everything that there must be, and for what there must not be."""
    catalog = await region.call("GET", "/v2/_catalog")
    assert catalog.json() == {"repositories": shown.repositories}
    for repository in shown.repositories:
        await _check_tags(region, shown, repository)
        for digest, body in shown.manifests.get(repository, {}).items():
            answer = await region.call("GET", f"/v2/{repository}/manifests/{digest}")
            assert (answer.status_code, answer.content) == (200, body)
            referrers = await region.call("GET", f"/v2/{repository}/referrers/{digest}")
            listed = [one["digest"] for one in referrers.json()["manifests"]]
            assert listed == shown.subjects.get(repository, {}).get(digest, [])
    for repository in shown.blobs.keys() | set(shown.repositories):
        for digest, blob in blobs.items():
            answer = await region.blob(repository, digest)
            if digest in shown.blobs.get(repository, {}):
                assert (answer.status_code, answer.content) == (200, blob)
            else:
                assert answer.status_code == 404


async def _check_tags(region: Region, shown: Shown, repository: str) -> None:
    expected = shown.tags.get(repository, {})
    answer = await region.call("GET", f"/v2/{repository}/tags/list")
    assert answer.json() == {"name": repository, "tags": list(expected)}
    for tag, digest in expected.items():
        answer = await region.call("GET", f"/v2/{repository}/manifests/{tag}")
        assert answer.headers.get("docker-content-digest") == digest
        assert answer.content == shown.manifests[repository][digest]
