"""Every target there is, held against what it declares of itself."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest

from seawall.firewall.need import Flow, Need, Purpose
from seawall.firewall.rules import Exposure, Rule, RuleSet, Way
from seawall.firewall.targets import table
from seawall.firewall.targets.contract import CannotExpressError, Target, Wildcard, check_fit
from seawall.firewall.targets.table import TargetUnknownError, all_targets, find_target, target_names
from seawall.servicetags.prefixes import V4, AddressSet, Spans
from tests.targets.rule_sets import DEDICATED, NEEDS, OWN, by_name, every_rule_set

EVERY: Final = {target.name: target for target in all_targets()}
FORMATS: Final = [(name, form) for name, target in EVERY.items() for form in target.formats]
RULE_SETS: Final = every_rule_set()
FOLDER: Final = Path(table.__file__).parent
ROOT: Final = Path(__file__).parents[2]
PARTS: Final = {"contract", "words", "table", "__init__"}
PATIENCE: Final = 60.0


def held_ways(rules: RuleSet) -> set[Way]:
    """What the rules of a set are recognised by, told from the rules alone."""
    kinds = {Way.NAME: "names", Way.TAG: "tags", Way.IP: "addresses"}
    return {way for way, kind in kinds.items() if any(getattr(rule, kind) for rule in rules.rules)}


def fits(target: Target, rules: RuleSet) -> bool:
    try:
        check_fit(target, rules)
    except CannotExpressError:
        return False
    return True


def written(target: Target, form: str, rules: RuleSet) -> str | None:
    """The text; nothing where the target or the format says itself that it cannot."""
    try:
        check_fit(target, rules)
        return target.formats[form](rules)
    except CannotExpressError:
        return None


def ways_that_hold(target: Target) -> set[Way]:
    return {Way.NAME, Way.IP, Way.TAG} & set(target.ability.ways)


# The table.


def test_names_are_unique() -> None:
    names = target_names()
    assert len(set(names)) == len(names) == len(EVERY)


def test_the_table_agrees_with_the_modules() -> None:
    for module, names in table._MODULES.items():
        targets = import_module(f"seawall.firewall.targets.{module}").TARGETS
        assert tuple(targets) == names, module
        for name, target in targets.items():
            assert target.name == name
            assert find_target(name) is target


def test_no_module_is_left_out_of_the_table() -> None:
    found = set()
    for path in FOLDER.glob("*.py"):
        if path.stem not in PARTS and re.search(r"^TARGETS\b", path.read_text("utf-8"), re.MULTILINE):
            found.add(path.stem)
    assert found == set(table._MODULES)


@pytest.mark.parametrize(("typed", "meant"), [("nftable", "nftables"), ("jsn", "json"), ("dockr", "docker")])
def test_a_mistyped_target_is_guessed(typed: str, meant: str) -> None:
    with pytest.raises(TargetUnknownError, match=meant):
        find_target(typed)


def test_an_unknown_target_is_answered_with_all_there_are() -> None:
    with pytest.raises(TargetUnknownError) as caught:
        find_target("qqqqqqqqqq")
    assert all(name in str(caught.value) for name in target_names())


def test_reading_every_target_reads_no_slow_library() -> None:
    """The list of targets and the rules of one must not wait for the libraries of another."""
    program = (
        "import sys; from seawall.firewall.targets.table import all_targets; list(all_targets()); "
        "print(*sorted({'yaml', 'aerleon', 'rich', 'sqlalchemy', 'cryptography'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert done.stdout.split() == []


# What each declares.


@pytest.mark.parametrize("name", EVERY)
def test_declarations_are_whole(name: str) -> None:
    target = EVERY[name]
    ability = target.ability
    assert re.fullmatch(r"[a-z][a-z0-9-]*", target.name)
    assert target.title
    assert ability.ways
    assert len(set(ability.ways)) == len(ability.ways)
    assert ability.atomic
    # A page that says so, or our own where the format is ours.
    assert re.match(r"https://[a-z0-9.-]+\.[a-z]+/", ability.source) or (ROOT / ability.source).is_file()
    assert target.formats
    assert all(re.fullmatch(r"[a-z][a-z0-9_-]*", form) for form in target.formats)
    assert set(target.suffix) <= set(target.formats)
    assert set(target.changes) <= set(target.formats)
    assert all(suffix.startswith(".") for suffix in target.suffix.values())
    assert all(re.fullmatch(r".+[.)]", caveat) for caveat in ability.caveats)


@pytest.mark.parametrize("name", EVERY)
def test_what_a_wildcard_means_is_said_by_those_who_know_names(name: str) -> None:
    ability = EVERY[name].ability
    if ability.wildcard is not Wildcard.NONE:
        assert Way.NAME in ability.ways


# What each writes.


@pytest.mark.parametrize("name", EVERY)
def test_every_way_that_is_declared_is_written(name: str) -> None:
    target = EVERY[name]
    seen: dict[str, set[Way]] = {}
    for form in target.formats:
        seen[form] = set()
        for rules in RULE_SETS.values():
            text = written(target, form, rules)
            if text is not None:
                seen[form] |= held_ways(rules)
                assert text.strip()
                assert text.endswith("\n")
                assert "\r" not in text.replace("\r\n", "\n")
                assert text == target.formats[form](rules), "the same rules must be the same text"
    # A format may be for one way alone (a list of addresses, a list of names); the usual one is for all.
    usual = next(iter(target.formats))
    assert seen[usual] == ways_that_hold(target)
    assert all(seen.values())


@pytest.mark.parametrize(("name", "form"), FORMATS)
def test_what_a_format_cannot_hold_is_refused_with_the_next_best(name: str, form: str) -> None:
    target = EVERY[name]
    for rules in RULE_SETS.values():
        if fits(target, rules) and written(target, form, rules) is None:
            with pytest.raises(CannotExpressError, match=rf"--by|--revocation|usual format|{name}:") as caught:
                target.formats[form](rules)
            assert len(str(caught.value)) > 40


@pytest.mark.parametrize(("name", "form"), FORMATS)
def test_whatever_has_comments_says_what_it_is_for(name: str, form: str) -> None:
    target = EVERY[name]
    rules = next(rules for rules in RULE_SETS.values() if written(target, form, rules) is not None)
    text = target.formats[form](rules)
    if "Written by seawall" in text:
        assert rules.title in text


def test_texts_do_not_depend_on_the_order_of_sets(tmp_path: Path) -> None:
    """Two interpreters that hash differently write the same."""
    program = tmp_path / "digests.py"
    program.write_text(
        "from tests.targets.test_table import digests\nfor line in digests():\n    print(line)\n", encoding="utf-8"
    )
    running = [
        subprocess.Popen(
            [sys.executable, program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2")
    ]
    first, second = (one.communicate(timeout=PATIENCE)[0].splitlines() for one in running)
    assert [one.returncode for one in running] == [0, 0]
    assert first == second
    assert len(first) > len(FORMATS)


def digests() -> list[str]:
    """What every format writes of the rule sets that have most in them, in short."""
    found = []
    for name, form in FORMATS:
        for which in (
            "everything-by-name",
            "everything-by-ip",
            "everything-by-tag",
            "dedicated-by-name",
            "dedicated-by-ip",
        ):
            text = written(EVERY[name], form, RULE_SETS[which])
            if text is not None:
                found.append(f"{name}:{form} {which} {hashlib.sha256(text.encode()).hexdigest()}")
    return found


NAMES_TARGETS: Final = [(name, form) for name, form in FORMATS if Way.NAME in EVERY[name].ability.ways]
EXACT: Final = [name for name in RULE_SETS if name.endswith("-by-name") and not RULE_SETS[name].exposure.patterns]
PATTERNS: Final = [name for name in RULE_SETS if name.endswith("-by-name") and RULE_SETS[name].exposure.patterns]
# Check Point writes every domain so, and says in another field whether those under it are meant.
DOT_IN_FRONT: Final = {"checkpoint"}
REMOVING: Final = ("delete ", "drop ", "no ")
HOST: Final = re.compile(r"[A-Za-z0-9*._-]*(?:azurecr\.(?:io|cn|us)|mcr\.microsoft\.com|registry\.test)[A-Za-z0-9._-]*")


@pytest.mark.parametrize(("name", "form"), NAMES_TARGETS)
def test_exact_names_are_not_written_as_patterns(name: str, form: str) -> None:
    for which in EXACT:
        text = written(EVERY[name], form, RULE_SETS[which])
        if text is not None:
            assert "*." not in text, which


@pytest.mark.parametrize(("name", "form"), NAMES_TARGETS)
def test_patterns_are_written_just_where_there_are_wildcards(name: str, form: str) -> None:
    target = EVERY[name]
    texts = [written(target, form, RULE_SETS[which]) for which in PATTERNS]
    if target.ability.wildcard is Wildcard.NONE:
        assert texts == [None] * len(PATTERNS)
    elif form == next(iter(target.formats)):
        assert None not in texts


@pytest.mark.parametrize(("name", "form"), NAMES_TARGETS)
def test_no_host_is_written_that_was_not_asked_for(name: str, form: str) -> None:
    """A suffix in place of a name (``.azurecr.io``) is everybody's registry."""
    for which in EXACT:
        rules = RULE_SETS[which]
        text = written(EVERY[name], form, rules)
        if text is not None:
            asked = {host for rule in rules.rules for host in rule.names}
            # The zone of a private endpoint, which is told in a note.
            asked |= {host.rstrip(".") for note in rules.notes for host in HOST.findall(note)}
            found = {host.rstrip(".-_") for host in HOST.findall(text.replace("\\n", "\n"))}
            # Objects and rules are named after hosts, with something in front.
            strays = {host for host in found if not any(host == one or host.endswith(f"-{one}") for one in asked)}
            if name in DOT_IN_FRONT:
                strays -= {f".{host}" for host in asked}
            assert not strays, which


@pytest.mark.parametrize("name", EVERY)
def test_rules_for_a_domain_of_one_s_own(name: str) -> None:
    target = EVERY[name]
    fitting = [which for which, rules in RULE_SETS.items() if rules.need.cloud is OWN and fits(target, rules)]
    if ways_that_hold(target) & {Way.NAME, Way.IP}:
        assert fitting
        usual = next(iter(target.formats))
        assert all(written(target, usual, RULE_SETS[which]) for which in fitting)
    for which in fitting:
        for form in target.formats:
            text = written(target, form, RULE_SETS[which])
            if text is None:
                continue
            # Nothing of Microsoft's has crept in.
            rules_only = "\n".join(line for line in text.splitlines() if "://" not in line)
            assert "azurecr.io" not in rules_only
            assert "core.windows.net" not in rules_only


def lines_on(port: int, text: str, *, removing: bool) -> list[str]:
    """Lines that have a port in them; those that take an older rule away, or the others."""
    named = re.compile(rf"(?<![0-9]){port}(?![0-9])")
    return [line for line in text.splitlines() if named.search(line) and line.startswith(REMOVING) == removing]


@pytest.mark.parametrize(("name", "form"), FORMATS)
@pytest.mark.parametrize("way", ["name", "ip"])
def test_a_registry_on_another_port_is_opened_there(name: str, form: str, way: str) -> None:
    usual, other = (written(EVERY[name], form, RULE_SETS[f"{which}-by-{way}"]) for which in ("own", "own-port"))
    assert (usual is None) == (other is None)
    if usual is None or other is None or not lines_on(443, usual, removing=False):
        return
    assert lines_on(8443, other, removing=False)
    assert not lines_on(443, other, removing=False)
    # What was there of an earlier time goes on this port too.
    assert bool(lines_on(443, usual, removing=True)) == bool(lines_on(8443, other, removing=True))


# What each refuses.


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("which", RULE_SETS)
def test_ways_that_are_not_declared_are_refused_with_the_next_best(name: str, which: str) -> None:
    target, rules = EVERY[name], RULE_SETS[which]
    missing = held_ways(rules) - set(target.ability.ways)
    if missing:
        with pytest.raises(CannotExpressError) as caught:
            check_fit(target, rules)
        assert target.title in str(caught.value)
        assert all(f"--by {way}" in str(caught.value) for way in target.ability.ways)


@pytest.mark.parametrize("name", [name for name, one in EVERY.items() if Way.NAME in one.ability.ways])
def test_wildcards_that_are_not_declared_are_refused_with_the_next_best(name: str) -> None:
    target = EVERY[name]
    for which in PATTERNS:
        if target.ability.wildcard is not Wildcard.NONE:
            check_fit(target, RULE_SETS[which])
            continue
        need = RULE_SETS[which].need
        with pytest.raises(CannotExpressError) as caught:
            check_fit(target, RULE_SETS[which])
        others = [f"--by {way}" for way in target.ability.ways if way is not Way.NAME]
        # Switching data endpoints on helps only where shared storage is all that stands in the way.
        shared = set(RULE_SETS[which].names(443)) & {need.cloud.blob_wildcard, "*.data.mcr.microsoft.com"}
        advice = [*others, *(["--data-endpoints"] if shared == {need.cloud.blob_wildcard} else [])]
        assert all(one in str(caught.value) for one in advice or ["proxy"])
        assert "Next best" in str(caught.value)


def set_of(*rules: Rule, need: Need = DEDICATED) -> RuleSet:
    return RuleSet(need, Way.IP, rules, Exposure())


def flow(port: int = 443) -> Flow:
    return Flow("myregistry.azurecr.io", Purpose.LOGIN, "a test", "https://example.test/", port=port)


def scattered(count: int) -> AddressSet:
    """As many ranges as asked for, none beside another."""
    return AddressSet(Spans.of(V4, ((2 * at, 2 * at + 1) for at in range(count))))


@pytest.mark.parametrize("name", [name for name, one in EVERY.items() if one.ability.most_ranges is not None])
def test_more_ranges_than_declared_are_refused_with_the_next_best(name: str) -> None:
    target = EVERY[name]
    most = target.ability.most_ranges
    assert most is not None
    check_fit(target, set_of(Rule(flow(), addresses=scattered(most))))
    with pytest.raises(CannotExpressError, match=f"{most + 1}.*Next best"):
        check_fit(target, set_of(Rule(flow(), addresses=scattered(most + 1))))
    # All ports count.
    with pytest.raises(CannotExpressError, match=f"{most + 1}.*Next best"):
        check_fit(target, set_of(Rule(flow(), addresses=scattered(most)), Rule(flow(80), addresses=scattered(1))))


@pytest.mark.parametrize("name", [name for name, one in EVERY.items() if one.ability.most_names is not None])
def test_more_names_than_declared_are_refused(name: str) -> None:
    target = EVERY[name]
    most = target.ability.most_names
    assert most is not None
    names = tuple(f"h{at}.registry.test" for at in range(most + 1))
    check_fit(target, set_of(Rule(flow(), names=names[:-1])))
    with pytest.raises(CannotExpressError, match=f"{most + 1}.*Next best"):
        check_fit(target, set_of(Rule(flow(), names=names)))


@pytest.mark.parametrize("name", [name for name, one in EVERY.items() if Way.IP in one.ability.ways])
def test_ipv6_is_refused_just_where_it_is_not_declared(name: str) -> None:
    target = EVERY[name]
    rules = set_of(Rule(flow(), addresses=AddressSet.of(["192.0.2.0/24", "2001:db8::/32"])))
    if target.ability.ipv6:
        check_fit(target, rules)
    else:
        with pytest.raises(CannotExpressError, match="IPv6"):
            check_fit(target, rules)


def test_the_samples_try_what_there_is_to_try() -> None:
    """Were they all alike, most of the above would pass without having looked."""
    assert {way for rules in RULE_SETS.values() for way in held_ways(rules)} == {Way.NAME, Way.IP, Way.TAG}
    assert {rules.need.cloud for rules in RULE_SETS.values()} == {need.cloud for need in NEEDS.values()}
    assert {port for rules in RULE_SETS.values() for port in rules.ports} == {80, 443, 8443}
    assert any(rules.addresses(443).v6 for rules in RULE_SETS.values())
    assert any(one.names(443) for one in (by_name(DEDICATED),))
    assert EXACT
    assert PATTERNS
