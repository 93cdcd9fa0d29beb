"""The embedded server's API, call by call: answers, HTTP statuses and error codes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from registry.errors import SchemaStoreError
from ugc.local.registry.app import BODY_LIMIT_BYTES, create_app
from ugc.local.registry.registration import MAX_SCHEMA_BYTES
from ugc.local.registry.store import SchemaStore

JSON = "application/json"
CONFLUENT = "application/vnd.schemaregistry.v1+json"


def field(name: str, of_type: Any = "int", **attributes: Any) -> dict[str, Any]:
    return {"name": name, "type": of_type, **attributes}


def record(*fields: dict[str, Any], name: str = "R") -> str:
    document = {"type": "record", "name": name, "fields": list(fields)}
    return json.dumps(document, separators=(",", ":"))


V1 = record(field("a"))
V2 = record(field("a"), field("b", default=0))
V3 = record(field("a"), field("b"))  # follows V2, but not V1
OTHER = record(field("a", "string"))  # follows none of them


class Api:
    """The API in this process; each call gives the answer's JSON, or what was refused."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        sent = {} if body is None else {"data": json.dumps(body), "content_type": CONFLUENT}
        response = self.client.open(path, method=method, **sent, **options)
        assert response.content_type == CONFLUENT
        document = json.loads(response.data)
        if response.status_code == 200:
            return document
        assert document.keys() == {"error_code", "message"}
        return (response.status_code, document["error_code"])

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def put(self, path: str, body: Any) -> Any:
        return self.call("PUT", path, body)

    def post(self, path: str, body: Any) -> Any:
        return self.call("POST", path, body)

    def delete(self, path: str) -> Any:
        return self.call("DELETE", path)

    def register(self, subject: str, schema: str, **more: Any) -> Any:
        path = f"/subjects/{quote(subject, safe='')}/versions"
        answer = self.post(path, {"schema": schema, **more})
        return answer["id"] if isinstance(answer, dict) else answer

    def look_up(self, subject: str, schema: str, query: str = "", **more: Any) -> Any:
        answer = self.post(f"/subjects/{subject}{query}", {"schema": schema, **more})
        return answer["version"] if isinstance(answer, dict) else answer

    def level(self, level: str, subject: str = "") -> Any:
        return self.put(f"/config/{subject}".rstrip("/"), {"compatibility": level})

    def mode(self, mode: str, subject: str = "", query: str = "") -> Any:
        return self.put(f"/mode/{subject}".rstrip("/") + query, {"mode": mode})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SchemaStore]:
    store = SchemaStore(tmp_path)
    yield store
    store.close()


@pytest.fixture
def api(store: SchemaStore) -> Api:
    return Api(create_app(store).test_client())


def ref(subject: str, version: int = 1, name: str = "n") -> dict[str, Any]:
    return {"name": name, "subject": subject, "version": version}


# Registration and reading


def test_an_empty_registry(api: Api) -> None:
    assert api.get("/") == {}
    assert api.get("/subjects") == []
    assert api.get("/schemas") == []
    assert api.get("/schemas/types") == ["AVRO"]
    assert api.get("/config") == {"compatibilityLevel": "BACKWARD"}
    assert api.get("/mode") == {"mode": "READWRITE"}


def test_registered_versions_can_be_read(api: Api) -> None:
    assert [api.register("s", V1), api.register("s", V2), api.register("t", V1)] == [1, 2, 1]
    first = {"subject": "s", "version": 1, "id": 1, "schema": V1}
    second = {"subject": "s", "version": 2, "id": 2, "schema": V2}
    assert api.get("/subjects") == ["s", "t"]
    assert api.get("/subjects/s/versions") == [1, 2]
    assert api.get("/subjects/s/versions/1") == first
    for newest in ("2", "latest", "Latest", "-1"):
        assert api.get(f"/subjects/s/versions/{newest}") == second
    assert api.get("/subjects/s/versions/1/schema") == json.loads(V1)
    assert api.get("/schemas/ids/2") == {"schema": V2}
    assert api.get("/schemas/ids/2/schema") == json.loads(V2)
    assert api.get("/schemas/ids/1/subjects") == ["s", "t"]
    assert api.get("/schemas/ids/1/versions") == [
        {"subject": "s", "version": 1},
        {"subject": "t", "version": 1},
    ]
    assert api.post("/subjects/s", {"schema": V1}) == first


def test_a_schema_has_one_id_whatever_its_spelling(api: Api) -> None:
    assert api.register("s", '{"type": "string"}') == 1
    assert api.register("s", ' "string" ') == 1
    assert api.register("t", '{"doc": "gone", "type":   "string"}') == 1
    assert api.get("/subjects/s/versions") == [1]
    assert api.get("/schemas/ids/1") == {"schema": '"string"'}
    assert api.register("u", '{"type": "string", "x": 1, "y": 2}') == 2
    assert api.register("u", '{"y": 2, "type": "string", "x": 1}') == 3


def test_normalising_finds_more_in_common(api: Api) -> None:
    one, other = '{"type":"string","x":1,"y":2}', '{"y":2,"type":"string","x":1}'
    normalised = "/subjects/s/versions?normalize=true"
    assert api.post(normalised, {"schema": other}) == {"id": 1}
    assert api.post(normalised, {"schema": one}) == {"id": 1}
    assert api.get("/schemas/ids/1") == {"schema": one}
    assert api.look_up("s", other) == (404, 40403)
    assert api.look_up("s", other, "?normalize=true") == 1


def test_lists_come_in_pages(api: Api) -> None:
    for subject in ("a1", "a2", "b1"):
        api.register(subject, V1)
        api.register(subject, V2)
    assert api.get("/subjects?offset=1&limit=1") == ["a2"]
    assert api.get("/subjects?offset=-1&limit=-1") == ["a1", "a2", "b1"]
    assert api.get("/subjects?subjectPrefix=a") == ["a1", "a2"]
    assert api.get("/subjects?subjectPrefix=:*:b") == ["b1"]
    assert api.get("/subjects/a1/versions?limit=1") == [1]
    assert api.get("/schemas/ids/1/subjects?offset=2") == ["b1"]
    found = api.get("/schemas?subjectPrefix=a&latestOnly=true")
    assert [(each["subject"], each["version"], each["id"]) for each in found] == [
        ("a1", 2, 2),
        ("a2", 2, 2),
    ]
    assert len(api.get("/schemas?offset=4&limit=10")) == 2


def test_what_is_not_there(api: Api) -> None:
    api.register("s", V1)
    assert api.get("/subjects/x/versions") == (404, 40401)
    assert api.get("/subjects/x/versions/1") == (404, 40401)
    assert api.get("/subjects/x/versions/latest") == (404, 40401)
    assert api.get("/subjects/s/versions/2") == (404, 40402)
    assert api.get("/subjects/s/versions/2/schema") == (404, 40402)
    assert api.get("/subjects/s/versions/2/referencedby") == (404, 40402)
    for path in ("", "/schema", "/subjects", "/versions"):
        assert api.get(f"/schemas/ids/9{path}") == (404, 40403)
    assert api.look_up("x", V1) == (404, 40401)
    assert api.look_up("s", V2) == (404, 40403)
    assert api.look_up("s", "") == (404, 40403)
    assert api.delete("/subjects/x") == (404, 40401)
    assert api.delete("/subjects/x/versions/1") == (404, 40401)
    assert api.delete("/subjects/s/versions/2") == (404, 40402)
    assert api.get("/schemas/ids/abc") == (404, 404)
    assert api.get("/nothing") == (404, 404)
    assert api.call("PATCH", "/subjects") == (405, 405)


def test_the_words_are_confluents(api: Api) -> None:
    def message(path: str) -> str:
        return str(json.loads(api.client.get(path).data)["message"])

    assert message("/subjects/x/versions") == "Subject 'x' not found."
    assert message("/subjects/x/versions/0").startswith("The specified version '0' is not a valid")
    assert message("/schemas/ids/9") == "Schema 9 not found"
    api.register("s", V1)
    assert message("/subjects/s/versions/2") == "Version 2 not found."


@pytest.mark.parametrize(
    "version", ["0", "-2", "x", "1.0", "2147483648", "1_0", "٣", "99999999999"]
)
def test_an_invalid_version(api: Api, version: str) -> None:
    api.register("s", V1)
    assert api.get(f"/subjects/s/versions/{version}") == (422, 42202)
    assert api.get(f"/subjects/s/versions/{version}/schema") == (422, 42202)
    assert api.delete(f"/subjects/s/versions/{version}") == (422, 42202)
    path = f"/compatibility/subjects/s/versions/{version}"
    assert api.post(path, {"schema": V1}) == (422, 42202)


@pytest.mark.parametrize(
    "schema",
    [
        "",
        " ",
        "nope",
        "{",
        '{"type":"nope"}',
        '{"type":"record","name":"R"}',
        '{"type":"record","name":"user-id","fields":[]}',
        record(field("a", default="x")),
        record(field("a"), field("a")),
        record(field("a", "int\n")),
        '["int","int"]',
        '"\\ud800"',
        record(field("next", "R", default={})),
    ],
)
def test_an_invalid_schema(api: Api, schema: str) -> None:
    assert api.register("s", schema) == (422, 42201)
    path = "/compatibility/subjects/s/versions"
    assert api.post(path, {"schema": schema}) == (422, 42201)
    verbose = api.post(f"{path}?verbose=true", {"schema": schema})
    assert verbose["is_compatible"] is False
    assert len(verbose["messages"]) == 1
    assert api.get("/subjects") == []


def test_a_schema_that_nests_too_deep(api: Api) -> None:
    def nested(depth: int, **attributes: Any) -> str:
        inner = json.dumps({"type": "int", **attributes})
        return '{"type":"array","items":' * depth + inner + "}" * depth

    assert [api.register("s", nested(100)), api.register("s", nested(100, x=1))] == [1, 2]
    refused = (422, 42201)
    for depth in (200, 300, 400, 600, 5000):
        subject = f"s{depth}"
        if api.register(subject, nested(depth)) != refused:
            assert api.register(subject, nested(depth, x=1)) in (
                refused,
                api.get("/schemas")[-1]["id"],
            )
    assert api.register("s", nested(5000)) == refused


def test_only_avro(api: Api) -> None:
    for kind in ("JSON", "PROTOBUF", "avro", 1):
        assert api.register("s", V1, schemaType=kind) == (422, 42201)
    answer = api.client.post("/subjects/s/versions", json={"schema": V1, "schemaType": "JSON"})
    assert "only AVRO is supported" in answer.get_json(force=True)["message"]
    assert api.register("s", V1, schemaType="AVRO") == 1
    assert api.register("s", V1, schemaType=None, references=None, id=None) == 1


def test_a_schema_that_is_too_large(api: Api) -> None:
    def schema(size: int) -> str:
        empty = '{"type":"fixed","name":"F","doc":"","size":1}'
        return empty.replace('""', f'"{"x" * (size - len(empty))}"')

    assert api.register("s", schema(MAX_SCHEMA_BYTES)) == 1
    assert api.register("t", schema(MAX_SCHEMA_BYTES + 1)) == (422, 42209)
    assert api.register("t", schema(BODY_LIMIT_BYTES)) == (413, 413)


@pytest.mark.parametrize("subject", ["a\nb", "\x00", "a\x7f", "versions", "a/versions/b"])
def test_a_subject_that_cannot_be(api: Api, subject: str) -> None:
    path = quote(subject, safe="")
    assert api.register(subject, V1) == (422, 42208)
    assert api.level("NONE", path) == (422, 42208)
    assert api.mode("READONLY", path) == (422, 42208)


@pytest.mark.parametrize(
    "subject",
    ["a/b", "/a", "a//b/", "ж и й", "100%", "a%2Fb", "a+b", "a?b=c&d#e", "latest", ":.x:y"],
)
def test_a_subject_of_any_other_kind(api: Api, subject: str) -> None:
    path = quote(subject, safe="")
    assert api.register(subject, V1) == 1
    assert api.get("/subjects") == [subject]
    assert api.get(f"/subjects/{path}/versions") == [1]
    assert api.get(f"/subjects/{path}/versions/1")["subject"] == subject
    assert api.get(f"/subjects/{path}/versions/1/schema") == json.loads(V1)
    assert api.get(f"/subjects/{path}/versions/latest/referencedby") == []
    assert api.look_up(path, V1) == 1
    assert api.level("FULL", path) == {"compatibility": "FULL"}
    assert api.get(f"/config/{path}") == {"compatibilityLevel": "FULL"}
    assert api.mode("READONLY", path) == {"mode": "READONLY"}
    assert api.delete(f"/mode/{path}") == {"mode": "READONLY"}
    compatibility = f"/compatibility/subjects/{path}/versions"
    assert api.post(f"{compatibility}/1", {"schema": V3}) == {"is_compatible": False}
    assert api.post(compatibility, {"schema": V2}) == {"is_compatible": True}
    assert api.delete(f"/subjects/{path}/versions/1") == 1
    assert api.delete(f"/subjects/{path}?permanent=true") == [1]


def test_a_slash_after_a_collection_says_nothing(api: Api) -> None:
    api.register("s", V1)
    assert api.get("/subjects/") == ["s"]
    assert api.get("/config/") == {"compatibilityLevel": "BACKWARD"}


# HTTP


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (422, 422)),
        (b"null", (400, 400)),
        (b"[]", (400, 400)),
        (b"{", (400, 400)),
        (b'{"schema": NaN}', (400, 400)),
        (b"\xff", (400, 400)),
        (b"[" * 100_000, (400, 400)),
        (b'{"schema": {"type": "int"}}', (400, 400)),
        (b'{"schema": "\\"int\\"", "id": "1"}', (400, 400)),
        (b'{"schema": "\\"int\\"", "id": 1.5}', (400, 400)),
        (b'{"schema": "\\"int\\"", "version": true}', (400, 400)),
        (b'{"schema": "\\"int\\"", "version": 2147483648}', (400, 400)),
        (b'{"schema": "\\"int\\"", "references": {}}', (400, 400)),
        (b'{"schema": "\\"int\\"", "references": [1]}', (422, 42201)),
        (b'{"schema": "\\"int\\"", "metadata": {}}', (422, 422)),
        (b'{"schema": "\\"int\\"", "ruleSet": {}}', (422, 422)),
        (b"{}", (422, 42201)),
        (b'{"schema": null}', (422, 42201)),
    ],
)
def test_a_body_that_is_wrong(api: Api, body: bytes, expected: tuple[int, int]) -> None:
    answer = api.client.post("/subjects/s/versions", data=body, content_type=JSON)
    assert (answer.status_code, json.loads(answer.data)["error_code"]) == expected


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (CONFLUENT, 200),
        ("application/vnd.schemaregistry+json", 200),
        (JSON, 200),
        ("application/json; charset=utf-8", 200),
        ("application/octet-stream", 200),
        (None, 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
    ],
)
def test_content_types(api: Api, content_type: str | None, status: int) -> None:
    body = json.dumps({"schema": V1})
    answer = api.client.post("/subjects/s/versions", data=body, content_type=content_type)
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, CONFLUENT),
        ("*/*", CONFLUENT),
        (f"{CONFLUENT}, application/vnd.schemaregistry+json, {JSON}", CONFLUENT),
        (JSON, JSON),
        (f"text/html, {JSON};q=0.5", JSON),
        ("application/vnd.schemaregistry+json", "application/vnd.schemaregistry+json"),
        # As java.net.HttpURLConnection of Java 8 sends it when it is told nothing.
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", CONFLUENT),
        ("*", CONFLUENT),
        ("*; q=.2", CONFLUENT),
        ("application/*;q=.5", CONFLUENT),
        ("text/html, application/*", CONFLUENT),
        (f"{JSON}; charset=utf-8", JSON),
        (f"{CONFLUENT};qs=1, {JSON};q=0.9", CONFLUENT),
        (f"{JSON}, text/plain, */*", JSON),
        (f"{CONFLUENT};q=0, */*;q=0.1", "application/vnd.schemaregistry+json"),
        (f"{JSON};q=.5, */*;q=.2", JSON),
        (JSON.upper(), JSON),
        (f"{JSON};q=much", JSON),
        ("", CONFLUENT),
        (" , ;q=1", CONFLUENT),
    ],
)
def test_the_answer_is_of_a_type_that_is_accepted(
    api: Api, accept: str | None, expected: str
) -> None:
    headers = {} if accept is None else {"Accept": accept}
    for path in ("/subjects", "/subjects/x/versions"):
        assert api.client.get(path, headers=headers).content_type == expected


@pytest.mark.parametrize(
    "accept", ["text/html", "text/*", "*/*;q=0", "*;q=0", f"{JSON};q=0.0", "*/json", "json"]
)
def test_an_answer_that_cannot_be_accepted(api: Api, accept: str) -> None:
    assert api.client.get("/subjects", headers={"Accept": accept}).status_code == 406


def test_no_version_has_metadata(api: Api) -> None:
    """What Confluent's registry answers for a subject whose schemas came without metadata."""
    assert api.get("/subjects/s/metadata?key=a&value=b") == (404, 40401)
    api.register("s", V1)
    for query in ("", "?key=a&value=b", "?key=a&value=b&deleted=true"):
        assert api.get(f"/subjects/s/metadata{query}") == (404, 40403)
    api.delete("/subjects/s")
    assert api.get("/subjects/s/metadata") == (404, 40401)
    assert api.get("/subjects/s/metadata?deleted=true") == (404, 40403)


def test_a_store_that_fails_is_an_error_of_its_own(store: SchemaStore, api: Api) -> None:
    store.close()
    assert api.get("/subjects") == (500, 50001)
    assert api.register("s", V1) == (500, 50001)


# Compatibility


def test_registration_is_held_to_the_level(api: Api) -> None:
    api.register("s", V1)
    assert api.register("s", OTHER) == (409, 40901)
    assert api.register("s", V3) == (409, 40901)
    assert [api.register("s", V2), api.register("s", V3)] == [2, 3]
    api.level("BACKWARD_TRANSITIVE", "t")
    assert [api.register("t", V1), api.register("t", V2)] == [1, 2]
    assert api.register("t", V3) == (409, 40901)
    api.level("NONE", "t")
    assert api.register("t", OTHER) == 4


def test_a_conflict_says_what_where_and_against_which(api: Api) -> None:
    api.register("s", V1)
    api.register("s", V2)
    api.level("FULL_TRANSITIVE", "s")
    answer = api.client.post("/subjects/s/versions", json={"schema": V3})
    assert answer.status_code == 409
    message = json.loads(answer.data)["message"]
    assert message.startswith(
        'Schema being registered is incompatible with an earlier schema for subject "s", '
        "details: [{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'the new schema"
    )
    assert "b at /fields/1', additionalInfo:'b'}, {oldSchemaVersion: 1}, {oldSchema: '" in message
    assert message.endswith(f"{V1}'}}, {{compatibility: 'FULL_TRANSITIVE'}}]")


def test_a_long_schema_is_not_repeated_in_full(api: Api) -> None:
    api.register("s", record(field("a", doc="x" * 20_000)))
    answer = api.client.post("/subjects/s/versions", json={"schema": OTHER})
    assert 10_000 < len(answer.data) < 12_000


def test_compatibility_can_be_tried(api: Api) -> None:
    path = "/compatibility/subjects/s/versions"
    assert api.post(path, {"schema": V1}) == {"is_compatible": True}
    assert api.post(f"{path}/latest", {"schema": V1}) == {"is_compatible": True}
    assert api.post(f"{path}/1", {"schema": V1}) == (404, 40402)
    api.register("s", V1)
    api.register("s", V2)
    assert api.post(f"{path}/latest", {"schema": V3}) == {"is_compatible": True}
    assert api.post(f"{path}/2", {"schema": V3}) == {"is_compatible": True}
    assert api.post(f"{path}/1", {"schema": V3}) == {"is_compatible": False}
    assert api.post(path, {"schema": V3}) == {"is_compatible": True}
    api.level("BACKWARD_TRANSITIVE", "s")
    assert api.post(path, {"schema": V3}) == {"is_compatible": False}
    assert api.post(f"{path}/latest", {"schema": V3}) == {"is_compatible": True}
    assert api.post(f"{path}?verbose=true", {"schema": V2}) == {
        "is_compatible": True,
        "messages": [],
    }
    verbose = api.post(f"{path}?verbose=true", {"schema": V3})
    assert verbose["is_compatible"] is False
    assert "READER_FIELD_MISSING_DEFAULT_VALUE" in verbose["messages"][0]
    assert verbose["messages"][1] == "{oldSchemaVersion: 1}"
    api.level("NONE", "s")
    assert api.post(path, {"schema": OTHER}) == {"is_compatible": True}
    api.delete("/subjects/s/versions/2")
    assert api.post(f"{path}/2", {"schema": V1}) == (404, 40402)
    assert api.get("/subjects/s/versions") == [1]


def test_deleted_versions_do_not_bind(api: Api) -> None:
    api.register("s", V1)
    api.register("s", V2)
    api.level("BACKWARD_TRANSITIVE", "s")
    assert api.register("s", V3) == (409, 40901)
    api.delete("/subjects/s/versions/1")
    assert api.register("s", V3) == 3
    assert api.get("/subjects/s/versions") == [2, 3]


# Configuration


def test_levels(api: Api) -> None:
    assert api.get("/config/s") == (404, 40408)
    assert api.get("/config/s?defaultToGlobal=true") == {"compatibilityLevel": "BACKWARD"}
    assert api.delete("/config/s") == (404, 40401)
    assert api.level("full") == {"compatibility": "FULL"}
    assert api.get("/config") == {"compatibilityLevel": "FULL"}
    assert api.get("/config/s?defaultToGlobal=true") == {"compatibilityLevel": "FULL"}
    assert api.level("NONE", "s") == {"compatibility": "NONE"}
    assert api.get("/config/s") == {"compatibilityLevel": "NONE"}
    assert api.delete("/config/s") == {"compatibilityLevel": "NONE"}
    assert api.get("/config/s") == (404, 40408)
    assert api.delete("/config") == {"compatibilityLevel": "FULL"}
    assert api.get("/config") == {"compatibilityLevel": "BACKWARD"}
    assert api.delete("/config") == {"compatibilityLevel": "BACKWARD"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"compatibility": "BACKWARDS"}, (422, 42203)),
        ({"compatibility": ""}, (422, 42203)),
        ({"compatibility": None}, (422, 42203)),
        ({"compatibility": 1}, (422, 42203)),
        ({}, (422, 42203)),
        ({"compatibility": "FULL", "compatibilityGroup": "g"}, (422, 422)),
        ([], (400, 400)),
        ({"compatibility": "FULL", "compatibilityGroup": None}, {"compatibility": "FULL"}),
    ],
)
def test_a_change_of_level(api: Api, body: Any, expected: Any) -> None:
    assert api.put("/config/s", body) == expected
    assert api.put("/config", body) == expected


# Modes


def test_modes(api: Api) -> None:
    assert api.get("/mode/s") == (404, 40409)
    assert api.get("/mode/s?defaultToGlobal=true") == {"mode": "READWRITE"}
    assert api.delete("/mode/s") == (404, 40401)
    assert api.mode("readonly") == {"mode": "READONLY"}
    assert api.register("s", V1) == (422, 42205)
    assert api.level("NONE", "s") == (422, 42205)
    assert api.mode("READWRITE", "s") == {"mode": "READWRITE"}
    assert api.register("s", V1) == 1
    assert api.mode("READONLY_OVERRIDE") == {"mode": "READONLY_OVERRIDE"}
    assert api.get("/mode/s") == {"mode": "READONLY_OVERRIDE"}
    assert api.register("s", V2) == (422, 42205)
    assert api.delete("/subjects/s") == (422, 42205)
    assert api.delete("/subjects/s/versions/1") == (422, 42205)
    assert api.delete("/config") == (422, 42205)
    assert api.register("s", V1) == 1  # nothing to write
    assert api.delete("/mode") == {"mode": "READONLY_OVERRIDE"}
    assert api.delete("/mode/s") == {"mode": "READWRITE"}
    assert api.get("/mode") == {"mode": "READWRITE"}


@pytest.mark.parametrize("mode", ["NOPE", "", None, 1])
def test_a_mode_that_is_none(api: Api, mode: Any) -> None:
    assert api.put("/mode", {"mode": mode}) == (422, 42204)
    assert api.put("/mode/s", {"mode": mode}) == (422, 42204)


def test_import_brings_ids_and_versions(api: Api) -> None:
    assert api.register("s", V1, id=7, version=3) == (422, 42205)
    assert api.mode("IMPORT") == {"mode": "IMPORT"}
    assert api.register("s", V1) == (422, 42205)
    assert api.register("s", V1, id=7, version=3) == 7
    assert api.register("s", OTHER, id=5, version=9) == 5  # no level holds for an import
    assert api.register("t", V1, id=7) == 7
    assert api.register("t", V2, id=7) == (422, 42205)
    assert api.register("s", V1) == 7  # it is there already
    assert api.get("/subjects/s/versions") == [3, 9]
    assert api.get("/subjects/t/versions") == [1]
    assert api.register("u", V1, id=8) == 8  # the same schema may come with several ids
    assert api.mode("READWRITE") == {"mode": "READWRITE"}
    assert api.register("v", V1) == 7
    assert api.register("v", V2) == 9
    assert api.get("/subjects/v/versions") == [1, 2]


def test_an_import_may_repeat_and_replace(api: Api) -> None:
    api.mode("IMPORT", "s")
    for version in (1, 2, 1):
        assert api.register("s", V1, id=1, version=version) == 1
    assert api.get("/subjects/s/versions") == [1, 2]
    assert api.look_up("s", V1) == 2
    assert api.register("s", V2, id=2, version=1) == 2
    assert api.get("/subjects/s/versions/1")["schema"] == V2
    bad_default = record(field("a", default="x"), name="Old")
    assert api.register("s", bad_default, id=3, version=2) == 3
    assert api.get("/schemas/ids/1") == (404, 40403)  # nothing holds it any longer


def test_an_import_below_a_deleted_version_leaves_that_there(api: Api) -> None:
    api.mode("IMPORT")
    api.register("s", V1, id=1, version=5)
    api.delete("/subjects/s/versions/5")
    assert api.register("s", V1, id=1, version=3) == 1
    assert api.get("/subjects/s/versions?deleted=true") == [3, 5]
    api.delete("/subjects/s/versions/3")
    assert api.register("s", V1, id=1, version=7) == 1
    assert api.get("/subjects/s/versions?deleted=true") == [7]


def test_import_needs_an_empty_place(api: Api) -> None:
    api.register("s", V1)
    assert api.mode("IMPORT") == (422, 42205)
    assert api.mode("IMPORT", "s") == (422, 42205)
    assert api.mode("IMPORT", "t") == {"mode": "IMPORT"}
    assert api.mode("IMPORT", "s", "?force=true") == {"mode": "IMPORT"}
    api.mode("READWRITE", "s")
    api.delete("/subjects/s")
    assert api.mode("IMPORT") == {"mode": "IMPORT"}
    assert api.get("/subjects?deleted=true") == []
    assert api.get("/schemas/ids/1") == (404, 40403)
    assert api.register("s", V2, id=1, version=1) == 1


def test_import_does_not_remove_what_others_need(api: Api) -> None:
    api.mode("IMPORT", "base")
    api.register("base", V1, id=1, version=1)
    api.delete("/subjects/base")
    api.mode("IMPORT", "user")
    api.register("user", record(field("r", "R"), name="U"), id=2, references=[ref("base")])
    api.mode("READWRITE", "base")
    assert api.mode("IMPORT", "base") == (422, 42206)


def test_a_version_may_be_asked_for_if_it_is_the_next(api: Api) -> None:
    assert api.register("s", V1, version=2) == (422, 42201)
    assert api.register("s", V1, version=1) == 1
    assert api.register("s", V2, version=2) == 2
    assert api.register("s", V2, version=-1) == 2


# Deletion


def test_soft_deletion_of_a_version(api: Api) -> None:
    api.register("s", V1)
    api.register("s", V2)
    assert api.delete("/subjects/s/versions/1") == 1
    assert api.delete("/subjects/s/versions/1") == (404, 40406)
    assert api.get("/subjects/s/versions") == [2]
    assert api.get("/subjects/s/versions?deleted=true") == [1, 2]
    assert api.get("/subjects/s/versions?deletedOnly=true") == [1]
    assert api.get("/subjects/s/versions/1") == (404, 40402)
    assert api.get("/subjects/s/versions/1?deleted=true")["deleted"] is True
    assert api.look_up("s", V1) == (404, 40403)
    assert api.look_up("s", V1, "?deleted=true") == 1
    assert api.get("/schemas/ids/1") == {"schema": V1}  # what was written can still be read
    assert api.get("/schemas/ids/1/subjects") == []
    assert api.get("/schemas/ids/1/subjects?deleted=true") == ["s"]
    assert api.get("/schemas/ids/1/versions") == []
    assert [each["version"] for each in api.get("/schemas")] == [2]
    assert [each["version"] for each in api.get("/schemas?deleted=true")] == [1, 2]


def test_hard_deletion_of_a_version(api: Api) -> None:
    api.register("s", V1)
    api.register("s", V2)
    assert api.delete("/subjects/s/versions/2?permanent=true") == (404, 40407)
    assert api.delete("/subjects/s/versions/latest") == 2
    assert api.delete("/subjects/s/versions/2?permanent=true") == 2
    assert api.delete("/subjects/s/versions/2?permanent=true") == (404, 40402)
    assert api.get("/subjects/s/versions?deleted=true") == [1]
    assert api.get("/schemas/ids/2") == (404, 40403)
    assert api.register("s", record(field("a"), field("c", default=1))) == 3  # no id comes twice
    assert api.get("/subjects/s/versions") == [1, 2]


def test_a_deleted_schema_comes_back_as_a_new_version(api: Api) -> None:
    api.register("s", V1)
    api.register("s", V2)
    api.delete("/subjects/s/versions/1")
    api.delete("/subjects/s/versions/latest")
    assert api.get("/subjects/s/versions") == (404, 40401)
    assert api.delete("/subjects/s/versions/latest") == (404, 40402)
    assert [api.register("s", V1), api.register("s", V1)] == [1, 1]
    assert api.get("/subjects/s/versions") == [3]
    assert api.get("/subjects/s/versions?deleted=true") == [2, 3]


def test_deletion_of_a_subject(api: Api) -> None:
    api.register("s", V1)
    api.register("s", V2)
    api.register("t", V2)
    assert api.delete("/subjects/s?permanent=true") == (404, 40405)
    assert api.delete("/subjects/s") == [1, 2]
    assert api.delete("/subjects/s") == (404, 40404)
    assert api.get("/subjects") == ["t"]
    assert api.get("/subjects?deleted=true") == ["s", "t"]
    assert api.get("/subjects?deletedOnly=true") == ["s"]
    assert api.get("/subjects/s/versions") == (404, 40401)
    assert api.get("/subjects/s/versions?deleted=true") == [1, 2]
    assert api.delete("/subjects/s?permanent=true") == [1, 2]
    assert api.delete("/subjects/s?permanent=true") == (404, 40401)
    assert api.get("/schemas/ids/1") == (404, 40403)
    assert api.get("/schemas/ids/2") == {"schema": V2}  # the other subject holds it


def test_a_subject_with_one_version_left_is_not_deleted_for_good(api: Api) -> None:
    api.register("s", V1)
    api.register("s", V2)
    api.delete("/subjects/s/versions/1")
    assert api.delete("/subjects/s?permanent=true") == (404, 40405)
    assert api.delete("/subjects/s") == [2]


def test_settings_go_with_the_last_version(api: Api) -> None:
    for delete in ("/subjects/s", "/subjects/s/versions/latest"):
        api.register("s", V1)
        api.level("FULL", "s")
        api.mode("READWRITE", "s")
        api.delete(delete)
        assert api.get("/config/s") == (404, 40408)
        assert api.get("/mode/s") == (404, 40409)


# References


BASE = record(field("a"), name="n.Base")
USER = record(field("base", "n.Base"), name="n.User")
USER_ALONE = record(field("base", json.loads(BASE)), name="n.User")


def test_references(api: Api) -> None:
    assert api.register("user", USER) == (422, 42201)
    assert api.register("base", BASE) == 1
    assert api.register("user", USER, references=[ref("base")]) == 2
    assert api.get("/subjects/base/versions/1/referencedby") == [2]
    assert api.get("/subjects/base/versions/latest/referencedby") == [2]
    stored = api.get("/schemas/ids/2")
    assert stored["references"] == [ref("base")]
    assert json.loads(stored["schema"])["fields"] == [field("base", "Base")]
    assert api.get("/subjects/user/versions/1")["references"] == [ref("base")]
    assert api.look_up("user", USER, references=[ref("base")]) == 1
    assert api.look_up("user", USER) == (422, 42201)


def test_a_schema_with_its_references_filled_in_is_found(api: Api) -> None:
    api.register("base", BASE)
    api.register("user", USER, references=[ref("base")])
    assert api.look_up("user", USER_ALONE) == 1
    assert api.register("user", USER_ALONE) == 2
    assert api.get("/subjects/user/versions") == [1]
    assert api.look_up("user", USER_ALONE.replace('"a"', '"b"')) == (404, 40403)


def test_references_of_references(api: Api) -> None:
    api.register("currency", '{"type":"enum","name":"m.Currency","symbols":["EUR"]}')
    for name in ("Up", "Down"):
        of_event = record(field("currency", {"type": "m.Currency"}), name=f"m.{name}")
        assert api.register(name, of_event, references=[ref("currency")]) in (2, 3)
    both = [ref("Up", name="u"), ref("Down", name="d")]
    assert api.register("root", '["m.Up","m.Down"]', references=both) == 4
    assert api.get("/subjects/currency/versions/1/referencedby") == [2, 3]
    path = "/compatibility/subjects/root/versions"
    body = {"schema": '["m.Up"]', "references": both[:1]}
    assert api.post(path, body) == {"is_compatible": False}


def test_references_are_part_of_what_a_schema_is(api: Api) -> None:
    api.register("base", '"int"')
    api.register("other", '"int"')
    assert api.register("s", V1) == 2
    assert api.register("s", V1, references=[ref("base")]) == 3
    pair = [ref("other"), ref("base")]
    normalised = "/subjects/t/versions?normalize=true"
    for references in (pair, pair[::-1], [*pair, *pair]):
        assert api.post(normalised, {"schema": V1, "references": references}) == {"id": 4}
    assert api.get("/schemas/ids/4")["references"] == [ref("base"), ref("other")]


@pytest.mark.parametrize(
    "reference",
    [
        ref("nope"),
        ref("base", 2),
        ref("base", 0),
        {"name": "n", "subject": "base"},
        ref("base", name=""),
    ],
)
def test_a_reference_that_leads_nowhere(api: Api, reference: dict[str, Any]) -> None:
    api.register("base", BASE)
    assert api.register("user", USER, references=[reference]) == (422, 42201)


def test_a_reference_to_the_newest_version_is_kept_by_its_number(api: Api) -> None:
    api.register("base", BASE)
    assert api.register("user", USER, references=[ref("base", -1)]) == 2
    assert api.get("/schemas/ids/2")["references"] == [ref("base", 1)]


def test_what_is_referred_to_cannot_be_deleted(api: Api) -> None:
    api.register("base", BASE)
    api.register("user", USER, references=[ref("base")])
    assert api.delete("/subjects/base") == (422, 42206)
    assert api.delete("/subjects/base/versions/1") == (422, 42206)
    assert api.delete("/subjects/base/versions/1?permanent=true") == (422, 42206)
    assert api.delete("/subjects/user/versions/1") == 1
    assert api.get("/subjects/base/versions/1/referencedby") == []
    assert api.delete("/subjects/base/versions/1") == 1
    assert api.register("new", USER, references=[ref("base")]) == (422, 42201)
    assert api.delete("/subjects/base/versions/1?permanent=true") == 1
    assert api.register("user", USER, references=[ref("base")]) == (422, 42201)


# The folder


def test_a_refused_request_leaves_nothing_behind(api: Api, tmp_path: Path) -> None:
    api.register("s", V1)
    assert api.register("s", OTHER) == (409, 40901)
    assert api.register("s", V2) == 2
    with sqlite3.connect(tmp_path / "registry.sqlite3") as connection:
        assert connection.execute("SELECT count(*) FROM schemas").fetchone() == (2,)
    connection.close()


def test_a_folder_can_be_opened_again(api: Api, store: SchemaStore, tmp_path: Path) -> None:
    api.register("s", V1)
    api.level("FULL", "s")
    store.close()
    again = SchemaStore(tmp_path)
    reopened = Api(create_app(again).test_client())
    assert reopened.register("s", V1) == 1
    assert reopened.get("/config/s") == {"compatibilityLevel": "FULL"}
    again.close()


def test_a_folder_may_be_shared(api: Api, tmp_path: Path) -> None:
    other_store = SchemaStore(tmp_path)
    other = Api(create_app(other_store).test_client())
    assert [api.register("s", V1), other.register("s", V1), other.register("s", V2)] == [1, 1, 2]
    assert api.register("s", V3) == 3
    assert other.get("/subjects/s/versions") == [1, 2, 3]
    other_store.close()


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SchemaStoreError):
        SchemaStore(tmp_path / "file")
    (tmp_path / "registry.sqlite3").write_text("this is not a database" * 100)
    with pytest.raises(SchemaStoreError):
        SchemaStore(tmp_path)


def test_a_folder_of_a_later_release_is_left_alone(tmp_path: Path) -> None:
    SchemaStore(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "registry.sqlite3")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(SchemaStoreError, match="layout 99"):
        SchemaStore(tmp_path)


def test_an_answer_is_never_cut(api: Api) -> None:
    def size(response: TestResponse) -> int:
        return len(response.data)

    api.register("s", record(field("a", doc="ж" * 10_000)))
    answer = api.client.get("/schemas/ids/1")
    assert int(answer.headers["Content-Length"]) == size(answer)
