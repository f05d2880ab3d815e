"""Who may ask a region's node anything: those who take part, each by its own key, and nobody else."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from seawall.metadata import regions
from seawall.metadata.own import INVITATION
from seawall.replication.credentials import make_token, new_node_key, public_half
from seawall.replication.http_peer import PREFIX, client_for
from seawall.replication.membership import MembershipError, remove
from tests.replication.clients import pull, push_image
from tests.replication.regions import EAST, NORTH, WEST
from tests.replication.roads import send_to
from tests.support import content
from tests.support.server import CLOUD

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.replication.regions import Region, Regions

ROUTES: Final = {
    "changes": ("GET", "/changes?epoch=&after=0&wait=0"),
    "offer": ("POST", "/changes"),
    "position": ("GET", "/position"),
    "wants": ("GET", "/wants"),
    "lookup": ("POST", "/lookup"),
    "blob": ("GET", f"/blobs/{content.digest_of(b'layer')}"),
    "blob head": ("HEAD", f"/blobs/{content.digest_of(b'layer')}"),
    "give": ("PUT", f"/blobs/{content.digest_of(b'layer')}"),
    "status": ("GET", "/status"),
    "image": ("POST", "/image"),
    "leave": ("POST", "/leave"),
    "something unknown": ("GET", "/secrets"),
}


def secret_of(region: Region) -> bytes:
    secret = region.database.read_now(regions.node_key, region.name)
    assert secret is not None
    return secret


def unsigned(sender: str, receiver: str) -> str:
    """Write a token that says it needs no signature."""
    parts = ({"alg": "none"}, {"iss": sender, "aud": receiver})
    return ".".join([*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), ""])


STRANGERS: Final[dict[str, Callable[[Regions], str | None]]] = {
    "nobody": lambda _: None,
    "an empty token": lambda _: "Bearer ",
    "no token": lambda _: "Bearer hello",
    "an endless token": lambda _: f"Bearer {'a' * 10_000}",
    "a token that is no text": lambda _: "Bearer \xff.\xff.\xff",
    "an unsigned token": lambda _: f"Bearer {unsigned(WEST, EAST)}",
    "another scheme": lambda world: f"Basic {make_token(secret_of(world[WEST]), WEST, EAST)}",
    "a client": lambda world: world.authorization,
    "a token for another region": lambda world: f"Bearer {make_token(secret_of(world[WEST]), WEST, NORTH)}",
    "a token in another's name": lambda world: f"Bearer {make_token(secret_of(world[WEST]), NORTH, EAST)}",
    "its own token": lambda world: f"Bearer {make_token(secret_of(world[EAST]), EAST, EAST)}",
    "a region nobody knows": lambda _: f"Bearer {make_token(new_node_key(), 'southindia', EAST)}",
    "another key": lambda _: f"Bearer {make_token(new_node_key(), WEST, EAST)}",
}


async def ask(region: Region, method: str, path: str, authorization: str | None) -> httpx.Response:
    headers = [(b"authorization", authorization.encode("latin-1"))] if authorization is not None else []
    body = b"{}" if method in {"POST", "PUT"} else None
    request = httpx.Request(method, f"https://{CLOUD.node(region.name)}{PREFIX}{path}", content=body, headers=headers)
    answer = await send_to(region.application, request)
    await answer.aread()
    await answer.aclose()
    return answer


@pytest.mark.parametrize("who", STRANGERS)
def test_strangers_are_told_nothing_and_change_nothing(world: Regions, who: str) -> None:
    async def run() -> None:
        east = world[EAST]
        await push_image(east, "app", "v1", b"layer")
        before = await east.rows(), await east.heard_of(WEST), await east.heard_of(NORTH)
        for method, path in ROUTES.values():
            answer = await ask(east, method, path, STRANGERS[who](world))
            assert answer.status_code == 401, path
            assert b"app" not in answer.content.replace(b"application", b"")
        assert (await east.rows(), await east.heard_of(WEST), await east.heard_of(NORTH)) == before

    world.run(run())


def test_whoever_takes_part_is_answered(world: Regions) -> None:
    async def run() -> None:
        await push_image(world[EAST], "app", "v1", b"layer")
        token = f"Bearer {make_token(secret_of(world[WEST]), WEST, EAST)}"
        for kind in ("changes", "position", "wants"):
            assert (await ask(world[EAST], *ROUTES[kind], token)).status_code == 200

    world.run(run())


def test_a_region_that_was_removed_is_shut_out_everywhere(world: Regions) -> None:
    async def run() -> None:
        east, north, west = (world[name] for name in (EAST, NORTH, WEST))
        await push_image(west, "app", "v1", b"layer")
        await world.rest()
        await east.database.write(remove, WEST)
        assert await north.follow(EAST)
        assert [peer.region for peer in await east.peers()] == [NORTH]
        assert [peer.region for peer in await north.peers()] == [EAST]
        await push_image(west, "app", "v2", b"too late")
        for other in (EAST, NORTH):
            assert not await west.follow(other)
            assert "removed" in (await west.heard_of(other)).error
            with pytest.raises(Exception, match="removed"):
                await (await west.peer(other)).read_of_mine()
        # What it brought before stays; what it goes on to say is not heard.
        for region in (east, north):
            assert await pull(region, "app", "v1")
            assert (await region.call("GET", "/v2/app/manifests/v2")).status_code == 404

    world.run(run())


async def invited(world: Regions) -> str:
    """Remove a region, and invite it again."""
    east = world[EAST]
    await east.database.write(remove, WEST)
    assert await world[NORTH].follow(EAST)
    mine = await east.database.read(regions.find, EAST)
    assert mine is not None
    return east.membership.invite(WEST, mine)


async def join(world: Regions, newcomer: str, invitation: str, name: str = WEST) -> str:
    """Let a region join by an invitation."""
    region = world[newcomer]
    mine = regions.Region(name, f"https://{CLOUD.node(name)}", public_half(secret_of(region)))
    host = regions.Region(EAST, f"https://{CLOUD.node(EAST)}", "")
    return await region.membership.join(invitation, mine, client_for(host, world.road(newcomer, EAST)))


def test_a_region_that_is_invited_joins_once_and_catches_up(world: Regions) -> None:
    async def run() -> None:
        await push_image(world[EAST], "app", "v1", b"layer")
        invitation = await invited(world)
        assert await join(world, WEST, invitation) == EAST
        await world.rest()
        assert [peer.region for peer in await world[NORTH].peers()] == [EAST, WEST]
        assert (await world[NORTH].rows()) == (await world[WEST].rows())
        with pytest.raises(MembershipError, match="was used"):
            await join(world, WEST, invitation)

    world.run(run())


def test_an_invitation_is_good_for_one_region_only(world: Regions) -> None:
    async def run() -> None:
        invitation = await invited(world)
        with pytest.raises(MembershipError, match="is for westus"):
            await join(world, NORTH, invitation, NORTH)
        # Nor if somebody changes what it says.
        said = json.loads(base64.urlsafe_b64decode(invitation + "=="))
        said["for"] = "southindia"
        changed = base64.urlsafe_b64encode(json.dumps(said).encode()).decode()
        before = await world[EAST].database.read(regions.list_all)
        with pytest.raises(MembershipError, match="not for southindia"):
            await join(world, WEST, changed, "southindia")
        assert await world[EAST].database.read(regions.list_all) == before
        # It still holds for the one it was given to.
        assert await join(world, WEST, invitation) == EAST

    world.run(run())


def test_an_invitation_ends(world: Regions) -> None:
    async def run() -> None:
        invitation = await invited(world)
        await world[EAST].database.note(lambda connection: connection.execute(INVITATION.update().values(ends=1)))
        with pytest.raises(MembershipError, match="is over"):
            await join(world, WEST, invitation)

    world.run(run())


@pytest.mark.parametrize("text", ["", "hello", "e30", "W10", "\xff", base64.urlsafe_b64encode(b"\xff\xfe").decode()])
def test_what_is_no_invitation_is_refused(world: Regions, text: str) -> None:
    with pytest.raises(MembershipError, match="no invitation"):
        world.run(join(world, WEST, text))


@pytest.mark.parametrize(
    "changed",
    [
        {"url": "https://host:99999999"},
        {"url": "file:///etc/passwd"},
        {"url": 5},
        {"key": "hello"},
        {"key": None},
        {"authority": "hello"},
        {"addresses": "192.0.2.1"},
        {"addresses": ["hello"]},
        {"name": "East US"},
        {"name": None},
    ],
    ids=str,
)
def test_a_newcomer_that_describes_itself_badly_is_refused_and_may_try_again(
    world: Regions, changed: dict[str, Any]
) -> None:
    async def run() -> None:
        invitation = await invited(world)
        secret = json.loads(base64.urlsafe_b64decode(invitation + "=="))["secret"]
        said = {
            "name": WEST,
            "url": f"https://{CLOUD.node(WEST)}",
            "key": public_half(secret_of(world[WEST])),
            "authority": "",
            "addresses": [],
        }
        before = await world[EAST].rows()
        body = json.dumps({"secret": secret, "region": said | changed}).encode()
        request = httpx.Request("POST", f"https://{CLOUD.node(EAST)}{PREFIX}/join", content=body)
        answer = await send_to(world[EAST].application, request)
        await answer.aread()
        await answer.aclose()
        assert answer.status_code == 400
        assert await world[EAST].rows() == before
        assert await join(world, WEST, invitation) == EAST

    world.run(run())
