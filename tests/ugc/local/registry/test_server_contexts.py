"""Confluent's contexts in the embedded server, under both ways of naming them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from flask.testing import FlaskClient

from tests.support.registry_server import registry_server
from ugc.local.registry.app import create_app
from ugc.local.registry.store import SchemaStore

V1 = '{"type":"record","name":"R","fields":[]}'
V2 = '{"type":"record","name":"R","fields":[{"name":"a","type":"long"}]}'


@pytest.fixture
def http(tmp_path: Path) -> Iterator[FlaskClient]:
    with closing(SchemaStore(tmp_path)) as store:
        yield create_app(store).test_client()


def register(http: FlaskClient, path: str, text: str = V1) -> Any:
    return http.post(f"{path}/versions", json={"schema": text}).get_json()


def test_contexts_are_those_of_the_subjects(http: FlaskClient) -> None:
    assert http.get("/contexts").get_json() == ["."]
    register(http, "/subjects/:.b:s")
    register(http, "/contexts/.a/subjects/s")
    register(http, "/subjects/s")
    assert http.get("/contexts").get_json() == [".", ".a", ".b"]
    assert http.get("/subjects").get_json() == [":.a:s", ":.b:s", "s"]
    assert http.get("/contexts/.a/subjects").get_json() == [":.a:s"]
    assert http.get("/contexts/a/subjects/").get_json() == [":.a:s"]
    assert http.get("/subjects?subjectPrefix=:.b:").get_json() == [":.b:s"]
    assert http.get("/subjects?subjectPrefix=:.:").get_json() == ["s"]
    assert http.get("/contexts/./subjects").get_json() == ["s"]


def test_both_names_of_a_subject_are_one(http: FlaskClient) -> None:
    schema_id = register(http, "/contexts/.a/subjects/s/x")["id"]
    assert http.get("/subjects/:.a:s/x/versions").get_json() == [1]
    assert http.get(f"/contexts/.a/schemas/ids/{schema_id}").get_json()["schema"] == V1
    register(http, "/subjects/:.:plain")
    assert http.get("/subjects/plain/versions/1").get_json()["subject"] == "plain"
    body = {"schema": '"R"', "references": [{"name": "R", "subject": ":.:plain", "version": 1}]}
    assert http.post("/subjects/user/versions", json=body).status_code == 200


def test_a_context_has_a_level_and_a_mode(http: FlaskClient) -> None:
    register(http, "/subjects/:.a:s")
    register(http, "/subjects/s")
    assert http.put("/contexts/.a/config", json={"compatibility": "NONE"}).status_code == 200
    assert http.get("/config/:.a:").get_json() == {"compatibilityLevel": "NONE"}
    assert http.get("/config").get_json() == {"compatibilityLevel": "BACKWARD"}
    assert "id" in register(http, "/contexts/.a/subjects/s", V2)
    assert register(http, "/subjects/s", V2)["error_code"] == 40901
    assert http.put("/contexts/.a/mode", json={"mode": "READONLY"}).status_code == 200
    assert register(http, "/subjects/:.a:t")["error_code"] == 42205
    assert "id" in register(http, "/subjects/t")
    assert http.put("/contexts/./config", json={"compatibility": "FULL"}).status_code == 200
    assert http.get("/config").get_json() == {"compatibilityLevel": "FULL"}


def test_a_context_is_imported_into_when_it_is_empty(http: FlaskClient) -> None:
    register(http, "/subjects/:.a:s")
    refused = http.put("/contexts/.a/mode", json={"mode": "IMPORT"})
    assert refused.get_json()["error_code"] == 42205
    assert http.put("/contexts/.b/mode", json={"mode": "IMPORT"}).status_code == 200
    body = {"schema": V1, "id": 77, "version": 5}
    assert http.post("/subjects/:.b:s/versions", json=body).get_json()["id"] == 77
    assert http.get("/contexts/.b/subjects/s/versions").get_json() == [5]


def test_the_stock_client_in_a_context(tmp_path: Path) -> None:
    with (
        registry_server(tmp_path) as server,
        SchemaRegistryClient({"url": f"{server.url}/contexts/.blue"}) as blue,
        SchemaRegistryClient({"url": server.url}) as plain,
    ):
        schema_id = blue.register_schema("s", Schema(V1, "AVRO"))
        assert blue.lookup_schema("s", Schema(V1, "AVRO")).schema_id == schema_id
        assert plain.get_latest_version(":.blue:s").schema_id == schema_id
        assert plain.get_subjects() == [":.blue:s"]
        assert "blue" in "".join(plain.get_contexts())
