"""What a scenario is: a story, the cause that must be named first, and a play in which that is seen."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tests.support.server import BINARY
from tests.walls.places import IMAGE, LOGIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from seawall.check.cause import Cause
    from tests.walls.clients import Done
    from tests.walls.lab import Lab

PATIENCE: Final = 12
"""Seconds for a check, of which no single wait takes more than a quarter."""
WORKS: Final = 0
WALLED_OFF: Final = 4
SOMETHING_ELSE: Final = 5


@dataclass(frozen=True)
class Scenario:
    """A story.

    Attributes:
        name: A short name.
        story: What is wrong, in a sentence.
        cause: What `seawall check` must name first; nothing where all is well.
        at: The host it must name first with it.
        play: Sets everything up, and lets clients and the check meet it.
    """

    name: str
    story: str
    cause: Cause | None
    at: str
    play: Callable[[Stage], None]


@dataclass
class Stage:
    """Where a scenario is played, and what came of it.

    Attributes:
        lab: The laboratory.
        scenario: What is played.
        said: The cause that the check named first, in the last look at the trouble.
        clients: What the real clients did, in order.
    """

    lab: Lab
    scenario: Scenario
    said: str = ""
    clients: list[str] = field(default_factory=list)

    def trouble(self, *options: str, code: int = WALLED_OFF, **how: Any) -> dict[str, Any]:  # noqa: ANN401 - handed on
        """Check; the scenario's cause must be named first, at its host. Return the first problem."""
        report = self.check(*options, code=code, **how)
        first = report["problems"][0]
        self.said = f"{first['cause']} at {first['hosts'][0]}"
        assert self.scenario.cause is not None
        assert (first["cause"], first["hosts"][0]) == (self.scenario.cause.value, self.scenario.at), report["problems"]
        return {**first, "report": report}

    def healthy(self, *options: str, **how: Any) -> dict[str, Any]:  # noqa: ANN401 - handed on
        """Check; nothing may stand in the way."""
        return self.check(*options, code=WORKS, **how)

    def check(self, *options: str, code: int, target: str = f"{LOGIN}/{IMAGE}", **how: Any) -> dict[str, Any]:  # noqa: ANN401 - handed on
        """Check, and return the report; how it ends, and how soon, is looked at here."""
        patience = () if "--timeout" in options else ("--timeout", str(PATIENCE))
        done = self.lab.client.check(target, *options, *patience, **how)
        assert done.code == code, done
        assert not done.err, done
        report: dict[str, Any] = done.json
        assert report["seconds"] < report["bound"] + 1
        assert self.lab.password not in done.out
        return report

    def pulls(self, client: str = "skopeo", **how: Any) -> Done:  # noqa: ANN401 - handed on
        """Let a real client pull, which must work."""
        done: Done = getattr(self.lab.client, client)(**how)
        assert done.ok, done
        self.clients.append(f"{client} pulls")
        return done

    def fails(self, client: str = "skopeo", **how: Any) -> Done:  # noqa: ANN401 - handed on
        """Let a real client pull, which must not work."""
        done: Done = getattr(self.lab.client, client)(**how)
        assert not done.ok, done
        self.clients.append(f"{client} fails")
        return done

    def explained(self, text: str, *options: str) -> dict[str, Any]:
        """Return what `seawall explain` makes of a client's words or a wall's log."""
        done = self.lab.client.run(str(BINARY), "explain", *options, "--registry", "myregistry", "--json", "--", text)
        assert done.ok, done
        found: dict[str, Any] = json.loads(done.out)
        return found
