"""The OpenAPI document: valid, made of the contracts, and true to what the service does."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

import api
from api.docs import openapi
from api.errors import STATUS
from contracts.model.loader import Catalog, load_catalog
from contracts.model.types import Origin
from contracts.reasons import Reason
from tests.api.world import CLICK, World, post, with_event
from tests.support.with_context import catalog_with_context
from tests.support.order import PAYLOAD, contracts_with_an_order
from tests.support.shop import shop_catalog

CLIENT_CONTRACTS = [c for c in load_catalog() if c.origin is Origin.CLIENT]

FIELD = {"type": "string", "maxLength": 9, "description": "A field."}

PRICE = {**FIELD, "type": ["string", "number"], "x-decimal": {"precision": 6, "scale": 2}}
del PRICE["maxLength"]


def document(catalog: Catalog | None = None) -> dict[str, Any]:
    return openapi.document(catalog or load_catalog(), version="1.2.3")


def accepts(found: dict[str, Any], request: Any) -> bool:
    """Whether the schema of the request body in the document takes ``request``."""
    schema = {"$ref": "#/components/schemas/Event", "components": found["components"]}
    return Draft202012Validator(schema).is_valid(request)


@pytest.mark.parametrize(
    "catalog",
    [
        load_catalog(),
        with_event("twice", {"a": FIELD}, {"a": FIELD, "b": FIELD}),
        catalog_with_context(),
        with_event("shared", {"a": {"$ref": "#/$defs/short"}, "$defs": {"short": FIELD}}),
        shop_catalog(),
        with_event("priced", {"a": PRICE}),
    ],
    ids=["the contracts", "two versions", "a context", "local references", "a shop", "a decimal"],
)
def test_it_is_valid_openapi(catalog: Catalog) -> None:
    validate(document(catalog))


def test_a_decimal_tells_its_form_in_the_words_of_json_schema() -> None:
    found = document(with_event("priced", {"a": PRICE}))
    told = found["components"]["schemas"]["priced.v1.data"]["properties"]["a"]
    assert told["format"] == "decimal"
    field = Draft202012Validator(told)
    assert all(map(field.is_valid, ["19.90", "-0.5", 19.9]))
    assert not any(map(field.is_valid, ["19.901", "12345", "1e2", "", None]))


def test_a_shared_definition_is_one_component_that_events_refer_to(tmp_path: Path) -> None:
    found = document(load_catalog(contracts_with_an_order(tmp_path)))
    validate(found)
    schemas = found["components"]["schemas"]
    order = schemas["order_placed.v1.data"]
    address = {"$ref": "#/components/schemas/shared.address.v1"}
    assert order["properties"]["ship_to"] == address
    assert order["properties"]["bill_to"].items() > address.items()
    assert "$defs" not in order
    country = schemas["shared.address.v1"]["properties"]["country"]
    assert country == {"$ref": "#/components/schemas/shared.country.v1"}
    request = {"event": "order_placed", "token": None, "data": PAYLOAD}
    assert accepts(found, request)
    bare = {**PAYLOAD, "ship_to": {"street": "Plein 1", "country": "nl"}}
    assert not accepts(found, {**request, "data": bare})


def test_a_request_may_have_a_context_and_a_batch_one_for_all() -> None:
    found = document(catalog_with_context())
    event = {**CLICK, "context": {"session_id": "s-1"}, "sent_at": "2026-01-31T12:00:00Z"}
    assert accepts(found, event)
    assert accepts(found, CLICK)
    assert not accepts(found, {**CLICK, "context": {"session": "s-1"}})
    body = found["paths"]["/api/v1/events/batch"]["post"]["requestBody"]
    schema = {**body["content"]["application/json"]["schema"], "components": found["components"]}
    judge = Draft202012Validator(schema)
    assert judge.is_valid([CLICK])
    assert judge.is_valid({"context": {"session_id": "s-1"}, "events": [CLICK, event]})
    assert not judge.is_valid({"context": {"session_id": 1}, "events": [CLICK]})


def test_it_is_json_and_the_same_each_time() -> None:
    assert json.dumps(document()) == json.dumps(document())


@pytest.mark.parametrize("contract", CLIENT_CONTRACTS, ids=lambda c: c.id)
def test_each_event_is_told_apart_by_its_name(contract: Any) -> None:
    found = document()
    schemas = found["components"]["schemas"]
    name = schemas["Event"]["discriminator"]["mapping"][contract.event].rpartition("/")[2]
    assert schemas[name]["properties"]["event"]["const"] == contract.event
    assert schemas[name]["properties"]["version"]["const"] == contract.version
    assert schemas[name]["required"] == ["event", "token", "data"]
    data = {key: value for key, value in contract.schema.items() if key != "$schema"}
    assert schemas[f"{name}.data"] == data


def test_events_that_only_the_etl_makes_are_not_in_it() -> None:
    found = document()
    assert "page_view" not in found["components"]["schemas"]["Event"]["discriminator"]["mapping"]
    assert not accepts(
        found,
        {
            "event": "page_view",
            "token": None,
            "data": {"duration_seconds": 1, "page_type": "movie", "paired": True},
        },
    )


PROJECTS = pytest.mark.parametrize("catalog", [load_catalog(), shop_catalog()], ids=["films", "shop"])


@PROJECTS
def test_its_examples_are_what_the_service_takes(catalog: Catalog) -> None:
    found = document(catalog)
    content = found["paths"]["/api/v1/events"]["post"]["requestBody"]["content"]
    examples = [each["value"] for each in content["application/json"]["examples"].values()]
    assert {each["event"] for each in examples} == {
        each.event for each in catalog.newest if each.origin is Origin.CLIENT
    }
    beacons = [json.loads(text) for text in content["text/plain"]["schema"]["examples"]]
    assert len(beacons) == 1
    for example in [*examples, *beacons]:
        assert accepts(found, example)
        assert post(World(catalog).client(), example).status_code == 202


def test_it_speaks_of_no_events_but_those_of_the_contracts() -> None:
    text = json.dumps(document(shop_catalog()))
    assert "order_placed" in text
    named = [c.event for c in load_catalog()] + ["movie", "trailer", "film", "video"]
    assert [name for name in named if name in text] == []


def test_what_is_refused_in_it_is_what_the_service_refuses() -> None:
    """The example of ``data_invalid`` is the answer to its example of an event, less a field."""
    for catalog in (load_catalog(), shop_catalog()):
        operation = document(catalog)["paths"]["/api/v1/events"]["post"]
        content = operation["responses"]["422"]["content"]["application/problem+json"]
        shown = content["examples"]["data_invalid"]["value"]
        beacon = operation["requestBody"]["content"]["text/plain"]["schema"]["examples"][0]
        event = json.loads(beacon)
        assert shown["contract"].startswith(f"{event['event']}@")
        for violation in shown["violations"]:
            del event["data"][violation["pointer"].rpartition("/")[2]]
        refused = post(World(catalog).client(), event).get_json()
        assert refused["violations"] == shown["violations"]


def test_an_event_without_an_example_is_shown_with_data_made_for_it() -> None:
    catalog = with_event("alone", {"a": FIELD})
    alone = Catalog({"alone": catalog.versions["alone"]}, catalog.envelopes)
    found = document(alone)
    content = found["paths"]["/api/v1/events/batch"]["post"]["requestBody"]["content"]
    (shown,) = content["application/json"]["examples"].values()
    assert [each["event"] for each in shown["value"]] == ["alone", "alone"]
    assert all(accepts(found, each) for each in shown["value"])
    assert json.dumps(found) == json.dumps(document(alone))


@pytest.mark.parametrize(
    ("request_", "good"),
    [
        ({"event": "twice", "token": None, "data": {"a": "x", "b": "y"}}, True),
        ({"event": "twice", "token": None, "data": {"a": "x", "b": "y"}, "version": 2}, True),
        ({"event": "twice", "token": None, "data": {"a": "x"}, "version": 1}, True),
        ({"event": "twice", "token": None, "data": {"a": "x"}}, False),
        ({"event": "twice", "token": None, "data": {"a": "x"}, "version": 2}, False),
        ({"event": "twice", "token": None, "data": {"a": "x"}, "version": 3}, False),
        ({**CLICK, "event_id": "0190163d-8694-739b-aea5-966c26f8ad91"}, True),
        ({**CLICK, "user_id": "x"}, False),
        ({**CLICK, "token": ""}, False),
        ({**CLICK, "data": {}}, False),
    ],
)
def test_the_document_and_the_service_agree(request_: Any, good: bool) -> None:
    catalog = with_event("twice", {"a": FIELD}, {"a": FIELD, "b": FIELD})
    assert accepts(document(catalog), request_) is good
    assert (post(World(catalog).client(), request_).status_code == 202) is good


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({}, True),
        ({"id": "a", "dataschema": "/api/v1/contracts/element_click/1"}, True),
        ({"token": None, "datacontenttype": "application/json"}, True),
        ({"type": "nothing"}, False),
        ({"source": ""}, False),
        ({"source": "x" * 257}, False),
        ({"specversion": "0.3"}, False),
        ({"time": "2026-01-31T12:00:00.123456789Z"}, True),
        ({"time": "2026-01-31"}, False),
        ({"subject": "x"}, False),
        ({"subject": None}, True),
        ({"data": {}}, False),
    ],
)
def test_the_document_and_the_service_agree_on_cloudevents(
    change: dict[str, Any], good: bool
) -> None:
    event = {"specversion": "1.0", "type": "element_click", "source": "/", "id": "1", **change}
    event = {"data": CLICK["data"], **event}
    schema = {"$ref": "#/components/schemas/CloudEvent", **document()}
    assert Draft202012Validator(schema).is_valid(event) is good
    answer = post(World().client(), event, content_type="application/cloudevents+json")
    assert (answer.status_code == 202) is good


def test_its_cloudevents_are_what_the_service_takes() -> None:
    content = document()["paths"]["/api/v1/events"]["post"]["requestBody"]["content"]
    examples = content["application/cloudevents+json"]["examples"]
    assert examples.keys() == {contract.event for contract in CLIENT_CONTRACTS}
    for each in examples.values():
        sent = {"content_type": "application/cloudevents+json"}
        assert post(World().client(), each["value"], **sent).status_code == 202


def test_a_local_reference_of_a_contract_points_into_its_component() -> None:
    catalog = with_event("shared", {"a": {"$ref": "#/$defs/short"}, "$defs": {"short": FIELD}})
    found = document(catalog)
    data = found["components"]["schemas"]["shared.v1.data"]
    assert data["properties"]["a"] == {"$ref": "#/components/schemas/shared.v1.data/$defs/short"}
    assert accepts(found, {"event": "shared", "token": None, "data": {"a": "short"}})
    assert not accepts(found, {"event": "shared", "token": None, "data": {"a": "far too long"}})


def test_every_reason_is_documented_with_its_status() -> None:
    found = document()
    responses = found["paths"]["/api/v1/events"]["post"]["responses"]
    for reason in STATUS.keys() - {
        Reason.NOT_FOUND,
        Reason.METHOD_NOT_ALLOWED,
        Reason.BATCH_TOO_LONG,
    }:
        if STATUS[reason] == 403:  # only where there are applications
            continue
        content = responses[str(STATUS[reason])]["content"]["application/problem+json"]
        assert content["examples"][reason]["value"]["code"] == reason
    assert found["components"]["schemas"]["Problem"]["properties"]["code"]["enum"] == list(STATUS)


@PROJECTS
def test_the_batch_in_it_is_what_the_service_takes_and_answers(catalog: Catalog) -> None:
    found = document(catalog)
    operation = found["paths"]["/api/v1/events/batch"]["post"]
    content = operation["requestBody"]["content"]
    lines = content["application/x-ndjson"]["schema"]["examples"]
    (array,) = [each["value"] for each in content["application/json"]["examples"].values()]
    answers = [operation["responses"]["207"]["content"]["application/json"]["example"]]
    for body, media_type in [(json.dumps(array), "application/json")] + [
        (each, "application/x-ndjson") for each in lines
    ]:
        answer = World(catalog).client().post("/api/v1/events/batch", data=body, content_type=media_type)
        assert (answer.status_code, answer.get_json()["accepted"]) == (207, 2)
        answers.append(answer.get_json())
    schema = {"$ref": "#/components/schemas/BatchResult", "components": found["components"]}
    for each in answers:
        Draft202012Validator(schema).validate(each)
    too_many = operation["responses"]["413"]["content"]["application/problem+json"]["examples"]
    assert too_many["batch_too_long"]["value"]["status"] == 413


def test_the_problems_in_it_satisfy_its_own_schema() -> None:
    found = document()
    responses = found["paths"]["/api/v1/events"]["post"]["responses"]
    schema = {"$ref": "#/components/schemas/Problem", "components": found["components"]}
    values = [
        example["value"]
        for status, response in responses.items()
        if status != "202"
        for example in response["content"]["application/problem+json"]["examples"].values()
    ]
    assert values
    for value in values:
        Draft202012Validator(schema).validate(value)


def test_it_names_the_encodings_of_a_body() -> None:
    post_ = document()["paths"]["/api/v1/events"]["post"]
    for told in (
        post_["description"],
        post_["responses"]["415"]["headers"]["Accept-Encoding"]["description"],
        post_["responses"]["415"]["content"]["application/problem+json"]["examples"][
            "encoding_unsupported"
        ]["value"]["detail"],
    ):
        assert [name for name in ("gzip", "deflate", "br", "zstd") if name not in told] == []


def texts_in(found: Any) -> Iterator[str]:
    """Every text that a person reads in the document."""
    match found:
        case dict():
            for key, inner in found.items():
                if key in ("description", "summary", "title") and isinstance(inner, str):
                    yield inner
                else:
                    yield from texts_in(inner)
        case list():
            for inner in found:
                yield from texts_in(inner)


def test_its_texts_hold_no_name_of_the_code() -> None:
    """A word of the code in a text is a renaming that went too far."""
    package = Path(api.__file__).parent
    classes = {
        node.name
        for file in package.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    of_http = {"Accepted", "Batch", "Exchange", "Limits", "Rate", "Rejection", "Request", "Stage"}
    of_http |= {"CloudEvents", "Counts", "Key"}
    words = {word for text in texts_in(document()) for word in re.findall(r"[A-Za-z]+", text)}
    assert words & classes - of_http == set()
    assert "Front" in words
