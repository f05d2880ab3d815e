"""Convergence as a property: whatever three regions do and whatever befalls the roads between them, in the end all
answer alike, byte for byte, and nothing acknowledged is missing that nobody deleted."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from seawall.blobs.digest import Digest
from seawall.metadata.log import Head
from seawall.replication.contract import PeerError
from seawall.replication.incoming import take_over
from tests.replication.answers import check_answers
from tests.replication.model import Model
from tests.replication.regions import NAMES, Regions
from tests.replication.things import (
    BLOB,
    BLOBS,
    BLOBS_OF,
    CHILDREN_OF,
    HOUR,
    MANIFEST,
    MANIFESTS,
    REFERENCE,
    REGIONS,
    REPOSITORIES,
    SETTINGS,
    TAGS,
    named,
)
from tests.support import content

if TYPE_CHECKING:
    from seawall.replication.contract import Changes
    from tests.replication.regions import Region, Template

PROFILES: Final = {"": (8, 25), "minutes": (1_000, 60), "hours": (60_000, 80)}
"""How many examples of how many steps; SEAWALL_SOAK names one."""
PHASES: Final = {Phase.reuse, Phase.generate} | ({Phase.shrink} if "SEAWALL_SHRINK" in os.environ else set())
"""Making a failing example small takes minutes, and is done when somebody asks for it (SEAWALL_SHRINK)."""


class ThreeRegions(RuleBasedStateMachine):
    """Three regions, their clients, and their roads."""

    templates: tuple[Template, Template]

    @initialize(edge=st.booleans())
    def begin(self, edge: bool) -> None:
        self.world = Regions(self.templates[edge])
        self.model = Model(self.world)
        self.held: list[tuple[str, str, Changes]] = []

    def region(self, name: str) -> Region:
        return self.world[name]

    def call(self, name: str, method: str, path: str, **more: Any) -> Any:  # noqa: ANN401 - httpx.Response
        return self.world.run(self.region(name).call(method, path, **more))

    # What clients do.

    @rule(name=REGIONS, repository=REPOSITORIES, blob=BLOB)
    def push_blob(self, name: str, repository: str, blob: str) -> None:
        digest = content.digest_of(BLOBS[blob])
        answer = self.call(name, "POST", f"/v2/{repository}/blobs/uploads/?digest={digest}", content=BLOBS[blob])
        assert answer.status_code == 201, answer.text
        assert self.wrote(name, "blob_link", digest=digest, deleted=False)

    @rule(name=REGIONS, repository=REPOSITORIES, manifest=MANIFEST, tag=TAGS | st.none(), complete=st.booleans())
    def push_manifest(self, name: str, repository: str, manifest: str, tag: str | None, complete: bool) -> None:
        """Push a manifest; what it refers to was pushed here, elsewhere, or not at all."""
        if complete:
            for blob in BLOBS_OF[manifest]:
                self.push_blob(name, repository, blob)
            for child in CHILDREN_OF.get(manifest, ()):
                self.push_manifest(name, repository, child, None, True)  # noqa: FBT003
        body = MANIFESTS[manifest]
        digest = content.digest_of(body)
        kind = content.json_of(body.decode())["mediaType"]
        path = f"/v2/{repository}/manifests/{tag or digest}"
        known = self.is_complete_somewhere_near(name, repository, manifest)
        answer = self.call(name, "PUT", path, content=body, headers={"Content-Type": kind})
        if complete or known:
            assert answer.status_code == 201, answer.text
        if answer.status_code == 201:
            written = self.wrote(name, "manifest", digest=digest, deleted=False, body=body)
            assert written
            assert tag is None or self.wrote(name, "tag", written, name=tag, digest=digest, deleted=False)
            got = self.call(name, "GET", path)
            assert (got.status_code, got.content) == (200, body)
        else:
            assert answer.status_code == 404, answer.text
            assert not self.wrote(name, "manifest")

    @rule(name=REGIONS, repository=REPOSITORIES, reference=REFERENCE)
    def delete(self, name: str, repository: str, reference: str) -> None:
        answer = self.call(name, "DELETE", f"/v2/{repository}/manifests/{named(reference)}")
        assert answer.status_code in {202, 404}, answer.text
        table = "manifest" if reference in MANIFESTS else "tag"
        assert (answer.status_code == 202) == bool(self.wrote(name, table, deleted=True))

    @rule(name=REGIONS, repository=REPOSITORIES, blob=BLOB)
    def delete_blob(self, name: str, repository: str, blob: str) -> None:
        answer = self.call(name, "DELETE", f"/v2/{repository}/blobs/{content.digest_of(BLOBS[blob])}")
        assert answer.status_code in {202, 404}, answer.text
        assert (answer.status_code == 202) == bool(self.wrote(name, "blob_link", deleted=True))

    @rule(name=REGIONS, repository=REPOSITORIES, reference=REFERENCE)
    def pull(self, name: str, repository: str, reference: str) -> None:
        """What a region that can be reached has, and this one knows nothing of, is there."""
        answer = self.call(name, "GET", f"/v2/{repository}/manifests/{named(reference)}")
        assert answer.status_code in {200, 404}
        if answer.status_code == 200 and reference in MANIFESTS:
            assert answer.content == MANIFESTS[reference]

    @rule(name=REGIONS, repository=REPOSITORIES, blob=BLOB)
    def pull_blob(self, name: str, repository: str, blob: str) -> None:
        answer = self.world.run(self.region(name).blob(repository, content.digest_of(BLOBS[blob])))
        assert answer.status_code in {200, 404, 503}, answer.text
        assert answer.status_code != 200 or answer.content == BLOBS[blob]

    @rule(
        names=st.permutations(NAMES),
        repository=REPOSITORIES,
        manifest=MANIFEST,
        other=MANIFEST,
        tag=TAGS,
        deeds=st.permutations(["push", "move the tag", "delete", "delete the tag"]),
    )
    def race(self, names: list[str], repository: str, manifest: str, other: str, tag: str, deeds: list[str]) -> None:
        """All know the same image; then each region does something else with it, before it hears of the others."""
        self.push_manifest(names[0], repository, manifest, tag, True)  # noqa: FBT003
        self.tell()
        for name, deed in zip(names, deeds, strict=False):
            match deed:
                case "push":
                    self.push_manifest(name, repository, manifest, None, True)  # noqa: FBT003
                case "move the tag":
                    self.push_manifest(name, repository, other, tag, True)  # noqa: FBT003
                case _:
                    self.delete(name, repository, manifest if deed == "delete" else tag)

    # What operators do.

    @rule(name=REGIONS, kind=st.sampled_from(sorted(SETTINGS)), one=st.booleans(), other=st.booleans())
    def change_settings(self, name: str, kind: str, one: bool, other: bool) -> None:
        with self.region(name).database.writing() as writer:
            SETTINGS[kind](writer, one, other)
        self.model.look(self.region(name))

    # What happens.

    @rule(name=REGIONS, other=REGIONS)
    def follow(self, name: str, other: str) -> None:
        if self.reaches(name, other):
            self.world.run(self.region(name).follow(other))

    @rule()
    def tell(self) -> None:
        """Everybody hears what can be heard."""
        for name in NAMES:
            for other in NAMES:
                self.follow(name, other)
                if name == self.world.edge:
                    self.offer(other)

    @rule(name=REGIONS)
    def copy(self, name: str) -> None:
        self.world.run(self.region(name).copy())

    @rule(other=REGIONS)
    def offer(self, other: str) -> None:
        if self.world.edge and self.reaches(self.world.edge, other):
            self.world.run(self.region(self.world.edge).offer(other))

    @rule(name=REGIONS, other=REGIONS)
    def hold(self, name: str, other: str) -> None:
        """A part of a log that is taken over much later, perhaps more than once, and after newer ones."""
        if self.reaches(name, other):
            with suppress(PeerError):
                self.held.append((name, other, self.world.run(self.ask(name, other))))

    async def ask(self, name: str, other: str) -> Changes:
        known = await self.region(name).heard_of(other)
        return await (await self.region(name).peer(other)).changes(Head(known.epoch, known.cursor), 0.0)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), again=st.booleans())
    def release(self, data: st.DataObject, again: bool) -> None:
        one = data.draw(st.sampled_from(range(len(self.held))))
        name, other, changes = self.held[one]
        if not again:
            del self.held[one]
        self.world.run(take_over(self.region(name).database, other, changes))

    @rule(
        name=REGIONS,
        other=REGIONS,
        what=st.sampled_from(["cut", "cut", "lost", "twice", "torn"]),
        octets=st.integers(0, 90_000),
    )
    def spoil(self, name: str, other: str, what: str, octets: int) -> None:
        setattr(self.world.road(name, other), what, octets if what == "torn" else 1)

    @rule()
    def heal(self) -> None:
        self.world.heal()

    @rule(name=REGIONS, hours=st.integers(-9, 9))
    def restart(self, name: str, hours: int) -> None:
        """End, and come back with a clock that goes wrong."""
        self.region(name).skew = hours * HOUR
        self.world.run(self.region(name).restart())

    # What must be.

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.check()
        finally:
            self.world.close()

    def check(self) -> None:
        self.world.heal()
        self.world.run(self.world.rest())
        for region in self.world.regions.values():
            self.model.look(region)
        expected = self.model.everything()
        for region in self.world.regions.values():
            found = self.world.run(region.rows())
            for table, rows in expected.items():
                assert found[table] == rows, f"{table} in {region.name}"
        blobs = {content.digest_of(blob): blob for blob in BLOBS.values()}
        shown = self.model.shown()
        for region in self.world.regions.values():
            for linked in shown.blobs.values():
                # Not only to be had from elsewhere.
                assert {digest: region.store.size(Digest(digest)) for digest in linked} == linked
            self.world.run(check_answers(region, shown, blobs))
            assert not region.failures.seen

    def wrote(
        self, region: str, table: str, written: list[tuple[str, dict[str, Any]]] | None = None, /, **values: object
    ) -> list[tuple[str, dict[str, Any]]]:
        """Return what a region has just written, if a row of a table with such values is among it."""
        rows = self.model.look(self.region(region)) if written is None else written
        return rows if any(one == table and values.items() <= row.items() for one, row in rows) else []

    def reaches(self, name: str, other: str) -> bool:
        return other not in {name, self.world.edge}

    def is_complete_somewhere_near(self, name: str, repository: str, manifest: str) -> bool:
        """Say whether a region itself, or together with those it can ask, has all that a manifest refers to."""
        wanted = {("blob_link", content.digest_of(BLOBS[blob])) for blob in BLOBS_OF[manifest]}
        wanted |= {("manifest", content.digest_of(MANIFESTS[child])) for child in CHILDREN_OF.get(manifest, ())}
        asked = [name]
        for other in NAMES:
            road = self.world.road(name, other)
            if self.reaches(name, other) and not (road.cut or road.lost or road.torn is not None):
                asked.append(other)
        states = [self.world.run(self.region(one).rows()) for one in asked]
        for table, digest in wanted:
            rows = [
                row
                for state in states
                for row in state[table]
                if row["digest"] == digest and row["repository"] == repository
            ]
            last = max(rows, key=lambda row: (row["clock"], row["origin"]), default=None)
            mine = [row for row in states[0][table] if row["digest"] == digest and row["repository"] == repository]
            if last is None or last["deleted"] or (mine and mine[0]["deleted"] and mine[0] != last):
                return False
        return True


@pytest.mark.timeout(0 if "SEAWALL_SOAK" in os.environ else 300)
def test_all_regions_end_alike(template: Template, edge_template: Template) -> None:
    examples, steps = PROFILES[os.environ.get("SEAWALL_SOAK", "")]
    ThreeRegions.templates = (template, edge_template)
    run_state_machine_as_test(
        ThreeRegions,
        settings=settings(
            max_examples=examples,
            phases=PHASES,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
