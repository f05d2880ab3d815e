"""Policies for pods that pull, push or build by themselves: Kubernetes' own, Cilium's and Calico's. Pure.

None of them is asked when a node starts a pod: there the container runtime pulls, from the host. Each policy selects
the pods that carry the label :data:`CLIENTS`, since a selected pod may reach nothing but what its policies name.
Cilium refuses names and ranges in one rule, so each kind has rules of its own; Kubernetes knows ranges only.

Sources: kubernetes.io, "Network Policies"; docs.cilium.io, "DNS based" policies; docs.tigera.io, "DNS policy" and
"Global network set".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import Ability, Target, Wildcard
from seawall.firewall.targets.words import comment

if TYPE_CHECKING:
    from seawall.firewall.rules import RuleSet

__all__ = ["CLIENTS", "TARGETS", "policy_name"]

CLIENTS: Final = ("seawall", "client")
"""Label of the pods that a policy is for, and its value."""

_DNS_PORT: Final = 53
_DNS_NAMESPACE: Final = "kube-system"
_DNS_APP: Final = "kube-dns"
_ON_NODES: Final = "Pulls by a node's container runtime come from the host and are not subject to policies for pods."
_LABEL: Final = f"Is for pods with the label {CLIENTS[0]}: {CLIENTS[1]}; they reach nothing else from then on."
_DNS: Final = (
    f"Lets these pods ask the DNS pods labelled k8s-app: {_DNS_APP} in {_DNS_NAMESPACE} for any name; where DNS is "
    "elsewhere (a cache on the node, OpenShift), change that rule."
)
_APPLY: Final = "one object at a time (kubectl apply)"
_CHECK: Final = "kubectl apply --dry-run=server -f FILE"


def policy_name(rules: RuleSet) -> str:
    """Name the policy after the registry it lets pods reach."""
    return f"seawall-{_whose(rules)}"


def render_network_policy(rules: RuleSet) -> str:
    """Write a NetworkPolicy for the namespace it is applied in."""
    egress: list[dict[str, Any]] = [
        {
            "to": [
                {
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": _DNS_NAMESPACE}},
                    "podSelector": {"matchLabels": {"k8s-app": _DNS_APP}},
                }
            ],
            "ports": [{"protocol": protocol, "port": _DNS_PORT} for protocol in ("UDP", "TCP")],
        }
    ]
    egress += [
        {
            "to": [{"ipBlock": {"cidr": prefix}} for prefix in rules.addresses(port).cidrs],
            "ports": [{"protocol": "TCP", "port": port}],
        }
        for port in rules.ports
    ]
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": policy_name(rules)},
        "spec": {"podSelector": {"matchLabels": _clients()}, "policyTypes": ["Egress"], "egress": egress},
    }
    return _write(rules, policy)


def render_cilium(rules: RuleSet) -> str:
    """Write a CiliumNetworkPolicy for the namespace it is applied in."""
    # Names work only where Cilium sees the answers, for which a rule for DNS must stand in the same policy. It lets
    # every question pass: resolvers try the cluster's own suffixes first, and some give up at the first refusal.
    dns: dict[str, Any] = {"ports": [{"port": str(_DNS_PORT), "protocol": "ANY"}]}
    if any(rules.names(port) for port in rules.ports):
        dns["rules"] = {"dns": [{"matchPattern": "*"}]}
    labels = {"k8s:io.kubernetes.pod.namespace": _DNS_NAMESPACE, "k8s:k8s-app": _DNS_APP}
    egress: list[dict[str, Any]] = [{"toEndpoints": [{"matchLabels": labels}], "toPorts": [dns]}]
    for port in rules.ports:
        names, prefixes = rules.names(port), rules.addresses(port).cidrs
        if names:
            egress.append({"toFQDNs": [_selector(name) for name in names], "toPorts": _tcp(port)})
        if prefixes:
            egress.append({"toCIDR": list(prefixes), "toPorts": _tcp(port)})
    policy = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": policy_name(rules)},
        "spec": {"endpointSelector": {"matchLabels": _clients()}, "egress": egress},
    }
    return _write(rules, policy)


def render_calico(rules: RuleSet) -> str:
    """Write a GlobalNetworkSet for each port, and the GlobalNetworkPolicy that uses them."""
    name = policy_name(rules)
    sets, egress = [], []
    for protocol in ("UDP", "TCP"):
        dns = {
            "namespaceSelector": f"projectcalico.org/name == '{_DNS_NAMESPACE}'",
            "selector": f"k8s-app == '{_DNS_APP}'",
            "ports": [_DNS_PORT],
        }
        egress.append({"action": "Allow", "protocol": protocol, "destination": dns})
    for port in rules.ports:
        labels = {"seawall-registry": _whose(rules), "seawall-port": str(port)}
        # One set may hold both families, one rule may not.
        content = {"nets": list(rules.addresses(port).cidrs), "allowedEgressDomains": list(rules.names(port))}
        sets.append(
            {
                "apiVersion": "projectcalico.org/v3",
                "kind": "GlobalNetworkSet",
                "metadata": {"name": f"{name}-{port}", "labels": labels},
                "spec": {key: value for key, value in content.items() if value},
            }
        )
        selector = " && ".join(f"{key} == '{value}'" for key, value in labels.items())
        destination = {"selector": selector, "ports": [port]}
        egress.append({"action": "Allow", "protocol": "TCP", "destination": destination})
    policy = {
        "apiVersion": "projectcalico.org/v3",
        "kind": "GlobalNetworkPolicy",
        "metadata": {"name": name},
        "spec": {"selector": f"{CLIENTS[0]} == '{CLIENTS[1]}'", "types": ["Egress"], "egress": egress},
    }
    return _write(rules, *sets, policy)


def _whose(rules: RuleSet) -> str:
    return rules.need.registry or "mcr"


def _clients() -> dict[str, str]:
    return {CLIENTS[0]: CLIENTS[1]}


def _selector(name: str) -> dict[str, str]:
    return {"matchPattern" if name.startswith("*.") else "matchName": name}


def _tcp(port: int) -> list[dict[str, Any]]:
    return [{"ports": [{"port": str(port), "protocol": "TCP"}]}]


def _write(rules: RuleSet, *documents: dict[str, Any]) -> str:
    import yaml  # noqa: PLC0415 - slow to import, not needed to list targets

    return comment(rules) + yaml.safe_dump_all(documents, sort_keys=False, explicit_start=True)


def _caveats(*more: str) -> tuple[str, ...]:
    return _ON_NODES, _LABEL, _DNS, *more


_NETWORK_POLICY: Final = Target(
    name="networkpolicy",
    title="a Kubernetes NetworkPolicy",
    ability=Ability(
        ways=(Way.IP,),
        atomic=_APPLY,
        checker=_CHECK,
        caveats=_caveats("Does something only where the cluster's network plugin enforces policies."),
        source="https://kubernetes.io/docs/concepts/services-networking/network-policies/",
    ),
    formats={"yaml": render_network_policy},
    suffix={"yaml": ".yaml"},
)
_CILIUM: Final = Target(
    name="cilium",
    title="Cilium",
    ability=Ability(
        ways=(Way.NAME, Way.IP),
        wildcard=Wildcard.LABEL,
        # The table of one pod's policies has 16,384 entries unless it is made larger (bpf-policy-map-max).
        most_ranges=16_384,
        atomic=_APPLY,
        checker=_CHECK,
        caveats=_caveats(
            "Names are learnt from DNS answers that Cilium's proxy sees; a pod that asks a server of its own "
            "(DNS over HTTPS) reaches nothing.",
        ),
        source="https://docs.cilium.io/en/stable/security/policy/language/#dns-based",
    ),
    formats={"yaml": render_cilium},
    suffix={"yaml": ".yaml"},
)
_CALICO: Final = Target(
    name="calico",
    title="Calico Open Source",
    ability=Ability(
        ways=(Way.IP,),
        atomic=_APPLY,
        checker=_CHECK,
        caveats=_caveats("Host names need Calico Enterprise or Cloud; the target calico-enterprise is for it."),
        source="https://docs.tigera.io/calico/latest/reference/resources/globalnetworkset",
    ),
    formats={"yaml": render_calico},
    suffix={"yaml": ".yaml"},
)
_CALICO_ENTERPRISE: Final = Target(
    name="calico-enterprise",
    title="Calico Enterprise or Cloud",
    ability=Ability(
        ways=(Way.NAME, Way.IP),
        wildcard=Wildcard.LABELS,
        atomic=_APPLY,
        checker=_CHECK,
        caveats=_caveats(
            "A star stands for one or more labels.",
            "Names are learnt from DNS answers of trusted servers; other names with the same address pass too.",
        ),
        source="https://docs.tigera.io/calico-enterprise/latest/network-policy/domain-based-policy",
    ),
    formats={"yaml": render_calico},
    suffix={"yaml": ".yaml"},
)

TARGETS: Final = {one.name: one for one in (_NETWORK_POLICY, _CILIUM, _CALICO, _CALICO_ENTERPRISE)}
"""By name."""
