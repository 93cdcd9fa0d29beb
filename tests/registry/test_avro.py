"""The Avro image of every contract: whole documents, and both Avro libraries take them."""

from __future__ import annotations

import json

import avro.schema
import fastavro
import pytest

from contracts.model.loader import load_catalog
from contracts.model.types import Contract
from registry.avro import avro_schema, record_name, schema_text
from tests.support.golden import Golden

CATALOG = load_catalog()


def golden_name(contract: Contract) -> str:
    return f"avro/{contract.event}-v{contract.version}.avsc"


@pytest.mark.parametrize("contract", list(CATALOG), ids=lambda c: c.id)
def test_golden(contract: Contract, golden: Golden) -> None:
    text = json.dumps(avro_schema(CATALOG, contract), indent=2, ensure_ascii=False)
    golden(golden_name(contract), text + "\n")


def test_no_golden_file_is_an_orphan(golden: Golden) -> None:
    golden.nothing_but("avro", map(golden_name, CATALOG))


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
