"""The Avro image of every contract: whole documents, and both Avro libraries take them."""

from __future__ import annotations

import json

import avro.schema
import fastavro
import pytest

from contracts.model.loader import load_catalog
from contracts.model.types import Contract
from registry.avro import avro_schema, record_name, schema_text
from tests.support.golden import assert_golden

CATALOG = load_catalog()


@pytest.mark.parametrize("contract", list(CATALOG), ids=lambda c: c.id)
def test_golden(contract: Contract) -> None:
    text = json.dumps(avro_schema(CATALOG, contract), indent=2, ensure_ascii=False)
    assert_golden(f"avro/{contract.event}-v{contract.version}.avsc", text + "\n")


@pytest.mark.parametrize("contract", list(CATALOG), ids=lambda c: c.id)
def test_both_avro_libraries_accept_it(contract: Contract) -> None:
    text = schema_text(avro_schema(CATALOG, contract))
    parsed = fastavro.parse_schema(json.loads(text))
    assert isinstance(parsed, dict)
    assert parsed["name"] == record_name(contract.event)
    assert avro.schema.parse(text).fullname == record_name(contract.event)


def test_the_text_is_the_same_each_time() -> None:
    contract = CATALOG.get("quality_change")
    again = load_catalog()
    assert schema_text(avro_schema(CATALOG, contract)) == schema_text(
        avro_schema(again, again.get("quality_change"))
    )
