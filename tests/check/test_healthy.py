"""The world itself: where nothing is amiss, the check says so."""

from __future__ import annotations

import asyncio

from seawall.check.step import Verdict
from tests.check.registry import LAYER, Registry
from tests.check.world import PASSWORD, Reply, Request, Talk, World


def test_a_healthy_registry() -> None:
    async def scenario() -> None:
        async with World() as world:
            registry = Registry()

            async def storage(request: Request, _: Talk) -> Reply:
                assert "authorization" not in request.headers
                return Reply(body=LAYER) if request.path == "/blob" else Reply(404)

            data = await world.site("data.localhost", storage)
            site = await world.site("registry.localhost", registry)
            registry.realm = f"https://{site.authority}/token"
            registry.link = f"https://{data.authority}/blob?sig=Sn3aky"
            world.secrets = {"Sn3aky"}
            report = await world.check(site, push=True)
            assert report.verdict is Verdict.OK, report.problems
            assert report.seconds < 2
            assert PASSWORD
            assert len(data.asked("/blob")) == 1

    asyncio.run(scenario())
