"""Lint of shared definitions, and of the references to them."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.lint import Finding, Severity, lint_folder
from contracts.model.loader import load_catalog
from contracts.model.shared import fingerprint, id_of
from tests.contracts.lint.test_lint_robust import ODD
from tests.support.contract_folder import change
from tests.support.order import (
    ADDRESS,
    ADDRESS_DOCUMENT,
    COUNTRY,
    ORDER,
    contracts_with_an_order,
    write,
)

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return contracts_with_an_order(tmp_path)


def found_in(folder: Path, path: str) -> list[Finding]:
    return [each for each in lint_folder(folder) if each.path == folder / path]


def refers_to(reference: str) -> Edit:
    return lambda document: document["properties"].update(ship_to={"$ref": reference})


def test_definitions_that_refer_to_each_other_have_no_findings(folder: Path) -> None:
    assert lint_folder(folder) == ()


BROKEN: list[tuple[str, str, Edit, str, str]] = [
    (
        "ref-unresolved",
        ORDER,
        refers_to("../../shared/address/v3.json"),
        "/properties/ship_to/$ref",
        "there is no shared/address/v3.json; address has v1",
    ),
    (
        "ref-unresolved",
        ORDER,
        refers_to("../../shared/adress/v1.json"),
        "/properties/ship_to/$ref",
        "(shared has address, country); `ugc contracts new --shared adress` writes one",
    ),
    (
        "ref-unresolved",
        ORDER,
        refers_to("../../../secret/v1.json"),
        "/properties/ship_to/$ref",
        "leads nowhere; write #/$defs/<name>",
    ),
    (
        "ref-unresolved",
        ORDER,
        refers_to("../../shared/address/v1.json#/properties/city"),
        "/properties/ship_to/$ref",
        "means a part of a file",
    ),
    (
        "ref-unresolved",
        ADDRESS,
        lambda d: d["properties"]["country"].update({"$ref": "../country/v2.json"}),
        "/properties/country/$ref",
        "there is no shared/country/v2.json; country has v1",
    ),
    (
        "ref-recursive",
        ADDRESS,
        lambda d: d["properties"]["country"].update({"$ref": "../address/v1.json"}),
        "/properties/country/$ref",
        "leads back to here",
    ),
    (
        "ref-unresolved",
        ADDRESS,
        lambda d: d["properties"]["country"].update({"$ref": "#/$defs/country"}),
        "/properties/country/$ref",
        "#/$defs/country leads nowhere; write ../<name>/v<N>.json",
    ),
    ("string-unbounded", COUNTRY, lambda d: d.pop("maxLength"), "", '"maxLength"'),
    ("keyword-missing", COUNTRY, lambda d: d.pop("x-owner"), "/x-owner", "The team that answers"),
    ("example-missing", ADDRESS, lambda d: d.pop("examples"), "/examples", "write"),
    (
        "example-refused",
        COUNTRY,
        lambda d: d.update(examples=["nl"]),
        "/examples/0",
        "must match",
    ),
    ("keyword-unknown", ADDRESS, lambda d: d.update({"$defs": {}}), "/$defs", "not in the dialect"),
    (
        "object-open",
        ADDRESS,
        lambda d: d.update(properties={}, required=[], examples=[{}]),
        "/additionalProperties",
        "properties",
    ),
]


@pytest.mark.parametrize(
    ("code", "path", "edit", "pointer", "told"),
    BROKEN,
    ids=[f"{c}-{t}" for c, _, _, _, t in BROKEN],
)
def test_what_is_wrong_with_a_definition_is_told_in_its_own_file(
    folder: Path, code: str, path: str, edit: Edit, pointer: str, told: str
) -> None:
    change(folder / path, edit)
    found = [each for each in found_in(folder, path) if each.code == code]
    assert [each.pointer for each in found] == [pointer]
    assert told in found[0].message


def test_a_definition_in_another_draft_is_told_where_it_is_referred_to(folder: Path) -> None:
    draft = "https://json-schema.org/draft/2019-09/schema"
    change(folder / COUNTRY, lambda d: d.update({"$schema": draft}))
    told = [each for each in found_in(folder, ORDER) if each.code == "ref-unresolved"]
    assert [each.pointer for each in told] == ["/properties/origin/$ref"]
    assert f"shared/country/v1.json is written in {draft}" in told[0].message


def test_a_broken_reference_is_one_finding(folder: Path) -> None:
    change(folder / ORDER, refers_to("../../shared/address/v3.json"))
    assert [each.code for each in lint_folder(folder)] == ["ref-unresolved"]


def test_examples_of_an_event_are_held_against_what_it_refers_to(folder: Path) -> None:
    change(folder / ORDER, lambda d: d["examples"][0]["ship_to"].update(country="nl"))
    found = found_in(folder, ORDER)
    assert [(each.code, each.pointer) for each in found] == [
        ("example-refused", "/examples/0/ship_to/country")
    ]


def test_a_definition_that_nothing_refers_to_is_advice(folder: Path) -> None:
    write(folder / "shared/parcel/v1.json", ADDRESS_DOCUMENT)
    (found,) = lint_folder(folder)
    assert (found.code, found.severity) == ("shared-unused", Severity.WARNING)
    assert "refers to parcel" in found.message


def test_an_older_version_stays_though_only_the_newer_is_used(folder: Path) -> None:
    write(folder / "shared/address/v2.json", ADDRESS_DOCUMENT)
    assert lint_folder(folder) == ()


def test_versions_of_a_definition_have_no_gap(folder: Path) -> None:
    write(folder / "shared/address/v3.json", ADDRESS_DOCUMENT)
    assert [each.code for each in lint_folder(folder)] == ["version-gap"]


def test_a_definition_in_the_lock_stays_as_it_is(folder: Path) -> None:
    shared = load_catalog(folder).shared.documents
    locked = {id_of(key): fingerprint(document) for key, document in shared.items()}
    assert lint_folder(folder, locked_shared=locked) == ()
    change(folder / COUNTRY, lambda d: d.update(maxLength=3))
    (found,) = lint_folder(folder, locked_shared=locked)
    assert (found.code, found.path) == ("shared-edited", folder / COUNTRY)
    assert "v2.json" in found.message


def test_lint_ends_with_findings_whatever_a_definition_holds(folder: Path) -> None:
    rng = random.Random(7)
    for path in (ADDRESS, COUNTRY, ORDER):
        before = (folder / path).read_bytes()
        for _ in range(20):
            change(folder / path, lambda document: _spoil(document, rng))
            assert all(each.message for each in lint_folder(folder))
            (folder / path).write_bytes(before)


def _spoil(document: dict[str, Any], rng: random.Random) -> None:
    place: Any = document
    while True:
        inner = [key for key, value in place.items() if isinstance(value, dict) and value]
        if not inner or rng.random() < 0.4:
            break
        place = place[rng.choice(inner)]
    place[rng.choice([*place, "$ref", "$defs", "properties"])] = copy.deepcopy(rng.choice(ODD))
