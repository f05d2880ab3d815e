"""Proxy settings of clients: which hosts they reach directly, past a proxy. Pure.

The lists of exceptions (``NO_PROXY``) look alike and are read in two ways. Programs in Go (Docker, containerd) take
``.x`` and ``*.x`` for all names under ``x``; curl takes ``.x`` for these and ``x`` itself, and ``*.x`` for nothing. So
patterns are written ``.x``. For both, a name without dot in front covers all names under it too, which is why the apex
of a registry's domain is left to the proxy: it would take everybody's registries along. Ranges are compared with
addresses in URLs only, never with those that a name resolves to, so they would do nothing here.

Where the proxy is nobody but the user knows: :data:`PROXY` stands in its place.

Sources: docs.docker.com, "Daemon proxy configuration"; golang.org/x/net/http/httpproxy; curl's manual, ``--noproxy``;
"Configure an IoT Edge device to communicate through a proxy server".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from seawall.firewall.need import Purpose
from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import Ability, Target, Wildcard
from seawall.firewall.targets.words import comment

if TYPE_CHECKING:
    from seawall.firewall.rules import RuleSet

__all__ = ["PROXY", "TARGETS", "direct_hosts"]

PROXY: Final = "http://proxy.example:3128"
"""What the user replaces."""

_LOCAL: Final = ("localhost", "127.0.0.1", "::1")
_REPLACE: Final = f"{PROXY} stands for your proxy: put its URL there."
_BELOW: Final = "An exact name covers the names under it too."
_APEX: Final = "The apex of the registry's domain is left to the proxy: as an exception it would cover every registry."
_CAVEATS: Final = (_REPLACE, _BELOW, _APEX, "Exceptions have no ports: a host is reached directly on all of them.")
_DROP_IN: Final = "Write every % of a password as %%: a single one means something to systemd."


def direct_hosts(rules: RuleSet) -> tuple[str, ...]:
    """Spell the hosts of a rule set as exceptions from the proxy, with those of the machine itself."""
    names = (name for rule in rules.rules if rule.flow.purpose is not Purpose.APEX for name in rule.names)
    return (*_LOCAL, *dict.fromkeys(name.removeprefix("*") for name in names))


def render_shell(rules: RuleSet) -> str:
    """Write lines for a shell's profile."""
    lines = [
        *_head(rules),
        f'HTTPS_PROXY="{PROXY}"',
        f'NO_PROXY="{_exceptions(rules)}${{NO_PROXY:+,$NO_PROXY}}"',
        "# Some programs read one spelling, some the other.",
        'https_proxy="$HTTPS_PROXY" no_proxy="$NO_PROXY"',
        "export HTTPS_PROXY NO_PROXY https_proxy no_proxy",
    ]
    return _text(rules, lines)


def render_docker(rules: RuleSet) -> str:
    """Write the part of ``daemon.json`` that is about proxies."""
    return _json({"proxies": {"https-proxy": PROXY, "no-proxy": _exceptions(rules)}})


def render_docker_unit(rules: RuleSet) -> str:
    """Write a drop-in for Docker's service."""
    return _unit(rules, ("docker",), "HTTPS_PROXY", "NO_PROXY")


def render_containerd_unit(rules: RuleSet) -> str:
    """Write a drop-in for containerd's service."""
    return _unit(rules, ("containerd",), "HTTPS_PROXY", "NO_PROXY")


def render_iotedge_unit(rules: RuleSet) -> str:
    """Write one drop-in for the container engine and both services of IoT Edge."""
    # IoT Edge documents the small letters, and Go reads them as well.
    return _unit(rules, ("docker", "aziot-edged", "aziot-identityd"), "https_proxy", "no_proxy")


def render_iotedge_config(rules: RuleSet) -> str:
    """Write the part of ``config.toml`` that the agent starts with, before it knows any deployment."""
    lines = [f"# {_REPLACE}", "[agent.env]", f'https_proxy = "{PROXY}"', 'UpstreamProtocol = "AmqpWs"']
    return _text(rules, lines)


def render_iotedge_deployment(rules: RuleSet) -> str:  # noqa: ARG001 - what is called a Render
    """Write the part of a deployment manifest that keeps agent and hub on the proxy.

    Neither speaks to a registry, the container engine does; so there are no hosts in it.
    """
    modules = {
        name: {"env": {"https_proxy": {"value": PROXY}, "UpstreamProtocol": {"value": "AmqpWs"}}}
        for name in ("edgeAgent", "edgeHub")
    }
    return _json({"modulesContent": {"$edgeAgent": {"properties.desired": {"systemModules": modules}}}})


def _exceptions(rules: RuleSet) -> str:
    return ",".join(direct_hosts(rules))


def _head(rules: RuleSet) -> list[str]:
    left = [rule.flow.host for rule in rules.rules if rule.flow.purpose is Purpose.APEX]
    said = [f"# Left to the proxy: {host}. As an exception it would cover every registry there is." for host in left]
    return [*said, f"# {_REPLACE}"]


def _unit(rules: RuleSet, services: tuple[str, ...], proxy: str, exceptions: str) -> str:
    folders = [f"/etc/systemd/system/{service}.service.d/proxy.conf" for service in services]
    lines = [
        *(f"# Goes to {folder}" for folder in folders),
        *_head(rules),
        f"# {_DROP_IN}",
        "[Service]",
        f'Environment="{proxy}={_escape(PROXY)}"',
        f'Environment="{exceptions}={_escape(_exceptions(rules))}"',
    ]
    return _text(rules, lines)


def _escape(value: str) -> str:
    return value.replace("%", "%%")


def _text(rules: RuleSet, lines: list[str]) -> str:
    return comment(rules) + "\n".join(lines) + "\n"


def _json(document: object) -> str:
    return json.dumps(document, indent=2) + "\n"


_SHELL: Final = Target(
    name="proxy-env",
    title="environment variables for a proxy",
    ability=Ability(
        ways=(Way.NAME,),
        # What curl makes of a leading dot, which is the most that anybody does.
        wildcard=Wildcard.SUBTREE,
        atomic="read by shells that start from then on",
        checker="sh -n FILE",
        caveats=(*_CAVEATS, "Services that are running, and those started by systemd, do not see them."),
        source="https://curl.se/docs/manpage.html#--noproxy",
    ),
    formats={"sh": render_shell},
    suffix={"sh": ".sh"},
)
_DOCKER: Final = Target(
    name="docker",
    title="Docker's daemon behind a proxy",
    ability=Ability(
        ways=(Way.NAME,),
        wildcard=Wildcard.LABELS,
        atomic="on restart (systemctl restart docker)",
        checker="dockerd --validate --config-file FILE",
        caveats=(
            *_CAVEATS,
            "daemon.json has proxies from Docker Engine 23.0 on; the format drop-in is for older ones.",
            "Docker Desktop ignores both; set its proxy in its own settings.",
            "The JSON is a part: merge it into the daemon.json that is there.",
        ),
        source="https://docs.docker.com/engine/daemon/proxy/",
    ),
    formats={"daemon": render_docker, "drop-in": render_docker_unit},
    suffix={"daemon": ".json", "drop-in": ".conf"},
)
_CONTAINERD: Final = Target(
    name="containerd",
    title="containerd behind a proxy",
    ability=Ability(
        ways=(Way.NAME,),
        wildcard=Wildcard.LABELS,
        atomic="on restart (systemctl daemon-reload; systemctl restart containerd)",
        caveats=(*_CAVEATS, "hosts.toml has no field for a proxy; the environment of the service is the only place."),
        source="https://github.com/containerd/containerd/blob/main/docs/hosts.md",
    ),
    formats={"drop-in": render_containerd_unit},
    suffix={"drop-in": ".conf"},
)
_IOT_EDGE: Final = Target(
    name="iotedge",
    title="Azure IoT Edge behind a proxy",
    ability=Ability(
        ways=(Way.NAME,),
        wildcard=Wildcard.LABELS,
        atomic="on restart (systemctl daemon-reload; systemctl restart docker; iotedge system restart)",
        checker="iotedge check",
        caveats=(
            *_CAVEATS,
            "drop-in is for the container engine, which pulls, and for the services of IoT Edge.",
            "config is a part of /etc/aziot/config.toml, for the agent's first start.",
            "deployment is a part of every deployment manifest; the proxy's URL stands in it twice.",
        ),
        source="https://learn.microsoft.com/azure/iot-edge/how-to-configure-proxy-support",
    ),
    formats={
        "drop-in": render_iotedge_unit,
        "config": render_iotedge_config,
        "deployment": render_iotedge_deployment,
    },
    suffix={"drop-in": ".conf", "config": ".toml", "deployment": ".json"},
)

TARGETS: Final = {one.name: one for one in (_SHELL, _DOCKER, _CONTAINERD, _IOT_EDGE)}
"""By name."""
