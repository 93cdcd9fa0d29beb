"""The AsyncAPI document of the topic: committed as it is made, and whole."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import fastavro
import pytest

from contracts.model.loader import load_catalog
from contracts.model.types import Deprecation
from registry.asyncapi import asyncapi_document
from registry.options import SubjectStrategy
from tests.support.golden import Golden

CATALOG = load_catalog()
MADE = asyncapi_document(CATALOG, topic="ugc.events")
MESSAGES = MADE["components"]["messages"]


def test_the_committed_document_is_that_of_the_contracts(golden: Golden) -> None:
    golden.file("docs/asyncapi.json", json.dumps(MADE, indent=2, ensure_ascii=False) + "\n")


def test_every_contract_version_is_a_message_of_the_channel() -> None:
    names = {message["name"] for message in MESSAGES.values()}
    assert names == {contract.id for contract in CATALOG}
    references = [each["$ref"] for each in MADE["channels"]["events"]["messages"].values()]
    assert len(references) == len(names)


def test_every_reference_leads_somewhere() -> None:
    def references(node: Any) -> list[str]:
        match node:
            case {"$ref": str(found)}:
                return [found]
            case dict():
                return [each for value in node.values() for each in references(value)]
            case list():
                return [each for value in node for each in references(value)]
            case _:
                return []

    for reference in references(MADE):
        found = MADE
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


@pytest.mark.parametrize(
    "message", MADE["components"]["messages"].values(), ids=lambda m: m["name"]
)
def test_the_payload_is_an_avro_schema_of_the_subject(message: dict[str, Any]) -> None:
    parsed = fastavro.parse_schema(message["payload"]["schema"])
    assert isinstance(parsed, dict)
    assert parsed["name"] == message["x-subject"]
    by_event, _ = message["bindings"]["kafka"]["key"]["anyOf"]
    assert by_event["const"] == message["name"].split("@")[0]


def test_topic_strategy_and_deprecation_show() -> None:
    deprecation = Deprecation(since=dt.date(2026, 1, 1), sunset=dt.date(2026, 7, 1), reason="Old.")
    old = replace(CATALOG.get("page_view_end"), deprecation=deprecation)
    catalog = replace(CATALOG, versions={"page_view_end": {1: old}})
    strategy = SubjectStrategy.TOPIC_RECORD
    made = asyncapi_document(catalog, topic="t", strategy=strategy)
    (message,) = made["components"]["messages"].values()
    assert made["channels"]["events"]["address"] == "t"
    assert message["x-subject"] == "t-ugc.events.page_view_end"
    assert message["bindings"]["kafka"]["schemaLookupStrategy"] == "TopicRecordNameStrategy"
    assert message["x-deprecated"] == {
        "since": "2026-01-01", "sunset": "2026-07-01", "reason": "Old.",
    }  # fmt: skip
