"""Envoy: a listener that goes by the name in a TLS hello, and looks that name up itself. Pure.

No filter chain is for other names, so Envoy closes those connections. What was meant for plain HTTP goes by the
request's host, which has a virtual host of its own or is answered 404.

Source: www.envoyproxy.io, "FilterChainMatch", "SNI dynamic forward proxy", "HTTP dynamic forward proxy".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from seawall.firewall.need import HTTP
from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import Ability, Target, Wildcard
from seawall.firewall.targets.names import reasons_by_name
from seawall.firewall.targets.words import comment

if TYPE_CHECKING:
    from seawall.firewall.rules import RuleSet

__all__ = ["TARGETS"]

_TYPE: Final = "type.googleapis.com/envoy.extensions"


def render(rules: RuleSet) -> str:
    """Write a whole configuration, with a listener and a cluster for each port."""
    import yaml  # noqa: PLC0415 - slow to import, not needed for --help

    document = {
        "static_resources": {
            "listeners": [_listener(rules, port) for port in rules.ports],
            "clusters": [_cluster(port) for port in rules.ports],
        }
    }
    return comment(rules) + yaml.safe_dump(document, sort_keys=False, width=120)


def _typed(name: str, kind: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"name": name, "typed_config": {"@type": f"{_TYPE}.{kind}", **fields}}


def _cache() -> dict[str, str]:
    # Filters and clusters that share a cache by name must describe it alike.
    return {"name": "seawall", "dns_lookup_family": "V4_PREFERRED"}


def _listener(rules: RuleSet, port: int) -> dict[str, Any]:
    names = list(reasons_by_name(rules, port))
    listener: dict[str, Any] = {
        "name": f"seawall_{port}",
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": port}},  # noqa: S104 - what a wall is for
    }
    if port == HTTP:
        return listener | {"filter_chains": [{"filters": [_http(port, names)]}]}
    inspector = _typed("envoy.filters.listener.tls_inspector", "filters.listener.tls_inspector.v3.TlsInspector")
    chain = {"filter_chain_match": {"server_names": names, "transport_protocol": "tls"}, "filters": _tls(port)}
    return listener | {"listener_filters": [inspector], "filter_chains": [chain]}


def _tls(port: int) -> list[dict[str, Any]]:
    return [
        _typed(
            "envoy.filters.network.sni_dynamic_forward_proxy",
            "filters.network.sni_dynamic_forward_proxy.v3.FilterConfig",
            port_value=port,
            dns_cache_config=_cache(),
        ),
        _typed(
            "envoy.filters.network.tcp_proxy",
            "filters.network.tcp_proxy.v3.TcpProxy",
            stat_prefix=f"seawall_{port}",
            cluster=f"seawall_{port}",
        ),
    ]


def _http(port: int, names: list[str]) -> dict[str, Any]:
    host = {
        "name": f"seawall_{port}",
        "domains": names,
        "routes": [{"match": {"prefix": "/"}, "route": {"cluster": f"seawall_{port}"}}],
    }
    return _typed(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=f"seawall_{port}",
        # Another port in the host would be connected to.
        strip_any_host_port=True,
        route_config={"name": f"seawall_{port}", "virtual_hosts": [host]},
        http_filters=[
            _typed(
                "envoy.filters.http.dynamic_forward_proxy",
                "filters.http.dynamic_forward_proxy.v3.FilterConfig",
                dns_cache_config=_cache(),
            ),
            _typed("envoy.filters.http.router", "filters.http.router.v3.Router"),
        ],
    )


def _cluster(port: int) -> dict[str, Any]:
    return {
        "name": f"seawall_{port}",
        "lb_policy": "CLUSTER_PROVIDED",
        "cluster_type": _typed(
            "envoy.clusters.dynamic_forward_proxy",
            "clusters.dynamic_forward_proxy.v3.ClusterConfig",
            dns_cache_config=_cache(),
        ),
    }


_ENVOY: Final = Target(
    name="envoy",
    title="Envoy",
    ability=Ability(
        ways=(Way.NAME,),
        wildcard=Wildcard.LABELS,
        atomic="a restart with --restart-epoch, or its listeners and clusters by xDS",
        checker="envoy --mode validate -c FILE",
        caveats=(
            (
                "Connections have to be led to it, by DNS or by redirection; it must itself see the real addresses of "
                "the names, or it would connect to itself."
            ),
            "The filter that looks names up, sni_dynamic_forward_proxy, is marked alpha by Envoy.",
            "Clients that encrypt the name (ECH) are refused.",
        ),
        source="https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener_components.proto",
    ),
    formats={"envoy": render},
    suffix={"envoy": ".yaml"},
    checks={"envoy": "envoy --mode validate -c FILE"},
)

TARGETS: Final = {_ENVOY.name: _ENVOY}
"""By name."""
