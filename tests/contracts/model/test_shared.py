"""Shared definitions: found by their path, put into the contracts that refer to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.errors import ContractLoadError, ContractSchemaError
from contracts.model.loader import load_catalog
from contracts.model.shared import Shared, fingerprint, used_by
from contracts.model.types import RecordType
from contracts.model.validation import Validator
from tests.support.contract_folder import change
from tests.support.order import (
    ADDRESS,
    COUNTRY,
    COUNTRY_DOCUMENT,
    ORDER,
    ORDER_DOCUMENT,
    PAYLOAD,
    contracts_with_an_order,
    write,
)

DRAFT = {"$schema": "https://json-schema.org/draft/2020-12/schema"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return contracts_with_an_order(tmp_path)


def test_a_contract_is_whole_once_it_is_loaded(folder: Path) -> None:
    order = load_catalog(folder).get("order_placed")
    assert used_by(order.schema) == (("address", 1), ("country", 1))
    validator = Validator(order.schema)
    assert validator.accepts(PAYLOAD)
    wrong = {**PAYLOAD, "ship_to": {"street": "Plein 1", "country": "nl"}}
    assert [each.pointer for each in validator.violations(wrong)] == ["/ship_to/country"]


def test_a_definition_is_typed_wherever_it_is_used_with_its_words_and_marks(folder: Path) -> None:
    order = load_catalog(folder).get("order_placed")
    fields = {field.json_name: field for field in order.data.fields}
    for name in ("ship_to", "bill_to"):
        inner = fields[name].value.type
        assert isinstance(inner, RecordType)
        assert [(each.name, each.pii) for each in inner.fields] == [
            ("street", "free_text"),
            ("city", None),
            ("country", None),
        ]
    assert fields["ship_to"].description == "Where something is sent."
    assert fields["bill_to"].description == "Where the invoice goes."


def test_a_mark_of_a_definition_that_is_one_value_is_the_fields_own(folder: Path) -> None:
    change(folder / COUNTRY, lambda d: d.update({"x-pii": "identifier"}))
    (origin,) = (
        field
        for field in load_catalog(folder).get("order_placed").data.fields
        if field.name == "origin"
    )
    assert origin.pii == "identifier"


def test_a_contract_that_refers_to_nothing_is_left_as_it_is(folder: Path) -> None:
    shared = load_catalog(folder).shared
    document = {**DRAFT, "properties": {"a": {"const": {"$ref": "../../shared/address/v1.json"}}}}
    assert shared.whole(document) is document
    assert list(shared.problems(document)) == []


def test_contracts_without_a_folder_of_shared_definitions_have_none() -> None:
    catalog = load_catalog()
    assert catalog.shared == Shared()
    assert all(used_by(contract.schema) == () for contract in catalog)


def test_own_definitions_and_shared_ones_lie_beside_each_other(folder: Path) -> None:
    def edit(document: dict[str, Any]) -> None:
        document["$defs"] = {
            "address": {"type": "array", "items": document["properties"]["origin"]}
        }
        document["properties"]["passed"] = {"$ref": "#/$defs/address", "description": "Countries."}

    change(folder / ORDER, edit)
    schema = load_catalog(folder).get("order_placed").schema
    assert sorted(schema["$defs"]) == ["address", "shared.address.v1", "shared.country.v1"]
    assert Validator(schema).accepts({**PAYLOAD, "passed": ["NL", "BE"]})
    assert not Validator(schema).accepts({**PAYLOAD, "passed": ["nl"]})


def test_a_new_version_reaches_nobody_until_it_is_referred_to(folder: Path) -> None:
    before = load_catalog(folder).get("order_placed").schema
    write(folder / "shared/country/v2.json", {**COUNTRY_DOCUMENT, "maxLength": 3})
    assert load_catalog(folder).get("order_placed").schema == before


BROKEN = [
    ("../../shared/country/v2.json", "there is no shared/country/v2.json; country has v1"),
    ("../../shared/land/v1.json", "there is no shared/land/v1.json (shared has address, country)"),
    ("../country/v1.json", "leads nowhere"),
    ("../../shared/../shared/country/v1.json", "leads nowhere"),
    ("../../../../etc/passwd", "leads nowhere"),
    ("https://example.org/v1.json", "leads nowhere"),
    ("file:///etc/passwd", "leads nowhere"),
    ("../../shared/country/v1.json#", "means a part of a file"),
]


@pytest.mark.parametrize(("reference", "told"), BROKEN)
def test_what_leads_nowhere_is_told_with_file_and_pointer(
    folder: Path, reference: str, told: str
) -> None:
    change(folder / ORDER, lambda d: d["properties"].update(origin={"$ref": reference}))
    with pytest.raises(ContractSchemaError) as caught:
        load_catalog(folder)
    assert caught.value.path == str(folder / ORDER)
    assert caught.value.problems[0].startswith(f"/properties/origin/$ref {reference}") or (
        caught.value.problems[0].startswith("/properties/origin/$ref there is no")
    )
    assert told in caught.value.problems[0]


def test_a_definition_that_leads_back_to_itself_is_refused(folder: Path) -> None:
    country = {**COUNTRY_DOCUMENT, "type": "array", "items": {"$ref": "../address/v1.json"}}
    write(folder / COUNTRY, country)
    with pytest.raises(ContractSchemaError, match=r"address/v1\.json leads back to here|country"):
        load_catalog(folder)


def test_a_definition_of_another_draft_is_refused(folder: Path) -> None:
    shared = Shared({("country", 1): {**COUNTRY_DOCUMENT, "$schema": "urn:ugc-events:dialect:2"}})
    document = {**DRAFT, "properties": {"a": {"$ref": "../../shared/country/v1.json"}}}
    (problem,) = shared.problems(document)
    assert problem.pointer == "/properties/a/$ref"
    assert "is written in urn:ugc-events:dialect:2" in problem.message


@pytest.mark.parametrize(
    ("keyword", "value", "told"),
    [
        ("x-owner", None, "/x-owner is required"),
        ("description", None, "/description is required"),
        ("x-origin", "client", "/x-origin is not a known property"),
        ("$defs", {}, r"/\$defs is not a known property"),
    ],
)
def test_a_definition_keeps_the_dialect(
    folder: Path, keyword: str, value: object, told: str
) -> None:
    def edit(document: dict[str, Any]) -> None:
        document[keyword] = value
        if value is None:
            del document[keyword]

    change(folder / ADDRESS, edit)
    with pytest.raises(ContractSchemaError, match=told):
        load_catalog(folder)


def test_a_definition_without_version_1_is_refused(folder: Path) -> None:
    (folder / ADDRESS).rename(folder / "shared/address/v2.json")
    with pytest.raises(ContractLoadError, match="without a gap"):
        load_catalog(folder)


def test_a_fingerprint_is_of_what_is_said_in_its_order() -> None:
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"a": 1, "b": 2})
    assert fingerprint({"a": 1, "b": 2}) != fingerprint({"b": 2, "a": 1})


def test_the_document_of_a_contract_is_not_changed(folder: Path) -> None:
    shared = load_catalog(folder).shared
    before = fingerprint(ORDER_DOCUMENT)
    shared.whole(ORDER_DOCUMENT)
    assert fingerprint(ORDER_DOCUMENT) == before
