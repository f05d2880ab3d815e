"""Several clients push the same layers at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.real import images
from tests.real.clients import Clients, push_with

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.product import Product

PUSHERS = ("skopeo", "crane", "oras", "skopeo", "crane")


@pytest.mark.parametrize("spread", [False, True], ids=["one-repository", "many-repositories"])
def test_every_push_succeeds_and_pulls_whole(
    product: Product, repository: str, tmp_path: Path, *, spread: bool
) -> None:
    image = images.write_image(tmp_path / "layout")
    ready = product.ready
    people = [
        Clients(ready, tmp_path / f"home-{number}", ready.username, ready.password) for number in range(len(PUSHERS))
    ]
    targets = [f"{repository}/{number}" if spread else repository for number in range(len(PUSHERS))]
    with ThreadPoolExecutor(len(PUSHERS)) as pool:
        pushes = [
            pool.submit(push_with, name, person, image, target, f"v{number}")
            for number, (name, person, target) in enumerate(zip(PUSHERS, people, targets, strict=True))
        ]
        done = [push.result() for push in pushes]
    assert [result.code for result in done] == [0] * len(PUSHERS), "\n".join(map(str, done))
    for number, target in enumerate(targets):
        pulled = tmp_path / f"pulled-{number}"
        people[0].skopeo_pull(target, f"oci:{pulled}:v1", tag=f"v{number}")
        assert images.contents(images.read_layout(pulled)) == images.contents(image)
