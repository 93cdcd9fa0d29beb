"""The contracts as other tools have them, read back by those tools or by their schemas."""

from __future__ import annotations

import importlib.resources
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from open_data_contract_standard.model import OpenDataContractStandard

from contracts.model.loader import Catalog, load_catalog
from contracts.model.types import Origin
from tests.api.world import with_event
from ugc.exporting.bundle import bundle_document
from ugc.exporting.command import OutputError, command
from ugc.exporting.dbt import dbt_document
from ugc.exporting.markdown import markdown_page
from ugc.exporting.odcs import About, odcs_document
from ugc.exporting.yaml import dumped

TEXT = {"type": "string", "maxLength": 20, "description": "A text with {{ braces }}."}
CATALOGS = [
    load_catalog(),
    with_event(
        "order_placed",
        {
            "state": {"type": ["string", "null"], "enum": ["new", "no", None]},
            "count": {"type": "integer", "enum": [1, 2], "description": "How many."},
            "note": {**TEXT, "x-pii": "free_text", "enum": ["a", "b"]},
            "address": {
                "type": "object",
                "additionalProperties": False,
                "required": ["city"],
                "properties": {"city": {"$ref": "#/$defs/city"}},
            },
            "tags": {"type": "array", "items": TEXT, "maxItems": 3, "description": "Tags."},
            "prices": {"type": "object", "additionalProperties": {"type": "number"}},
            "at": {"type": "string", "format": "date-time", "description": "When."},
            "$defs": {"city": {**TEXT, "minLength": 2}},
        },
        optional={"note"},
    ),
]


@pytest.fixture(params=CATALOGS, ids=["the contracts", "every kind of field"])
def catalog(request: pytest.FixtureRequest) -> Catalog:
    found: Catalog = request.param
    return found


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def columns_of(catalog: Catalog, event: str) -> dict[str, Any]:
    (source,) = dbt_document(catalog)["sources"]
    (table,) = [table for table in source["tables"] if table["name"] == event]
    return {column["name"]: column for column in table["columns"]}


def accepted(arguments: dict[str, Any]) -> dict[str, Any]:
    return {"accepted_values": {"arguments": arguments}}


@pytest.mark.parametrize("standard", ["3.1", "3.2"])
def test_odcs_satisfies_the_official_schema_and_is_read_back(
    standard: str, catalog: Catalog
) -> None:
    about = About(standard=standard, server=("clickhouse.example.com", 9000))
    text = dumped(odcs_document(catalog, about))
    package = importlib.resources.files("open_data_contract_standard")
    schema = json.loads((package / "schema.json").read_text(encoding="utf-8"))
    jsonschema.validators.validator_for(schema)(schema).validate(yaml.safe_load(text))
    read = OpenDataContractStandard.from_string(text)
    assert read.apiVersion == f"v{standard}.0"
    assert [each.name for each in read.schema_ or []] == [each.event for each in catalog.tables]


def test_odcs_keeps_what_a_contract_says_of_its_columns() -> None:
    document = odcs_document(CATALOGS[1], About())
    (schema,) = [each for each in document["schema"] if each["name"] == "order_placed"]
    found = {each["name"]: each for each in schema["properties"]}
    assert found["address__city"]["logicalTypeOptions"] == {"minLength": 2, "maxLength": 20}
    assert found["tags"]["items"]["logicalTypeOptions"] == {"maxLength": 20}
    assert found["at"]["logicalType"] == "timestamp"
    assert found["state"]["quality"][0]["arguments"] == {"validValues": ["new", "no"]}
    assert found["note"]["classification"] == "personal"
    assert "required" not in found["note"]
    assert found["count"]["required"]


def test_dbt_tests_what_every_row_satisfies_and_nothing_else() -> None:
    found = columns_of(CATALOGS[1], "order_placed")
    assert found["event_id"]["data_tests"] == ["unique", "not_null"]
    assert found["state"]["data_tests"] == [accepted({"values": ["new", "no"]})]
    assert found["count"]["data_tests"][1] == accepted({"values": [1, 2], "quote": False})
    assert "data_tests" not in found["note"], "it may be absent, and cleared"
    assert found["address__city"]["description"] == "A text with {{ '{' }}{ braces }}."


def test_yaml_is_read_back_as_it_was(catalog: Catalog) -> None:
    for document in (odcs_document(catalog, About()), dbt_document(catalog)):
        assert yaml.safe_load(dumped(document)) == document


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_value_is_the_same_after_yaml(value: Any) -> None:
    assert yaml.safe_load(dumped(value)) == value


def test_the_bundle_judges_examples_as_the_contracts_do(catalog: Catalog) -> None:
    bundle = bundle_document(catalog)
    validator = jsonschema.Draft202012Validator(bundle)
    validator.check_schema(bundle)
    for contract in catalog:
        data = jsonschema.Draft202012Validator(
            {**bundle, "oneOf": [{"$ref": f"#/$defs/{contract.event}.v{contract.version}.data"}]}
        )
        for example in contract.examples:
            data.validate(example)
            request = {"event": contract.event, "token": None, "data": example}
            assert validator.is_valid(request) is (contract.origin is Origin.CLIENT)
            assert not validator.is_valid({**request, "data": [example]})


def test_references_inside_a_bundled_contract_stay_its_own() -> None:
    order = {"event": "order_placed", "token": None, "version": 1}
    data = {
        "state": "new",
        "count": 1,
        "address": {"city": "Bonn"},
        "prices": {},
        "tags": [],
        "at": "2026-01-31T12:00:00Z",
    }
    validator = jsonschema.Draft202012Validator(bundle_document(CATALOGS[1]))
    validator.validate({**order, "data": data})
    assert not validator.is_valid({**order, "data": {**data, "address": {"city": "B"}}})


def test_the_page_names_every_event_field_and_owner(catalog: Catalog) -> None:
    page = markdown_page(catalog)
    for contract in catalog:
        assert f"## {contract.event}\n" in page
        assert f"- owner: {contract.owner}" in page
        for name in contract.schema["properties"]:
            assert f"| `{name}` |" in page


@pytest.mark.parametrize("kind", ["odcs", "dbt", "markdown", "jsonschema"])
def test_the_same_goes_to_a_file_and_to_standard_output(kind: str, tmp_path: Path) -> None:
    shown = run(kind)
    assert shown.exit_code == 0, shown.output
    assert shown.stdout == run(kind).stdout
    (tmp_path / "out").write_text("what was there before")
    assert run(kind, "--output", str(tmp_path / "out")).exit_code == 0
    assert (tmp_path / "out").read_text(encoding="utf-8") == shown.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_that_is_not_there_is_told() -> None:
    result = run("dbt", "-o", "/nonexistent/out.yml")
    assert isinstance(result.exception, OutputError)
    assert "cannot be written" in str(result.exception)
