"""The Microsoft Container Registry, which has a login server and data endpoints of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.check.cause import Cause
from seawall.naming import PUBLIC
from seawall.neighbours import neighbours
from tests.support import content
from tests.walls.places import SHARED
from tests.walls.scenarios.scenario import Scenario
from tests.walls.sites import Answer

if TYPE_CHECKING:
    from tests.walls.lab import Lab
    from tests.walls.scenarios.scenario import Stage
    from tests.walls.sites import Request

MICROSOFT: Final = neighbours(PUBLIC)
MCR: Final = MICROSOFT.mcr if MICROSOFT else ""
MCR_DATA: Final = f"eastus.{MICROSOFT.mcr_data.removeprefix('*.')}" if MICROSOFT else ""
IMAGE: Final = f"{MCR}/mcr/hello-world:latest"
CONFIG: Final = content.encode({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}})
LAYER: Final = b"a layer of Microsoft's"
MANIFEST: Final = content.image(CONFIG, LAYER)
BLOBS: Final = {content.digest_of(one): one for one in (CONFIG, LAYER)}


def _login(request: Request) -> Answer:
    """Answer as MCR does: nobody signs in, and layers are elsewhere."""
    told = {"Docker-Distribution-Api-Version": "registry/2.0"}
    if "/manifests/" in request.path:
        digest = {"Docker-Content-Digest": content.digest_of(MANIFEST), "Content-Type": content.OCI_IMAGE}
        return Answer(200, told | digest, MANIFEST)
    if "/blobs/" in request.path:
        return Answer(
            307, told | {"Location": f"https://{MCR_DATA}/{request.path.rpartition('/')[2]}?sig=abcdefghijkl"}
        )
    return Answer(200, told | {"Content-Type": "application/json"}, b"{}")


def _data(request: Request) -> Answer:
    blob = BLOBS.get(request.path.partition("?")[0].removeprefix("/"))
    return Answer(404) if blob is None else Answer(200, {"Content-Type": "application/octet-stream"}, blob)


def _build(lab: Lab) -> None:
    lab.site(MCR, ("20.3.0.1",), _login)
    lab.site(MCR_DATA, ("20.4.0.129",), _data)


def _pull(stage: Stage, *, works: bool) -> None:
    (stage.pulls if works else stage.fails)(image=IMAGE)


def only_the_registry(stage: Stage) -> None:
    lab = stage.lab
    _build(lab)
    lab.wall.names_only(*SHARED)
    _pull(stage, works=False)
    stage.trouble(target=MCR)
    lab.wall.names_only(*SHARED, "--mcr")
    _pull(stage, works=True)
    healthy = stage.healthy(target=MCR)
    assert healthy["image"] == "mcr/hello-world:latest"
    assert healthy["comparison"]["missing"] == []
    assert "abcdefghijkl" not in str(healthy)
    lab.wall.addresses(*SHARED, "--mcr")
    _pull(stage, works=True)
    stage.healthy("--service-tags", str(lab.tags), target=MCR)


SCENARIOS: Final = (
    Scenario("mcr", "a wall for one registry, and an image of Microsoft's", Cause.REFUSED, MCR, only_the_registry),
)
