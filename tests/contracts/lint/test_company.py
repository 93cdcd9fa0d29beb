"""Lint rules of one's own: what they get, where their remarks lead, what becomes of bad ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from contracts.lint import Finding, Severity, lint_folder
from contracts.lint.company import (
    ENTRY_POINTS,
    CompanyRule,
    CompanyRules,
    LintedContract,
    Remark,
    load_rules,
)
from tests.support.contract_folder import CLICK, change
from tests.support.order import ADDRESS, ORDER, ORDER_DOCUMENT, contracts_with_an_order

MODULE = "tests.contracts.lint.test_company"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return contracts_with_an_order(tmp_path)


def named(rule: CompanyRule, name: str = "our-rule") -> CompanyRules:
    return CompanyRules({name: (rule, "test")})


def lint(folder: Path, rules: CompanyRules) -> list[Finding]:
    return list(lint_folder(folder, company_rules=rules))


def of_order(*remarks: Remark) -> CompanyRule:
    def rule(contract: LintedContract, /) -> Sequence[Remark]:
        return remarks if contract.event == "order_placed" else ()

    return rule


def order_has_total(contract: LintedContract, /) -> Iterator[Remark]:
    if contract.event == "order_placed" and "total" not in contract.schema["properties"]:
        yield Remark("/properties", "an order has no total", 'write "total"')


def test_a_remark_is_a_finding_with_its_file_line_and_remedy(folder: Path) -> None:
    (found,) = lint(folder, named(order_has_total))
    path = folder / ORDER
    line = path.read_text().splitlines().index('  "properties": {') + 1
    assert found == Finding(
        path=path,
        line=line,
        pointer="/properties",
        code="our-rule",
        severity=Severity.ERROR,
        message='an order has no total; write "total"',
    )


def test_a_remark_may_be_advice(folder: Path) -> None:
    rule = of_order(Remark("", "could be shorter", "cut it", Severity.WARNING))
    assert [each.severity for each in lint(folder, named(rule))] == [Severity.WARNING]


def test_a_remark_below_a_shared_definition_leads_into_its_file(folder: Path) -> None:
    pointer = "/$defs/shared.address.v1/properties/city"
    (found,) = lint(folder, named(of_order(Remark(pointer, "has no x-pii", "mark it"))))
    assert (found.path, found.pointer) == (folder / ADDRESS, "/properties/city")
    assert found.line > 1


def test_a_remark_may_name_another_file(folder: Path) -> None:
    file = "examples/order_placed/v1/valid/whole.json"
    (found,) = lint(folder, named(of_order(Remark("/ship_to", "is real", "alter it", file=file))))
    assert (found.path, found.pointer) == (folder / file, "/ship_to")
    assert found.line > 1


def test_rules_see_the_newest_version_of_each_event_with_references_followed(
    folder: Path,
) -> None:
    seen: dict[str, LintedContract] = {}

    def rule(contract: LintedContract, /) -> Sequence[Remark]:
        assert contract.event not in seen
        seen[contract.event] = contract
        return ()

    (folder / "events/element_click/v2.json").write_bytes((folder / CLICK).read_bytes())
    lint(folder, named(rule))
    assert seen["element_click"].version == 2
    assert seen["order_placed"].document == ORDER_DOCUMENT
    assert "shared.address.v1" in seen["order_placed"].schema["$defs"]
    assert seen["order_placed"].path == folder / ORDER


def test_rules_are_not_asked_about_what_breaks_the_dialect(folder: Path) -> None:
    change(folder / ORDER, lambda d: d.pop("x-owner"))
    assert [each.code for each in lint(folder, named(order_has_total))] == ["keyword-missing"]


def test_a_rule_that_writes_into_a_contract_changes_nothing_for_others(folder: Path) -> None:
    def spoil(contract: LintedContract, /) -> Sequence[Remark]:
        for each in (contract.document, contract.schema):
            assert isinstance(each, dict)
            each["properties"].clear()
            each.clear()
        return ()

    rules = {"a-spoiler": (spoil, "test"), "our-rule": (order_has_total, "test")}
    assert [each.code for each in lint(folder, CompanyRules(rules))] == ["our-rule"]


def raises(contract: LintedContract, /) -> Iterator[Remark]:
    if contract.event == "order_placed":
        yield Remark("", "said before", "keep it")
        raise KeyError("currency")


def leaves(_contract: LintedContract, /) -> Iterator[Remark]:
    raise SystemExit("I leave")


def test_a_rule_that_raises_is_told_by_its_name_and_asked_no_more(folder: Path) -> None:
    found = lint(folder, named(raises))
    assert [(each.code, each.path) for each in found] == [
        ("our-rule", folder / ORDER),
        ("rule-failed", folder / ORDER),
    ]
    assert "the rule our-rule (test) raised KeyError: 'currency'; repair it" in found[1].message


BAD: list[tuple[Any, str]] = [
    (leaves, "raised SystemExit: I leave"),
    (lambda _: None, "raised TypeError: 'NoneType' object is not iterable"),
    (lambda _: ["wrong"], "gave a str and no Remark"),
    (lambda _: [Remark(7, "a", "b")], "pointer, message and remedy of a Remark are texts"),  # type: ignore[arg-type]
    (lambda _: [Remark("", "a", "b", "error")], "Severity.ERROR"),  # type: ignore[arg-type]
    (list, "raised TypeError"),
]


@pytest.mark.parametrize(("rule", "told"), BAD, ids=[told for _, told in BAD])
def test_a_rule_that_does_not_work_fails_once_and_the_others_go_on(
    folder: Path, rule: Any, told: str
) -> None:
    found = lint(folder, CompanyRules({"bad": (rule, "x"), "our-rule": (order_has_total, "x")}))
    assert sorted(each.code for each in found) == ["our-rule", "rule-failed"]
    assert any(told in each.message for each in found)


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group=ENTRY_POINTS)


def test_an_entry_point_is_one_rule_and_its_name_the_code(folder: Path) -> None:
    rules = load_rules(installed=[point("order-has-total", f"{MODULE}:order_has_total")])
    assert rules.failures == ()
    assert [each.code for each in lint(folder, rules)] == ["order-has-total"]


UNLOADABLE = [
    (point("no-module", "there_is_none:rule"), "ModuleNotFoundError"),
    (point("no-function", f"{MODULE}:there_is_none"), "AttributeError"),
    (point("no-callable", f"{MODULE}:MODULE"), "is a str and no function"),
    (point("No name", f"{MODULE}:order_has_total"), "is no name of a rule"),
    (point("ref-unresolved", f"{MODULE}:order_has_total"), "there is a rule ref-unresolved"),
]


@pytest.mark.parametrize(("entry", "told"), UNLOADABLE, ids=[told for _, told in UNLOADABLE])
def test_an_entry_point_that_brings_no_rule_is_told_by_its_name(
    folder: Path, entry: EntryPoint, told: str
) -> None:
    (found,) = lint(folder, load_rules(installed=[entry]))
    assert found.code == "rule-failed"
    assert f"the rule {entry.name} ({entry.value}) cannot be loaded" in found.message
    assert told in found.message


HEAD = "from contracts.lint.company import Remark\n"


def file_of(folder: Path, text: str, name: str = "rules.py") -> Path:
    path = folder.parent / name
    path.write_text(text)
    return path


def test_a_file_brings_the_rules_in_its_dictionary(folder: Path) -> None:
    text = HEAD + (
        "def titled(contract):\n"
        "    if contract.event == 'order_placed':\n"
        "        yield Remark('/title', 'is no good', 'write another')\n"
        "RULES = {'good-title': titled}\n"
    )
    rules = load_rules([file_of(folder, text)], ())
    (found,) = lint(folder, rules)
    assert (found.code, found.pointer) == ("good-title", "/title")


BAD_FILES = [
    ("rules.py", "x = 1\nraise ValueError('no')\n", "ValueError: no", 2),
    ("rules.py", "x = 1\n\ndef (:\n", "SyntaxError", 3),
    ("rules.py", "x = 1\n", "no dictionary RULES", 1),
    ("rules.py", "RULES = {'Bad Name': print}\n", "is no name of a rule", 1),
    ("rules.txt", "RULES = {}\n", "no Python file", 1),
]


@pytest.mark.parametrize(
    ("name", "text", "told", "line"), BAD_FILES, ids=[told for _, _, told, _ in BAD_FILES]
)
def test_a_file_that_brings_no_rules_is_told_with_its_line(
    folder: Path, name: str, text: str, told: str, line: int
) -> None:
    path = file_of(folder, text, name)
    (found,) = lint(folder, load_rules([path], ()))
    assert (found.code, found.path, found.line) == ("rule-failed", path, line)
    assert told in found.message


def test_two_rules_of_one_name_are_told(folder: Path) -> None:
    text = HEAD + "RULES = {'a-rule': lambda contract: []}\n"
    paths = [file_of(folder, text, name) for name in ("one.py", "two.py")]
    (found,) = lint(folder, load_rules(paths, ()))
    assert found.path == paths[1]
    assert "there is a rule a-rule already" in found.message


def test_what_a_rule_gets_is_json(folder: Path) -> None:
    def rule(contract: LintedContract, /) -> Sequence[Remark]:
        json.dumps([contract.document, contract.schema])
        return ()

    assert lint(folder, named(rule)) == []
